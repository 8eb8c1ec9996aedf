"""Keys, whatever they hold: DEL to MEMORY USAGE, expiry, DUMP and RESTORE."""

from __future__ import annotations

import pytest

from tests.support.both import Both, until
from tests.support.servers import VALKEY

pytestmark = pytest.mark.real_redis

FULL = "XINFO STREAM {} FULL COUNT 0"


@pytest.fixture
def some_keys(both: Both) -> None:
    both.run_at_once(
        """
        XADD s 1-0 f v
        XADD s 2-0 f v
        XADD s 3-0 g w
        XDEL s 2-0
        XGROUP CREATE s g 0
        XREADGROUP GROUP g c COUNT 1 STREAMS s >
        XGROUP CREATECONSUMER s g idle
        XADD t 9-9 f v
        SET string x
        EXPIRE string 1000
        """
    )


KEY_LINES = [
    "DEL s",
    "DEL s s missing t",
    "UNLINK s string missing",
    "EXISTS s s missing string",
    "TOUCH s missing t",
    "TYPE s",
    "TYPE string",
    "TYPE missing",
    "KEYS *",
    "KEYS s*",
    "KEYS ?",
    "KEYS [st]",
    "KEYS [^s]",
    "KEYS [a-s]",
    "KEYS [s",
    "KEYS \\\\s",
    "KEYS nothing",
    "DBSIZE",
    "RENAME s n",
    "RENAME s t",
    "RENAME s s",
    "RENAME string n",
    "RENAME missing n",
    "RENAME missing missing",
    "RENAMENX s n",
    "RENAMENX s t",
    "RENAMENX s s",
    "RENAMENX missing n",
    "COPY s n",
    "COPY s t",
    "COPY s t REPLACE",
    "COPY string n",
    "COPY s n DB 1",
    "COPY s s DB 1",
    "COPY s s",
    "COPY missing missing",
    "COPY missing n",
    "COPY s n DB 99",
    "COPY s n DB x",
    "COPY s n FOO",
    "COPY s n DB",
    "COPY s s DB 0",
    "COPY s n DB 1 REPLACE",
    "COPY s n REPLACE DB 2 DB 3",
    "MOVE s 1",
    "MOVE s 0",
    "MOVE missing 1",
    "MOVE s 99",
    "MOVE s x",
    "MOVE s -1",
    "SWAPDB 0 1",
    "SWAPDB 0 0",
    "SWAPDB 0 99",
    "SWAPDB x 0",
    "SWAPDB 0 x",
    "SORT missing",
    "SORT s",
    "SORT string",
    "SORT s FOO",
    "SORT string LIMIT x 1",
    "SORT missing LIMIT 0 x",
    "SORT missing LIMIT 0",
    "SORT missing LIMIT -1 -1",
    "SORT missing BY w_* GET # GET o_*->f DESC ALPHA",
    "SORT missing asc desc alpha limit 1 2",
    "SORT missing BY",
    "SORT missing GET",
    "SORT missing STORE",
    "SORT missing STORE n",
    "SORT missing STORE s",
    "SORT missing STORE s STORE string",
    "SORT string STORE s",
    "SORT_RO missing",
    "SORT_RO s",
    "SORT_RO string ALPHA",
    "SORT_RO missing STORE s",
    "FLUSHDB SYNC",
    "FLUSHDB async",
    "FLUSHDB FOO",
    "FLUSHALL SYNC",
    "FLUSHALL ASYNC",
    "FLUSHALL FOO",
    "FLUSHALL SYNC ASYNC",
    "OBJECT ENCODING s",
    "OBJECT ENCODING missing",
    "OBJECT REFCOUNT s",
    "OBJECT REFCOUNT missing",
    "OBJECT IDLETIME s",
    "OBJECT IDLETIME missing",
    "OBJECT FREQ s",
    "OBJECT FREQ missing",
    "MEMORY USAGE missing",
    "MEMORY USAGE s SAMPLES x",
    "MEMORY USAGE s SAMPLES -1",
    "MEMORY USAGE s FOO 1",
    "MEMORY USAGE s SAMPLES",
    "SCAN 0",
    "SCAN 0 COUNT 100",
    "SCAN 0 MATCH s*",
    "SCAN 0 MATCH s* COUNT 100 TYPE stream",
    "SCAN 0 TYPE stream",
    "SCAN 0 TYPE STREAM",
    "SCAN 0 TYPE string",
    "SCAN x",
    "SCAN -1",
    "SCAN 18446744073709551616",
    "SCAN 0 COUNT 0",
    "SCAN 0 COUNT x",
    "SCAN 0 COUNT",
    "SCAN 0 FOO",
    "SCAN 0 FOO bar",
    "SCAN 0 MATCH",
    "RANDOMKEY x",
    "GET s",
    "APPEND s x",
    "INCR s",
    "GETSET s x",
    "STRLEN s",
    "GETDEL s",
    "GETEX s",
    "GETRANGE s 0 1",
    "SETRANGE s 0 x",
    "SET s x",
    "SETEX s 100 x",
    "SETNX s x",
    "MGET s string missing",
    "MSET s 1 t 2",
    "XADD string 1-1 f v",
]

EXPIRY_LINES = [
    "EXPIRE s 100",
    "EXPIRE missing 100",
    "EXPIRE s 0",
    "EXPIRE s -5",
    "EXPIRE s x",
    "EXPIRE s 9223372036854775807",
    "EXPIRE s -9223372036854775808",
    "PEXPIRE s 9223372036854775807",
    "PEXPIRE s 100000",
    "PEXPIRE s -1",
    "EXPIREAT s 99999999999",
    "EXPIREAT s 1",
    "EXPIREAT s 9223372036854775807",
    "PEXPIREAT s 99999999999999",
    "PEXPIREAT s 1",
    "EXPIRE s 100 NX",
    "EXPIRE string 100 NX",
    "EXPIRE s 100 XX",
    "EXPIRE string 100 XX",
    "EXPIRE s 100 GT",
    "EXPIRE string 100 GT",
    "EXPIRE string 9999 gt",
    "EXPIRE s 100 LT",
    "EXPIRE string 100 LT",
    "EXPIRE string 9999 LT",
    "EXPIRE string 100 XX LT",
    "EXPIRE string 100 XX GT",
    "EXPIRE s 100 NX XX",
    "EXPIRE s 100 NX GT",
    "EXPIRE s 100 GT LT",
    "EXPIRE s 100 FOO",
    "EXPIRE missing 100 FOO",
    "EXPIRE missing x FOO",
    "EXPIRE s x FOO",
    "EXPIRE s -1 NX XX",
    "TTL s",
    "TTL string",
    "TTL missing",
    "PTTL string",
    "PTTL s",
    "PTTL missing",
    "EXPIRETIME string",
    "EXPIRETIME s",
    "EXPIRETIME missing",
    "PEXPIRETIME string",
    "PEXPIRETIME missing",
    "PERSIST string",
    "PERSIST s",
    "PERSIST missing",
]

STATE = """
    EXISTS s t n string
    XINFO STREAM s FULL COUNT 0
    XINFO STREAM n FULL COUNT 0
    XINFO STREAM t
    TTL s
    TTL string
    TTL n
    DBSIZE
    SELECT 1
    DBSIZE
    XINFO STREAM s
    XINFO STREAM n
    SELECT 0
"""


@pytest.mark.usefixtures("some_keys")
@pytest.mark.parametrize("line", KEY_LINES + EXPIRY_LINES)
def test_one_command(both: Both, line: str) -> None:
    both.run_many(line + STATE)


@pytest.mark.lacks(VALKEY)  # it knows which types there are
@pytest.mark.usefixtures("some_keys")
def test_scanning_for_a_type_that_does_not_exist(both: Both) -> None:
    both.run("SCAN 0 TYPE foo")


@pytest.mark.usefixtures("some_keys")
def test_randomkey_and_memory_usage_have_answers(both: Both) -> None:
    ours, theirs = both.ask("RANDOMKEY")
    assert ours in (b"s", b"t", b"string")
    assert type(ours) is type(theirs)
    for line in ("MEMORY USAGE s", "MEMORY USAGE s SAMPLES 0", "MEMORY USAGE string SAMPLES 5"):
        ours, theirs = both.ask(line)
        assert type(ours) is type(theirs) is int
        assert ours > 0
    both.run("FLUSHALL")
    both.run("RANDOMKEY")


@pytest.mark.protocols(2)
def test_a_scan_returns_every_key(both: Both) -> None:
    names = {b"key:%d" % n for n in range(500)}
    for name in names:
        both.run("XADD", name, "1-1", "f", "v")
    for options in ([], ["COUNT", 7], ["COUNT", 1000], ["TYPE", "stream"], ["MATCH", "key:*"]):
        found: set[bytes] = set()
        cursor = b"0"
        while True:
            cursor, page = both.ours.call("SCAN", cursor, *options)
            found.update(page)
            if cursor == b"0":
                break
        assert found == names


@pytest.mark.usefixtures("some_keys")
def test_a_copy_is_a_copy(both: Both) -> None:
    both.run_many(
        """
        COPY s n
        XADD n 7-7 f v
        XACK n g 1-0
        XREADGROUP GROUP g other STREAMS n >
        XINFO STREAM s FULL
        XINFO STREAM n FULL
        """
    )


@pytest.mark.usefixtures("some_keys")
def test_a_dump_brings_a_stream_back(both: Both) -> None:
    both.run("EXPIRE s 1000")
    ours, theirs = both.ask("DUMP s")
    assert isinstance(ours, bytes)
    both.run("DUMP missing")

    def restore(*args: str | int) -> None:
        key, ttl, *options = args
        both.ours.send("RESTORE", key, ttl, ours, *options)
        both.theirs.send("RESTORE", key, ttl, theirs, *options)
        both.read()

    restore("n", 0)
    both.run_many("XINFO STREAM n FULL\nTTL n")
    restore("n", 0)
    restore("n", 0, "REPLACE")
    restore("n", 5000000, "REPLACE")
    both.run("PTTL n")
    restore("n", 99999999999999, "REPLACE", "ABSTTL")
    both.run("PEXPIRETIME n")
    restore("n", 1, "REPLACE", "ABSTTL")
    both.run("EXISTS n")
    restore("n", -1)
    restore("n", "x")
    restore("n", 0, "FOO")
    restore("n", 0, "IDLETIME", 5)
    restore("n", 0, "IDLETIME", -5, "REPLACE")
    restore("n", 0, "FREQ", 5, "REPLACE")
    restore("n", 0, "FREQ", 256, "REPLACE")
    restore("s", -1)
    restore("s", "x")
    both.run_many("XINFO STREAM s FULL\nXADD s 9-9 f v")


def test_restoring_rubbish(both: Both) -> None:
    both.run_many(
        """
        RESTORE n 0 rubbish
        RESTORE n 0 ""
        RESTORE n -1 rubbish
        RESTORE n 0 rubbish FOO
        RESTORE n 0 "\\x0f\\x00\\x00\\x00\\x00\\x00\\x00\\x00\\x00\\x00\\x00\\x00"
        EXISTS n
        """
    )


def test_an_expired_key_is_gone_at_once(both: Both) -> None:
    both.run("CONFIG SET hz 1")
    both.run_many("XADD s 1-1 f v\nXADD t 1-1 f v\nPEXPIRE s 5\nPEXPIRE t 5")
    until(lambda: both.ask("PTTL s") == both.ask("PTTL t") == (-2, -2), "expired")
    both.run_many(
        "EXISTS s t\nXLEN s\nTYPE t\nXREAD STREAMS s 0\nXINFO STREAM s\nRENAME t n\nDBSIZE"
    )
    both.run_many("XADD s 1-1 f v\nTTL s")


def test_writes_keep_the_time_to_live(both: Both) -> None:
    both.run_many(
        """
        XADD s 1-1 f v
        EXPIRE s 1000
        XADD s 2-1 f v
        XTRIM s MAXLEN 1
        XDEL s 2-1
        XGROUP CREATE s g 0
        TTL s
        RENAME s t
        TTL t
        COPY t u
        TTL u
        SET u x
        TTL u
        """
    )
