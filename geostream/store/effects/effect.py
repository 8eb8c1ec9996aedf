"""What all effects have in common; see the package for what an effect is."""

from __future__ import annotations

from typing import ClassVar, Protocol

from msgspec import Struct


class Effect(Protocol):
    """One change to one key of one database."""

    db: int
    key: bytes

    event: ClassVar[str]
    event_class: ClassVar[str]
    touches_watch: ClassVar[bool]  # WATCH on the key notices
    wakes: ClassVar[bool]  # reads that wait for the key are tried again
    wakes_groups: ClassVar[bool]  # XREADGROUPs that need the key are tried again
    is_wide: ClassVar[bool]  # says more than that its one key changed

    @property
    def changes(self) -> int:
        """How many changes it counts as, for INFO and for ``save``."""
        ...


class Change(Struct, eq=False):  # never mutated
    """What most kinds of effect are made from: an Effect about which there is nothing special."""

    db: int
    key: bytes

    event: ClassVar[str] = ""
    event_class: ClassVar[str] = ""
    touches_watch: ClassVar[bool] = False
    wakes: ClassVar[bool] = False
    wakes_groups: ClassVar[bool] = False
    is_wide: ClassVar[bool] = False

    #: Fields that say how to tell of it and not what it does; equal effects may differ in them.
    only_told: ClassVar[frozenset[str]] = frozenset({"changes", "held", "replaced"})

    @property
    def changes(self) -> int:
        """Many kinds set a number of their own; where it differs by command, it is a field."""
        return 1

    def __eq__(self, other: object) -> bool:
        if type(other) is not type(self):
            return NotImplemented
        names = [name for name in self.__struct_fields__ if name not in self.only_told]
        return all(getattr(self, name) == getattr(other, name) for name in names)

    __hash__ = None  # type: ignore[assignment]
