"""COMMAND: what the server says of its own commands."""

from __future__ import annotations

from typing import Any

import pytest

from tests.support.both import Both, in_lines
from tests.support.servers import VALKEY
from tests.support.wire import NULL, NULL_BULK, Map, Push, SetOf

pytestmark = [pytest.mark.real_redis, pytest.mark.lacks(VALKEY)]  # its flags are its own

STREAM_COMMANDS = in_lines(
    """
    xadd xtrim xlen xrange xrevrange xread xreadgroup xdel xdelex xackdel xack xclaim xautoclaim
    xpending xsetid xgroup xgroup|create xgroup|setid xgroup|destroy xgroup|createconsumer
    xgroup|delconsumer xgroup|help xinfo xinfo|stream xinfo|groups xinfo|consumers xinfo|help
    """
)

OTHER_COMMANDS = in_lines(
    """
    hello auth quit reset ping echo select client|id client|getname client|setname client|setinfo
    client|info client|reply client|no-touch client|tracking client|trackinginfo client|getredir
    client|caching client|list client|kill client|pause client|unpause client|unblock
    client|no-evict command command|count command|info command|docs command|list command|getkeys
    command|getkeysandflags info config|get config|set config|resetstat config|rewrite del unlink
    exists touch type ttl pttl expiretime pexpiretime keys scan randomkey dbsize rename renamenx
    copy move persist expire pexpire expireat pexpireat flushdb flushall swapdb object|encoding
    object|refcount object|idletime object|freq memory|usage multi discard unwatch
    exec watch save bgsave bgrewriteaof lastsave shutdown monitor debug slowlog|get slowlog|len
    slowlog|reset latency|latest latency|history latency|reset latency|graph latency|doctor
    latency|histogram wait waitaof publish subscribe unsubscribe psubscribe punsubscribe
    pubsub|channels pubsub|numsub pubsub|numpat time role get set getset getdel getex setnx setex
    psetex mget mset msetnx strlen append incr decr incrby decrby incrbyfloat getrange setrange
    """
)

CONTAINERS = ["client", "config", "object", "memory", "slowlog", "latency", "pubsub"]


def sorted_deeply(value: Any) -> Any:
    """Return a record with what is a set in RESP3 in one order, so that RESP2 compares too."""
    match value:
        case SetOf(items):
            return SetOf(sorted((sorted_deeply(item) for item in items), key=repr))
        case list(items):
            return sorted((sorted_deeply(item) for item in items), key=repr)
        case Map(pairs):
            return Map(sorted((key, sorted_deeply(item)) for key, item in pairs))
        case Push(items):
            return Push([sorted_deeply(item) for item in items])
    return value


PARTS = ["name", "arity", "flags", "first", "last", "step", "categories", "tips", "key specs"]


NAMES = [
    *STREAM_COMMANDS,
    *OTHER_COMMANDS,
    *CONTAINERS,
    "dump",
    "restore",
]


@pytest.mark.parametrize("name", NAMES)
def test_the_record_of_a_command(both: Both, name: str) -> None:
    (ours,), (theirs,) = both.ask("COMMAND", "INFO", name)
    assert isinstance(ours, list)
    assert len(ours) == len(theirs) == 10
    for part, mine, other in zip(PARTS, ours, theirs, strict=False):
        assert sorted_deeply(mine) == sorted_deeply(other), part
    assert type(ours[9]) is type(theirs[9])


@pytest.mark.parametrize("name", ["xgroup", "xinfo"])
def test_the_subcommands_of_a_container(both: Both, name: str) -> None:
    (ours,), (theirs,) = both.ask("COMMAND", "INFO", name)
    assert sorted_deeply(ours[9]) == sorted_deeply(theirs[9])


def test_unknown_names(both: Both) -> None:
    both.run_many("COMMAND INFO nothing\nCOMMAND INFO foo|bar xgroup|foo\nCOMMAND DOCS nothing")
    reply = both.ours.call("COMMAND INFO xlen nothing XLEN")
    assert reply[1] in (NULL_BULK, NULL)
    assert reply[0] == reply[2]


@pytest.mark.parametrize(
    "line",
    [
        "XADD s * f v",
        "XADD s",
        "XREAD STREAMS a b 0 0",
        "XREAD COUNT 1 BLOCK 5 STREAMS a b c 0 0 0",
        "XREAD STREAMS STREAMS 0",
        "XREAD COUNT STREAMS STREAMS a 0",
        "XREAD COUNT 1 a 0",
        "XREADGROUP GROUP g c STREAMS a b > >",
        "XREADGROUP GROUP STREAMS c STREAMS a >",
        "XREADGROUP GROUP g STREAMS COUNT 1 STREAMS a >",
        "XREADGROUP COUNT 1 GROUP g c STREAMS a >",
        "XGROUP CREATE s g 0",
        "XGROUP HELP",
        "XINFO STREAM s",
        "XINFO GROUPS",
        "XACK s g 1-1",
        "XDELEX s IDS 1 1-1",
        "DEL a b c",
        "MGET a b",
        "MSET a 1 b 2",
        "RENAME a b",
        "COPY a b",
        "WATCH a b",
        "OBJECT ENCODING k",
        "MEMORY USAGE k",
        "SET k v",
        "GET k",
        "PING",
        "FOO",
        "MULTI",
        "SUBSCRIBE a",
    ],
)
def test_the_keys_of_a_request(both: Both, line: str) -> None:
    both.run_many(f"COMMAND GETKEYS {line}")
    ours, theirs = both.ask(f"COMMAND GETKEYSANDFLAGS {line}")
    assert sorted_deeply(ours) == sorted_deeply(theirs)


def test_lists(both: Both) -> None:
    for filter_by in ("PATTERN xgroup*", "PATTERN xinfo*", "PATTERN nothing", "MODULE none"):
        ours, theirs = both.ask(f"COMMAND LIST FILTERBY {filter_by}")
        assert sorted(ours) == sorted(theirs)
    ours, theirs = both.ask("COMMAND LIST FILTERBY ACLCAT stream")
    assert set(theirs) <= set(ours)
    ours, theirs = both.ask("COMMAND LIST FILTERBY ACLCAT blocking")
    assert {b"xread", b"xreadgroup"} <= set(ours) <= set(theirs)
    count, _ = both.ask("COMMAND COUNT")
    assert count == len(both.ours.call("COMMAND")) == len(both.ours.call("COMMAND INFO"))
    both.run_many("COMMAND LIST FOO\nCOMMAND LIST FILTERBY\nCOMMAND LIST FILTERBY FOO x")


@pytest.mark.parametrize("name", STREAM_COMMANDS[:16])
def test_the_documentation_of_a_stream_command(both: Both, name: str) -> None:
    ours, theirs = both.ask("COMMAND", "DOCS", name)
    if isinstance(ours, list):
        (mine, other) = (ours[1], theirs[1])
        assert ours[0] == theirs[0]
        mine, other = (dict(zip(d[::2], d[1::2], strict=True)) for d in (mine, other))
    else:
        ((name_, mine_),), ((name__, other_),) = ours.pairs, theirs.pairs
        assert name_ == name__
        mine, other = dict(mine_.pairs), dict(other_.pairs)
    assert mine[b"since"] == other[b"since"]
    assert mine[b"group"] == other[b"group"]
    assert isinstance(mine[b"summary"], bytes)
    assert mine.keys() <= other.keys() | {b"history", b"complexity"}
    assert (b"subcommands" in mine) == (b"subcommands" in other)
