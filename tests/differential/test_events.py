"""Keyspace notifications: which events a command causes, in which order."""

from __future__ import annotations

import pytest

from tests.support.both import Both
from tests.support.servers import VALKEY

pytestmark = pytest.mark.real_redis

SETUP = """
    XADD s 1-0 f v
    XADD s 2-0 f v
    XADD s 3-0 f v
    XGROUP CREATE s g 0
    XREADGROUP GROUP g c COUNT 2 STREAMS s >
    XADD t 1-0 f v
    SET string x
"""

LINES = [
    "XADD s 9-0 f v",
    "XADD s 1-0 f v",
    "XADD new 1-0 f v",
    "XADD s MAXLEN 1 9-0 f v",
    "XADD s MAXLEN 100 9-0 f v",
    "XADD new MAXLEN 0 9-0 f v",
    "XADD missing NOMKSTREAM 1-0 f v",
    "XTRIM s MAXLEN 1",
    "XTRIM s MAXLEN 100",
    "XDEL s 1-0 2-0",
    "XDEL s 9-9",
    "XSETID s 9-0",
    "XGROUP CREATE s n 0",
    "XGROUP CREATE s g 0",
    "XGROUP CREATE new n 0 MKSTREAM",
    "XGROUP SETID s g 0",
    "XGROUP DESTROY s g",
    "XGROUP DESTROY s no",
    "XGROUP CREATECONSUMER s g n",
    "XGROUP CREATECONSUMER s g c",
    "XGROUP DELCONSUMER s g c",
    "XGROUP DELCONSUMER s g no",
    "XREADGROUP GROUP g c STREAMS s >",
    "XREADGROUP GROUP g new STREAMS s >",
    "XREADGROUP GROUP g new STREAMS s 0",
    "XREADGROUP GROUP g new NOACK STREAMS s >",
    "XACK s g 1-0",
    "XCLAIM s g c 0 1-0",
    "XCLAIM s g new 0 1-0",
    "XCLAIM s g new 0 9-9",
    "XAUTOCLAIM s g new 0 0",
    "XAUTOCLAIM s g c 0 0",
    "XREAD STREAMS s 0",
    "XREAD STREAMS missing 0",
    "XRANGE missing - +",
    "XLEN missing",
    "XINFO STREAM missing",
    "XPENDING missing g",
    "GET missing",
    "EXISTS missing",
    "TYPE missing",
    "TTL missing",
    "DEL s",
    "DEL s t missing",
    "UNLINK s",
    "DEL missing",
    "EXPIRE s 100",
    "PEXPIRE s 100000",
    "EXPIREAT s 99999999999",
    "EXPIRE missing 100",
    "PERSIST s",
    "RENAME s n",
    "RENAME s t",
    "RENAMENX s n",
    "RENAME s s",
    "COPY s n",
    "COPY s t REPLACE",
    "COPY s n DB 1",
    "MOVE s 1",
    "SET s x",
    "SET n x",
    "SET string x EX 100",
    "SETEX string 100 x",
    "SETNX n x",
    "MSET a 1 b 2",
    "GETSET string y",
    "GETDEL string",
    "GETEX string EX 100",
    "GETEX string PERSIST",
    "APPEND string y",
    "INCR counter",
    "INCRBY counter 5",
    "DECR counter",
    "SETRANGE string 1 y",
    "SET s x EX 100",
    "SET string x KEEPTTL",
    "SET string x NX",
    "SET string x GET",
    "SETEX s 100 x",
    "MSET string 1 s 2 n 3 string 4",
    "MSETNX a 1 b 2",
    "RENAME s string",
    "RENAME string s",
    "COPY string s REPLACE",
    "COPY s n REPLACE",
    "SORT missing STORE s",
    "FLUSHALL",
    "FLUSHDB",
    "SWAPDB 0 1",
    "MULTI \\n XADD n 1-0 f v \\n XADD n 2-0 f v \\n EXEC",
]

NEW_LINES = [
    "XDELEX s IDS 2 1-0 2-0",
    "XDELEX s IDS 1 9-9",
    "XDELEX s DELREF IDS 1 1-0",
    "XACKDEL s g IDS 1 1-0",
    "XACKDEL s g IDS 1 9-9",
    "XACKDEL s g ACKED IDS 1 1-0",
    "XTRIM s DELREF MAXLEN 1",
]


def _compare_events(both: Both, line: str, classes: str) -> None:
    both.run("CONFIG", "SET", "notify-keyspace-events", classes)
    both.run_many(SETUP)
    listener = both.another()
    listener.send("PSUBSCRIBE *")
    listener.read()
    both.run_many(line.replace("\\n", "\n"))
    both.run("PUBLISH end end")
    while True:
        message = listener.read()
        parts = message if isinstance(message, list) else message.items
        if parts[2] == b"end":
            break


@pytest.mark.protocols(2)
@pytest.mark.lacks(VALKEY)
@pytest.mark.parametrize("line", LINES)
def test_the_events_of_a_command_that_replaces(both: Both, line: str) -> None:
    _compare_events(both, line, "KEAnmoc")


@pytest.mark.protocols(2)
@pytest.mark.parametrize("line", LINES)
def test_the_events_of_a_command(both: Both, line: str) -> None:
    _compare_events(both, line, "KEAnm")


@pytest.mark.lacks(VALKEY)
@pytest.mark.parametrize("line", NEW_LINES)
def test_the_events_of_a_new_command(both: Both, line: str) -> None:
    _compare_events(both, line, "KEAnm")


@pytest.mark.lacks(VALKEY)  # it calls this an expiry
@pytest.mark.parametrize("line", ["EXPIRE s -1", "PEXPIREAT s 1", "EXPIRE s 0"])
def test_a_time_to_live_in_the_past_deletes(both: Both, line: str) -> None:
    _compare_events(both, line, "KEAnm")


@pytest.mark.parametrize(
    "classes", ["", "K", "E", "t", "Kt", "Et", "KEg", "KE$", "KEn", "Km", "KEx"]
)
def test_only_what_was_asked_for_is_sent(both: Both, classes: str) -> None:
    _compare_events(both, "XADD new 1-0 f v \\n DEL new \\n SET n x \\n GET missing", classes)


def test_an_expired_key_is_an_event(both: Both) -> None:
    both.run("CONFIG SET notify-keyspace-events KEA")
    listener = both.another()
    listener.send("SUBSCRIBE __keyevent@0__:expired __keyspace@0__:s")
    listener.read()
    listener.read()
    both.run_many("XADD s 1-0 f v\nPEXPIRE s 10")
    for _ in range(4):  # xadd, expire, expired twice
        listener.read()


@pytest.mark.parametrize(
    "classes",
    [
        *("", "K", "E", "A", "KEA", "AKE", "Kt", "KEt", "tK", "KEg$lshzxet", "KEn", "KEAn", "KEm"),
        *("KEAm", "KEnm", "g$lshzxetd", "KEd", "x", "KK", "KEq", "@", "ke"),
    ],
)
def test_the_setting_is_given_back_in_order(both: Both, classes: str) -> None:
    both.run("CONFIG", "SET", "notify-keyspace-events", classes)
    both.run("CONFIG GET notify-keyspace-events")


@pytest.mark.lacks(VALKEY)  # it does not know these classes
@pytest.mark.parametrize("classes", ["KEo", "cE", "KEoc", "KEAoc", "Kxoed", "ncK", "KEon"])
def test_the_classes_of_replaced_keys(both: Both, classes: str) -> None:
    both.run("CONFIG", "SET", "notify-keyspace-events", classes)
    both.run("CONFIG GET notify-keyspace-events")
    _compare_events(both, "SET s x\nSET string y\nRENAME string t", classes)


@pytest.mark.lacks(VALKEY)
def test_events_of_implicit_consumers_of_waiting_readers(both: Both) -> None:
    both.run("CONFIG SET notify-keyspace-events KEA")
    both.run("XGROUP CREATE s g $ MKSTREAM")
    listener = both.another()
    listener.send("PSUBSCRIBE __keyspace@*")
    listener.read()
    waiter = both.wait_with("XREADGROUP GROUP g new BLOCK 0 STREAMS s >")
    listener.read()
    both.run("XADD s 1-0 f v")
    waiter.read()
    listener.read()
