"""Pending entries: delivered to a consumer of a group, not acknowledged yet.

A group knows what is pending by ID: a ``Pel`` has the IDs in ascending order, in blocks of a
few hundred, as plain numbers in arrays, and beside each its ``Delivery``, which says whose it
is. An entry that goes away leaves its place empty, until a quarter of its block or less is
left; then the block is written anew. IDs are nearly always added at the end, and acknowledged
one after the other, so the place after the one found last is looked at before any search.

Times are Unix milliseconds and come from the caller. Whether the entry is still in the
stream is the stream's business: a deleted entry stays pending until it is acknowledged
or claimed.

Behaviour: https://redis.io/docs/latest/commands/xpending/
"""

from __future__ import annotations

from array import array
from collections.abc import Iterator

from geostream.store import halves
from geostream.store.deliveries import Block, Delivery
from geostream.store.ids import MAX_ID, MIN_ID, StreamId, successor

BLOCK_IDS = 512  # a block that grew to twice as many is split
STALE_ALLOWANCE = 64  # stale things kept before something small is rewritten
PENDING_BYTES = 48  # what one pending entry costs with group and consumer, about ...
DELIVERY_BYTES = 77  # ... beside its delivery


_BLOCK_IDS = BLOCK_IDS  # once more, as C numbers
_STALE = STALE_ALLOWANCE


class Pel:
    """What is pending in a group, by ID. See the module docstring."""

    __slots__ = ("__weakref__", "_blocks", "_number", "_place", "count")

    def __init__(self) -> None:
        """Start empty."""
        self._blocks: list[Block] = []  # none without a place
        self.count = 0  # of what is pending
        self._number = 0  # of the block where something was found last
        self._place = 0  # where it was, or where it would be

    def __len__(self) -> int:
        return self.count

    def __iter__(self) -> Iterator[StreamId]:
        return self.from_id(MIN_ID)

    def __contains__(self, entry_id: StreamId) -> bool:
        return self.find(entry_id[0], entry_id[1]) is not None

    def __getitem__(self, entry_id: StreamId) -> Delivery:
        found = self.find(entry_id[0], entry_id[1])
        if found is None:
            raise KeyError(entry_id)
        return found

    def get(self, entry_id: StreamId) -> Delivery | None:
        """Return the delivery of an ID, or None. O(log n)."""
        return self.find(entry_id[0], entry_id[1])

    def find(self, ms: int, seq: int) -> Delivery | None:
        """Return the delivery of an ID, or None. O(1) for the one after the last one asked for."""
        place = self._seek(ms, seq)
        if place < 0:
            return None
        block = self._blocks[self._number]
        return block.held[place]

    def _seek(self, ms: int, seq: int) -> int:
        """Return the place of an ID in block ``_number``; -1: it has none, but for ``_place``."""
        blocks = self._blocks
        place = self._place
        if self._number < len(blocks):
            block = blocks[self._number]
            size = len(block.held)
            if place < size and block.has(place, ms, seq):
                return place
            place += 1
            if place < size and block.has(place, ms, seq):
                self._place = place
                return place
        if not blocks:
            return -1
        self._number = self._block_of(ms, seq)
        block = blocks[self._number]
        place = self._place = halves.first_place(block.ms, block.seq, ms, seq)
        return place if place < len(block.held) and block.has(place, ms, seq) else -1

    def _block_of(self, ms: int, seq: int) -> int:
        """Return the number of the last block that does not begin above an ID; 0 if none."""
        blocks = self._blocks
        low, high = 0, len(blocks)
        while low < high:
            middle = (low + high) // 2
            block = blocks[middle]
            first_ms = halves.half(block.ms, 0)
            if first_ms < ms or (first_ms == ms and halves.half(block.seq, 0) <= seq):
                low = middle + 1
            else:
                high = middle
        return low - 1 if low else 0

    def is_below(self, ms: int, seq: int) -> bool:
        """Tell whether every ID here is certainly below this one. O(1)."""
        return not self.count or self._ends_below(ms, seq)

    def _ends_below(self, ms: int, seq: int) -> bool:
        blocks = self._blocks
        if not blocks:
            return True
        block = blocks[-1]
        last = len(block.held) - 1
        last_ms = halves.half(block.ms, last)
        return last_ms < ms or (last_ms == ms and halves.half(block.seq, last) < seq)

    # Changing

    def put_above(self, ids: array[int], delivery: Delivery) -> None:
        """Add IDs, ms, seq, ms, seq, ...; they are above all here. O(1) each, in C."""
        blocks = self._blocks
        if not self.count and not self._ends_below(halves.half(ids, 0), halves.half(ids, 1)):
            blocks.clear()  # what is left of higher IDs is stale
        count, start = len(ids) // 2, 0
        while start < count:
            block = blocks[-1] if blocks else None
            if block is None or self._is_full(block):
                block = Block()
                blocks.append(block)
            stop = min(count, start + _BLOCK_IDS - len(block.held))
            block.append(ids, start, stop, delivery)
            start = stop
        self.count += count

    def _is_full(self, last: Block) -> bool:
        """Tell whether the last block takes no more; if all of it is stale, take it away."""
        if len(last.held) < _BLOCK_IDS:
            return False
        if not last.live:
            self._blocks.pop()
        return True

    def put(self, entry_id: StreamId, delivery: Delivery) -> Delivery | None:
        """Give an ID a delivery; return the one it had. O(log n), O(1) above all others."""
        blocks = self._blocks
        place = self._seek(entry_id[0], entry_id[1])
        if place >= 0:
            block = blocks[self._number]
            before = block.held[place]
            block.give(place, delivery)
            if before is None:
                block.live += 1
                self.count += 1
            return before
        self.count += 1
        if not blocks or (
            self._ends_below(entry_id[0], entry_id[1]) and len(blocks[-1].held) >= _BLOCK_IDS
        ):
            block = Block()
            blocks.append(block)
            block.insert(0, entry_id, delivery)
            return None
        block = blocks[self._number]
        block.insert(self._place, entry_id, delivery)
        if len(block.held) >= 2 * _BLOCK_IDS:
            blocks.insert(self._number + 1, block.split())
        return None

    def run(self, ids: array[int], first: int) -> int:
        """Return how many IDs stand one behind the other here, and have one delivery.

        ids   -- ms, seq, ms, seq, ...
        first -- the number of the one to begin with; 0 is returned if it is not pending

        Cost: as ``find``, and little for each behind the first.
        """
        place = self._seek(halves.half(ids, 2 * first), halves.half(ids, 2 * first + 1))
        if place < 0:
            return 0
        block = self._blocks[self._number]
        held = block.held
        delivery = held[place]
        if delivery is None:
            return 0
        count, most = 1, min(len(ids) // 2 - first, len(held) - place)
        while (
            count < most
            and halves.is_at(block.ms, block.seq, place + count, ids, first + count)
            and held[place + count] is delivery
        ):
            count += 1
        self._place = place + count - 1
        return count

    def drop_run(self, count: int) -> Delivery:
        """Remove what ``run`` found, as many as it said; return their delivery."""
        block = self._blocks[self._number]
        if block.is_shared:
            block.own()
        held, last = block.held, self._place
        delivery = held[last]
        assert delivery is not None
        for place in range(last - count + 1, last + 1):
            held[place] = None
        block.live -= count
        self.count -= count
        if block.live * 4 < len(held):
            self._tidy(self._number, block)
        return delivery

    def _tidy(self, number: int, block: Block) -> None:
        """Rewrite a block of which little is left. The last one is left alone until it is full."""
        blocks = self._blocks
        size = len(block.held)
        if number == len(blocks) - 1 and size < _BLOCK_IDS:
            return
        if block.live and size <= _STALE:
            return
        if block.live:
            block.compact()
            if not number:
                return
            below = blocks[number - 1]
            if len(below.held) + block.live > _BLOCK_IDS:
                return
            below.absorb(block)
        del blocks[number]

    def fill(self, ids: list[StreamId], deliveries: dict[StreamId, Delivery]) -> None:
        """Take over ascending IDs with their deliveries, being empty. O(n)."""
        for start in range(0, len(ids), _BLOCK_IDS):
            block = Block()
            some = ids[start : start + _BLOCK_IDS]
            block.ms = array("Q", [entry_id[0] for entry_id in some])
            block.seq = array("Q", [entry_id[1] for entry_id in some])
            block.held = [deliveries[entry_id] for entry_id in some]
            block.live = len(some)
            self._blocks.append(block)
        self.count = len(ids)

    # Walking

    def from_id(self, start: StreamId) -> Iterator[StreamId]:
        """Walk the IDs from start upwards. Change nothing meanwhile. O(log n), then O(1) a step."""
        blocks = self._blocks
        if not blocks:
            return
        number = self._block_of(start[0], start[1])
        block = blocks[number]
        place = halves.first_place(block.ms, block.seq, start[0], start[1])
        while number < len(blocks):
            block = blocks[number]
            while place < len(block.held):
                if block.held[place] is not None:
                    yield (halves.half(block.ms, place), halves.half(block.seq, place))
                place += 1
            number += 1
            place = 0

    def after_id(self, start: StreamId) -> Iterator[StreamId]:
        """Walk the IDs above start upwards. Change nothing meanwhile."""
        return self.from_id(successor(start)) if start != MAX_ID else iter(())

    def of(self, delivery: Delivery) -> Iterator[StreamId]:
        """Walk the IDs that have a delivery upwards. Change nothing meanwhile.

        O(log n), then O(1) a step where no others are in between.
        """
        left = delivery.live
        if not left:
            return
        number = self._block_of(delivery.first_ms, delivery.first_seq)
        block = self._blocks[number]
        place = halves.first_place(block.ms, block.seq, delivery.first_ms, delivery.first_seq)
        while left:
            if place == len(block.held):
                number, place = number + 1, 0
                block = self._blocks[number]
            if block.held[place] is delivery:
                yield (halves.half(block.ms, place), halves.half(block.seq, place))
                left -= 1
            place += 1

    def first(self) -> StreamId | None:
        """Return the smallest ID. O(1)."""
        return next(self.from_id(MIN_ID), None)

    def last(self) -> StreamId | None:
        """Return the largest ID. O(1)."""
        for block in reversed(self._blocks):
            for place in range(len(block.held) - 1, -1, -1):
                if block.held[place] is not None:
                    return (block.ms[place], block.seq[place])
        return None

    def pictures(self) -> list[tuple[array[int], array[int], list[Delivery | None]]]:
        """Return what is here: times, sequences and deliveries, block by block. O(n / 512).

        None of it changes any more, and nobody may change it: a block that is to change gets
        arrays of its own first.
        """
        pictures = []
        for block in self._blocks:
            block.is_shared = True
            pictures.append((block.ms, block.seq, block.held))
        return pictures
