"""Runs of entries: slices of wire, holes, and segments that never change."""

import pytest

from geostream.store.segment import SEAL_BYTES, SEAL_ENTRIES
from geostream.store.tail import Tail


def entry(ms):
    return b"<entry %d>" % ms


@pytest.fixture
def tail():
    filled = Tail()
    for ms in range(10):
        filled.append((ms, ms % 3), entry(ms))
    return filled


def test_a_run_without_holes_is_one_slice(tail):
    assert tail.pieces(2, 5) == [entry(2) + entry(3) + entry(4)]
    assert tail.sealed().pieces(0, 10) == [b"".join(map(entry, range(10)))]


def test_deleted_entries_are_left_out(tail):
    sealed = tail.sealed()
    without = sealed.without([0, 4])
    assert b"".join(without.pieces(0, len(without))) == b"".join(
        entry(ms) for ms in range(10) if ms not in (0, 4)
    )
    assert without.pieces(2, 4) == [entry(3), entry(5)]
    assert without.find((4, 1)) == -1
    assert list(without.ids(0, 2)) == [(1, 1), (2, 2)]


def test_deleting_leaves_the_segment_itself_as_it_was(tail):
    sealed = tail.sealed()
    sealed.without([1, 2])
    sealed.from_place(5)
    tail.remove_first(3)
    tail.append((99, 0), b"later")
    assert sealed.pieces(0, len(sealed)) == [b"".join(map(entry, range(10)))]


def test_a_segment_that_is_mostly_hole_is_written_anew(tail):
    last = tail.sealed().from_place(9)
    assert b"".join(last.pieces(0, 1)) == entry(9)
    assert last.pieces(0, 1) == [entry(9)]


@pytest.mark.parametrize("deleted", [[], [0], [4], [0, 1, 2, 3], [9], [1, 8]])
def test_what_is_left_from_a_place_on_is_what_was_there(tail, deleted):
    left = [ms for ms in range(10) if ms not in deleted]
    for place in range(len(left)):
        rest = tail.sealed().without(deleted).from_place(place) if deleted else None
        rest = rest or tail.sealed().from_place(place)
        for step in range(len(rest)):
            further = rest.from_place(step)
            kept = left[place + step :]
            assert further.ids(0, len(further)) == [(ms, ms % 3) for ms in kept]
            assert further.entries(0, len(further)) == list(map(entry, kept))
            assert further.live_bytes == sum(len(entry(ms)) for ms in kept)


def test_places_are_found_by_id(tail):
    assert tail.index((3, 0)) == 3
    assert tail.index((3, 1)) == 4  # 3-0 is below
    assert tail.index((99, 0)) == len(tail)
    assert tail.find((4, 1)) == 4
    assert tail.find((4, 2)) == -1


def test_a_tail_goes_on_behind_what_was_removed(tail):
    tail.remove([0, 9])
    tail.append((20, 0), b"more")
    assert b"".join(tail.pieces(0, len(tail))) == b"".join(map(entry, range(1, 9))) + b"more"
    assert tail.live_bytes == sum(len(entry(ms)) for ms in range(1, 9)) + 4


@pytest.mark.parametrize("count, size", [(SEAL_ENTRIES, 1), (1, SEAL_BYTES)])
def test_a_tail_is_full_by_entries_or_by_bytes(count, size):
    filled = Tail()
    for ms in range(count):
        assert not filled.is_full
        filled.append((ms, 0), b"x" * size)
    assert filled.is_full
