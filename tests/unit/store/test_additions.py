"""Additions taken off a log are exactly the commands that stood there."""

from __future__ import annotations

from itertools import accumulate

import pytest
from hiredis import pack_command
from hypothesis import given
from hypothesis import strategies as st

from geostream.store.additions import AdditionReader
from geostream.store.runs import EntryRun
from geostream.store.segment import SEAL_BYTES, SEAL_ENTRIES

U64_MAX = 2**64 - 1
LARGEST = 10**19 - 1  # what is longer may be too large


def addition(key: bytes, entry_id: tuple[int, int], fields: list[bytes]) -> bytes:
    return pack_command((b"XADD", key, b"%d-%d" % entry_id, *fields))


def commands(key: bytes, run: EntryRun) -> list[bytes]:
    """Return the commands a run stands for."""
    found = []
    for place, fields in enumerate(run.fields()):
        count, rest = fields[1:].split(b"\r\n", 1)
        head = pack_command((b"XADD", key, b"%d-%d" % run.id_at(place)))
        assert head.startswith(b"*3\r\n")
        found.append(b"*%d\r\n" % (int(count) + 3) + head[4:] + rest)
    return found


def assert_is_what_stood_there(reader: AdditionReader, piece: bytes, at: int) -> int:
    """Return the place behind what was taken."""
    run = reader.read(piece, at)
    if run is None:
        return at
    assert len(run)
    assert b"".join(commands(reader.key, run)) == piece[at : reader.end]
    ids = [run.id_at(place) for place in range(len(run))]
    assert all(first < second for first, second in zip([(0, 0), *ids], ids, strict=False))
    return reader.end


fields = st.lists(
    st.tuples(st.binary(max_size=12), st.binary(max_size=300)), min_size=1, max_size=4
).map(lambda pairs: [word for pair in pairs for word in pair])
halves = st.one_of(st.integers(0, 30), st.integers(0, LARGEST))
ids = st.lists(st.tuples(halves, halves), unique=True, max_size=12).map(sorted)


@given(st.binary(max_size=20), ids, st.data())
def test_all_that_is_plain_is_taken(
    key: bytes, entry_ids: list[tuple[int, int]], data: st.DataObject
) -> None:
    log = [addition(key, i, data.draw(fields)) for i in entry_ids if i != (0, 0)]
    before = data.draw(st.binary(max_size=5))
    piece = before + b"".join(log) + b"*1\r\n$4\r\nPING\r\n"
    reader = AdditionReader()
    run = reader.read(piece, len(before))
    if not log:
        assert run is None
        return
    assert run is not None
    assert commands(reader.key, run) == log
    assert (reader.key, reader.end) == (key, len(before) + len(b"".join(log)))


@given(ids.filter(len), st.lists(fields, min_size=12, max_size=12))
def test_of_a_piece_that_is_cut_all_that_is_whole_is_taken(
    entry_ids: list[tuple[int, int]], contents: list[list[bytes]]
) -> None:
    log = [addition(b"k", i, f) for i, f in zip(entry_ids, contents, strict=False) if i != (0, 0)]
    ends = [0, *accumulate(map(len, log))]
    whole = b"".join(log)
    reader = AdditionReader()
    for cut in range(0, len(whole) + 1, 1 + len(whole) // 200):
        taken = assert_is_what_stood_there(reader, whole[:cut], 0)
        assert taken == max(end for end in ends if end <= cut)


PLAIN = [
    addition(b"key", (place // 3 + 1, place % 3), [b"f", b"v%d" % place, b"", b"12"])
    for place in range(4)
]


@given(st.integers(0, len(b"".join(PLAIN)) - 1), st.binary(min_size=1, max_size=3))
def test_nothing_is_taken_for_what_it_is_not(place: int, put: bytes) -> None:
    whole = b"".join(PLAIN)
    piece = whole[:place] + put + whole[place + len(put) :]
    reader = AdditionReader()
    at = 0
    while (end := assert_is_what_stood_there(reader, piece, at)) > at:
        at = end


OTHERS = {
    "another command": [b"XDEL", b"key", b"1-1", b"f", b"v"],
    "small letters": [b"xadd", b"key", b"1-1", b"f", b"v"],
    "an option": [b"XADD", b"key", b"NOMKSTREAM", b"1-1", b"f", b"v"],
    "a limit": [b"XADD", b"key", b"MAXLEN", b"5", b"1-1", b"f", b"v"],
    "a value missing": [b"XADD", b"key", b"1-1", b"f", b"v", b"g"],
    "no fields": [b"XADD", b"key", b"1-1"],
    "no ID": [b"XADD", b"key"],
    "an ID to be made": [b"XADD", b"key", b"*", b"f", b"v"],
    "half an ID to be made": [b"XADD", b"key", b"1-*", b"f", b"v"],
    "half an ID": [b"XADD", b"key", b"11", b"f", b"v"],
    "no first half": [b"XADD", b"key", b"-11", b"f", b"v"],
    "no second half": [b"XADD", b"key", b"11-", b"f", b"v"],
    "the lowest ID": [b"XADD", b"key", b"0-0", b"f", b"v"],
    "a zero in front": [b"XADD", b"key", b"01-1", b"f", b"v"],
    "a zero in front of the second half": [b"XADD", b"key", b"1-01", b"f", b"v"],
    "an ID of 20 digits": [b"XADD", b"key", b"%d-1" % U64_MAX, b"f", b"v"],
    "an ID with more behind": [b"XADD", b"key", b"1-1x", b"f", b"v"],
}


@pytest.mark.parametrize("words", OTHERS.values(), ids=OTHERS)
def test_what_is_not_plain_is_left_to_others(words: list[bytes]) -> None:
    reader = AdditionReader()
    assert reader.read(pack_command(tuple(words)), 0) is None
    run = reader.read(PLAIN[0] + pack_command(tuple(words)), 0)
    assert run is not None
    assert len(run) == 1


@pytest.mark.parametrize("after", [(1, 0), (0, 5)])
def test_an_id_that_is_not_above_the_one_before_ends_a_run(after: tuple[int, int]) -> None:
    reader = AdditionReader()
    run = reader.read(PLAIN[0] + addition(b"key", after, [b"f", b"v"]), 0)
    assert run is not None
    assert len(run) == 1


def test_another_key_ends_a_run() -> None:
    reader = AdditionReader()
    piece = PLAIN[0] + addition(b"kez", (9, 9), [b"f", b"v"])
    assert reader.read(piece, 0) is not None
    assert reader.key == b"key"
    assert reader.read(piece, reader.end) is not None
    assert (reader.key, reader.end) == (b"kez", len(piece))


@pytest.mark.parametrize("place", [0, 1, len(PLAIN[0]) - 1, len(PLAIN[0]), len(PLAIN[0]) + 9])
def test_there_is_nothing_to_take_at_or_behind_the_end_or_within_a_command(place: int) -> None:
    assert (AdditionReader().read(PLAIN[0], place) is None) is (place > 0)


def test_a_run_is_no_longer_than_a_segment() -> None:
    short = b"".join(addition(b"k", (1, seq), [b"f", b"v"]) for seq in range(SEAL_ENTRIES + 10))
    long = b"".join(addition(b"k", (2, seq), [b"f", b"v" * 1000]) for seq in range(500))
    reader = AdditionReader()
    run = reader.read(short, 0)
    assert run is not None
    assert len(run) == SEAL_ENTRIES
    rest = reader.read(short, reader.end)
    assert rest is not None
    assert (len(rest), reader.end) == (10, len(short))
    run = reader.read(long, 0)
    assert run is not None
    assert SEAL_BYTES <= len(run.wire) < SEAL_BYTES + 2000
