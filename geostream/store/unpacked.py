"""Packed segments that are unpacked at the moment, because somebody reads in them.

Readers go through a stream in small steps, so what is unpacked for one step is kept for the
next: the segments read lately, up to so many bytes. The oldest goes first, but one that was
read since it came to its turn is passed over once (second chance): so reading costs no more
than setting a flag. A long range reads whole segments, and does not come by here unless they
are read a second time.

One of these serves all streams. Threads beside the main one should read ``Segment.plain``,
but do no harm here: each step on the table is one of the interpreter's own.
"""

from __future__ import annotations

from collections import OrderedDict

from geostream.store.segment import Segment


class Unpacked:
    """See the module docstring."""

    def __init__(self, max_bytes: int = 0) -> None:
        """Keep at most so many bytes; 0 is nothing."""
        self.max_bytes = max_bytes
        self.size_bytes = 0
        self.unpackings = 0  # how many segments were ever unpacked to be kept
        self._segments: OrderedDict[Segment, int] = OrderedDict()

    def __len__(self) -> int:
        return len(self._segments)

    def admit(self, segment: Segment) -> None:
        """Keep a segment that was just unpacked; others go for it. O(1) on average."""
        self.unpackings += 1
        size = segment.size_bytes
        if segment in self._segments:  # another thread was faster
            return
        self.shrink(size)
        if self.size_bytes + size > self.max_bytes:
            segment.forget_unpacked()
            return
        self._segments[segment] = size
        self.size_bytes += size

    def release(self, segment: Segment) -> None:
        """Keep a segment no longer."""
        self.size_bytes -= self._segments.pop(segment, 0)
        segment.forget_unpacked()

    def shrink(self, room_bytes: int = 0) -> None:
        """Let segments go until what may be kept has room for so much more."""
        while self.size_bytes + room_bytes > self.max_bytes and self._segments:
            segment, size = self._segments.popitem(last=False)
            if segment.is_used:
                segment.is_used = False
                self._segments[segment] = size
            else:
                self.size_bytes -= size
                segment.forget_unpacked()

    def release_unused(self) -> int:
        """Let those go that nobody read since this was called last. O(segments kept).

        Returns how many bytes that were.
        """
        before_bytes = self.size_bytes
        for segment in list(self._segments):
            if segment.is_used:
                segment.is_used = False
            else:
                self.release(segment)
        self.size_bytes = sum(self._segments.values())
        return before_bytes - self.size_bytes
