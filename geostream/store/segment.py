"""A run of entries in wire form, with an index of their IDs beside it.

An entry is kept as the bytes that go to a client, the same in RESP2 and RESP3::

    *2\r\n $3\r\n5-1\r\n *2\r\n $1\r\nf\r\n $1\r\nv\r\n

so a range is one slice of the wire, and nobody takes an entry apart to send it.

A tail (tail.py) grows at its end. Sealed, it becomes a ``Segment``, whose entries never change
again: deleting from one gives a new Segment that shares the wire and forgets the entry. So a
snapshot or a copy may hold a segment as long as it likes. What was deleted leaves a hole in
the wire; reads send the runs between holes, and when more than half of a segment is hole,
the next deletion rewrites it.

A segment that nobody reads is *packed*: ``pack`` takes the compressed form (packed.py), made
in another thread, in place of wire and index. It stays the same segment for everybody who
holds it, and its entries keep their places. First and last ID and the number of entries are
kept beside it, so that a segment is found without unpacking others. Reading all of a packed
segment unpacks its wire for once; reading a part, or all a second time, keeps it unpacked for
a while (see unpacked.py). Content is one tuple, and taken or replaced in one step: a thread
that reads while another packs has the one or the other.

A segment that was loaded may come as it was *stored*, and is read like a packed one. It is packed
like a plain one, which takes less.
"""

from __future__ import annotations

from array import array
from collections.abc import Iterator, Sequence
from itertools import accumulate
from operator import sub
from typing import TYPE_CHECKING

from geostream.store import columns, halves
from geostream.store.ids import StreamId
from geostream.store.packed import Content, Form, slices

if TYPE_CHECKING:
    from geostream.store.unpacked import Unpacked

SEAL_ENTRIES = 1000  # a tail this long is sealed ...
SEAL_BYTES = 128 * 1024  # ... or one this large
VIEW_BYTES = 16 * 1024  # from this size on a piece is a view of the wire and not a copy
INDEX_BYTES = 24  # two halves of the ID, start and end of the entry

Piece = bytes | bytearray | memoryview


class Segment:
    """Entries in ID order. Of its content, ``wire[starts[i]:ends[i]]`` is entry i."""

    __slots__ = (
        "_cache",
        "_content",
        "_count",
        "_first_id",
        "_last_id",
        "_plain_bytes",
        "is_stored",
        "is_used",
        "live_bytes",
        "packed",
        "resists",
        "saved_bytes",
    )

    def __init__(self, content: Content, live_bytes: int) -> None:
        """Hold the arrays and the wire given; they belong to the segment from now on.

        live_bytes -- of the wire, without the holes
        """
        ms, seq, _, _, wire = content
        self._content: Content | None = content
        self._first_id: StreamId = (ms[0], seq[0])
        self._last_id: StreamId = (ms[-1], seq[-1])
        self._count = len(ms)
        self._cache: Unpacked | None = None
        self.live_bytes = live_bytes
        self._plain_bytes = len(wire) + INDEX_BYTES * len(ms)
        self.packed: Form | None = None
        self.saved_bytes = 0  # how much less than ``size_bytes`` is held because it is packed
        self.is_stored = False  # in the form it was loaded in
        self.is_used = True  # since somebody last looked here, it was read
        self.resists = False  # packing would save nothing

    @classmethod
    def of(cls, ms: array[int], seq: array[int], entries: Sequence[bytes | bytearray]) -> Segment:
        """Return a segment of entries in wire form, at least one, IDs ascending. In C, nearly.

        Cut what is long yourself: ``SEAL_ENTRIES`` and ``SEAL_BYTES`` are usual sizes.
        """
        ends = array("I", accumulate(map(len, entries)))
        starts = array("I", (0,))
        starts.extend(ends[:-1])
        wire = b"".join(entries)
        return Segment((ms, seq, starts, ends, wire), len(wire))

    @classmethod
    def stored(
        cls, form: Form, first_id: StreamId, last_id: StreamId, count: int, live_bytes: int
    ) -> Segment:
        """Return a segment of so many entries, held in this form until they are read. O(1)."""
        segment = cls.__new__(cls)
        segment._content = segment._cache = None
        segment._first_id, segment._last_id = first_id, last_id
        segment._count = count
        segment.live_bytes = live_bytes
        segment._plain_bytes = live_bytes + INDEX_BYTES * count
        segment.packed = form
        segment.saved_bytes = segment._plain_bytes - form.size_bytes
        segment.is_stored = segment.is_used = True
        segment.resists = False
        return segment

    def __len__(self) -> int:
        return self._count

    # What is held

    @property
    def size_bytes(self) -> int:
        """What wire and index take, unpacked. Never changes."""
        return self._plain_bytes

    def content(self) -> Content:
        """Return what is held, unpacked: times, sequences, starts, ends and wire.

        Where reads by place follow one another, take it once.
        """
        self.is_used = True
        content = self._content
        if content is None:
            assert self.packed is not None
            content = self._content = self.packed.content()
            if self._cache is not None:
                self._cache.admit(self)
        return content

    def plain(self) -> Segment:
        """Return a segment with the same entries, not packed, which this one does not remember.

        For whoever reads all of it, once, in whatever thread.
        """
        content = self._content
        if content is not None:
            return Segment(content, self.live_bytes)
        assert self.packed is not None
        return Segment(self.packed.content(), self.live_bytes)

    def pack(self, packed: Form, cache: Unpacked) -> None:
        """Take a packed form in place of what is held. It must be one of these entries.

        cache -- told when the segment is unpacked for reading
        """
        if self._cache is not None:
            self._cache.release(self)
        self._cache = cache
        self.packed = packed
        self.saved_bytes = self._plain_bytes - packed.size_bytes
        self.is_stored = False
        self.is_used = False
        self._content = None

    def attach(self, cache: Unpacked) -> None:
        """Have a cache told when the segment is unpacked for reading, if none is yet."""
        if self.packed is not None and self._cache is None:
            self._cache = cache
            if self._content is not None:
                cache.admit(self)

    def forget_unpacked(self) -> None:
        """Hold the packed form only. Does nothing to a segment without one."""
        if self.packed is not None:
            self.is_used = False
            self._content = None

    @property
    def is_unpacked(self) -> bool:
        """Whether what was packed is held unpacked too."""
        return self.packed is not None and self._content is not None

    def can_be_packed(self, noted_bytes: int) -> bool:
        """Tell whether packing may save something, or has saved something else than was noted."""
        if self.packed is None or self.is_stored:
            return not self.resists
        return noted_bytes != self.saved_bytes

    @property
    def starts(self) -> array[int]:
        """Where each entry begins in the wire; see ``content``."""
        return self.content()[2]

    @property
    def ends(self) -> array[int]:
        """Where each entry ends in the wire; see ``content``."""
        return self.content()[3]

    # Reading

    def id_at(self, index: int) -> StreamId:
        """Return the ID of an entry. Negative indexes count from the end."""
        if index == 0:
            return self._first_id
        if index == -1:
            return self._last_id
        ms, seq, *_ = self.content()
        return (ms[index], seq[index])

    def index(self, entry_id: StreamId) -> int:
        """Return the place of the first entry whose ID is not below this one. O(log n)."""
        if not columns.is_below(self._first_id, entry_id):
            return 0
        if columns.is_below(self._last_id, entry_id):
            return self._count
        ms, seq, _, _, _ = self.content()
        return columns.place_of(ms, seq, entry_id)

    def index_behind(self, entry_id: StreamId) -> int:
        """Return the place behind the last entry whose ID is not above this one. O(log n)."""
        if not columns.is_below(entry_id, self._last_id):
            return self._count
        place = self.index(entry_id)
        ms, seq, _, _, _ = self.content()
        return place + 1 if columns.is_at(ms, seq, place, entry_id) else place

    def place_behind(self, place: int, ms: int, seq: int) -> int:
        """Return the place behind this one if it has this ID, else -1; -1 too if packed. O(1)."""
        content = self._content
        if content is None:
            return -1
        times, sequences = content[0], content[1]
        if place < len(times) and (
            halves.half(sequences, place) == seq and halves.half(times, place) == ms
        ):
            return place + 1
        return -1

    def find(self, entry_id: StreamId) -> int:
        """Return the place of the entry with this ID, or -1. O(log n)."""
        first_id, last_id = self._first_id, self._last_id
        if columns.is_below(entry_id, first_id) or columns.is_below(last_id, entry_id):
            return -1
        ms, seq, _, _, _ = self.content()
        place = columns.place_of(ms, seq, entry_id)
        return place if columns.is_at(ms, seq, place, entry_id) else -1

    def ids(self, start: int, stop: int) -> list[StreamId]:
        """Return the IDs of the entries from start up to stop."""
        ms, seq, _, _, _ = self.content()
        return columns.ids_between(ms, seq, start, stop)

    def places(self, start: int, stop: int) -> array[int]:
        """Return the IDs of the entries from start up to stop: ms, seq, ms, seq, ..."""
        ms, seq, _, _, _ = self.content()
        return halves.woven(ms, seq, start, stop, ms)

    def sizes(self, start: int, stop: int) -> Iterator[int]:
        """Return the length of the wire form of each entry from start up to stop."""
        _, _, starts, ends, _ = self.content()
        return map(sub, ends[start:stop], starts[start:stop])

    def entry(self, index: int) -> bytes | bytearray:
        """Return one entry's wire form."""
        _, _, starts, ends, wire = self.content()
        return wire[starts[index] : ends[index]]

    def entries(self, start: int, stop: int) -> list[bytes | bytearray]:
        """Return the wire form of each entry from start up to stop."""
        _, _, starts, ends, wire = self.content()
        return slices(wire, starts[start:stop], ends[start:stop])

    def pieces(self, start: int, stop: int, head: bytes = b"") -> list[Piece]:
        """Return the wire of the entries from start up to stop, one at least.

        One slice for each run; the first with a head before it, which if the slice is long is
        a piece of its own.
        """
        if not 0 <= start < stop <= self._count:
            raise IndexError(start, stop)
        packed = self.packed
        if (
            packed is not None
            and self._content is None
            and stop - start == self._count
            and not self.is_used
        ):
            self.is_used = True
            return _behind(head, packed.wire())  # for once: long reads come by here
        _, _, starts, ends, wire = self.content()
        low = columns.u32_at(starts, start)
        high = columns.u32_at(ends, stop - 1)
        whole_bytes = columns.u32_at(ends, self._count - 1) - columns.u32_at(starts, 0)
        if whole_bytes != self.live_bytes:
            return _runs(head, wire, starts, ends, start, stop)
        if high - low >= VIEW_BYTES and type(wire) is bytes:  # which never changes
            if high - low == len(wire):
                return _behind(head, wire)
            return _behind(head, memoryview(wire)[low:high])
        return [columns.cut(head, wire, low, high)]

    def pieces_reversed(self, start: int, stop: int, head: bytes = b"") -> list[Piece]:
        """Return the same with the newest entry first."""
        if stop - start == 1:
            return self.pieces(start, stop, head)
        if not 0 <= start < stop <= self._count:
            raise IndexError(start, stop)
        _, _, starts, ends, wire = self.content()
        return [columns.cut_reversed(head, wire, starts, ends, start, stop)]

    # Segments made of this one

    def without(self, places: list[int]) -> Segment:
        """Return a segment without the entries at these ascending places, one at least left."""
        ms, seq, starts, ends, wire = self._taken()
        ms, seq, starts, ends = ms[:], seq[:], starts[:], ends[:]
        live_bytes = self.live_bytes
        for place in reversed(places):
            live_bytes -= ends[place] - starts[place]
            del ms[place], seq[place], starts[place], ends[place]
        return not_hollow((ms, seq, starts, ends, wire), live_bytes)

    def from_place(self, place: int) -> Segment:
        """Return a segment that starts with the entry at this place."""
        ms, seq, starts, ends, wire = self._taken()
        first = columns.u32_at(starts, place)
        end = columns.u32_at(ends, self._count - 1)
        if end - columns.u32_at(starts, 0) != self.live_bytes:  # there are holes in between
            live_bytes = self.live_bytes - bytes_before(starts, ends, place)
            rest = (ms[place:], seq[place:], starts[place:], ends[place:], wire)
            return not_hollow(rest, live_bytes)
        live_bytes = end - first
        starts, ends = starts[place:], ends[place:]
        if 2 * live_bytes < len(wire):
            columns.move(starts, first)
            columns.move(ends, first)
            wire = wire[first:end]
        return Segment((ms[place:], seq[place:], starts, ends, wire), live_bytes)

    def _taken(self) -> Content:
        """Return the content, and keep it no longer than it was packed before."""
        content = self.content()
        if self._cache is not None:
            self._cache.release(self)
        return content


def _behind(head: bytes, piece: Piece) -> list[Piece]:
    return [head, piece] if head else [piece]


def _runs(
    head: bytes,
    wire: bytes | bytearray,
    starts: array[int],
    ends: array[int],
    start: int,
    stop: int,
) -> list[Piece]:
    """Return the entries from start up to stop, between which there may be holes."""
    low = starts[start]
    pieces: list[Piece] = []
    for index in range(start + 1, stop):
        if starts[index] != ends[index - 1]:
            pieces.append(columns.cut(head, wire, low, ends[index - 1]))
            low, head = starts[index], b""
    pieces.append(columns.cut(head, wire, low, ends[stop - 1]))
    return pieces


def bytes_before(starts: array[int], ends: array[int], place: int) -> int:
    """Return how many bytes the entries before this place have."""
    return sum(ends[:place]) - sum(starts[:place])


def not_hollow(content: Content, live_bytes: int) -> Segment:
    """Return a segment of this; written anew, if more than half of it is hole."""
    ms, seq, starts, ends, wire = content
    if live_bytes * 2 >= len(wire):
        return Segment(content, live_bytes)
    return Segment.of(ms, seq, slices(wire, starts, ends))
