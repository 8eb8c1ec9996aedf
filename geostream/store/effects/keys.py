"""Effects on keys of any type, on strings, and on whole databases."""

from __future__ import annotations

from collections.abc import Mapping

from msgspec import field

from geostream.store.effects.effect import Change


class StreamCreated(Change):
    """A key came to hold an empty stream."""

    idmp_duration_s: int
    idmp_max_size: int

    changes = 0
    event = "new"
    event_class = "n"
    touches_watch = True
    wakes = True


class StringSet(Change):
    """A key came to hold a string; what it held before is gone, its expiry stays.

    Told as ``new`` first (class n) if there was no such key, then as ``told_as``; where that is
    ``restore``, as StreamRestored is.
    """

    content: bytes
    told_as: str  # the event: set, append, incrby, restore ...
    is_new: bool  # whether there was no such key
    replaced: str = ""  # told by: o, and c for another type

    changes = 1
    event_class = "$"
    touches_watch = True
    wakes_groups = True


class ExpirySet(Change):
    """A key is to go away at a time."""

    at_ms: int  # Unix time
    changes: int = 1  # 0 where part of a larger one: SET k v EX 10
    told: bool = True  # RESTORE k 10 tells only of the key

    only_told = frozenset({"changes", "told"})
    touches_watch = True
    event = "expire"
    event_class = "g"


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


class KeyDeleted(Change):
    """A key is gone."""

    changes = 1
    touches_watch = True
    wakes_groups = True
    event = "del"
    event_class = "g"


class KeyExpired(Change):
    """A key is gone because its time came."""

    changes = 0
    touches_watch = True
    wakes_groups = True
    event = "expired"
    event_class = "x"


class KeyMoved(Change):
    """A key's value and expiry went to another key, of the same or another database.

    What the other key held, and its expiry, are gone. Told as ``new`` (class n) of the other,
    then (g) as ``rename_from`` and ``rename_to``, or ``move_from`` and ``move_to``.
    """

    to_db: int
    to_key: bytes
    replaced: str = ""  # as with StringSet, of the other key

    changes = 1
    touches_watch = True
    wakes_groups = True
    is_wide = True


class KeyCopied(Change):
    """Another key holds a copy now; told of it as ``new`` (class n) and ``copy_to`` (g)."""

    to_db: int
    to_key: bytes
    replaced: str = ""  # as with StringSet, of the other key

    changes = 1
    is_wide = True


class DatabaseFlushed(Change):
    """Every key of a database is gone. ``key`` is empty."""

    keys: int  # how many there were
    held: Mapping[bytes, object] = field(default_factory=dict)
    # what it held, for WATCH; nobody else may keep it

    is_wide = True

    @property
    def changes(self) -> int:
        """Each key counts."""
        return self.keys


class DatabasesSwapped(Change):
    """Two databases changed places. ``key`` is empty."""

    other_db: int

    is_wide = True
