"""A consumer group and its consumers.

The group holds every pending entry with its delivery; each consumer holds the IDs of
its own. Both change in the same methods here, so they cannot disagree.

For XREADGROUP CLAIM pending entries are also walked by delivery time, the ones released
by XNACK first, in the order of their release. The order in which deliveries were put is
that order, because time moves forward; only XCLAIM with IDLE or TIME sets another
time, and then the next walk sorts first.

Behaviour: https://redis.io/docs/latest/develop/data-types/streams/
"""

from __future__ import annotations

from collections.abc import Iterator

from geostream.store.ids import StreamId
from geostream.store.pending import Delivery, IdMap

NEVER = -1  # a consumer's active time before its first entry
CONSUMER_BYTES = 250  # what a consumer costs without its pending entries, about


class Consumer:
    """One reader of a group."""

    __slots__ = ("active_ms", "name", "pending", "seen_ms")

    def __init__(self, name: bytes, seen_ms: int) -> None:
        """Start with nothing pending."""
        self.name = name
        self.seen_ms = seen_ms  # when it last asked for something
        self.active_ms = NEVER  # when it last was given an entry to keep
        self.pending: IdMap[bool] = IdMap()


class Group:
    """A reading position, the consumers, and what they have not acknowledged."""

    __slots__ = (
        "_in_time_order",
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
        self._in_time_order = True

    def deliver(self, ids: list[StreamId], consumer: Consumer, time_ms: int) -> None:
        """Note ascending IDs as given to a consumer for the first time.

        O(1) an ID where all are above those pending, as they are but after XGROUP SETID.
        """
        delivery = Delivery(consumer, time_ms, 1)
        self._note_time(time_ms)
        if not self.pending.is_below(ids[0]):
            for entry_id in ids:
                held = self.pending.get(entry_id)
                if held is not None:
                    self._take_from(entry_id, held)
        self.pending.put_run(ids, delivery)
        consumer.pending.put_run(ids, True)

    def assign(self, entry_id: StreamId, consumer: Consumer, time_ms: int, count: int) -> None:
        """Make a pending entry, new or not, this consumer's, delivered then and so often."""
        self._note_time(time_ms)
        held = self.pending.get(entry_id)
        if held is not None and held.consumer is not consumer:
            self._take_from(entry_id, held)
        self.pending.put(entry_id, Delivery(consumer, time_ms, count))
        if entry_id not in consumer.pending:
            consumer.pending.put(entry_id, True)

    def release(self, entry_id: StreamId, count: int) -> None:
        """Make a pending entry, new or not, nobody's: the last of the released ones."""
        held = self.pending.get(entry_id)
        if held is not None:
            self._take_from(entry_id, held)
        self.pending.put(entry_id, Delivery(None, 0, count))
        self.released[entry_id] = True

    def remove(self, ids: list[StreamId]) -> None:
        """Forget pending entries; no ID twice. O(1) each."""
        removed = self.pending.drop_run(ids)
        consumers = {held.consumer for held in removed if held is not None}
        only = consumers.pop() if len(consumers) == 1 else None
        if only is not None:
            only.pending.drop_run(ids)
        else:
            for entry_id, held in zip(ids, removed, strict=True):
                if held is not None:
                    self._take_from(entry_id, held)

    def remove_consumer(self, name: bytes) -> None:
        """Forget a consumer and what it has pending."""
        consumer = self.consumers.pop(name)
        self.pending.drop_run(list(consumer.pending))

    def _take_from(self, entry_id: StreamId, held: Delivery) -> None:
        if held.consumer is None:
            del self.released[entry_id]
        else:
            held.consumer.pending.drop(entry_id)

    def _note_time(self, time_ms: int) -> None:
        if time_ms < self._latest_ms:
            self._in_time_order = False
        else:
            self._latest_ms = time_ms

    def oldest_first(self) -> Iterator[tuple[StreamId, Delivery]]:
        """Walk what is pending, released entries first, then by delivery time.

        Change nothing meanwhile. O(n log n) after a claim set a time, else O(1) a step.
        """
        if not self._in_time_order:
            self.pending.sort_values(sorted(self.pending.items(), key=_delivery_time))
            self._in_time_order = True
            self._latest_ms = max((held.time_ms for held in self.pending.values()), default=0)
        for entry_id in self.released:
            yield entry_id, self.pending[entry_id]
        for entry_id, held in self.pending.items():
            if held.consumer is not None:
                yield entry_id, held

    def copy(self) -> Group:
        """Return a group of its own with the same contents."""
        copy = Group(self.last_id, self.entries_read)
        for name, consumer in self.consumers.items():
            twin = copy.consumers[name] = Consumer(name, consumer.seen_ms)
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
