"""PING to RESET, HELLO, and the CLIENT family."""

from __future__ import annotations

import re

import pytest

from tests.support.both import Both
from tests.support.servers import REDIS
from tests.support.wire import ConnectionLost, Simple, fields, text_of

pytestmark = pytest.mark.real_redis


def test_simple_commands(both: Both) -> None:
    both.run_many(
        """
        PING
        PING hello
        PING a b
        ping ""
        ECHO hello
        ECHO "\\x00\\r\\n"
        SELECT 1
        SELECT 15
        SELECT 16
        SELECT -1
        SELECT x
        SELECT 99999999999
        SELECT 0
        DBSIZE
        """
    )


@pytest.mark.parametrize("line", ["QUIT", "QUIT now please"])
def test_quit_answers_and_hangs_up(both: Both, line: str) -> None:
    both.send(line)
    both.read()
    assert both.ours.is_closed()
    assert both.theirs.is_closed()


def test_databases_are_apart(both: Both) -> None:
    both.run_many(
        """
        XADD s 1-1 f v
        SELECT 3
        EXISTS s
        XADD s 2-2 f v
        XADD t 2-2 f v
        DBSIZE
        SELECT 0
        DBSIZE
        XRANGE s - +
        FLUSHDB
        DBSIZE
        SELECT 3
        DBSIZE
        FLUSHALL
        DBSIZE
        """
    )


@pytest.mark.protocols(2)
def test_hello(both: Both) -> None:
    for line in (
        "HELLO",
        "HELLO 3",
        "HELLO",
        "HELLO 2",
        "HELLO 3 SETNAME me",
        "HELLO 2 SETNAME you",
    ):
        ours, theirs = both.ask(line)
        assert type(ours) is type(theirs)
        mine, other = fields(ours), fields(theirs)
        assert list(mine) == [name for name in other if name != b"availability_zone"]
        for name in (b"proto", b"mode", b"role"):
            assert mine[name] == other[name]
        assert isinstance(mine[b"version"], bytes)
        assert isinstance(mine[b"id"], int)
        both.run("CLIENT GETNAME")
        both.run("XREAD STREAMS missing 0")


@pytest.mark.protocols(2)
def test_hello_refuses(both: Both) -> None:
    both.run_many(
        """
        HELLO 1
        HELLO 4
        HELLO x
        HELLO 3 FOO
        HELLO 3 SETNAME
        HELLO 3 SETNAME "a b"
        HELLO 3 AUTH default
        HELLO 3 AUTH
        HELLO 3 SETNAME a FOO
        HELLO 3 AUTH nobody x
        HELLO 3 AUTH nobody x SETNAME "a b"
        HELLO 4 FOO
        XREAD STREAMS missing 0
        CLIENT GETNAME
        """
    )


def test_reset_forgets(both: Both) -> None:
    both.run_many(
        """
        SELECT 3
        CLIENT SETNAME me
        WATCH s
        MULTI
        RESET
        """
    )
    both.run_many(
        "CLIENT GETNAME\nEXEC\nXREAD STREAMS missing 0\nXADD s 1-1 f v\nSELECT 0\nEXISTS s"
    )


def test_client_names_and_information(both: Both) -> None:
    both.run_many(
        """
        CLIENT GETNAME
        CLIENT SETNAME me
        CLIENT GETNAME
        CLIENT SETNAME "a b"
        CLIENT SETNAME "a\\nb"
        CLIENT SETNAME "\\xff"
        CLIENT SETNAME ""
        CLIENT GETNAME
        CLIENT SETINFO LIB-NAME mylib
        CLIENT SETINFO lib-ver 1.2
        CLIENT SETINFO LIB-NAME "my lib"
        CLIENT SETINFO LIB-VER "1\\n2"
        CLIENT SETINFO FOO bar
        CLIENT SETINFO LIB-NAME
        CLIENT NO-EVICT on
        CLIENT NO-EVICT off
        CLIENT NO-EVICT x
        CLIENT NO-TOUCH on
        CLIENT NO-TOUCH OFF
        CLIENT NO-TOUCH x
        CLIENT GETREDIR
        CLIENT TRACKINGINFO
        CLIENT CACHING yes
        CLIENT CACHING no
        CLIENT CACHING x
        CLIENT UNPAUSE
        CLIENT PAUSE x
        CLIENT PAUSE 1 FOO
        CLIENT PAUSE -1
        CLIENT PAUSE 0
        CLIENT REPLY x
        CLIENT REPLY ON
        CLIENT MAINT_NOTIFICATIONS ON
        """
    )


def _lines(both: Both, *args: str | int) -> tuple[list[bytes], list[bytes]]:
    ours, theirs = both.ask(*args)
    assert type(ours) is type(theirs)
    return text_of(ours).splitlines(), text_of(theirs).splitlines()


def _names(line: bytes) -> list[bytes]:
    return [pair.split(b"=")[0] for pair in line.split(b" ")]


def test_a_client_line_has_the_same_fields(both: Both) -> None:
    both.run_many("CLIENT SETNAME me\nSELECT 3")
    for args in (("CLIENT", "INFO"), ("CLIENT", "LIST")):
        ours, theirs = _lines(both, *args)
        if both.server == REDIS:
            assert _names(ours[0]) == _names(theirs[0])
        mine = dict(pair.split(b"=", 1) for pair in ours[-1].split(b" "))
        assert mine[b"name"] == b"me"
        assert mine[b"db"] == b"3"
        assert mine[b"flags"] == b"N"
        assert mine[b"resp"] == b"%d" % both.protocol
        assert mine[b"cmd"] == b"|".join(word.lower().encode() for word in args)
        assert re.fullmatch(rb"127\.0\.0\.1:\d+", mine[b"addr"])
        assert re.fullmatch(rb"127\.0\.0\.1:\d+", mine[b"laddr"])


def test_flags_tell_what_a_client_is_doing(both: Both) -> None:
    both.run("XGROUP CREATE s g $ MKSTREAM")
    other = both.another()
    other.learn_ids()

    def looks() -> list[bytes]:
        found = []
        for client, number in zip((both.ours, both.theirs), other.client_ids, strict=True):
            line = text_of(client.call("CLIENT", "LIST", "ID", number))
            pairs = dict(pair.split(b"=", 1) for pair in line.strip().split(b" "))
            wanted = [b"flags", b"watch", b"sub", b"psub", b"cmd", b"db"]
            if both.server == REDIS:  # Valkey shows 0 where nothing is queued
                wanted.append(b"multi")
            found.append(b" ".join(pairs[name] for name in wanted))
        assert found[0] == found[1]
        return found

    looks()
    other.run("WATCH a b")
    looks()
    other.run("MULTI")
    looks()
    other.run("XLEN s")
    looks()
    other.run("DISCARD")
    other.run("SELECT 4")
    looks()
    other.send("SUBSCRIBE a b")
    other.read()
    other.read()
    looks()
    waiter = both.wait_with("XREADGROUP GROUP g c BLOCK 0 STREAMS s >")
    other = waiter
    looks()


def test_listing_chosen_clients(both: Both) -> None:
    both.learn_ids()
    both.run_many(
        """
        CLIENT LIST ID 99999999
        CLIENT LIST ID x
        CLIENT LIST ID
        CLIENT LIST FOO
        CLIENT LIST TYPE
        CLIENT LIST TYPE foo
        CLIENT LIST TYPE master
        CLIENT LIST TYPE replica
        CLIENT LIST TYPE pubsub
        """
    )
    ours, theirs = _lines(both, "CLIENT", "LIST", "TYPE", "normal")
    assert len(ours) == len(theirs)


def test_killing(both: Both) -> None:
    both.run_many(
        """
        CLIENT KILL 127.0.0.1:1
        CLIENT KILL foo
        CLIENT KILL ID x
        CLIENT KILL ID 0
        CLIENT KILL ID 99999999
        CLIENT KILL TYPE foo
        CLIENT KILL TYPE master
        CLIENT KILL USER nobody
        CLIENT KILL ADDR 127.0.0.1:1
        CLIENT KILL LADDR 127.0.0.1:1
        CLIENT KILL SKIPME maybe
        CLIENT KILL FOO bar
        CLIENT KILL ID
        CLIENT KILL ID 99999999 ADDR
        CLIENT KILL
        CLIENT KILL MAXAGE 99999999
        CLIENT KILL MAXAGE x
        """
    )
    victim = both.another()
    victim.learn_ids()
    assert both.ours.call("CLIENT", "KILL", "ID", victim.client_ids[0], "SKIPME", "yes") == 1
    assert victim.ours.is_closed()
    victim = both.another()
    victim.learn_ids()  # until it has answered, the server may not know the connection
    assert both.ours.call("CLIENT", "KILL", "TYPE", "normal") >= 1
    assert victim.ours.is_closed()
    both.ours.call("PING")


def test_killing_oneself_answers_first(both: Both) -> None:
    both.learn_ids()
    assert both.ours.call("CLIENT", "KILL", "ID", both.client_ids[0], "SKIPME", "no") == 1
    assert both.ours.is_closed()
    both.ours.close()


def test_replies_can_be_switched_off(both: Both) -> None:
    for line in ("CLIENT REPLY OFF", "PING lost"):
        both.send(line)
        both._sent.clear()
    both.run("CLIENT REPLY ON")
    for line in ("CLIENT REPLY SKIP", "PING lost"):
        both.send(line)
        both._sent.clear()
    both.run("PING heard")


def test_client_ids_grow(both: Both) -> None:
    both.learn_ids()
    other = both.another()
    other.learn_ids()
    assert other.client_ids[0] > both.client_ids[0]


def test_no_reply_after_the_server_hung_up(both: Both) -> None:
    both.ours.send("QUIT")
    assert both.ours.read() == Simple(b"OK")
    with pytest.raises(ConnectionLost):
        both.ours.read()
