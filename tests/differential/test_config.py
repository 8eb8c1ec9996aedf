"""CONFIG."""

from __future__ import annotations

import pytest

from tests.support.both import Both, in_lines
from tests.support.servers import VALKEY
from tests.support.wire import fields

pytestmark = pytest.mark.real_redis

#: Those with the same default everywhere, the ones tools read.
SAME = in_lines(
    """
    appendonly appendfsync appendfilename appenddirname dbfilename maxmemory maxmemory-policy
    maxclients databases requirepass timeout tcp-keepalive hz proto-max-bulk-len
    notify-keyspace-events stream-node-max-bytes stream-node-max-entries slowlog-log-slower-than
    slowlog-max-len latency-monitor-threshold loglevel active-expire-effort list-max-listpack-size
    lua-time-limit busy-reply-threshold auto-aof-rewrite-percentage auto-aof-rewrite-min-size
    enable-debug-command
    """
)


@pytest.mark.parametrize("name", SAME)
def test_a_default(both: Both, name: str) -> None:
    both.run("CONFIG", "GET", name)


def test_names_and_patterns(both: Both) -> None:
    both.run_many(
        """
        CONFIG GET nothing
        CONFIG GET STREAM-NODE-MAX-BYTES
        CONFIG GET stream-node-max-[be]*
        CONFIG GET Stream-Node-Max-* stream-node-max-bytes stream-node-max-bytes
        CONFIG GET maxclients nothing hz
        CONFIG GET
        """
    )
    ours, theirs = both.ask("CONFIG GET *")
    assert type(ours) is type(theirs)
    assert {name.encode() for name in SAME} <= fields(ours).keys()


@pytest.mark.parametrize(
    "words",
    [
        "stream-node-max-entries 7",
        "STREAM-node-MAX-entries 7",
        "stream-node-max-entries x",
        "stream-node-max-entries -1",
        "stream-node-max-bytes 4kb",
        "stream-node-max-bytes 4k",
        "stream-node-max-bytes 1mb",
        "stream-node-max-bytes 5zb",
        "stream-node-max-bytes -1",
        "stream-node-max-entries 7 stream-node-max-bytes 100",
        "stream-node-max-entries 7 stream-node-max-bytes x",
        "stream-node-max-entries 7 stream-node-max-entries 8",
        "stream-node-max-entries",
        "stream-node-max-entries 7 hz",
        "nothing 1",
        "stream-node-max-entries 7 nothing 1",
        "databases 5",
        "appendfsync sometimes",
        "maxmemory 100mb",
        "maxmemory x",
        "notify-keyspace-events KEA",
        "notify-keyspace-events q",
        "slowlog-log-slower-than 5",
        "slowlog-log-slower-than -1",
        "slowlog-max-len 5",
        "slowlog-max-len -1",
        "timeout 5",
        "timeout -1",
        "maxclients 500",
        "hz 50",
        "latency-monitor-threshold 100",
        "proto-max-bulk-len 1mb",
        "enable-debug-command no",
    ],
)
def test_setting(both: Both, words: str) -> None:
    if both.server == VALKEY and words.endswith("-1") and "slower" not in words:
        pytest.skip("Valkey words the limits of some numbers differently")
    both.run_many(
        f"""
        CONFIG SET {words}
        CONFIG GET stream-node-max-* maxmemory hz timeout notify-keyspace-events
        CONFIG GET slowlog-* maxclients databases proto-max-bulk-len latency-monitor-threshold
        """
    )
    names = words.lower().split()[::2]
    both.changed_settings.update(name.encode() for name in names)


def test_statistics_are_reset(both: Both) -> None:
    both.run_many("XLEN s\nFOO\nCONFIG RESETSTAT\nCONFIG REWRITE")


@pytest.mark.lacks(VALKEY)  # it counts what it uses differently
def test_out_of_memory(both: Both) -> None:
    both.run("XGROUP CREATE s g 0 MKSTREAM")
    both.run("XADD s 1-1 f v")
    both.run("CONFIG SET maxmemory 1")
    both.run_many(
        """
        XADD s 2-1 f v
        XGROUP CREATE s h 0
        XGROUP CREATECONSUMER s g c
        SET k v
        XSETID s 5-0
        XREADGROUP GROUP g c STREAMS s >
        XACK s g 1-1
        XCLAIM s g d 0 1-1
        XTRIM s MAXLEN 0
        XDEL s 1-1
        DEL s
        EXPIRE s 100
        MULTI
        XADD s 1-1 f v
        EXEC
        MULTI
        XLEN s
        EXEC
        COPY s t
        GET k
        """
    )
    both.run("CONFIG SET maxmemory 0")
    both.run("XADD s 3-1 f v")
