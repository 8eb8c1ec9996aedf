"""A consumer group and its consumers.

The group holds every pending entry with its delivery, which says whose it is; each consumer
keeps the order of its own. Both change in the same methods here, so they cannot disagree.

For XREADGROUP CLAIM pending entries are also walked by delivery time, the ones released
by XNACK first, in the order of their release. So the group has a log of its deliveries by
time, those of equal times in the order in which they came. Time moves forward, and the log is
appended to; only XCLAIM with IDLE or TIME sets a time that is past. A delivery nothing is left of
stays in the log for a while.

Behaviour: https://redis.io/docs/latest/develop/data-types/streams/
"""

from __future__ import annotations

from array import array
from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Iterator

from geostream.store import halves, lists
from geostream.store.deliveries import Delivery, delivery_of, packed, unpacked
from geostream.store.ids import StreamId
from geostream.store.own_ids import OwnIds
from geostream.store.pending import DELIVERY_BYTES, PENDING_BYTES, STALE_ALLOWANCE, Pel

_STALE = STALE_ALLOWANCE  # once more, as a C number
NEVER = -1  # a consumer's active time before its first entry
CONSUMER_BYTES = 250  # what a consumer costs without its pending entries, about
RELEASED_BYTES = 200  # what a pending entry costs that nobody has, with its delivery


class Consumer:
    """One reader of a group."""

    __slots__ = ("active_ms", "name", "pending", "seen_ms")

    def __init__(self, name: bytes, seen_ms: int, pel: Pel) -> None:
        """Start with nothing pending; ``pel`` is what the group has pending."""
        self.name = name
        self.seen_ms = seen_ms  # when it last asked for something
        self.active_ms = NEVER  # when it last was given an entry to keep
        self.pending = OwnIds(pel)


#: A pending entry as it is restored: ID, consumer (None: released), delivery time in ms, count.
Record = tuple[StreamId, Consumer | None, int, int]


class Group:
    """A reading position, the consumers, and what they have not acknowledged."""

    __slots__ = (
        "_log",
        "_reader",
        "consumers",
        "entries_read",
        "is_changing",
        "is_gone",
        "last_ms",
        "last_seq",
        "near_place",
        "near_segment",
        "pending",
        "released",
    )

    def __init__(self, last_id: StreamId, entries_read: int | None) -> None:
        """Start behind ``last_id``; entries_read None is unknown."""
        self.last_ms, self.last_seq = last_id
        self.entries_read = entries_read
        # Where the stream had the entry of the last ID when it was delivered: ``Stream.next_part``.
        self.near_segment = self.near_place = 0
        self.consumers: dict[bytes, Consumer] = {}
        self._reader: Consumer | None = None  # the one that was asked for last
        self.pending = Pel()
        self.released: dict[StreamId, bool] = {}  # pending ones without a consumer, oldest first
        self._log: list[Delivery] = []  # by time; not those that were released
        self.is_changing = False  # since the stream's groups looked at it last (groups.py)
        self.is_gone = False  # the stream has it no more

    @property
    def last_id(self) -> StreamId:
        """The ID up to which entries were read."""
        return (self.last_ms, self.last_seq)

    @last_id.setter
    def last_id(self, entry_id: StreamId) -> None:
        self.last_ms, self.last_seq = entry_id

    def reader(self, name: bytes) -> Consumer | None:
        """Return a consumer, or None. The one that was asked for last costs no look-up."""
        found = self._reader
        if found is None or found.name != name:
            found = self.consumers.get(name)
            if found is not None:
                self._reader = found
        return found

    def add_consumer(self, name: bytes, seen_ms: int) -> Consumer:
        """Let there be a consumer of this name, which is new; return it."""
        consumer = self.consumers[name] = Consumer(name, seen_ms, self.pending)
        return consumer

    def deliver(self, places: array[int], consumer: Consumer, time_ms: int) -> None:
        """Note ascending IDs as given to a consumer for the first time.

        places -- ms, seq, ms, seq, ...; kept, so it must not change any more

        O(1) an ID where all are above those pending, as they are but after XGROUP SETID.
        """
        pending = self.pending
        if pending.is_below(halves.half(places, 0), halves.half(places, 1)):
            delivery = delivery_of(consumer, time_ms, places)
            pending.put_above(places, delivery)
            consumer.pending.add(places)
            self._note(delivery)
        else:  # others may be pending in between
            for entry_id in unpacked(places):
                self.assign(entry_id, consumer, time_ms, 1)

    def assign(self, entry_id: StreamId, consumer: Consumer, time_ms: int, count: int) -> None:
        """Make a pending entry, new or not, this consumer's, delivered then and so often."""
        delivery = Delivery(consumer, time_ms, count, entry_id)
        before = self.pending.put(entry_id, delivery)
        if before is not None and before.consumer is consumer:
            before.live -= 1  # the consumer has the ID already
        else:
            if before is not None:
                self._take_from(entry_id, before)
            consumer.pending.add(packed([entry_id]))
        self._note(delivery)

    def release(self, entry_id: StreamId, count: int) -> None:
        """Make a pending entry, new or not, nobody's: the last of the released ones."""
        before = self.pending.put(entry_id, Delivery(None, 0, count, entry_id))
        if before is not None:
            self._take_from(entry_id, before)
        self.released[entry_id] = True

    def remove(self, places: array[int]) -> None:
        """Forget pending entries; no ID twice. O(1) each, in the order they were delivered.

        places -- ms, seq, ms, seq, ...
        """
        pending = self.pending
        owner: Consumer | None = None
        count = 0  # of those that were this owner's, and are not told yet
        number = 0
        while number < len(places) // 2:
            run = pending.run(places, number)
            if not run:
                number += 1
                continue
            held = pending.drop_run(run)
            if held.consumer is None or held.consumer is not owner:
                if owner is not None:
                    owner.pending.drop(count)
                owner, count = held.consumer, 0
            held.live -= run
            count += run
            if owner is None:  # each was released alone
                del self.released[
                    halves.half(places, 2 * number), halves.half(places, 2 * number + 1)
                ]
            number += run
        if owner is not None:
            owner.pending.drop(count)
        self._forget_stale()

    def remove_consumer(self, name: bytes) -> None:
        """Forget a consumer and what it has pending."""
        consumer = self.consumers.pop(name)
        self._reader = None
        self.remove(packed(list(consumer.pending)))

    def fill(self, records: Iterable[Record]) -> None:
        """Give a group without pending entries all it has pending, consumers known. O(n log n).

        Of those released, and of equal times, the first comes first.
        """
        by_time = sorted(records, key=_record_time)
        ids = sorted(entry_id for entry_id, *_ in by_time)
        by_id: dict[StreamId, Delivery] = {}
        owned: dict[Consumer, list[StreamId]] = {}
        last: Delivery | None = None
        place = 0  # of the ID behind the last one
        for entry_id, consumer, time_ms, count in by_time:
            if consumer is None:
                by_id[entry_id] = Delivery(None, 0, count, entry_id)
                self.released[entry_id] = True
                continue
            owned.setdefault(consumer, []).append(entry_id)
            if (
                last is not None
                and (last.consumer, last.time_ms, last.delivery_count) == (consumer, time_ms, count)
                and place < len(ids)
                and ids[place] == entry_id
            ):
                last.live += 1
                place += 1
            else:
                last = Delivery(consumer, time_ms, count, entry_id)
                self._log.append(last)
                place = bisect_left(ids, entry_id) + 1
            by_id[entry_id] = last
        self.pending.fill(ids, by_id)
        for owner, owned_ids in owned.items():
            owner.pending.fill(packed(sorted(owned_ids)))

    def _take_from(self, entry_id: StreamId, held: Delivery) -> None:
        held.live -= 1
        if held.consumer is None:
            del self.released[entry_id]
        else:
            consumer = held.consumer
            consumer.pending.drop(1)

    # Deliveries by time

    def _note(self, delivery: Delivery) -> None:
        log = self._log
        last = log[-1] if log else None
        if last is not None and delivery.time_ms < last.time_ms:
            log.insert(bisect_right(log, delivery.time_ms, key=_time_ms), delivery)
        else:
            log.append(delivery)
        self._forget_stale()

    def _forget_stale(self) -> None:
        """Keep the log in proportion to what is pending. O(1), spread over removals."""
        pending = self.pending
        if not pending.count:  # usual where consumers keep up
            lists.empty(self._log)
        elif len(self._log) > 2 * pending.count + _STALE:
            self._log = [delivery for delivery in self._log if delivery.live]

    def oldest_first(self) -> Iterator[tuple[StreamId, Delivery]]:
        """Walk what is pending, released entries first, then by delivery time.

        Change nothing meanwhile. O(1) a step, spread over removals.
        """
        for entry_id in self.released:
            yield entry_id, self.pending[entry_id]
        log = self._log
        stale = 0
        while stale < len(log) and not log[stale].live:
            stale += 1
        del log[:stale]
        for delivery in log:
            for entry_id in self.pending.of(delivery):
                yield entry_id, delivery

    def log(self) -> list[Delivery]:
        """Return the deliveries by time; some have no IDs any more."""
        return self._log[:]

    @property
    def size_bytes(self) -> int:
        """About how much memory consumers and pending entries take. O(1)."""
        size_bytes = CONSUMER_BYTES * len(self.consumers) + PENDING_BYTES * len(self.pending)
        return size_bytes + DELIVERY_BYTES * len(self._log) + RELEASED_BYTES * len(self.released)

    def copy(self) -> Group:
        """Return a group of its own with the same contents."""
        copy = Group(self.last_id, self.entries_read)
        for name, consumer in self.consumers.items():
            twin = copy.add_consumer(name, consumer.seen_ms)
            twin.active_ms = consumer.active_ms
        records: list[Record] = []
        for entry_id, held in self.oldest_first():
            owner = copy.consumers[held.consumer.name] if held.consumer is not None else None
            records.append((entry_id, owner, held.time_ms, held.delivery_count))
        copy.fill(records)
        return copy


def _time_ms(delivery: Delivery) -> int:
    return delivery.time_ms


def _record_time(record: Record) -> int:
    return record[2]
