"""The segment at the end of a stream, the only one that changes.

In plain Python what is added is put on a list, and into arrays and wire by the dozen: that costs
a fifth of doing it one by one. Whoever reads has it done first.
"""

from __future__ import annotations

from array import array
from types import FunctionType

from geostream.store import columns
from geostream.store.ids import MIN_ID, StreamId
from geostream.store.packed import Content
from geostream.store.segment import (
    INDEX_BYTES,
    SEAL_BYTES,
    SEAL_ENTRIES,
    Segment,
    bytes_before,
    not_hollow,
)

_MOST_NEW = 32  # entries on the list: they take several times the room they will
_FULL_ENTRIES, _FULL_BYTES = SEAL_ENTRIES, SEAL_BYTES  # numbers in C here, see tail.pxd


class Tail(Segment):
    """See the module docstring."""

    __slots__ = ("_ends", "_ms", "_new", "_new_ids", "_seq", "_starts", "_wire", "is_full")

    def __init__(self) -> None:
        """Start empty. Only ``append`` may be called before there is an entry."""
        self._ms, self._seq = array("Q"), array("Q")
        self._starts, self._ends = array("I"), array("I")
        self._wire = bytearray()
        self._content = (self._ms, self._seq, self._starts, self._ends, self._wire)
        self._new: list[bytes] = []
        self._new_ids: list[StreamId] = []
        self._first_id = self._last_id = MIN_ID
        self._count = 0
        self._plain_bytes = 0  # of the wire alone
        self._cache = self.packed = None
        self.saved_bytes = 0
        self.is_stored = False
        self.is_used = True
        self.live_bytes = 0
        self.is_full = False  # it is time to seal it

    @property
    def size_bytes(self) -> int:
        """What wire and index take."""
        return self._plain_bytes + INDEX_BYTES * self._count

    def content(self) -> Content:
        """Return what is held: times, sequences, starts, ends and wire."""
        if self._new:
            self._settle()
        assert self._content is not None
        return self._content

    def can_be_packed(self, noted_bytes: int) -> bool:
        """Tell that it cannot, before it is sealed."""
        return False

    def _settle(self) -> None:
        """Put what is new where it belongs."""
        columns.take_in(
            self._ms, self._seq, self._starts, self._ends, self._wire, self._new_ids, self._new
        )
        del self._new[:]
        del self._new_ids[:]

    def find(self, entry_id: StreamId) -> int:
        """Return the place of the entry with this ID, or -1. O(log n)."""
        ms, seq, _, _, _ = self.content()
        place = columns.place_of(ms, seq, entry_id)
        if place < self._count and columns.is_at(ms, seq, place, entry_id):
            return place
        return -1

    def append(self, entry_id: StreamId, entry: bytes) -> None:
        """Put an entry, in wire form and with a larger ID than all others, at the end."""
        if not self._count:
            self._first_id = entry_id
        self._last_id = entry_id
        if _AT_ONCE:
            columns.put_in(
                self._ms, self._seq, self._starts, self._ends, self._wire, entry_id, entry
            )
        else:
            self._new_ids.append(entry_id)
            self._new.append(entry)
            if len(self._new) >= _MOST_NEW:
                self._settle()
        self._count += 1
        size = len(entry)
        self.live_bytes += size
        self._plain_bytes += size
        if self._plain_bytes >= _FULL_BYTES or self._count >= _FULL_ENTRIES:
            self.is_full = True

    def sealed(self) -> Segment:
        """Return a copy of what is here that never changes."""
        ms, seq, starts, ends, wire = self.content()
        return not_hollow((ms[:], seq[:], starts[:], ends[:], bytes(wire)), self.live_bytes)

    def remove(self, places: list[int]) -> None:
        """Forget the entries at these ascending places; their bytes stay until it is sealed.

        One entry at least is left, here and with ``remove_first``.
        """
        ms, seq, starts, ends, _ = self.content()
        for place in reversed(places):
            self.live_bytes -= ends[place] - starts[place]
            del ms[place], seq[place], starts[place], ends[place]
        self._counted_anew()

    def remove_first(self, count: int) -> None:
        """Forget the first entries."""
        ms, seq, starts, ends, _ = self.content()
        self.live_bytes -= bytes_before(starts, ends, count)
        del ms[:count], seq[:count], starts[:count], ends[:count]
        self._counted_anew()

    def _counted_anew(self) -> None:
        ms, seq = self._ms, self._seq
        self._count = len(ms)
        self._first_id = (ms[0], seq[0])
        self._last_id = (ms[-1], seq[-1])


_AT_ONCE = not isinstance(Tail.sealed, FunctionType)  # compiled, it is the cheaper way
