"""Rows put into pages are what SQLite finds in them, and it has nothing to complain of."""

from __future__ import annotations

import sqlite3
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from geostream.store.row_pages import COLUMNS, PAGE_BYTES, RowPages

if not hasattr(sqlite3.Connection, "deserialize"):
    pytest.skip("this SQLite takes no database from memory", allow_module_level=True)

Row = tuple[int, int, int, str, int, bytes]
numbers = st.one_of(st.integers(0, 2**63 - 1), st.sampled_from([0, 127, 128, 2**32, 2**63 - 1]))
lengths = st.one_of(st.integers(0, 70), st.sampled_from([4090, 8160, 16300, 16400]))


characters = st.sampled_from(["a", "\N{EURO SIGN}", "\U0001f600"])
drawn_rows = st.tuples(numbers, numbers, numbers, characters, lengths, numbers, lengths)


def row_of(drawn: tuple[int, int, int, str, int, int, int]) -> Row:
    owner, ms, seq, character, length, crc, raw_length = drawn
    return owner, ms, seq, character * length, crc, b"\0r" * raw_length


def pages(most: int) -> RowPages:
    connection = sqlite3.connect(":memory:")
    connection.execute(f"PRAGMA page_size = {PAGE_BYTES}")
    connection.execute(f"CREATE TABLE rows ({COLUMNS})")
    return RowPages(connection.serialize()[:PAGE_BYTES], most)


def put(into: RowPages, row: Row) -> bool:
    owner, ms, seq, text, crc, raw = row
    shown = text.encode()
    return into.add(owner, ms, seq, bytearray(shown + b"behind"), len(shown), crc, raw)


def found(within: RowPages) -> list[Row]:
    within.finish()
    connection = sqlite3.connect(":memory:")
    connection.deserialize(bytes(within.data))
    assert connection.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
    by_number = connection.execute("SELECT * FROM rows WHERE rowid = 1").fetchall()
    listed = connection.execute("SELECT * FROM rows").fetchall()
    assert listed[:1] == by_number
    connection.close()
    return listed


@given(st.lists(drawn_rows, min_size=1, max_size=40), st.integers(1, 3))
def test_what_was_added_is_what_sqlite_reads(drawn: list[Any], times: int) -> None:
    store = pages(200)
    rows = list(map(row_of, drawn))
    for _ in range(times):
        store.clear()
        taken = [row for row in rows if put(store, row)]
        assert store.rows == len(taken)
        left = [row for row in rows if row not in taken]
        assert all(len(row[3].encode()) + len(row[5]) > PAGE_BYTES - 100 for row in left)
        if taken:
            assert found(store) == taken


@pytest.mark.parametrize("count", [1, 2, 100, 120, 127, 128, 129, 5000, 20_000])
def test_any_number_of_rows_is_found(count: int) -> None:
    store = pages(256)
    added = [(1, ms, 0, '{"f":"v"}', ms, b"x" * 60) for ms in range(count)]
    assert all(put(store, row) for row in added)
    assert found(store) == added


def test_full_pages_take_no_more_and_keep_what_they_have() -> None:
    store = pages(5)
    row = (1, 2, 3, "t" * 4000, 4, b"r" * 4000)
    taken = 0
    while put(store, row):
        taken += 1
    assert taken == 6  # two in each of three pages of rows
    assert not put(store, row)
    assert put(store, (9, 9, 9, "", 9, b"small"))  # there is room for it
    assert found(store) == [row] * 6 + [(9, 9, 9, "", 9, b"small")]


def test_a_row_that_no_page_can_hold_is_not_taken() -> None:
    store = pages(5)
    assert not put(store, (1, 1, 1, "t" * PAGE_BYTES, 1, b"r"))
    assert store.rows == 0
    largest = 0
    for size in range(PAGE_BYTES - 100, PAGE_BYTES):
        store.clear()
        if put(store, (1, 1, 1, "", 1, b"r" * size)):
            largest = size
            assert found(store) == [(1, 1, 1, "", 1, b"r" * size)]
    assert PAGE_BYTES - 100 < largest < PAGE_BYTES - 40
