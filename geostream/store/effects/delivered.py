"""The effect of XREADGROUP, written out and compiled because one is made for every read."""

from __future__ import annotations

from array import array
from typing import ClassVar

from geostream.store.deliveries import packed, unpacked
from geostream.store.ids import StreamId


class Delivered:
    """A consumer was given new entries; that is when it was last seen. An ``Effect``.

    places       -- their IDs as ms, seq, ms, seq, ..., ascending; never mutated, nor the rest
    entries_read -- of the group, afterwards
    noack        -- nothing became pending, and the consumer does not count as active
    """

    __slots__ = ("consumer", "db", "entries_read", "group", "key", "noack", "places", "time_ms")

    event: ClassVar[str] = ""
    event_class: ClassVar[str] = ""
    touches_watch: ClassVar[bool] = False
    wakes: ClassVar[bool] = False
    wakes_groups: ClassVar[bool] = False
    is_wide: ClassVar[bool] = False
    changes: ClassVar[int] = 1

    def __init__(
        self,
        db: int,
        key: bytes,
        group: bytes,
        consumer: bytes,
        ids: list[StreamId] | array[int],
        time_ms: int,
        entries_read: int | None,
        noack: bool,
    ) -> None:
        self.db = db
        self.key = key
        self.group = group
        self.consumer = consumer
        self.places: array[int] = packed(ids) if isinstance(ids, list) else ids
        self.time_ms = time_ms
        self.entries_read = entries_read
        self.noack = noack

    @property
    def ids(self) -> list[StreamId]:
        """The IDs one by one. O(n)."""
        return unpacked(self.places)

    @property
    def last_id(self) -> StreamId:
        """The last of the IDs, where the group stands afterwards. O(1)."""
        return (self.places[-2], self.places[-1])

    def _what(self) -> tuple[object, ...]:
        reader = (self.db, self.key, self.group, self.consumer)
        return (*reader, self.ids, self.time_ms, self.entries_read, self.noack)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Delivered) and self._what() == other._what()

    __hash__ = None  # type: ignore[assignment]  # it holds an array

    def __repr__(self) -> str:
        return f"Delivered{self._what()!r}"


def delivered(
    db: int,
    key: bytes,
    group: bytes,
    consumer: bytes,
    places: array[int],
    time_ms: int,
    entries_read: int | None,
    noack: bool,
) -> Delivered:
    """Return the effect. Compiled, this costs a third of calling the class."""
    effect = Delivered.__new__(Delivered)
    effect.db = db
    effect.key = key
    effect.group = group
    effect.consumer = consumer
    effect.places = places
    effect.time_ms = time_ms
    effect.entries_read = entries_read
    effect.noack = noack
    return effect
