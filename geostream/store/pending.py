"""Pending entries: delivered to a consumer of a group, not acknowledged yet.

A group knows each pending entry by ID, in ID order and in the order of delivery; each
consumer knows its own by ID and in ID order. ``IdMap`` serves both: a dict by ID, and
beside it a list of the IDs in order. IDs nearly always come in ascending order, so the
list is appended to; an ID that goes away stays in the list until half of the list is
stale. So adding and removing cost O(1), a range O(log n + size).

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
from itertools import islice, repeat
from typing import TYPE_CHECKING, NamedTuple, TypeVar

from geostream.store.ids import StreamId

if TYPE_CHECKING:
    from geostream.store.group import Consumer

V = TypeVar("V")

STALE_ALLOWANCE = 64  # stale IDs kept before a small list is rewritten
PENDING_BYTES = 300  # what one pending entry costs in both maps, about


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

    __slots__ = ("_order", "_stale")

    def __init__(self) -> None:
        """Start empty."""
        super().__init__()
        self._order: list[StreamId] = []  # sorted; holds every key, and stale IDs
        self._stale = 0

    def put(self, entry_id: StreamId, value: V) -> None:
        """Set a value; it becomes the last in the dict's own order.

        O(1) for an ID that is here or above all others, O(n) for another.
        """
        if entry_id in self:
            del self[entry_id]
        else:
            order = self._order
            if not order or entry_id > order[-1]:
                order.append(entry_id)
            else:
                place = bisect_left(order, entry_id)
                if order[place] == entry_id:
                    self._stale -= 1
                else:
                    order.insert(place, entry_id)
        self[entry_id] = value

    def put_run(self, ids: list[StreamId], value: V) -> None:
        """Set one value for ascending IDs, as ``put`` would. Fast if all are above those here."""
        if self.is_below(ids[0]):
            self._order += ids
            self.update(dict.fromkeys(ids, value))
        else:
            for entry_id in ids:
                self.put(entry_id, value)

    def is_below(self, entry_id: StreamId) -> bool:
        """Tell whether every ID here is certainly below this one. O(1)."""
        return not self._order or entry_id > self._order[-1]

    def drop(self, entry_id: StreamId) -> V | None:
        """Remove and return a value; None if there is none."""
        value = self.pop(entry_id, None)
        if value is not None:
            self._note_stale(1)
        return value

    def drop_run(self, ids: list[StreamId]) -> list[V | None]:
        """Remove the values of different IDs and return them, as ``drop`` would. O(1) each."""
        before = len(self)
        values = list(map(self.pop, ids, repeat(None)))
        self._note_stale(before - len(self))
        return values

    def _note_stale(self, count: int) -> None:
        self._stale += count
        if not self:  # usual where consumers keep up
            self._order.clear()
            self._stale = 0
            self.clear()
        elif self._stale > len(self) + STALE_ALLOWANCE:
            self._order = [entry_id for entry_id in self._order if entry_id in self]
            self._stale = 0
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
        for entry_id in islice(self._order, place, None):
            if entry_id in self:
                yield entry_id

    def first(self) -> StreamId | None:
        """Return the smallest ID. O(1), spread over removals."""
        order = self._order
        stale = 0
        while stale < len(order) and order[stale] not in self:
            stale += 1
        del order[:stale]
        self._stale -= stale
        return order[0] if order else None

    def last(self) -> StreamId | None:
        """Return the largest ID. O(1), spread over removals."""
        order = self._order
        while order and order[-1] not in self:
            order.pop()
            self._stale -= 1
        return order[-1] if order else None

    def sort_values(self, pairs: Iterable[tuple[StreamId, V]]) -> None:
        """Replace the dict's own order; pairs are those here, in another order."""
        self._reorder(list(pairs))
