"""A consumer group and its consumers.

The group holds every pending entry with its delivery, which says whose it is; each consumer
keeps the order of its own. Both change in the same methods here, so they cannot disagree.

For XREADGROUP CLAIM pending entries are also walked by delivery time, the ones released
by XNACK first, in the order of their release. The order in which deliveries were put is
that order, because time moves forward; only XCLAIM with IDLE or TIME sets a time that is
past. Entries that were given one are kept aside too, and a walk sorts them in; when they
become many, it sorts all.

Behaviour: https://redis.io/docs/latest/develop/data-types/streams/
"""

from __future__ import annotations

from collections.abc import Iterator
from heapq import merge

from geostream.store.ids import StreamId
from geostream.store.pending import Delivery, IdMap, OwnIds

NEVER = -1  # a consumer's active time before its first entry
CONSUMER_BYTES = 250  # what a consumer costs without its pending entries, about
BACKDATED_ALLOWANCE = 1000  # deliveries with a past time before a walk sorts all


class Consumer:
    """One reader of a group."""

    __slots__ = ("active_ms", "name", "pending", "seen_ms")

    def __init__(self, name: bytes, seen_ms: int, held: IdMap[Delivery]) -> None:
        """Start with nothing pending; ``held`` is what the group has pending."""
        self.name = name
        self.seen_ms = seen_ms  # when it last asked for something
        self.active_ms = NEVER  # when it last was given an entry to keep
        self.pending = OwnIds(held)


class Group:
    """A reading position, the consumers, and what they have not acknowledged."""

    __slots__ = (
        "_backdated",
        "_latest_ms",
        "consumers",
        "entries_read",
        "last_id",
        "pending",
        "released",
    )

    def __init__(self, last_id: StreamId, entries_read: int | None) -> None:
        """Start behind ``last_id``; entries_read None is unknown."""
        self.last_id = last_id
        self.entries_read = entries_read
        self.consumers: dict[bytes, Consumer] = {}
        self.pending: IdMap[Delivery] = IdMap()
        self.released: dict[StreamId, bool] = {}  # pending ones without a consumer, oldest first
        self._latest_ms = 0
        # Deliveries put after one with a later time, some of them replaced since
        self._backdated: dict[StreamId, Delivery] = {}

    def add_consumer(self, name: bytes, seen_ms: int) -> Consumer:
        """Let there be a consumer of this name, which is new; return it."""
        consumer = self.consumers[name] = Consumer(name, seen_ms, self.pending)
        return consumer

    def deliver(self, ids: list[StreamId], consumer: Consumer, time_ms: int) -> None:
        """Note ascending IDs as given to a consumer for the first time.

        O(1) an ID where all are above those pending, as they are but after XGROUP SETID.
        """
        delivery = Delivery(consumer, time_ms, 1)
        if not self.pending.is_below(ids[0]):
            for entry_id in ids:
                held = self.pending.get(entry_id)
                if held is not None:
                    self._take_from(entry_id, held)
        self.pending.put_run(ids, delivery)
        consumer.pending.add_run(ids)
        self._note_time(ids, delivery)

    def assign(self, entry_id: StreamId, consumer: Consumer, time_ms: int, count: int) -> None:
        """Make a pending entry, new or not, this consumer's, delivered then and so often."""
        held = self.pending.get(entry_id)
        delivery = Delivery(consumer, time_ms, count)
        self.pending.put(entry_id, delivery)
        if held is None or held.consumer is not consumer:
            if held is not None:
                self._take_from(entry_id, held)
            consumer.pending.add(entry_id)
        self._note_time([entry_id], delivery)

    def release(self, entry_id: StreamId, count: int) -> None:
        """Make a pending entry, new or not, nobody's: the last of the released ones."""
        held = self.pending.get(entry_id)
        self.pending.put(entry_id, Delivery(None, 0, count))
        if held is not None:
            self._take_from(entry_id, held)
        self.released[entry_id] = True

    def remove(self, ids: list[StreamId]) -> None:
        """Forget pending entries; no ID twice. O(1) each."""
        before = len(self.pending)
        removed = self.pending.drop_run(ids)
        consumers = {held.consumer for held in removed if held is not None}
        only = consumers.pop() if len(consumers) == 1 else None
        if only is not None:
            only.pending.drop(before - len(self.pending))
        else:
            for entry_id, held in zip(ids, removed, strict=True):
                if held is not None:
                    self._take_from(entry_id, held)

    def remove_consumer(self, name: bytes) -> None:
        """Forget a consumer and what it has pending."""
        consumer = self.consumers.pop(name)
        self.pending.drop_run(list(consumer.pending))

    def fill(self, deliveries: dict[StreamId, Delivery]) -> None:
        """Give a group without pending entries all it has pending, consumers known. O(n log n).

        Of those released the first comes first.
        """
        self.pending.fill(deliveries)
        owned: dict[Consumer, list[StreamId]] = {}
        for entry_id, held in deliveries.items():
            if held.consumer is None:
                self.released[entry_id] = True
            else:
                owned.setdefault(held.consumer, []).append(entry_id)
        for consumer, ids in owned.items():
            consumer.pending.fill(sorted(ids))
        self._sort()

    def _take_from(self, entry_id: StreamId, held: Delivery) -> None:
        if held.consumer is None:
            del self.released[entry_id]
        else:
            held.consumer.pending.drop(1)

    def _note_time(self, ids: list[StreamId], delivery: Delivery) -> None:
        if delivery.time_ms >= self._latest_ms:
            self._latest_ms = delivery.time_ms
            return
        backdated = self._backdated
        for entry_id in ids:
            backdated.pop(entry_id, None)  # to stand last among equal times
            backdated[entry_id] = delivery
        if len(backdated) > len(self.pending) + BACKDATED_ALLOWANCE:
            self._forget_replaced()

    def _forget_replaced(self) -> None:
        pending = self.pending
        self._backdated = {
            entry_id: delivery
            for entry_id, delivery in self._backdated.items()
            if pending.get(entry_id) is delivery
        }

    def _sort(self) -> None:
        """Put all that is pending into the order of time."""
        self.pending.sort_values(sorted(self.pending.items(), key=_delivery_time))
        self._latest_ms = max((held.time_ms for held in self.pending.values()), default=0)
        self._backdated.clear()

    def oldest_first(self) -> Iterator[tuple[StreamId, Delivery]]:
        """Walk what is pending, released entries first, then by delivery time.

        Change nothing meanwhile. O(1) a step, and at first what sorting in backdated ones takes.
        """
        if self._backdated:
            self._forget_replaced()
            if len(self._backdated) > BACKDATED_ALLOWANCE:
                self._sort()
        for entry_id in self.released:
            yield entry_id, self.pending[entry_id]
        backdated = self._backdated
        if not backdated:
            yield from self._owned()
        else:
            past = sorted(backdated.items(), key=_delivery_time)
            others = (item for item in self._owned() if item[0] not in backdated)
            yield from merge(others, past, key=_delivery_time)  # of equal times, the others first

    def _owned(self) -> Iterator[tuple[StreamId, Delivery]]:
        return (item for item in self.pending.items() if item[1].consumer is not None)

    def copy(self) -> Group:
        """Return a group of its own with the same contents."""
        copy = Group(self.last_id, self.entries_read)
        for name, consumer in self.consumers.items():
            twin = copy.add_consumer(name, consumer.seen_ms)
            twin.active_ms = consumer.active_ms
        for entry_id, held in self.oldest_first():
            if held.consumer is None:
                copy.release(entry_id, held.delivery_count)
            else:
                twin = copy.consumers[held.consumer.name]
                copy.assign(entry_id, twin, held.time_ms, held.delivery_count)
        return copy


def _delivery_time(item: tuple[StreamId, Delivery]) -> int:
    return item[1].time_ms
