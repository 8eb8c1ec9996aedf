"""Strings as a whole and in parts."""

from __future__ import annotations

import pytest

from geostream.errors import CommandError
from geostream.reply import OK
from tests.support.engines import make_engine

WRONG_TYPE = b"WRONGTYPE Operation against a key holding the wrong kind of value"


def test_set_answers_by_its_options() -> None:
    bench = make_engine()
    assert bench.execute("SET k 1 XX") is None
    assert bench.execute("SET k 1 NX") is OK
    assert bench.execute("SET k 2 NX") is None
    assert bench.execute("SET k 2 NX GET") == b"1"
    assert bench.execute("SET k 2 GET EX 100") == b"1"
    assert bench.execute("SET k 3 KEEPTTL") is OK
    assert bench.execute("TTL k") == 100
    assert bench.execute("SET k 4") is OK
    assert bench.execute("TTL k") == -1
    assert bench.execute("SET new 1 NX GET") is None
    assert bench.execute("GET new") == b"1"


@pytest.mark.parametrize(
    ("line", "error"),
    [
        ("SET k v NX XX", b"ERR syntax error"),
        ("SET k v EX 1 PX 1", b"ERR syntax error"),
        ("SET k v EX 1 KEEPTTL", b"ERR syntax error"),
        ("SET k v EX", b"ERR syntax error"),
        ("SET k v EX x FOO", b"ERR syntax error"),
        ("SET k v EX x", b"ERR value is not an integer or out of range"),
        ("SET k v EX 0", b"ERR invalid expire time in 'set' command"),
        ("SET k v PX 9223372036854775807", b"ERR invalid expire time in 'set' command"),
        ("SET s v EX 0 GET", b"ERR invalid expire time in 'set' command"),
        ("SET s v GET", WRONG_TYPE),
        ("SETEX k 0 v", b"ERR invalid expire time in 'setex' command"),
        ("PSETEX k x v", b"ERR value is not an integer or out of range"),
        ("GETEX k EX 1 PERSIST", b"ERR syntax error"),
        ("GETEX s EX 0", WRONG_TYPE),
        ("GETSET s v", WRONG_TYPE),
        ("GETDEL s", WRONG_TYPE),
        ("MSET a 1 b", b"ERR wrong number of arguments for 'mset' command"),
        ("APPEND s v", WRONG_TYPE),
        ("SETRANGE s -1 v", b"ERR offset is out of range"),
        ("SETRANGE s 0 v", WRONG_TYPE),
        ("GETRANGE s x 1", b"ERR value is not an integer or out of range"),
        ("INCRBY s x", b"ERR value is not an integer or out of range"),
        ("INCRBYFLOAT s x", WRONG_TYPE),
        ("INCRBYFLOAT k x", b"ERR value is not a valid float"),
        ("INCRBYFLOAT k inf", b"ERR increment would produce NaN or Infinity"),
        ("DECRBY k -9223372036854775808", b"ERR decrement would overflow"),
    ],
)
def test_the_first_mistake_is_told_and_nothing_changes(line: str, error: bytes) -> None:
    bench = make_engine()
    bench.execute("XADD s 1-1 f v")
    before = bench.engine.stats.changes_since_save
    assert bench.execute(line).line == error
    assert bench.engine.stats.changes_since_save == before


def test_a_string_may_replace_a_stream_and_ends_its_expiry() -> None:
    bench = make_engine()
    bench.execute("XADD s 1-1 f v")
    bench.execute("EXPIRE s 100")
    assert bench.execute("MSET s 1 t 2") is OK
    assert bench.execute("MGET s t missing") == [b"1", b"2", None]
    assert bench.execute("TTL s") == -1


def test_a_waiting_group_learns_that_its_stream_was_replaced() -> None:
    bench = make_engine()
    waiting = bench.connect()
    bench.execute("XADD s 1-1 f v")
    bench.execute("XGROUP CREATE s g $")
    bench.execute("XREADGROUP GROUP g c BLOCK 0 STREAMS s >", client=waiting)
    bench.execute("SET s 1")
    (reply,) = waiting.link.pushed
    assert reply.line == WRONG_TYPE


def test_a_plain_reader_goes_on_waiting_while_the_key_holds_no_stream() -> None:
    bench = make_engine()
    waiting = bench.connect()
    bench.execute("SET t 1")
    bench.execute("XREAD BLOCK 0 STREAMS s 0", client=waiting)
    bench.execute("RENAME t s")
    assert not waiting.link.pushed
    bench.execute("DEL s")
    bench.execute("XADD s 1-1 f v")
    assert len(waiting.link.pushed) == 1


def test_msetnx_sets_all_or_nothing() -> None:
    bench = make_engine()
    assert bench.execute("MSETNX a 1 b 2") == 1
    assert bench.execute("MSETNX c 3 a 4") == 0
    assert bench.execute("EXISTS c") == 0


def test_getex_changes_only_the_expiry() -> None:
    bench = make_engine()
    bench.execute("SET k v")
    assert bench.execute("GETEX k EX 100") == b"v"
    assert bench.execute("GETEX k") == b"v"
    assert bench.execute("TTL k") == 100
    assert bench.execute("GETEX k PERSIST") == b"v"
    assert bench.execute("TTL k") == -1
    assert bench.execute("GETEX k PXAT 1") == b"v"
    assert bench.execute("EXISTS k") == 0
    assert bench.execute("GETEX k EX x") is None


def test_parts_of_strings_are_read_and_written() -> None:
    bench = make_engine()
    assert bench.execute("APPEND k abc") == 3
    assert bench.execute("SETRANGE k 5 xy") == 7
    assert bench.execute("GET k") == b"abc\0\0xy"
    assert bench.execute("STRLEN k") == 7
    assert bench.execute("GETRANGE k -2 -1") == b"xy"
    assert bench.execute("GETRANGE k -100 1") == b"ab"
    assert bench.execute("GETRANGE k -1 -2") == b""
    assert bench.execute("GETRANGE k 2 1") == b""
    assert bench.execute("SETRANGE", "missing", "5", "") == 0
    assert bench.execute("EXISTS missing") == 0


def test_no_string_grows_beyond_the_limit() -> None:
    bench = make_engine(settings={"proto-max-bulk-len": "1048576"})
    assert bench.execute("SETRANGE k 1048575 x") == 1048576
    for line in ("APPEND k x", "SETRANGE k 1048576 x", "SETRANGE new 9223372036854775807 x"):
        reply = bench.execute(line)
        assert isinstance(reply, CommandError)
        assert b"proto-max-bulk-len" in reply.line


def test_counting_stops_at_the_end_of_the_range() -> None:
    bench = make_engine()
    assert bench.execute("INCR n") == 1
    assert bench.execute("DECRBY n 3") == -2
    bench.execute("SET n 9223372036854775807")
    assert bench.execute("INCR n").line == b"ERR increment or decrement would overflow"
    assert bench.execute("DECR n") == 2**63 - 2
    bench.execute("SET n 01")
    assert bench.execute("INCR n").line == b"ERR value is not an integer or out of range"
    assert bench.execute("INCRBYFLOAT n 1.5") == b"2.5"
