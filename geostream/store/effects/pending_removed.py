"""The effect of XACK, written out and compiled because one is made for every batch."""

from __future__ import annotations

from array import array
from typing import ClassVar

from geostream.store.deliveries import packed, unpacked
from geostream.store.ids import StreamId


class PendingRemoved:
    """Pending entries were acknowledged, or cleaned up. An ``Effect``; never mutated.

    places  -- their IDs as ms, seq, ms, seq, ...
    changes -- as many as IDs; DELREF: 0; makes no difference to what it is equal to
    """

    __slots__ = ("changes", "db", "group", "key", "places")

    event: ClassVar[str] = ""
    event_class: ClassVar[str] = ""
    touches_watch: ClassVar[bool] = False
    wakes: ClassVar[bool] = False
    wakes_groups: ClassVar[bool] = False
    is_wide: ClassVar[bool] = False

    def __init__(
        self,
        db: int,
        key: bytes,
        group: bytes,
        ids: list[StreamId] | array[int],
        changes: int = 0,
    ) -> None:
        self.db = db
        self.key = key
        self.group = group
        self.places: array[int] = packed(ids) if isinstance(ids, list) else ids
        self.changes = changes

    @property
    def ids(self) -> list[StreamId]:
        """The IDs one by one. O(n)."""
        return unpacked(self.places)

    def _what(self) -> tuple[object, ...]:
        return (self.db, self.key, self.group, self.ids)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, PendingRemoved) and self._what() == other._what()

    __hash__ = None  # type: ignore[assignment]  # it holds an array

    def __repr__(self) -> str:
        return f"PendingRemoved{self._what()!r}"


def pending_removed(
    db: int, key: bytes, group: bytes, places: array[int], changes: int
) -> PendingRemoved:
    """Return the effect. Compiled, this costs a third of calling the class."""
    effect = PendingRemoved.__new__(PendingRemoved)
    effect.db = db
    effect.key = key
    effect.group = group
    effect.places = places
    effect.changes = changes
    return effect
