"""IDs and the columns of a segment: the few steps that finding and cutting entries is made of.

A segment keeps IDs and places in arrays (see segment.py). What costs a few machine instructions
in C must not make objects where a C compiler was there, so these steps are there twice, as those
of octets.py are: here for the interpreter, in ``columns.pxd`` for the compiler. Columns are
``array("Q")`` for halves of IDs and ``array("I")`` for places; no bounds are checked.
"""

from __future__ import annotations

from array import array
from bisect import bisect_right
from itertools import accumulate

from geostream.store import halves
from geostream.store.ids import StreamId


def is_below(one: StreamId, other: StreamId) -> bool:
    """Tell whether one ID is smaller than the other."""
    return one < other


def number_of(first_ids: list[StreamId], entry_id: StreamId) -> int:
    """Return which of the runs that begin with these IDs an ID belongs to; -1 before all."""
    return bisect_right(first_ids, entry_id) - 1


def u32_at(column: array[int], place: int) -> int:
    """Return the item at a place of an ``array("I")``."""
    return column[place]


def u64_at(column: array[int], place: int) -> int:
    """Return the item at a place of an ``array("Q")``."""
    return column[place]


def is_at(ms: array[int], seq: array[int], place: int, entry_id: StreamId) -> bool:
    """Tell whether this ID stands at a place."""
    return seq[place] == entry_id[1] and ms[place] == entry_id[0]


def place_of(ms: array[int], seq: array[int], entry_id: StreamId) -> int:
    """Return the place of the first ID that is not below this one. O(log n)."""
    return halves.first_place(ms, seq, entry_id[0], entry_id[1])


def cut(head: bytes, wire: bytes | bytearray, start: int, stop: int) -> bytes:
    """Return a head and a slice of the wire behind it."""
    return b"".join((head, wire[start:stop]))


def cut_reversed(
    head: bytes,
    wire: bytes | bytearray,
    starts: array[int],
    ends: array[int],
    first: int,
    behind: int,
) -> bytes:
    """Return a head and, the last first, the entries at the places from first up to behind."""
    entries = [
        wire[start:end] for start, end in zip(starts[first:behind], ends[first:behind], strict=True)
    ]
    entries.append(head)
    entries.reverse()
    return b"".join(entries)


def ids_between(ms: array[int], seq: array[int], first: int, behind: int) -> list[StreamId]:
    """Return the IDs at the places from first up to behind."""
    return list(zip(ms[first:behind], seq[first:behind], strict=True))


def take_in(
    ms: array[int],
    seq: array[int],
    starts: array[int],
    ends: array[int],
    wire: bytearray,
    ids: list[StreamId],
    entries: list[bytes],
) -> None:
    """Put entries behind those that are there. Nobody may have a view of the columns."""
    ms.fromlist([entry_id[0] for entry_id in ids])
    seq.fromlist([entry_id[1] for entry_id in ids])
    places = list(accumulate(map(len, entries), initial=len(wire)))
    ends.fromlist(places[1:])
    places.pop()
    starts.fromlist(places)
    wire += b"".join(entries)


def put_in(
    ms: array[int],
    seq: array[int],
    starts: array[int],
    ends: array[int],
    wire: bytearray,
    entry_id: StreamId,
    entry: bytes,
) -> None:
    """Put one entry behind those that are there; see ``take_in``."""
    take_in(ms, seq, starts, ends, wire, [entry_id], [entry])


def move(column: array[int], steps: int) -> None:
    """Make each item of an ``array("I")`` so much less."""
    column[:] = array("I", [place - steps for place in column])
