"""A parked client whose peer hangs up is withdrawn at once; nothing is delivered to it."""

from __future__ import annotations

import pytest

from tests.support.both import until
from tests.support.info import info
from tests.support.wire import Simple


def blocked_clients(client):
    return info(client, "blocked_clients")


@pytest.fixture
def numbers():
    """The IDs of the clients that were parked, by consumer."""
    return {}


@pytest.fixture
def park(connect, numbers):
    """A function that opens a connection and has it wait for entries of a group."""
    watcher = connect()
    watcher.call("XGROUP", "CREATE", "s", "g", "$", "MKSTREAM")

    def park_one(consumer):
        before = blocked_clients(watcher)
        waiting = connect()
        numbers[consumer] = waiting.client_id()
        waiting.send("XREADGROUP", "GROUP", "g", consumer, "BLOCK", "0", "STREAMS", "s", ">")
        until(lambda: blocked_clients(watcher) == before + 1, f"{consumer} waits")
        return waiting

    return park_one


def test_an_entry_goes_to_the_reader_that_is_still_there(connect, park):
    gone, present, writer = park("gone"), park("present"), connect()
    gone.close()
    until(lambda: blocked_clients(writer) == 1, "the one that hung up is withdrawn")
    writer.call("XADD", "s", "1-0", "f", "v")
    assert present.read() == [[b"s", [[b"1-0", [b"f", b"v"]]]]]
    assert writer.call("XPENDING", "s", "g")[3] == [[b"present", b"1"]]


def test_an_entry_stays_unread_when_all_readers_are_gone(connect, park):
    gone, writer = park("gone"), connect()
    gone.close()
    until(lambda: blocked_clients(writer) == 0, "the one that hung up is withdrawn")
    writer.call("XADD", "s", "1-0", "f", "v")
    assert writer.call("XPENDING", "s", "g")[0] == 0


def test_a_reader_that_sent_more_before_it_hung_up_is_withdrawn_too(connect, park):
    gone, writer = park("gone"), connect()
    gone.send("PING")
    gone.close()
    until(lambda: blocked_clients(writer) == 0, "the one that hung up is withdrawn")
    writer.call("XADD", "s", "1-0", "f", "v")
    assert writer.call("XPENDING", "s", "g")[0] == 0


def test_a_killed_reader_gets_nothing(connect, park, numbers):
    killed, writer = park("killed"), connect()
    assert writer.call("CLIENT", "KILL", "ID", str(numbers["killed"])) == 1
    assert killed.is_closed()
    writer.call("XADD", "s", "1-0", "f", "v")
    assert writer.call("XPENDING", "s", "g")[0] == 0


def test_what_was_sent_behind_a_blocking_read_is_answered_after_it(connect, park):
    waiting, writer = park("waiting"), connect()
    waiting.send("PING")
    waiting.send("ECHO", "after")
    assert not waiting.has_data()
    writer.call("XADD", "s", "1-0", "f", "v")
    assert waiting.read() == [[b"s", [[b"1-0", [b"f", b"v"]]]]]
    assert [waiting.read(), waiting.read()] == [Simple(b"PONG"), b"after"]
