"""The IDs one consumer has, of those that are pending for its group.

What the group's ``Pel`` says decides whose an ID is. A consumer has arrays of the IDs that it
was given, in which some are stale: somebody else's by now, or nobody's. So the Pel is changed
before this is told, or after, but one goes with the other. IDs that come in small numbers are
put together in one array: an array for each would be several times as large.

IDs nearly always come in ascending order. When they did not, all are sorted into new arrays,
by the next walk. When half of all IDs are stale they are left out, in a few arrays with each
that goes away.
"""

from __future__ import annotations

from array import array
from collections.abc import Iterator
from itertools import chain
from weakref import ref

from geostream.store import halves, lists
from geostream.store.ids import MAX_ID, MIN_ID, StreamId, successor
from geostream.store.pending import BLOCK_IDS, Pel

_STALE = 256  # stale IDs kept before few are rewritten: more than most read at once
_FEW = 64  # IDs that are put to others: an array of more is not that much larger than they are
_ARRAY_IDS = BLOCK_IDS  # once more, as a C number; so many make an array where they are few


class OwnIds:
    """See the module docstring."""

    __slots__ = ("_arrays", "_ascends", "_count", "_grows", "_pel", "_places", "_swept")

    def __init__(self, pel: Pel) -> None:
        """Start empty; ``pel`` is the group's, which must live as long."""
        self._pel = ref(pel)  # not a second owner: that would be a ring, and outlive the group
        self._arrays: list[array[int]] = []  # ms, seq, ms, seq, ...; each ascends
        self._ascends = True  # one after the other they do, too
        self._grows = False  # the last array: it is nobody else's, and takes more
        self._count = 0
        self._places = 0  # IDs in the arrays, stale ones too; or more
        self._swept = 0  # number of the array that was swept last

    def __len__(self) -> int:
        return self._count

    @property
    def places(self) -> int:
        """How many IDs there are at most, stale ones too."""
        return self._places

    def __iter__(self) -> Iterator[StreamId]:
        return self.from_id(MIN_ID)

    def add(self, ids: array[int]) -> None:
        """Have ascending IDs that this consumer did not have. O(1), or O(IDs) if they are few."""
        count = len(ids) // 2
        arrays = self._arrays
        last = arrays[-1] if arrays else None
        is_above = last is None or _is_above(ids, last)
        if last is None or count > _FEW:
            arrays.append(ids)
            self._grows = False
        elif self._grows and is_above and len(last) < 2 * _ARRAY_IDS:
            last.extend(ids)
        else:
            arrays.append(ids[:])
            self._grows = True
        self._ascends = self._ascends and is_above
        self._count += count
        self._places += count

    def drop(self, count: int) -> None:
        """Have so many fewer. The Pel says which. O(count), spread over removals."""
        self._count -= count
        if not self._count:  # usual where the consumer keeps up
            lists.empty(self._arrays)
            self._ascends = True
            self._places = 0
        elif self._places > 2 * self._count + _STALE:
            self._sweep(4 * count + _STALE)

    def _sweep(self, places: int) -> None:
        """Leave out what is stale in the next arrays, of about so many IDs."""
        pel = self._pel()
        arrays = self._arrays
        while pel is not None and arrays and places > 0:
            number = self._swept = self._swept + 1 if self._swept + 1 < len(arrays) else 0
            ids = arrays[number]
            live = array("Q", self._live(pel, ids))
            places -= len(ids) // 2
            self._places -= (len(ids) - len(live)) // 2
            if live and (not number or len(arrays[number - 1]) + len(live) > 2 * BLOCK_IDS):
                arrays[number] = live
                continue
            if live:
                arrays[number - 1] = arrays[number - 1] + live  # the old one may be shared
            del arrays[number]
            self._swept -= 1
        self._grows = False

    def fill(self, ids: array[int]) -> None:
        """Take over ascending IDs, having none."""
        self._arrays = [ids]
        self._ascends = True
        self._count = self._places = len(ids) // 2

    def _rewrite(self) -> None:
        """Put all that is not stale into arrays that ascend, one after the other. O(p log p)."""
        pel = self._pel()
        if pel is None:
            return
        live = chain.from_iterable([self._live(pel, ids) for ids in self._arrays])
        kept = array("Q", chain.from_iterable(sorted(set(zip(live, live, strict=True)))))
        self._arrays = [
            kept[start : start + 2 * BLOCK_IDS] for start in range(0, len(kept), 2 * BLOCK_IDS)
        ]
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
        arrays, stale = self._arrays, 0
        while number < len(arrays):
            ids = arrays[number]
            if place >= len(ids):
                number, place = number + 1, 0
                continue
            ms, seq = halves.half(ids, place), halves.half(ids, place + 1)
            place += 2
            if self._has(pel, ms, seq):
                stale = 0
                yield (ms, seq)
                continue
            stale += 1
            if stale > _STALE:  # all that is pending may be far above
                following = next(pel.from_id((ms, seq)), None)
                if following is None:
                    return
                number, place = self._first_from(following)
                stale = 0

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
        number = low
        if number == len(arrays):
            return number, 0
        ids = arrays[number]
        low, high = 0, len(ids) // 2
        while low < high:
            middle = (low + high) // 2
            if (ids[2 * middle], ids[2 * middle + 1]) < start:
                low = middle + 1
            else:
                high = middle
        return number, 2 * low


def _is_above(ids: array[int], others: array[int]) -> bool:
    """Tell whether the first of some IDs is above the last of others."""
    ms, last_ms = halves.half(ids, 0), halves.half(others, len(others) - 2)
    if ms != last_ms:
        return ms > last_ms
    return halves.half(ids, 1) > halves.half(others, len(others) - 1)
