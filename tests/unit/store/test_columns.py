"""The steps that are there twice are the same ones; what is made of them finds and cuts entries.

Where modules are compiled, segments are what runs the steps in C.
"""

from __future__ import annotations

from array import array

import pytest
from hypothesis import given
from hypothesis import strategies as st

from geostream.store.ids import MAX_ID, MIN_ID, StreamId
from geostream.store.segment import VIEW_BYTES, Segment
from geostream.store.tail import Tail

HALVES = st.one_of(st.integers(0, 3), st.integers(2**64 - 4, 2**64 - 1), st.just(2**63))
IDS = st.tuples(HALVES, HALVES)
SOME_IDS = st.lists(IDS, min_size=1, unique=True).map(sorted)


def entry_of(entry_id: StreamId) -> bytes:
    return b"<%d-%d>" % entry_id + b"x" * (entry_id[1] % 5)


def segment_of(ids: list[StreamId]) -> Segment:
    ms, seq = zip(*ids, strict=True)
    return Segment.of(array("Q", ms), array("Q", seq), [entry_of(each) for each in ids])


@given(SOME_IDS, IDS)
def test_an_id_is_found_among_others(ids: list[StreamId], asked: StreamId) -> None:
    below = [each for each in ids if each < asked]
    up_to = [each for each in ids if each <= asked]
    tail = Tail()
    for each in ids:
        tail.append(each, entry_of(each))
    for segment in (segment_of(ids), tail):
        assert segment.index(asked) == len(below)
        assert segment.index_behind(asked) == len(up_to)
        assert segment.find(asked) == (ids.index(asked) if asked in ids else -1)
        assert segment.index(MIN_ID) == 0
        assert segment.index_behind(MAX_ID) == len(ids)


@given(SOME_IDS, st.sets(st.integers(0, 40)), st.data())
def test_entries_are_cut_out_forwards_and_backwards(
    ids: list[StreamId], gone: set[int], data: st.DataObject
) -> None:
    places = sorted(place for place in gone if place < len(ids))[: len(ids) - 1]
    segment = segment_of(ids).without(places)
    left = [each for place, each in enumerate(ids) if place not in places]
    start = data.draw(st.integers(0, len(left) - 1))
    stop = data.draw(st.integers(start + 1, len(left)))
    entries = [entry_of(each) for each in left[start:stop]]
    for head in (b"", b"*7\r\n"):
        assert b"".join(segment.pieces(start, stop, head)) == head + b"".join(entries)
        backwards = b"".join(segment.pieces_reversed(start, stop, head))
        assert backwards == head + b"".join(entries[::-1])


@pytest.mark.parametrize(("start", "stop"), [(-1, 1), (0, 0), (1, 1), (2, 1), (0, 4), (3, 4)])
def test_places_that_are_not_there_are_refused(start: int, stop: int) -> None:
    segment = segment_of([(1, 0), (2, 0), (3, 0)])
    with pytest.raises(IndexError):
        segment.pieces(start, stop)
    if stop - start != 1:
        with pytest.raises(IndexError):
            segment.pieces_reversed(start, stop)


def test_what_is_large_is_not_copied() -> None:
    large = b"x" * VIEW_BYTES
    segment = Segment.of(array("Q", [1, 2]), array("Q", [0, 0]), [large, b"small"])
    head, view = segment.pieces(0, 1, b"head")
    assert (head, type(view)) == (b"head", memoryview)
    assert segment.pieces(1, 2, b"head") == [b"headsmall"]
    assert type(segment.pieces_reversed(0, 1)[0]) is memoryview
