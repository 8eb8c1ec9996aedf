"""Rows of entries made in one walk are those that taking them apart makes."""

from __future__ import annotations

from typing import Any
from zlib import crc32

import msgspec
from hypothesis import given
from hypothesis import strategies as st

from geostream.store import effects as fx
from geostream.store.entry_json import AddedEntries, Shape, gathered, id_of
from geostream.store.ids import id_bytes
from geostream.store.wire import pack_entry

LARGEST_BYTES = 100_000
text = st.text(st.characters(codec="utf-8"), max_size=20)
names = st.lists(text, min_size=1, max_size=5, unique=True)
value = st.one_of(text.map(str.encode), st.binary(max_size=20), st.just(b'"\\\n\r\t\x7f' * 2000))


def shape_of(shown: list[str]) -> Shape:
    heads = [
        b'%b%b:"' % (b'",' if place else b"{", msgspec.json.encode(name))
        for place, name in enumerate(shown)
    ]
    return Shape([name.encode() for name in shown], heads, LARGEST_BYTES)


def entry_of(entry_id: tuple[int, int], *fields: bytes) -> bytes:
    return pack_entry(id_bytes(entry_id), list(fields))


def is_simple(word: bytes) -> bool:
    try:
        word.decode()
    except UnicodeDecodeError:
        return False
    return not any(octet < 32 and octet not in b"\n\r\t" for octet in word)


@given(names, st.data())
def test_an_object_is_what_msgspec_makes_of_it_or_nothing(shown: list[str], data: Any) -> None:
    values = [data.draw(value) for _ in shown]
    fields = [
        word for name, one in zip(shown, values, strict=True) for word in (name.encode(), one)
    ]
    made = shape_of(shown).text(entry_of((5, 1), *fields))
    if all(map(is_simple, values)):
        expected = dict(zip(shown, (one.decode() for one in values), strict=True))
        assert made == msgspec.json.encode(expected).decode()
    else:
        assert made is None


def test_entries_with_other_fields_are_left() -> None:
    shape = shape_of(["a", "b"])
    assert shape.text(entry_of((1, 1), b"a", b"1", b"b", b"2")) == '{"a":"1","b":"2"}'
    assert shape.text(entry_of((1, 1), b"b", b"1", b"a", b"2")) is None
    assert shape.text(entry_of((1, 1), b"a", b"1", b"bb", b"2")) is None
    assert shape.text(entry_of((1, 1), b"a", b"1")) is None
    assert shape.text(entry_of((1, 1), b"a", b"1", b"b", b"2", b"c", b"3")) is None


def test_a_very_large_entry_is_left() -> None:
    shape = shape_of(["a"])
    entry = entry_of((1, 1), b"a", b"x" * (LARGEST_BYTES - 60))
    assert shape.text(entry) is not None
    assert shape.text(entry_of((1, 1), b"a", b"x" * LARGEST_BYTES)) is None


def test_text_that_is_cut_within_a_character_is_left() -> None:
    halves = "é".encode()
    shape = shape_of(["a", "b"])
    assert shape.text(entry_of((1, 1), b"a", halves[:1], b"b", halves[1:])) is None


def added(number: int, key: bytes, entry_id: tuple[int, int], *fields: bytes) -> fx.EntryAdded:
    return fx.EntryAdded(number, key, entry_id, entry_of(entry_id, *fields), False)


def test_rows_are_made_while_entries_are_alike() -> None:
    shape = shape_of(["f"])
    first, second = entry_of((1, 0), b"f", b"v"), entry_of((2, 5), b"f", b"w")
    for behind in (
        entry_of((3, 0), b"other", b"v"),
        entry_of((2**63, 0), b"f", b"v"),
        entry_of((3, 2**63), b"f", b"v"),
    ):
        values: list[Any] = []
        assert shape.add_rows([first, second, behind, first], 0, 7, values) == 2
        row, next_row = values[:6], values[6:]
        assert row == [7, 1, 0, '{"f":"v"}', crc32(first), first]
        assert next_row == [7, 2, 5, '{"f":"w"}', crc32(second), second]
        assert type(row[5]) is bytearray  # which sqlite3 takes as it is
        assert shape.add_rows([behind], 0, 7, []) == 0


def test_only_some_rows_are_made_at_once() -> None:
    entries = [entry_of((ms, 0), b"f", b"v") for ms in range(1000)]
    values: list[Any] = []
    place = 0
    while place < len(entries):
        count = shape_of(["f"]).add_rows(entries, place, 1, values)
        assert 0 < count <= 500
        place += count
    assert values[1::6] == list(range(1000))


@given(st.integers(0, 2**64 - 1), st.integers(0, 2**64 - 1))
def test_the_id_of_an_entry_is_read_from_it(ms: int, seq: int) -> None:
    assert id_of(entry_of((ms, seq), b"1-2", b"v")) == (ms, seq)


def test_additions_that_follow_each_other_are_gathered_stream_by_stream() -> None:
    one, two = added(0, b"k", (1, 0), b"f", b"1"), added(0, b"k", (2, 0), b"f", b"2")
    other, elsewhere = added(0, b"o", (1, 0), b"f", b"3"), added(1, b"o", (1, 0), b"f", b"4")
    deleted = fx.KeyDeleted(0, b"k")
    found = gathered([one, two, other, elsewhere, deleted, one, deleted, one, two])
    assert [
        (run.db, run.key, run.entries) if isinstance(run, AddedEntries) else run for run in found
    ] == [
        (0, b"k", [one.entry, two.entry]),
        (0, b"o", [other.entry]),
        (1, b"o", [elsewhere.entry]),
        deleted,
        (0, b"k", [one.entry]),
        deleted,
        (0, b"k", [one.entry, two.entry]),
    ]
    assert gathered(found) == found
