"""Which segments are to be packed, and when.

A segment is packed when nobody read it for a while. Nobody notes when a segment is read;
reading sets a flag, and now and then there is a round: segments whose flag is down are ripe,
the others' flags are taken down. So a segment is packed between one and two rounds after it
was last read, or sealed. A round goes over the streams that changed since all their segments
were packed, a few at a time.

The work itself is done elsewhere, in a thread (server/packing.py): ``take`` gives out ripe
segments, and ``accept`` puts the packed form in their place, if there is still a place.
Entries do not change by it, so it is no effect; but what a key takes does, and the account of
memory is told.

What comes unpacked by reading goes again when nobody read it for a round.

Segments that were loaded and are still as they were stored take part as if they were plain.
"""

from __future__ import annotations

from collections import deque

from geostream.engine.memory import Memory, PlacedKey
from geostream.store.keyspace import Keyspace
from geostream.store.packed import Packed
from geostream.store.segment import Segment
from geostream.store.stream import Stream

MIN_BYTES = 1024  # what is smaller than this stays as it is
MAX_BYTES = 4 * 2**20  # and what would take a reader milliseconds to unpack
WORTH_IT = 7 / 8  # what the packed form may take of the plain one
SEGMENTS_PER_STEP = 5000  # looked at in one go
STREAM_COST = 20  # looking at a stream takes as long as at so many segments

Place = tuple[PlacedKey, Stream]


class Packing:
    """What is to be packed of one keyspace."""

    def __init__(self, keyspace: Keyspace, memory: Memory) -> None:
        """Begin with nothing; ``after_ms`` 0 is no packing."""
        self.after_ms = 0
        self.packed = 0  # segments, ever
        self.released_bytes = 0  # that nobody read any more; for the caller to take
        self._keyspace = keyspace
        self._memory = memory
        self._candidates: dict[PlacedKey, None] = {}  # streams that may have plain segments
        self._round: list[PlacedKey] = []  # of these, what is still to be looked at
        self._round_ms = 0  # when it began
        self._ripe: deque[tuple[Segment, Place]] = deque()
        self._asked: dict[Segment, Place] = {}  # those that are ripe, and those that were taken

    def configure(self, after_s: int) -> None:
        """Pack what was not read for so many seconds; 0 packs nothing any more."""
        was_off, self.after_ms = not self.after_ms, after_s * 1000
        if self.after_ms and was_off:
            self._memory.recount()  # finds what changed meanwhile
        elif not self.after_ms:
            self._candidates.clear()
            self._round.clear()
            self._ripe.clear()
            self._asked.clear()

    def step(self, now_ms: int) -> None:
        """Look for segments that are ripe; to be called some times a second."""
        changed = self._memory.take_streams()
        if not self.after_ms:
            return
        self._candidates.update(dict.fromkeys(changed))
        if not self._round and not 0 <= now_ms - self._round_ms < self.after_ms:
            self._round_ms = now_ms
            self._round = list(self._candidates)
            self.released_bytes += self._memory.unpacked.release_unused()
        left = SEGMENTS_PER_STEP
        while self._round and left > 0:
            left -= STREAM_COST + self._look_at(self._round.pop())

    def _look_at(self, placed: PlacedKey) -> int:
        """Judge the segments of a stream; return how many it has that are not packed."""
        number, key = placed
        stream = self._keyspace.databases[number].values.get(key)
        segments = stream.plain_segments() if type(stream) is Stream else []
        if not segments:
            self._candidates.pop(placed, None)
            self._memory.recheck(placed)  # it may have got its name since it was packed
        for segment in segments:
            assert type(stream) is Stream
            if segment.packed is not None and not segment.is_stored:  # with another that has it too
                stream.note_packed(segment)
                self._memory.note_key(placed)
            elif not MIN_BYTES <= segment.size_bytes <= MAX_BYTES:
                segment.resists = True
            elif segment.is_used:
                segment.is_used = False
            elif segment not in self._asked:
                self._asked[segment] = (placed, stream)
                self._ripe.append((segment, (placed, stream)))
        return len(segments)

    def take(self, most_bytes: int) -> list[Segment]:
        """Return ripe segments of about so many bytes together, none if there are none."""
        taken: list[Segment] = []
        while self._ripe and most_bytes > 0:
            segment, (_, stream) = self._ripe.popleft()
            if segment.is_used or not stream.holds(segment):
                del self._asked[segment]
            else:
                taken.append(segment)
                most_bytes -= segment.size_bytes
        return taken

    def accept(self, segment: Segment, packed: Packed | None) -> None:
        """Put a packed form in the place of a segment that was taken; None: it has none."""
        place = self._asked.pop(segment, None)
        if place is None or not (segment.packed is None or segment.is_stored):
            return
        held_bytes = segment.size_bytes - segment.saved_bytes
        if packed is None or packed.size_bytes > WORTH_IT * held_bytes:
            segment.resists = True
            return
        placed, stream = place
        segment.pack(packed, self._memory.unpacked)
        stream.note_packed(segment)
        self._memory.note_key(placed)
        self.packed += 1
