"""A run of entries in wire form, with an index of their IDs beside it.

An entry is kept as the bytes that go to a client, the same in RESP2 and RESP3::

    *2\\r\\n $3\\r\\n5-1\\r\\n *2\\r\\n $1\\r\\nf\\r\\n $1\\r\\nv\\r\\n

so a range is one slice of ``wire``, and nobody takes an entry apart to send it.

A ``Tail`` grows at its end. Sealed, it becomes a ``Segment``, which never changes
again: deleting from one gives a new Segment that shares the wire and forgets the
entry. So a snapshot or a copy may hold a segment as long as it likes. What was
deleted leaves a hole in the wire; reads send the runs between holes, and when more
than half of a segment is hole, the next deletion rewrites it.
"""

from __future__ import annotations

from array import array
from bisect import bisect_left, bisect_right
from collections.abc import Iterator, Sequence
from itertools import accumulate

from geostream.store.ids import StreamId

SEAL_ENTRIES = 1000  # a tail this long is sealed ...
SEAL_BYTES = 128 * 1024  # ... or one this large
VIEW_BYTES = 4096  # from this size on a piece is a view of the wire and not a copy
INDEX_BYTES = 24  # two halves of the ID, start and end of the entry

Piece = bytes | bytearray | memoryview


class Segment:
    """Entries in ID order: ``wire[starts[i]:ends[i]]`` is entry ``(ms[i], seq[i])``."""

    __slots__ = ("ends", "live_bytes", "ms", "seq", "starts", "wire")

    def __init__(
        self,
        ms: array[int],
        seq: array[int],
        starts: array[int],
        ends: array[int],
        wire: bytes | bytearray,
        live_bytes: int,
    ) -> None:
        """Hold the arrays and the wire given; they belong to the segment from now on.

        live_bytes -- of the wire, without the holes
        """
        self.ms = ms
        self.seq = seq
        self.starts = starts
        self.ends = ends
        self.wire = wire
        self.live_bytes = live_bytes

    @classmethod
    def of(cls, ms: array[int], seq: array[int], entries: Sequence[bytes]) -> Segment:
        """Return a segment of entries in wire form, at least one, IDs ascending. In C, nearly.

        Cut what is long yourself: ``SEAL_ENTRIES`` and ``SEAL_BYTES`` are usual sizes.
        """
        ends = array("I", accumulate(map(len, entries)))
        starts = array("I", (0,))
        starts.extend(ends[:-1])
        wire = b"".join(entries)
        return cls(ms, seq, starts, ends, wire, len(wire))

    def __len__(self) -> int:
        return len(self.ms)

    @property
    def size_bytes(self) -> int:
        """What is held for wire and index."""
        return len(self.wire) + INDEX_BYTES * len(self.ms)

    def id_at(self, index: int) -> StreamId:
        """Return the ID of an entry. Negative indexes count from the end."""
        return (self.ms[index], self.seq[index])

    def index(self, entry_id: StreamId) -> int:
        """Return the place of the first entry whose ID is not below this one. O(log n)."""
        ms, seq = entry_id
        low = bisect_left(self.ms, ms)
        if low == len(self.ms) or self.ms[low] != ms:
            return low
        return bisect_left(self.seq, seq, low, bisect_right(self.ms, ms, low))

    def find(self, entry_id: StreamId) -> int:
        """Return the place of the entry with this ID, or -1. O(log n)."""
        index = self.index(entry_id)
        if (
            index < len(self.ms)
            and self.seq[index] == entry_id[1]
            and self.ms[index] == entry_id[0]
        ):
            return index
        return -1

    def ids(self, start: int, stop: int) -> Iterator[StreamId]:
        """Return the IDs of the entries from start up to stop."""
        return zip(self.ms[start:stop], self.seq[start:stop], strict=True)

    def entry(self, index: int) -> bytes | bytearray:
        """Return one entry's wire form."""
        return self.wire[self.starts[index] : self.ends[index]]

    def pieces(self, start: int, stop: int) -> list[Piece]:
        """Return the wire of the entries from start up to stop: one slice for each run."""
        wire = self.wire
        low, high = self.starts[start], self.ends[stop - 1]
        if self.ends[-1] - self.starts[0] == self.live_bytes:  # no holes
            if type(wire) is bytes:  # never changes: a large piece need not be copied
                if high - low == len(wire):
                    return [wire]
                if high - low >= VIEW_BYTES:
                    return [memoryview(wire)[low:high]]
            return [wire[low:high]]
        pieces: list[Piece] = []
        for index in range(start + 1, stop):
            if self.starts[index] != self.ends[index - 1]:
                pieces.append(wire[low : self.ends[index - 1]])
                low = self.starts[index]
        pieces.append(wire[low:high])
        return pieces

    def without(self, places: list[int]) -> Segment:
        """Return a segment without the entries at these ascending places, one at least left."""
        ms, seq, starts, ends = self.ms[:], self.seq[:], self.starts[:], self.ends[:]
        live_bytes = self.live_bytes
        for place in reversed(places):
            live_bytes -= ends[place] - starts[place]
            del ms[place], seq[place], starts[place], ends[place]
        return Segment(ms, seq, starts, ends, self.wire, live_bytes)._rewritten_if_hollow()

    def from_place(self, place: int) -> Segment:
        """Return a segment that starts with the entry at this place."""
        return Segment(
            self.ms[place:],
            self.seq[place:],
            self.starts[place:],
            self.ends[place:],
            self.wire,
            self.live_bytes - self._bytes_before(place),
        )._rewritten_if_hollow()

    def _bytes_before(self, place: int) -> int:
        return sum(self.ends[:place]) - sum(self.starts[:place])

    def _rewritten_if_hollow(self) -> Segment:
        if self.live_bytes * 2 >= len(self.wire):
            return self
        wire = b"".join(self.pieces(0, len(self)))
        starts, ends, at = array("I"), array("I"), 0
        for start, end in zip(self.starts, self.ends, strict=True):
            starts.append(at)
            at += end - start
            ends.append(at)
        return Segment(self.ms, self.seq, starts, ends, wire, at)


class Tail(Segment):
    """The segment at the end of a stream, the only one that changes."""

    __slots__ = ("is_full",)

    def __init__(self) -> None:
        """Start empty."""
        super().__init__(array("Q"), array("Q"), array("I"), array("I"), bytearray(), 0)
        self.is_full = False  # it is time to seal it

    def append(self, entry_id: StreamId, entry: bytes) -> None:
        """Put an entry, in wire form and with a larger ID than all others, at the end."""
        ms, seq = entry_id
        self.ms.append(ms)
        self.seq.append(seq)
        wire = self.wire
        self.starts.append(len(wire))
        wire += entry
        end = len(wire)
        self.ends.append(end)
        self.live_bytes += len(entry)
        if end >= SEAL_BYTES or len(self.ms) >= SEAL_ENTRIES:
            self.is_full = True

    def sealed(self) -> Segment:
        """Return a copy of what is here that never changes."""
        return Segment(
            self.ms[:],
            self.seq[:],
            self.starts[:],
            self.ends[:],
            bytes(self.wire),
            self.live_bytes,
        )._rewritten_if_hollow()

    def remove(self, places: list[int]) -> None:
        """Forget the entries at these ascending places; their bytes stay until it is sealed.

        One entry at least is left, here and with ``remove_first``.
        """
        for place in reversed(places):
            self.live_bytes -= self.ends[place] - self.starts[place]
            del self.ms[place], self.seq[place], self.starts[place], self.ends[place]

    def remove_first(self, count: int) -> None:
        """Forget the first entries."""
        self.live_bytes -= self._bytes_before(count)
        del self.ms[:count], self.seq[:count], self.starts[:count], self.ends[:count]
