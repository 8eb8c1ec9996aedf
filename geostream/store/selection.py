"""Some consecutive entries of a stream: what a range, a read or a trim is about.

A selection is a few (segment, from, to) triples; wire bytes, IDs and sizes are taken from
the segments as slices, so that it costs by the segment and not by the entry. It holds no
copy of anything, and is good until the stream changes. Segments may be packed meanwhile:
their entries keep their places. Whole ones that are packed are unpacked when they are asked
for their pieces, one after the other, and not kept.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from geostream.store.ids import StreamId
from geostream.store.segment import Piece, Segment


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
