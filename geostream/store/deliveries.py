"""What pending entries are made of: deliveries, and blocks of IDs that have them.

What a ``Delivery`` says is never changed: an entry is given another one. All entries of one
read share one. Which IDs have it is said by the ``Pel`` of its group (pending.py), which keeps
them in blocks; a delivery has the first of those it was made for, where looking for them begins,
and how many are left, where it ends. It is made for IDs that are neighbours there: so few others
are looked at. That it is small counts where entries are read one by one.
"""

from __future__ import annotations

from array import array
from typing import TYPE_CHECKING

from geostream.store import halves
from geostream.store.ids import StreamId

if TYPE_CHECKING:
    from geostream.store.group import Consumer

_HALVES = array("Q")  # empty: what arrays are made like


def packed(ids: list[StreamId]) -> array[int]:
    """Return ms, seq, ms, seq, ... of IDs, as a ``Delivery`` has them."""
    return halves.interleaved(ids, _HALVES)


def unpacked(ids: array[int]) -> list[StreamId]:
    """Return the IDs of ms, seq, ms, seq, ..."""
    numbers = iter(ids)
    return list(zip(numbers, numbers, strict=True))


class Delivery:
    """Who has pending entries, since when, and how often they were delivered."""

    __slots__ = ("consumer", "delivery_count", "first_ms", "first_seq", "live", "time_ms")

    def __init__(
        self,
        consumer: Consumer | None,
        time_ms: int,
        delivery_count: int,
        first_id: StreamId,
        live: int = 1,
    ) -> None:
        """Make one for so many IDs from this one on; consumer None: released by XNACK."""
        self.consumer = consumer
        self.time_ms = time_ms
        self.delivery_count = delivery_count
        self.first_ms, self.first_seq = first_id
        self.live = live  # so many still have it


def delivery_of(consumer: Consumer, time_ms: int, ids: array[int]) -> Delivery:
    """Return one for IDs delivered for the first time: it costs a third of calling the class."""
    delivery = Delivery.__new__(Delivery)
    delivery.consumer = consumer
    delivery.time_ms = time_ms
    delivery.delivery_count = 1
    delivery.first_ms = halves.half(ids, 0)
    delivery.first_seq = halves.half(ids, 1)
    delivery.live = len(ids) // 2
    return delivery


class Block:
    """Some consecutive IDs; ``held`` has a delivery for each, None where it went away."""

    __slots__ = ("held", "is_shared", "live", "ms", "seq")

    def __init__(self) -> None:
        """Start empty."""
        self.ms = _HALVES[:]
        self.seq = _HALVES[:]
        self.held: list[Delivery | None] = []
        self.live = 0
        self.is_shared = False  # lists and arrays belong to a picture, too

    def own(self) -> None:
        """Have lists and arrays that may be changed."""
        self.ms, self.seq, self.held = self.ms[:], self.seq[:], self.held[:]
        self.is_shared = False

    def give(self, place: int, delivery: Delivery | None) -> None:
        """Put a delivery at a place, or take it away."""
        if self.is_shared:
            self.own()
        self.held[place] = delivery

    def has(self, place: int, ms: int, seq: int) -> bool:
        """Tell whether this ID has that place."""
        return halves.half(self.seq, place) == seq and halves.half(self.ms, place) == ms

    def append(self, ids: array[int], start: int, stop: int, delivery: Delivery) -> None:
        """Add IDs that are above all here: those from one place in an array up to another."""
        if self.is_shared:
            self.own()
        halves.spread(self.ms, self.seq, ids, start, stop)
        held = self.held
        for _ in range(start, stop):
            held.append(delivery)
        self.live += stop - start

    def insert(self, place: int, entry_id: StreamId, delivery: Delivery) -> None:
        """Put an ID where it belongs."""
        if self.is_shared:
            self.own()
        self.ms.insert(place, entry_id[0])
        self.seq.insert(place, entry_id[1])
        self.held.insert(place, delivery)
        self.live += 1

    def split(self) -> Block:
        """Give the upper half to a new block; return it."""
        if self.is_shared:
            self.own()
        upper, middle = Block(), len(self.held) // 2
        upper.ms, upper.seq, upper.held = self.ms[middle:], self.seq[middle:], self.held[middle:]
        del self.ms[middle:], self.seq[middle:], self.held[middle:]
        upper.live = len(upper.held) - upper.held.count(None)
        self.live -= upper.live
        return upper

    def compact(self) -> None:
        """Forget the places of what went away."""
        held = self.held
        places = [place for place in range(len(held)) if held[place] is not None]
        self.ms = array("Q", [self.ms[place] for place in places])
        self.seq = array("Q", [self.seq[place] for place in places])
        self.held = [held[place] for place in places]
        self.is_shared = False

    def absorb(self, upper: Block) -> None:
        """Take over what another block has, whose IDs are above all here."""
        if self.is_shared:
            self.own()
        self.ms.extend(upper.ms)
        self.seq.extend(upper.seq)
        self.held += upper.held
        self.live += upper.live
