"""Pending entries: delivered to a consumer of a group, not acknowledged yet.

A group knows each pending entry by ID, in ID order and in the order of delivery: ``IdMap``
is a dict by ID, and beside it a list of the IDs in order. IDs nearly always come in ascending
order, so the list is appended to; an ID that goes away stays in the list until half of the
list is stale. So adding and removing cost O(1), a range O(log n + size). Adding a run below
others moves what is above it once.

A consumer knows its own in ID order: ``OwnIds`` is such a list and no dict, because whose an
entry is stands in the group's.

What is remembered of a delivery is a ``Delivery``, never changed but replaced: all
entries of one read share one.

Times are Unix milliseconds and come from the caller. Whether the entry is still in the
stream is the stream's business: a deleted entry stays pending until it is acknowledged
or claimed.

Behaviour: https://redis.io/docs/latest/commands/xpending/
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Iterator
from itertools import repeat
from typing import TYPE_CHECKING, NamedTuple, TypeVar
from weakref import ref

from geostream.store.ids import StreamId

if TYPE_CHECKING:
    from geostream.store.group import Consumer

V = TypeVar("V")

STALE_ALLOWANCE = 64  # stale IDs kept before a small list is rewritten
STALE_FIRST = 512  # stale IDs at the front of a long list before they are cut off
PENDING_BYTES = 180  # what one pending entry costs with group and consumer, about


class Delivery(NamedTuple):
    """Who has a pending entry, since when, and how often it was delivered."""

    consumer: Consumer | None  # None: released by XNACK
    time_ms: int
    delivery_count: int


class IdMap(dict[StreamId, V]):
    """A dict by stream ID that can also be walked in ID order.

    Change it through the methods here only. The dict's own order is the order in which
    values were last put.
    """

    __slots__ = ("__weakref__", "_order")

    def __init__(self) -> None:
        """Start empty."""
        super().__init__()
        self._order: list[StreamId] = []  # sorted; holds every key, and stale IDs

    def put(self, entry_id: StreamId, value: V) -> None:
        """Set a value; it becomes the last in the dict's own order.

        O(1) for an ID that is here or above all others, O(n) for another.
        """
        if entry_id in self:
            del self[entry_id]
        else:
            _insert(self._order, entry_id)
        self[entry_id] = value

    def fill(self, values: dict[StreamId, V]) -> None:
        """Take over values, into an empty map, in their order. O(n log n)."""
        self._order = sorted(values)
        self.update(values)

    def put_run(self, ids: list[StreamId], value: V) -> None:
        """Set one value for ascending IDs, as ``put`` would. Fast if all are above those here."""
        order = self._order
        if self.is_below(ids[0]):
            order += ids
        else:
            _insert_run(order, ids)
            for entry_id in ids:
                self.pop(entry_id, None)
        self.update(dict.fromkeys(ids, value))

    def is_below(self, entry_id: StreamId) -> bool:
        """Tell whether every ID here is certainly below this one. O(1)."""
        return not self._order or entry_id > self._order[-1]

    def drop_run(self, ids: list[StreamId]) -> list[V | None]:
        """Remove and return the values of different IDs, None where there is none. O(1) each."""
        values = list(map(self.pop, ids, repeat(None)))
        self._forget_stale()
        return values

    def _forget_stale(self) -> None:
        if not self:  # usual where consumers keep up
            self._order.clear()
            self.clear()
        elif len(self._order) > 2 * len(self) + STALE_ALLOWANCE:
            self._order = [entry_id for entry_id in self._order if entry_id in self]
            self._reorder(list(self.items()))  # a dict that lost its first keys is slow to walk

    def _reorder(self, pairs: list[tuple[StreamId, V]]) -> None:
        self.clear()
        self.update(pairs)

    def from_id(self, start: StreamId) -> Iterator[StreamId]:
        """Walk the IDs from start upwards. Change nothing meanwhile."""
        return self._walk(bisect_left(self._order, start))

    def after_id(self, start: StreamId) -> Iterator[StreamId]:
        """Walk the IDs above start upwards. Change nothing meanwhile."""
        return self._walk(bisect_right(self._order, start))

    def _walk(self, place: int) -> Iterator[StreamId]:
        order = self._order
        if not place:
            self.first()  # cuts stale IDs off, if there are many
        for entry_id in map(order.__getitem__, range(place, len(order))):
            if entry_id in self:
                yield entry_id

    def first(self) -> StreamId | None:
        """Return the smallest ID. O(1), spread over removals."""
        order = self._order
        stale = 0
        while stale < len(order) and order[stale] not in self:
            stale += 1
        if stale > STALE_FIRST:
            del order[:stale]
            stale = 0
        return order[stale] if stale < len(order) else None

    def last(self) -> StreamId | None:
        """Return the largest ID. O(1), spread over removals."""
        order = self._order
        while order and order[-1] not in self:
            order.pop()
        return order[-1] if order else None

    def sort_values(self, pairs: Iterable[tuple[StreamId, V]]) -> None:
        """Replace the dict's own order; pairs are those here, in another order."""
        self._reorder(list(pairs))


class OwnIds:
    """The IDs one consumer has, of those that are pending for its group.

    What the group's map says decides whose an ID is: the list here holds every ID that is the
    consumer's, and stale ones. So the map is changed before this is told, or after, but one
    goes with the other. O(1) to add above all others and to remove, O(n) to add elsewhere.
    """

    __slots__ = ("_count", "_held", "_order")

    def __init__(self, held: IdMap[Delivery]) -> None:
        """Start empty; ``held`` is the group's map, which must live as long."""
        self._held = ref(held)  # not a second owner: that would be a ring, and outlive the group
        self._order: list[StreamId] = []
        self._count = 0

    def __len__(self) -> int:
        return self._count

    def __iter__(self) -> Iterator[StreamId]:
        return self._walk(0)

    def add(self, entry_id: StreamId) -> None:
        """Have an ID that this consumer did not have."""
        self._count += 1
        _insert(self._order, entry_id)

    def add_run(self, ids: list[StreamId]) -> None:
        """Have ascending IDs that this consumer did not have."""
        self._count += len(ids)
        if not self._order or ids[0] > self._order[-1]:
            self._order += ids
        else:
            _insert_run(self._order, ids)

    def drop(self, count: int) -> None:
        """Have so many fewer. The map says which."""
        self._count -= count
        if not self._count:  # usual where the consumer keeps up
            self._order.clear()
        elif len(self._order) > 2 * self._count + STALE_ALLOWANCE:
            self._order = list(self._walk(0))

    def fill(self, ids: list[StreamId]) -> None:
        """Take over ascending IDs, having none."""
        self._order = ids
        self._count = len(ids)

    def from_id(self, start: StreamId) -> Iterator[StreamId]:
        """Walk the IDs from start upwards. Change nothing meanwhile."""
        return self._walk(bisect_left(self._order, start))

    def after_id(self, start: StreamId) -> Iterator[StreamId]:
        """Walk the IDs above start upwards. Change nothing meanwhile."""
        return self._walk(bisect_right(self._order, start))

    def _walk(self, place: int) -> Iterator[StreamId]:
        held = self._held()
        if held is None:
            return
        if not place:
            self._cut_stale(held)
        order = self._order
        for entry_id in map(order.__getitem__, range(place, len(order))):
            if self._has(held, entry_id):
                yield entry_id

    def _has(self, held: IdMap[Delivery], entry_id: StreamId) -> bool:
        delivery = held.get(entry_id)
        if delivery is None or delivery.consumer is None:
            return False
        return delivery.consumer.pending is self

    def _cut_stale(self, held: IdMap[Delivery]) -> None:
        """Cut stale IDs off the front, if there are many. O(1), spread over removals."""
        stale, order = 0, self._order
        while stale < len(order) and not self._has(held, order[stale]):
            stale += 1
        if stale > STALE_FIRST:
            del order[:stale]


def _insert(order: list[StreamId], entry_id: StreamId) -> None:
    """Put an ID where it belongs, if it is not there. Fast if it is above all others."""
    if not order or entry_id > order[-1]:
        order.append(entry_id)
    else:
        place = bisect_left(order, entry_id)
        if order[place] != entry_id:
            order.insert(place, entry_id)


def _insert_run(order: list[StreamId], ids: list[StreamId]) -> None:
    """Put ascending IDs where they belong, those that are not there."""
    low, high = bisect_left(order, ids[0]), bisect_right(order, ids[-1])
    order[low:high] = sorted({*order[low:high], *ids})
