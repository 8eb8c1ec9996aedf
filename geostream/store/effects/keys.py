"""Effects on keys of any type, on strings, and on whole databases."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from geostream.store.effects.effect import Change


@dataclass(slots=True)
class StreamCreated(Change):
    """A key came to hold an empty stream."""

    idmp_duration_s: int
    idmp_max_size: int

    changes = 0
    event = "new"
    event_class = "n"
    touches_watch = True
    wakes = True


@dataclass(slots=True)
class StringSet(Change):
    """A key came to hold a string; what it held before is gone, its expiry stays.

    Told as ``new`` first (class n) if there was no such key, then as ``told_as``; where that is
    ``restore``, as StreamRestored is.
    """

    content: bytes
    told_as: str  # the event: set, append, incrby, restore ...
    is_new: bool  # whether there was no such key
    replaced: str = field(default="", compare=False)  # told by: o, and c for another type

    changes = 1
    event_class = "$"
    touches_watch = True
    wakes_groups = True


@dataclass(slots=True)
class ExpirySet(Change):
    """A key is to go away at a time."""

    at_ms: int  # Unix time
    changes: int = field(default=1, compare=False)  # 0 where part of a larger one: SET k v EX 10
    told: bool = field(default=True, compare=False)  # RESTORE k 10 tells only of the key

    touches_watch = True
    event = "expire"
    event_class = "g"


@dataclass(slots=True)
class ExpiryRemoved(Change):
    """A key is to stay."""

    told: bool  # False where it is part of a larger change: SET without KEEPTTL

    touches_watch = True
    event = "persist"
    event_class = "g"

    @property
    def changes(self) -> int:
        """The whole command counts as one."""
        return int(self.told)


@dataclass(slots=True)
class KeyDeleted(Change):
    """A key is gone."""

    changes = 1
    touches_watch = True
    wakes_groups = True
    event = "del"
    event_class = "g"


@dataclass(slots=True)
class KeyExpired(Change):
    """A key is gone because its time came."""

    changes = 0
    touches_watch = True
    wakes_groups = True
    event = "expired"
    event_class = "x"


@dataclass(slots=True)
class KeyMoved(Change):
    """A key's value and expiry went to another key, of the same or another database.

    What the other key held, and its expiry, are gone. Told as ``new`` (class n) of the other,
    then (g) as ``rename_from`` and ``rename_to``, or ``move_from`` and ``move_to``.
    """

    to_db: int
    to_key: bytes
    replaced: str = field(default="", compare=False)  # as with StringSet, of the other key

    changes = 1
    touches_watch = True
    wakes_groups = True
    is_wide = True


@dataclass(slots=True)
class KeyCopied(Change):
    """Another key holds a copy now; told of it as ``new`` (class n) and ``copy_to`` (g)."""

    to_db: int
    to_key: bytes
    replaced: str = field(default="", compare=False)  # as with StringSet, of the other key

    changes = 1
    is_wide = True


@dataclass(slots=True)
class DatabaseFlushed(Change):
    """Every key of a database is gone. ``key`` is empty."""

    keys: int  # how many there were
    held: Mapping[bytes, object] = field(default_factory=dict, compare=False, repr=False)
    # what it held, for WATCH; nobody else may keep it

    is_wide = True

    @property
    def changes(self) -> int:
        """Each key counts."""
        return self.keys


@dataclass(slots=True)
class DatabasesSwapped(Change):
    """Two databases changed places. ``key`` is empty."""

    other_db: int

    is_wide = True
