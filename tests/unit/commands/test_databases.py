"""Whole databases: listing, counting, flushing, swapping."""

from __future__ import annotations

import pytest

from geostream.reply import OK
from tests.support.engines import Bench, make_engine


def scan(bench: Bench, options: str = "") -> list[bytes]:
    """Return what a whole iteration meets."""
    cursor, found = b"0", []
    while True:
        cursor, page = bench.execute(*f"SCAN {cursor.decode()} {options}".split())
        found += page
        if cursor == b"0":
            return found


def test_an_iteration_meets_what_is_there_and_fits() -> None:
    bench = make_engine()
    names = [b"k%d" % number for number in range(100)]
    for name in names:
        bench.execute("SET", name, "1")
    bench.execute("XADD stream 1-1 f v")
    assert sorted(scan(bench)) == sorted([*names, b"stream"])
    assert scan(bench, "TYPE Stream") == [b"stream"]
    assert scan(bench, "TYPE nonsense") == []
    assert sorted(scan(bench, "MATCH k?5 COUNT 3")) == [b"k%d5" % tens for tens in range(1, 10)]


def test_writing_the_keys_of_every_page_lets_an_iteration_end() -> None:
    bench = make_engine()
    for number in range(100):
        bench.execute("SET", f"k{number}", "1")
    cursor, pages = b"0", 0
    while pages == 0 or cursor != b"0":
        cursor, page = bench.execute("SCAN", cursor)
        pages += 1
        for key in page:
            bench.execute("SET", key, "2")
            bench.execute("RENAME", key, b"other")
            bench.execute("RENAME", b"other", key)
        assert pages < 100


@pytest.mark.parametrize(
    ("line", "error"),
    [
        ("SCAN x", b"ERR invalid cursor"),
        ("SCAN -1", b"ERR invalid cursor"),
        ("SCAN 18446744073709551616", b"ERR invalid cursor"),
        ("SCAN x FOO", b"ERR invalid cursor"),
        ("SCAN 0 COUNT 0", b"ERR syntax error"),
        ("SCAN 0 COUNT x", b"ERR value is not an integer or out of range"),
        ("SCAN 0 MATCH", b"ERR syntax error"),
        ("SCAN 0 FOO", b"ERR syntax error"),
        ("FLUSHALL SYNC ASYNC", b"ERR syntax error"),
        ("SWAPDB x y", b"ERR invalid first DB index"),
        ("SWAPDB 0 99999999999", b"ERR invalid second DB index"),
        ("SWAPDB 0 16", b"ERR DB index is out of range"),
    ],
)
def test_the_first_mistake_is_told(line: str, error: bytes) -> None:
    assert make_engine().execute(line).line == error


def test_expired_keys_are_listed_nowhere() -> None:
    bench = make_engine()
    bench.execute("SET gone 1 PX 10")
    bench.execute("SET here 1")
    bench.clock.advance(20)
    assert bench.execute("KEYS *") == [b"here"]
    assert bench.execute("RANDOMKEY") == b"here"
    assert scan(bench) == [b"here"]
    assert bench.execute("DBSIZE") == 1


def test_looking_through_keys_is_neither_hit_nor_miss() -> None:
    bench = make_engine()
    bench.execute("SET a 1")
    for line in ("SCAN 0", "RANDOMKEY", "KEYS *", "MEMORY USAGE a"):
        bench.execute(line)
    assert (bench.engine.keyspace.hits, bench.engine.keyspace.misses) == (0, 0)
    bench.execute("COPY a b")
    bench.execute("SET missing 1 GET")
    assert (bench.engine.keyspace.hits, bench.engine.keyspace.misses) == (1, 1)


def test_flushing_empties_one_database_or_all() -> None:
    bench = make_engine()
    bench.execute("SET a 1")
    bench.execute("COPY a b DB 3")
    assert bench.execute("FLUSHDB ASYNC") is OK
    assert bench.execute("DBSIZE") == 0
    bench.execute("SELECT 3")
    assert bench.execute("DBSIZE") == 1
    assert bench.execute("FLUSHALL") is OK
    assert bench.execute("DBSIZE") == 0


@pytest.mark.parametrize(
    ("setup", "change", "is_dirty"),
    [
        ("SET k 1", "FLUSHDB", True),
        ("SET other 1", "FLUSHDB", False),
        ("SET k 1", "SWAPDB 0 1", True),
        ("COPY other k DB 1", "SWAPDB 0 1", False),
        ("SET other 1", "SWAPDB 0 1", False),
        ("SET k 1", "SWAPDB 0 0", False),
        ("SET other 1", "RENAME other k", True),
        ("SET k 1", "GETEX k EX 5", True),
        ("SET k 1", "EXPIRE k 5 XX", False),
    ],
)
def test_a_watch_notices_what_happens_to_its_key(setup: str, change: str, is_dirty: bool) -> None:
    bench = make_engine()
    other = bench.connect()
    bench.execute(setup)
    bench.execute("WATCH k")
    bench.execute(change, client=other)
    assert bench.client.is_dirty is is_dirty


def test_a_key_that_had_expired_before_watch_changes_no_more() -> None:
    bench = make_engine()
    bench.execute("SET k 1 PX 10")
    bench.clock.advance(20)
    bench.execute("WATCH k")
    bench.execute("GET k")
    assert not bench.client.is_dirty
