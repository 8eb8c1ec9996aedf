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

from collections.abc import Iterator
from typing import NamedTuple

from geostream.reply import Later
from geostream.store.ids import StreamId
from geostream.store.segment import Piece, Segment

LATER_BYTES = (
    1024 * 1024
)  # at least, of whole segments that are not made ready before they are sent


class Part(NamedTuple):
    """The entries of one segment from start up to stop."""

    segment: Segment
    start: int
    stop: int


class Selection:
    """Consecutive entries of a stream, oldest first. Good until the stream changes."""

    __slots__ = ("count", "parts")

    def __init__(self, parts: list[Part]) -> None:
        """Hold the parts."""
        self.parts = parts
        self.count = sum([part.stop - part.start for part in parts])

    def __len__(self) -> int:
        return self.count

    def pieces(self) -> list[Piece]:
        """Return the wire bytes of all entries; one piece a segment, if it has no holes."""
        if len(self.parts) == 1:
            segment, start, stop = self.parts[0]
            return segment.pieces(start, stop)
        return [
            piece for segment, start, stop in self.parts for piece in segment.pieces(start, stop)
        ]

    def to_send(self) -> list[Piece | Later]:
        """Return the wire bytes of all entries for a reply; good also if the stream changes."""
        whole = self._whole_parts()
        if whole is None:
            return [*self.pieces()]
        first, inner, last = whole
        later = Later(_size_bytes(inner), _made_later(inner))
        return [*first.segment.pieces(first.start, first.stop), later, *Selection([last]).pieces()]

    def to_send_reversed(self) -> list[Piece | Later]:
        """Return the same with the newest entry first."""
        whole = self._whole_parts()
        if whole is None:
            return [*self.entries_reversed()]
        first, inner, last = whole
        later = Later(_size_bytes(inner), _made_later_reversed(inner))
        ends = Selection([last]), Selection([first])
        return [*ends[0].entries_reversed(), later, *ends[1].entries_reversed()]

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
        for segment, start, stop in self.parts:
            yield from segment.entries(start, stop)

    def entries_reversed(self) -> list[bytes | bytearray]:
        """Return the wire bytes of each entry, the newest first."""
        return [
            entry
            for segment, start, stop in reversed(self.parts)
            for entry in reversed(segment.entries(start, stop))
        ]

    def ids(self) -> list[StreamId]:
        """Return the IDs."""
        if len(self.parts) == 1:
            segment, start, stop = self.parts[0]
            return list(segment.ids(start, stop))
        return [
            entry_id for segment, start, stop in self.parts for entry_id in segment.ids(start, stop)
        ]

    def sizes(self) -> Iterator[int]:
        """Yield the length of each entry's wire form."""
        for segment, start, stop in self.parts:
            yield from segment.sizes(start, stop)

    def first(self, count: int) -> Selection:
        """Return the first entries of these, at most count."""
        parts = []
        for segment, start, stop in self.parts:
            if count <= 0:
                break
            parts.append(Part(segment, start, min(stop, start + count)))
            count -= stop - start
        return Selection(parts)


def _size_bytes(whole: list[Part]) -> int:
    return sum([part.segment.live_bytes for part in whole])


def _made_later(whole: list[Part]) -> Iterator[Piece]:
    for segment, start, stop in whole:
        yield from segment.pieces(start, stop)


def _made_later_reversed(whole: list[Part]) -> Iterator[Piece]:
    for segment, start, stop in reversed(whole):
        yield b"".join(reversed(segment.entries(start, stop)))
