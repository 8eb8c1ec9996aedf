"""The IDs one consumer has, of those that are pending for its group.

What the group's ``Pel`` says decides whose an ID is. A consumer has the arrays of IDs that it
was given, in which some are stale: somebody else's by now, or nobody's. So the Pel is changed
before this is told, or after, but one goes with the other.

IDs nearly always come in ascending order. When they did not, all are sorted into one array,
by the next walk; when half of them or more are stale, they are left out.
"""

from __future__ import annotations

from array import array
from collections.abc import Iterator
from itertools import chain
from weakref import ref

from geostream.store import halves
from geostream.store.ids import MAX_ID, MIN_ID, StreamId, successor
from geostream.store.pending import STALE_ALLOWANCE, Pel

_STALE = STALE_ALLOWANCE  # once more, as a C number


class OwnIds:
    """See the module docstring."""

    __slots__ = ("_arrays", "_ascends", "_count", "_pel", "_places")

    def __init__(self, pel: Pel) -> None:
        """Start empty; ``pel`` is the group's, which must live as long."""
        self._pel = ref(pel)  # not a second owner: that would be a ring, and outlive the group
        self._arrays: list[array[int]] = []  # ms, seq, ms, seq, ...; each ascends
        self._ascends = True  # one after the other they do, too
        self._count = 0
        self._places = 0  # IDs in the arrays, stale ones too; or more

    def __len__(self) -> int:
        return self._count

    def __iter__(self) -> Iterator[StreamId]:
        return self.from_id(MIN_ID)

    def add(self, ids: array[int]) -> None:
        """Have ascending IDs that this consumer did not have. O(1)."""
        count = len(ids) // 2
        arrays = self._arrays
        if arrays and self._ascends:
            above = arrays[-1]
            last_ms = halves.half(above, len(above) - 2)
            ms = halves.half(ids, 0)
            self._ascends = last_ms < ms or (
                last_ms == ms and halves.half(above, len(above) - 1) < halves.half(ids, 1)
            )
        arrays.append(ids)
        self._count += count
        self._places += count

    def drop(self, count: int) -> None:
        """Have so many fewer. The Pel says which. O(1), spread over removals."""
        self._count -= count
        if not self._count:  # usual where the consumer keeps up
            self._arrays.clear()
            self._ascends = True
            self._places = 0
        elif self._places > 2 * self._count + _STALE:
            self._rewrite()

    def fill(self, ids: array[int]) -> None:
        """Take over ascending IDs, having none."""
        self._arrays = [ids]
        self._ascends = True
        self._count = self._places = len(ids) // 2

    def _rewrite(self) -> None:
        """Put all that is not stale into one array, in order. O(places), O(p log p) if unsorted."""
        pel = self._pel()
        arrays = self._arrays
        if pel is None or not arrays:
            return
        if self._ascends:
            kept = array("Q")
            for ids in arrays:
                kept.extend(array("Q", self._live(pel, ids)))
        else:
            live = chain.from_iterable([self._live(pel, ids) for ids in arrays])
            kept = array("Q", chain.from_iterable(sorted(set(zip(live, live, strict=True)))))
        self._arrays = [kept] if kept else []
        self._ascends = True
        self._places = len(kept) // 2

    def _live(self, pel: Pel, ids: array[int]) -> list[int]:
        """Return those of the IDs that are this consumer's: ms, seq, ms, seq, ..."""
        live = []
        for place in range(0, len(ids), 2):
            ms, seq = halves.half(ids, place), halves.half(ids, place + 1)
            if self._has(pel, ms, seq):
                live.append(ms)
                live.append(seq)
        return live

    def _has(self, pel: Pel, ms: int, seq: int) -> bool:
        delivery = pel.find(ms, seq)
        if delivery is None or delivery.consumer is None:
            return False
        return delivery.consumer.pending is self

    def from_id(self, start: StreamId) -> Iterator[StreamId]:
        """Walk the IDs from start upwards. Change nothing meanwhile."""
        pel = self._pel()
        if pel is None:
            return
        if not self._ascends:
            self._rewrite()
        number, place = self._first_from(start)
        for ids in self._arrays[number:]:
            while place < len(ids):
                ms, seq = halves.half(ids, place), halves.half(ids, place + 1)
                if self._has(pel, ms, seq):
                    yield (ms, seq)
                place += 2
            place = 0

    def after_id(self, start: StreamId) -> Iterator[StreamId]:
        """Walk the IDs above start upwards. Change nothing meanwhile."""
        return self.from_id(successor(start)) if start != MAX_ID else iter(())

    def _first_from(self, start: StreamId) -> tuple[int, int]:
        """Return array and place of the first ID that is not below this one. O(log n)."""
        arrays = self._arrays
        low, high = 0, len(arrays)
        while low < high:
            middle = (low + high) // 2
            ids = arrays[middle]
            if (ids[-2], ids[-1]) < start:
                low = middle + 1
            else:
                high = middle
        if low == len(arrays):
            return low, 0
        ids = arrays[low]
        return low, 2 * halves.first_place(ids[0::2], ids[1::2], start[0], start[1])
