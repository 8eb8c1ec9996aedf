"""What clients leave behind, pile up or take their time with."""

from __future__ import annotations

import contextlib

import pytest

from geostream.clock import Clock
from geostream.config import Config
from geostream.engine.dispatch import Engine
from geostream.engine.host import Host
from geostream.server.listener import CLOSING_S, Server
from geostream.store.keyspace import Keyspace
from tests.support.both import until
from tests.support.conversation import block
from tests.support.wire import Error, Simple, pack


@pytest.fixture
def configure(server, fleet):
    """A function that sets parameters for the length of the test."""
    changed = set()

    def set_some(client, *pairs):
        changed.update(name.encode() for name in pairs[::2])
        assert client.call("CONFIG", "SET", *pairs) == Simple(b"OK")

    yield set_some
    fleet.restore("subject", changed)


def resident_bytes(server):
    with open(f"/proc/{server.process.pid}/statm") as statm:
        return int(statm.read().split()[1]) * 4096


def until_gone(control, number):
    until(lambda: not control.call("CLIENT", "LIST", "ID", number), "it is gone")


def test_half_a_request_is_forgotten_when_its_client_is_gone(server, connect):
    control = connect()
    before_bytes = resident_bytes(server)
    for _ in range(10):
        leaving = connect()
        number = leaving.client_id()
        leaving.send_raw(b"*2\r\n$4\r\nECHO\r\n$100000000\r\n" + b"x" * 10_000_000)
        leaving.close()
        until_gone(control, number)
    assert resident_bytes(server) - before_bytes < 50_000_000


def test_what_a_waiting_client_piles_up_is_limited(connect, configure):
    control, waiting = connect(), connect()
    configure(control, "max-pending-bytes", "1mb")
    number = waiting.client_id()
    block(control, waiting, "XREAD BLOCK 0 STREAMS s $")
    with contextlib.suppress(OSError):  # it is gone before everything is sent
        waiting.send_raw(pack(["ECHO", "x" * 1000]) * 5000)
    until_gone(control, number)


def test_much_that_was_sent_while_waiting_is_answered_in_order(connect):
    control, waiting = connect(), connect()
    block(control, waiting, "XREAD BLOCK 0 STREAMS s $")
    waiting.send_raw(b"".join(pack(["ECHO", str(n)]) for n in range(10_000)) + b"*1\r\n$x\r\n")
    until(lambda: b" qbuf=0 " not in line_of(control, b"b"), "more arrived than is read at once")
    control.call("XADD", "s", "1-1", "f", "v")
    assert waiting.read() == [[b"s", [[b"1-1", [b"f", b"v"]]]]]
    assert [waiting.read() for _ in range(10_000)] == [str(n).encode() for n in range(10_000)]
    assert waiting.read() == Error(b"ERR Protocol error: invalid bulk length")
    assert waiting.is_closed()


def line_of(control, flag):
    """Return the line of the one client with this flag."""
    lines = control.call("CLIENT", "LIST").splitlines()
    (line,) = [line for line in lines if b" flags=%b " % flag in line]
    return line


def test_small_messages_that_are_not_read_take_little_more_than_their_size(server, connect):
    reader, writer = connect(), connect()
    reader.call("SUBSCRIBE", "c")
    writer.call("PUBLISH", "c", b"x" * 8_000_000)  # more than the sockets take
    before_bytes = resident_bytes(server)
    for _ in range(20_000):
        writer.call("PUBLISH", "c", "x")
    assert resident_bytes(server) - before_bytes < 3_000_000
    assert len(reader.read()[2]) == 8_000_000
    for _ in range(20_000):
        assert reader.read() == [b"message", b"c", b"x"]


def test_a_client_held_back_by_a_pause_is_not_idle(connect, configure):
    control, held = connect(), connect()
    configure(control, "timeout", "1", "hz", "100")
    control.call("CLIENT", "PAUSE", "2000", "WRITE")
    held.send("SET", "k", "v")
    assert held.read() == Simple(b"OK")


def test_limits_that_are_changed_hold_for_those_already_connected(connect, configure):
    control, other = connect(), connect()
    other.call("PING")
    configure(control, "proto-max-bulk-len", "1mb")
    other.send_raw(b"*2\r\n$4\r\nECHO\r\n$2000000\r\n")
    assert other.read() == Error(b"ERR Protocol error: invalid bulk length")


class Leaving:
    """A connection that is to go and still has replies to send."""

    def __init__(self):
        self.bytes_out = 0
        self.is_dropped = False

    def drop(self):
        self.is_dropped = True


@pytest.fixture
def idle_server(clock):
    config = Config()
    engine = Engine(Keyspace(1), config, Host())
    return Server(engine, config, clock, lambda *_: None, lambda *_: None)


def test_a_client_that_goes_may_take_its_last_replies_slowly_but_must_take_them(
    idle_server: Server, clock: Clock
) -> None:
    leaving = Leaving()
    idle_server.note_closing(leaving)
    for _ in range(10):
        idle_server.step()
        clock.advance(int(CLOSING_S * 900))
        leaving.bytes_out += 1
    assert not leaving.is_dropped
    idle_server.step()
    clock.advance(int(CLOSING_S * 1100))
    idle_server.step()
    assert leaving.is_dropped
