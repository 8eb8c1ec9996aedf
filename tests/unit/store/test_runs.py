"""Runs of entries on their way from a file into a segment."""

from __future__ import annotations

import pytest
from hiredis import pack_command

from geostream.store.additions import AdditionReader
from geostream.store.runs import EntryRun, joined
from geostream.store.segment import SEAL_BYTES

FIELDS = [[b"f", b"%d" % place, b"", b"w" * (place * 40)] for place in range(12)]


def entry(place: int) -> bytes:
    shown = b"%d-%d" % (place + 1, place % 3)
    return b"*2\r\n$%d\r\n%b\r\n" % (len(shown), shown) + pack_command(tuple(FIELDS[place]))


def run_of(places: range) -> EntryRun:
    requests = ((b"XADD", b"k", b"%d-%d" % (p + 1, p % 3), *FIELDS[p]) for p in places)
    run = AdditionReader().read(b"".join(map(pack_command, requests)), 0)
    assert run is not None
    return run


def assert_holds(run: EntryRun, places: range) -> None:
    assert len(run) == len(places)
    assert [run.id_at(i) for i in range(len(run))] == [(p + 1, p % 3) for p in places]
    assert list(run.fields()) == [pack_command(tuple(FIELDS[p])) for p in places]
    segment = run.segment()
    assert [bytes(segment.entry(i)) for i in range(len(segment))] == list(map(entry, places))
    assert list(segment.ids(0, len(segment))) == [(p + 1, p % 3) for p in places]


def test_a_run_holds_what_was_written() -> None:
    assert_holds(run_of(range(12)), range(12))


@pytest.mark.parametrize("place", [0, 1, 7, 11])
def test_a_run_may_begin_later(place: int) -> None:
    assert_holds(run_of(range(12)).since(place), range(place, 12))


def test_runs_of_one_stream_are_put_together() -> None:
    parts = [run_of(range(0, 5)), run_of(range(5, 6)), run_of(range(6, 12))]
    assert_holds(joined(parts), range(12))
    assert joined(parts[:1]) is parts[0]


def test_what_is_large_has_room_and_leaves_the_writer_as_it_was() -> None:
    reader = AdditionReader()
    large = b"x" * (20 * SEAL_BYTES)
    for _ in range(2):
        for value in (b"small", large, b"small"):
            run = reader.read(pack_command((b"XADD", b"k", b"1-1", b"f", value)), 0)
            assert run is not None
            assert list(run.fields()) == [pack_command((b"f", value))]
