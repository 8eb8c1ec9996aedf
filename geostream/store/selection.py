"""Some consecutive entries of a stream: what a range, a read or a trim is about.

A selection is a few (segment, from, to) triples; wire bytes, IDs and sizes are taken from
the segments as slices, so that it costs by the segment and not by the entry. It holds no
copy of anything, and is good until the stream changes. Segments may be packed meanwhile:
their entries keep their places. Whole ones that are packed are unpacked when they are asked
for their pieces, one after the other, and not kept.

A reply may hold more than should be made ready, or copied, while everybody waits. What is to
be sent therefore has, in place of the segments in its middle, a ``Later`` that takes their
bytes when their turn comes. It stays right when the stream changes, because sealed segments
do not.
"""

from __future__ import annotations

from array import array
from collections.abc import Iterator

from geostream.reply import Later, Wire, wire_of
from geostream.store.ids import StreamId
from geostream.store.segment import Piece, Segment

LATER_BYTES = 1024 * 1024  # at least, of whole segments: so many are not made before they are sent

NO_ENTRIES = Wire((b"*0\r\n",))
_HEADS = 1024  # are made beforehand
_ARRAY_HEADS = [b"*%d\r\n" % count for count in range(_HEADS)]


class Part:
    """The entries of one segment from start up to stop, one at least."""

    __slots__ = ("segment", "start", "stop")

    def __init__(self, segment: Segment, start: int, stop: int) -> None:
        self.segment = segment
        self.start = start
        self.stop = stop


def part_of(segment: Segment, start: int, stop: int) -> Part:
    """Return a part. Compiled, this costs a third of calling the class."""
    part = Part.__new__(Part)
    part.segment = segment
    part.start = start
    part.stop = stop
    return part


class Selection:
    """Consecutive entries of a stream, oldest first. Good until the stream changes."""

    __slots__ = ("count", "parts")

    def __init__(self, parts: list[Part], count: int) -> None:
        """Hold the parts, which have so many entries together."""
        self.parts = parts
        self.count = count

    def __len__(self) -> int:
        return self.count

    def pieces(self, head: bytes = b"") -> list[Piece]:
        """Return a head and the wire bytes of all entries; a piece a segment without holes."""
        parts = self.parts
        if len(parts) == 1:
            part = parts[0]
            return part.segment.pieces(part.start, part.stop, head)
        pieces: list[Piece] = []
        for part in parts:
            pieces += part.segment.pieces(part.start, part.stop, head)
            head = b""
        return pieces

    def pieces_reversed(self, head: bytes = b"") -> list[Piece]:
        """Return the same with the newest entry first."""
        pieces: list[Piece] = []
        for part in reversed(self.parts):
            pieces += part.segment.pieces_reversed(part.start, part.stop, head)
            head = b""
        return pieces

    def as_array(self) -> Wire:
        """Return all entries as an array in a reply; good also if the stream changes."""
        if not self.count:
            return NO_ENTRIES
        head, whole = self._head(), self._whole_parts()
        if whole is None:
            return wire_of(self.pieces(head))
        return Wire(_in_turns(head, *whole))

    def as_array_reversed(self) -> Wire:
        """Return the same with the newest entry first."""
        if not self.count:
            return NO_ENTRIES
        head, whole = self._head(), self._whole_parts()
        return Wire(
            self.pieces_reversed(head) if whole is None else _in_turns_reversed(head, *whole)
        )

    def to_send(self) -> list[Piece | Later]:
        """Return the wire bytes of all entries for a reply; good also if the stream changes."""
        whole = self._whole_parts()
        return [*self.pieces()] if whole is None else _in_turns(b"", *whole)

    def _head(self) -> bytes:
        """Return what an array of these entries begins with."""
        count = self.count
        return _ARRAY_HEADS[count] if count < _HEADS else b"*%d\r\n" % count

    def _whole_parts(self) -> tuple[Part, list[Part], Part] | None:
        """Return the parts between the first and the last, if they are worth making later.

        They are whole segments, and none is the tail, which changes.
        """
        if len(self.parts) < 3:
            return None
        first, *inner, last = self.parts
        return (first, inner, last) if _size_bytes(inner) >= LATER_BYTES else None

    def entries(self) -> Iterator[bytes | bytearray]:
        """Yield the wire bytes of each entry."""
        for part in self.parts:
            yield from part.segment.entries(part.start, part.stop)

    def ids(self) -> list[StreamId]:
        """Return the IDs."""
        if len(self.parts) == 1:
            part = self.parts[0]
            return part.segment.ids(part.start, part.stop)
        return [
            entry_id for part in self.parts for entry_id in part.segment.ids(part.start, part.stop)
        ]

    def places(self) -> array[int]:
        """Return the IDs, at least one: ms, seq, ms, seq, ..."""
        part = self.parts[0]
        places = part.segment.places(part.start, part.stop)
        for part in self.parts[1:]:
            places.extend(part.segment.places(part.start, part.stop))
        return places

    def sizes(self) -> Iterator[int]:
        """Yield the length of each entry's wire form."""
        for part in self.parts:
            yield from part.segment.sizes(part.start, part.stop)

    def first(self, count: int) -> Selection:
        """Return the first entries of these, at most count."""
        parts = []
        count = left = max(0, min(count, self.count))
        for part in self.parts:
            if not left:
                break
            taken = min(left, part.stop - part.start)
            parts.append(Part(part.segment, part.start, part.start + taken))
            left -= taken
        return Selection(parts, count)


def _in_turns(head: bytes, first: Part, inner: list[Part], last: Part) -> list[Piece | Later]:
    """Return a head and the wire bytes of all entries, the parts between to be made later."""
    return [
        *first.segment.pieces(first.start, first.stop, head),
        Later(_size_bytes(inner), _made_later(inner)),
        *last.segment.pieces(last.start, last.stop),
    ]


def _in_turns_reversed(
    head: bytes, first: Part, inner: list[Part], last: Part
) -> list[Piece | Later]:
    """Return the same with the newest entry first."""
    return [
        *last.segment.pieces_reversed(last.start, last.stop, head),
        Later(_size_bytes(inner), _made_later_reversed(inner)),
        *first.segment.pieces_reversed(first.start, first.stop),
    ]


def _size_bytes(whole: list[Part]) -> int:
    size_bytes = 0
    for part in whole:
        size_bytes += part.segment.live_bytes
    return size_bytes


def _made_later(whole: list[Part]) -> Iterator[Piece]:
    for part in whole:
        yield from part.segment.pieces(part.start, part.stop)


def _made_later_reversed(whole: list[Part]) -> Iterator[Piece]:
    for part in reversed(whole):
        yield from part.segment.pieces_reversed(part.start, part.stop)
