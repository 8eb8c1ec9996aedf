"""What is checked before a command runs: its name, its arity, login, transactions."""

from __future__ import annotations

import pytest

from tests.differential.differences import OTHER_TYPES
from tests.support.both import Both, in_lines
from tests.support.servers import VALKEY
from tests.support.wire import Simple

pytestmark = pytest.mark.real_redis


def test_unknown_commands(both: Both) -> None:
    both.run_many(
        f"""
        foo
        FOO bar
        FOO bar baz "q\\r\\nx" ""
        "fo\\r\\no" "a\\nb"
        "" x
        ""
        FOO {"x" * 200}
        FOO {"x" * 60} {"y" * 60} {"z" * 60} w
        FOO {"x" * 126} a b
        FOO {"x" * 127} a b
        FOO {"x" * 128} a b
        {"F" * 200} bar
        FOO {" ".join("abcdefghij" * 20)}
        FOO "\\xff"
        X
        XADDX s 1-1 f v
        """
    )


@pytest.mark.parametrize(
    "container",
    [
        "XGROUP",
        "XINFO",
        "CLIENT",
        "CONFIG",
        "COMMAND",
        "OBJECT",
        "MEMORY",
        "SLOWLOG",
        "LATENCY",
        "PUBSUB",
    ],
)
def test_unknown_subcommands(both: Both, container: str) -> None:
    both.run_many(
        f"""
        {container} FOO
        {container} foo bar baz
        {container} "" bar
        {container.lower()} FoO
        {container} {"x" * 200}
        {container} "a\\r\\nb"
        """
    )


COMMANDS = in_lines(
    """
    XADD XTRIM XLEN XRANGE XREVRANGE XREAD XREADGROUP XDEL XACK XCLAIM XAUTOCLAIM XPENDING XSETID
    XGROUP XINFO PING ECHO SELECT QUIT RESET AUTH HELLO CLIENT COMMAND CONFIG DBSIZE DEL UNLINK
    EXISTS TOUCH TYPE KEYS SCAN RANDOMKEY RENAME RENAMENX COPY MOVE FLUSHDB FLUSHALL SWAPDB OBJECT
    MEMORY EXPIRE PEXPIRE EXPIREAT PEXPIREAT TTL PTTL EXPIRETIME PEXPIRETIME PERSIST
    SET GET GETSET GETDEL GETEX SETNX SETEX PSETEX MGET MSET MSETNX STRLEN APPEND INCR DECR INCRBY
    DECRBY INCRBYFLOAT GETRANGE SETRANGE MULTI EXEC DISCARD WATCH UNWATCH SUBSCRIBE PSUBSCRIBE
    PUBLISH PUBSUB SPUBLISH TIME ROLE LASTSAVE INFO WAIT WAITAOF LOLWUT DEBUG SLOWLOG LATENCY
    SORT SORT_RO
    """
)
SUBCOMMANDS = {
    "XGROUP": "CREATE SETID DESTROY CREATECONSUMER DELCONSUMER HELP",
    "XINFO": "STREAM GROUPS CONSUMERS HELP",
    "CLIENT": "ID GETNAME SETNAME SETINFO INFO UNBLOCK NO-EVICT NO-TOUCH PAUSE UNPAUSE "
    "TRACKINGINFO GETREDIR CACHING HELP",
    "COMMAND": "COUNT GETKEYS GETKEYSANDFLAGS",
    "CONFIG": "GET SET RESETSTAT REWRITE",
    "OBJECT": "ENCODING REFCOUNT IDLETIME FREQ",
    "MEMORY": "USAGE DOCTOR",
    "SLOWLOG": "GET LEN RESET",
    "LATENCY": "LATEST HISTORY GRAPH",
    "PUBSUB": "CHANNELS NUMSUB NUMPAT",
}
NAMES = COMMANDS + [
    f"{container} {name}" for container, names in SUBCOMMANDS.items() for name in names.split()
]

#: Right without arguments, or with many; what they answer is tested elsewhere.
ANSWERS = {
    *("PING", "QUIT", "RESET", "HELLO", "COMMAND", "DBSIZE", "FLUSHDB", "FLUSHALL", "RANDOMKEY"),
    *("MULTI", "EXEC", "DISCARD", "UNWATCH", "TIME", "ROLE", "LASTSAVE", "INFO", "LOLWUT"),
    *("CLIENT HELP", "COMMAND COUNT", "PUBSUB CHANNELS"),
    *("CLIENT ID", "CLIENT INFO", "CLIENT GETNAME", "MEMORY DOCTOR", "SLOWLOG GET", "SLOWLOG LEN"),
}


@pytest.mark.protocols(2)
@pytest.mark.parametrize("name", [*NAMES, "DUMP", "RESTORE"])
def test_arity(both: Both, name: str) -> None:
    if name not in ANSWERS:
        both.run_many(f"{name}\n{name.lower()}")
    if name in ("SUBSCRIBE", "PSUBSCRIBE"):
        return  # as many replies as arguments
    if both.server == VALKEY and name in ("CLIENT UNBLOCK", "CLIENT PAUSE"):
        return  # it ignores what it does not need
    lines = [f"{name} {' '.join('abcdefghijklmnop'[:n])}" for n in (1, 2, 3, 4, 5, 6)]
    wrong = []
    for line in lines:
        ours, theirs = both.ask(line)
        is_arity = [b"wrong number of arguments" in getattr(r, "line", b"") for r in (ours, theirs)]
        if any(is_arity) and ours != theirs:
            wrong.append((line, ours, theirs))
        if Simple(b"QUEUED") in (ours, theirs) or name in ("QUIT", "MULTI"):
            break
    assert not wrong


@pytest.mark.parametrize("name", [name.decode() for name in OTHER_TYPES])
def test_commands_of_other_types_are_unknown(both: Both, name: str) -> None:
    both.run_many(f"{name} k 1 f v\nMULTI\n{name}\nXLEN k\nEXEC")


@pytest.mark.parametrize(
    "container", in_lines("OBJECT MEMORY CLIENT CONFIG COMMAND SLOWLOG LATENCY PUBSUB DEBUG")
)
def test_help_stands_in_the_usual_frame(both: Both, container: str) -> None:
    both.run(f"{container} HELP")


def test_a_name_may_be_in_any_case(both: Both) -> None:
    both.run_many("xAdD s 1-1 f v\nXlen s\nxInFo GROUPS s\nxgroup CrEaTe s g 0")


@pytest.mark.lacks(VALKEY)  # it asks for the password first
def test_login_comes_after_the_name_and_arity_only(both: Both) -> None:
    both.run("CONFIG SET requirepass secret")
    stranger = both.another(protocol=2)
    stranger.run_many(
        """
        PING
        FOO
        FOO x
        XADD
        XADD s 1-1 f v
        XGROUP FOO
        XGROUP CREATE s
        MULTI
        EXEC
        HELLO
        HELLO 3
        HELLO 4
        HELLO 3 FOO
        HELLO 3 AUTH default wrong
        AUTH wrong
        AUTH default wrong
        AUTH nobody secret
        AUTH a b c
        RESET
        AUTH secret
        PING
        RESET
        PING
        AUTH default secret
        XADD s 1-1 f v
        """
    )


def test_login_through_hello(both: Both) -> None:
    both.run("CONFIG SET requirepass secret")
    stranger = both.another(protocol=2)
    stranger.run_many("HELLO 2 AUTH default wrong SETNAME x\nXLEN s")
    ours, theirs = stranger.ask("HELLO 3 AUTH default secret SETNAME me")
    assert type(ours) is type(theirs)
    stranger.run_many("CLIENT GETNAME\nXLEN s")


def test_a_password_where_none_is_set(both: Both) -> None:
    both.run_many("AUTH x\nAUTH default x\nAUTH nobody x\nAUTH\nAUTH a b c")
