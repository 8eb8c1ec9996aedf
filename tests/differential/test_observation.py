"""MONITOR, SLOWLOG, LATENCY, DEBUG, MEMORY and the small commands of a server."""

from __future__ import annotations

import re

import pytest

from tests.support.both import Both
from tests.support.servers import VALKEY
from tests.support.wire import Simple, text_of

pytestmark = pytest.mark.real_redis


def test_monitor(both: Both) -> None:
    watcher = both.another()
    watcher.run("MONITOR")
    lines = [
        'XADD s 1-1 f "v\\"\\n\\x01\\\\"',
        "xlen s",
        'ECHO "\\r\\t\\a\\b\\xff "',
        "SELECT 3",
        "GET k",
        "SELECT 0",
        "PING",
        "CLIENT SETNAME me",
        "MULTI",
        "XLEN s",
        "XLEN t",
        "EXEC",
        "XGROUP CREATE s g 0",
        "XREADGROUP GROUP g c STREAMS s >",
        "XADD string x",
        "ECHO end",
    ]
    both.run_many("\n".join(lines))

    def shown(line: Simple) -> bytes:
        found = re.fullmatch(rb"\d+\.\d{6} (\[\d+ )127\.0\.0\.1:\d+(\] .*)", line.text)
        assert found, line
        return found[1] + found[2]

    while True:
        ours, theirs = shown(watcher.ours.read()), shown(watcher.theirs.read())
        assert ours == theirs
        if b'"end"' in ours:
            break


def test_slowlog(both: Both) -> None:
    both.run("CONFIG SET slowlog-log-slower-than 0")
    both.run("SLOWLOG RESET")
    both.run("CLIENT SETNAME me")
    both.run(f"XADD s 1-1 f {'x' * 200}")
    both.run("XADD", "s", "2-1", *["f", "v"] * 40)
    both.run("FOO")
    both.run("XLEN s")
    both.run("CONFIG SET slowlog-log-slower-than -1")
    both.run_many("SLOWLOG LEN\nSLOWLOG GET 0\nSLOWLOG GET x\nSLOWLOG GET -2\nSLOWLOG GET 1 2")
    for line in ("SLOWLOG GET", "SLOWLOG GET -1", "SLOWLOG GET 2"):
        ours, theirs = both.ask(line)
        assert [[*row[3:4], row[5]] for row in ours] == [[*row[3:4], row[5]] for row in theirs]
        for row in ours:
            assert [type(part) for part in row] == [int, int, int, list, bytes, bytes]
        assert [row[0] for row in ours] == sorted((row[0] for row in ours), reverse=True)
    both.run_many("SLOWLOG RESET\nSLOWLOG LEN\nSLOWLOG GET")


def test_the_slowlog_keeps_so_many(both: Both) -> None:
    both.run_many("CONFIG SET slowlog-max-len 3 slowlog-log-slower-than 0\nPING\nPING\nPING\nPING")
    both.run("SLOWLOG LEN")
    both.run("CONFIG SET slowlog-log-slower-than -1")
    both.run_many("SLOWLOG RESET\nPING\nSLOWLOG LEN")


def test_latency_of_nothing(both: Both) -> None:
    both.run_many(
        """
        LATENCY RESET
        LATENCY LATEST
        LATENCY HISTORY command
        LATENCY RESET command
        LATENCY GRAPH command
        LATENCY HISTOGRAM nothing
        LATENCY FOO
        """
    )
    ours, theirs = both.ask("LATENCY DOCTOR")
    assert type(ours) is type(theirs)
    both.run("CONFIG RESETSTAT")
    both.run("XLEN s")
    ours, theirs = both.ask("LATENCY HISTOGRAM xlen")
    assert type(ours) is type(theirs)
    assert len(getattr(ours, "pairs", ours)) == len(getattr(theirs, "pairs", theirs))


@pytest.mark.parametrize(
    "line",
    [
        "DEBUG",
        "DEBUG FOO",
        "DEBUG SLEEP 0",
        "DEBUG SLEEP 0.001",
        "DEBUG SLEEP x",
        "DEBUG SLEEP",
        "DEBUG SET-ACTIVE-EXPIRE 0",
        "DEBUG SET-ACTIVE-EXPIRE 1",
        "DEBUG OBJECT missing",
        "DEBUG DIGEST",
        "DEBUG DIGEST-VALUE missing",
        "DEBUG CHANGE-REPL-ID",
        "DEBUG QUICKLIST-PACKED-THRESHOLD 100",
        "DEBUG PAUSE-CRON 0",
        "DEBUG ERROR",
        "DEBUG ERROR 'MYERR text'",
        "DEBUG PROTOCOL string",
        "DEBUG PROTOCOL integer",
        "DEBUG PROTOCOL double",
        "DEBUG PROTOCOL bignum",
        "DEBUG PROTOCOL null",
        "DEBUG PROTOCOL array",
        "DEBUG PROTOCOL set",
        "DEBUG PROTOCOL map",
        "DEBUG PROTOCOL verbatim",
        "DEBUG PROTOCOL true",
        "DEBUG PROTOCOL false",
        "DEBUG PROTOCOL foo",
        "debug protocol STRING",
    ],
)
def test_debug(both: Both, line: str) -> None:
    both.run(line)


@pytest.mark.lacks(VALKEY)  # it sends the push first
@pytest.mark.protocols(3)
@pytest.mark.parametrize("kind", ["push", "attrib"])
def test_debug_of_what_comes_with_a_reply(both: Both, kind: str) -> None:
    both.send(f"DEBUG PROTOCOL {kind}")
    both.read()
    if kind == "push":
        both.read()


def test_debug_object(both: Both) -> None:
    both.run("XADD s 1-1 f v")
    pattern = rb"Value at:0x[0-9a-f]+ refcount:1 encoding:stream serializedlength:\d+ lru:\d+ "
    for reply in both.ask("DEBUG OBJECT s"):
        assert re.fullmatch(pattern + rb"lru_seconds_idle:\d+", reply.text), reply


def test_digests_tell_data_apart(both: Both) -> None:
    for client in (both.ours, both.theirs):
        nothing = client.call("DEBUG DIGEST")
        assert nothing == Simple(b"0" * 40)
        client.call("XADD s 1-1 f v")
        one = client.call("DEBUG DIGEST")
        client.call("XADD s 2-1 f v")
        assert len({nothing, one, client.call("DEBUG DIGEST")}) == 3
        client.call("COPY s t")
        (first, second) = client.call("DEBUG DIGEST-VALUE s t")
        assert first == second
        client.call("XADD t 3-1 f v")
        (first, second) = client.call("DEBUG DIGEST-VALUE s t")
        assert first != second


def test_debug_reload_keeps_the_data(both: Both) -> None:
    both.run_many(
        """
        XADD s 1-1 f v
        XADD s 2-1 f v
        XADD s 3-1 f v
        XDEL s 2-1
        XGROUP CREATE s g 0
        XREADGROUP GROUP g c COUNT 1 STREAMS s >
        SET k v EX 1000
        XADD t 5-5 a b
        XDEL t 5-5
        DEBUG RELOAD
        XINFO STREAM s FULL
        XINFO STREAM t FULL
        TTL k
        DBSIZE
        """
    )


@pytest.mark.parametrize(
    "line",
    [
        "TIME x",
        "LASTSAVE",
        "ROLE x",
        "REPLICAOF NO ONE",
        "SLAVEOF NO ONE",
        "WAIT 0 0",
        "WAIT 0 100",
        "WAIT x 0",
        "WAIT 0 x",
        "WAIT 0 -1",
        "WAIT 1 1",
        "WAITAOF 0 0 0",
        "WAITAOF 1 0 0",
        "WAITAOF x 0 0",
        "WAITAOF 0 x 0",
        "WAITAOF 0 0 x",
        "WAITAOF 0 0 -1",
        "WAITAOF 2 0 0",
        "CLUSTER INFO",
        "CLUSTER NODES",
        "ASKING",
        "MODULE LIST",
        "FAILOVER",
        "SHUTDOWN FOO",
        "SHUTDOWN ABORT",
        "SHUTDOWN SAVE NOSAVE",
        "SHUTDOWN ABORT NOSAVE",
        "BGSAVE FOO",
        "FUNCTION FLUSH",
        "SCRIPT FLUSH",
        "FUNCTION FLUSH SYNC",
        "SCRIPT FLUSH ASYNC",
        "SCRIPT FLUSH FOO",
        "MEMORY PURGE",
        "MEMORY FOO",
        "MEMORY USAGE",
        "ACL WHOAMI",
        "ACL USERS",
        "ACL CAT foo",
        "SORT missing",
    ],
)
def test_small_commands(both: Both, line: str) -> None:
    if both.server == VALKEY and line == "MODULE LIST":
        pytest.skip("Valkey has Lua as a module")
    if line == "MODULE LIST":
        ours, _ = both.ask(line)
        assert isinstance(ours, list)
        return
    both.run(line)


def test_sorting_a_stream_is_a_wrong_type(both: Both) -> None:
    both.run_many("XADD s 1-1 f v\nSORT s")


def test_replies_that_differ_in_numbers_only(both: Both) -> None:
    for line in ("TIME", "ROLE"):
        both.run_loosely(line)


@pytest.mark.lacks(VALKEY)  # not every text is one for people there
@pytest.mark.parametrize("line", ["MEMORY DOCTOR", "LOLWUT", "MEMORY MALLOC-STATS"])
def test_texts_for_people(both: Both, line: str) -> None:
    ours, theirs = both.ask(line)
    assert type(ours) is type(theirs)
    assert text_of(ours)


def test_memory_stats_is_a_map(both: Both) -> None:
    ours, theirs = both.ask("MEMORY STATS")
    assert type(ours) is type(theirs)


def test_the_default_user(both: Both) -> None:
    if both.server == VALKEY:
        pytest.skip("Valkey's default user has databases too")
    both.run("ACL LIST")
    ours, theirs = both.ask("ACL CAT stream")
    assert set(theirs) <= set(ours)
    ours, theirs = both.ask("ACL GETUSER default")
    assert type(ours) is type(theirs)
