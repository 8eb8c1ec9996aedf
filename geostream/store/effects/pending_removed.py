"""The effect of XACK, written out and compiled because one is made for every batch."""

from __future__ import annotations

from typing import ClassVar

from geostream.store.ids import StreamId


class PendingRemoved:
    """Pending entries were acknowledged, or cleaned up. An ``Effect``; never mutated.

    changes -- as many as IDs; DELREF: 0; makes no difference to what it is equal to
    """

    __slots__ = ("changes", "db", "group", "ids", "key")

    event: ClassVar[str] = ""
    event_class: ClassVar[str] = ""
    touches_watch: ClassVar[bool] = False
    wakes: ClassVar[bool] = False
    wakes_groups: ClassVar[bool] = False
    is_wide: ClassVar[bool] = False

    def __init__(
        self, db: int, key: bytes, group: bytes, ids: list[StreamId], changes: int = 0
    ) -> None:
        self.db = db
        self.key = key
        self.group = group
        self.ids = ids
        self.changes = changes

    def _what(self) -> tuple[object, ...]:
        return (self.db, self.key, self.group, self.ids)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, PendingRemoved) and self._what() == other._what()

    __hash__ = None  # type: ignore[assignment]  # it holds a list

    def __repr__(self) -> str:
        return f"PendingRemoved{self._what()!r}"
