"""Effects: what a command changed, as plain facts.

A handler decides, puts its decision into effects, and ``Keyspace.commit`` carries them
out and notes them in the journal. There is no other way to change data. So an effect
holds every choice already made (the ID, not ``*``; the time, not "now"), cannot fail,
and carried out again on the same data gives the same data. Persistence, waiting
readers, WATCH, keyspace events and change counters see effects and nothing else.

The list is closed. A new kind of change is a new class here, a function in apply.py and
a case in each plugin.

``changes`` is how much an effect adds to rdb_changes_since_last_save, ``event`` the
keyspace event it is told as, if any, and ``event_class`` the letter under which
notify-keyspace-events asks for it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import ClassVar

from geostream.store.ids import StreamId


@dataclass(slots=True)  # never mutated; frozen=True costs four times as much to build
class Effect:
    """One change to one key of one database."""

    db: int
    key: bytes

    event: ClassVar[str] = ""
    event_class: ClassVar[str] = ""
    touches_watch: ClassVar[bool] = False  # WATCH on the key notices
    wakes: ClassVar[bool] = False  # reads that wait for the key are tried again
    wakes_groups: ClassVar[bool] = False  # XREADGROUPs that need the key are tried again
    is_wide: ClassVar[bool] = False  # says more than that its one key changed

    @property
    def changes(self) -> int:
        """Many kinds set a number of their own; where it differs by command, it is a field."""
        return 1


@dataclass(slots=True)
class StreamCreated(Effect):
    """A key came to hold an empty stream."""

    idmp_duration_s: int
    idmp_max_size: int

    changes = 0
    event = "new"
    event_class = "n"
    touches_watch = True
    wakes = True


@dataclass(slots=True)
class StringSet(Effect):
    """A key came to hold a string; what it held before is gone, its expiry stays.

    Told as ``new`` first (class n) if there was no such key, then as ``told_as``.
    """

    content: bytes
    told_as: str  # the event: set, append, incrby ...
    is_new: bool  # whether there was no such key
    replaced: str = field(default="", compare=False)  # told by: o, and c for another type

    changes = 1
    event_class = "$"
    touches_watch = True
    wakes_groups = True


@dataclass(slots=True)
class ExpirySet(Effect):
    """A key is to go away at a time."""

    at_ms: int  # Unix time
    changes: int = field(default=1, compare=False)  # 0 where part of a larger one: SET k v EX 10

    touches_watch = True
    event = "expire"
    event_class = "g"


@dataclass(slots=True)
class ExpiryRemoved(Effect):
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
class KeyDeleted(Effect):
    """A key is gone."""

    changes = 1
    touches_watch = True
    wakes_groups = True
    event = "del"
    event_class = "g"


@dataclass(slots=True)
class KeyExpired(Effect):
    """A key is gone because its time came."""

    changes = 0
    touches_watch = True
    wakes_groups = True
    event = "expired"
    event_class = "x"


@dataclass(slots=True)
class KeyMoved(Effect):
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
class KeyCopied(Effect):
    """Another key holds a copy now; told of it as ``new`` (class n) and ``copy_to`` (g)."""

    to_db: int
    to_key: bytes
    replaced: str = field(default="", compare=False)  # as with StringSet, of the other key

    changes = 1
    is_wide = True


@dataclass(slots=True)
class DatabaseFlushed(Effect):
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
class DatabasesSwapped(Effect):
    """Two databases changed places. ``key`` is empty."""

    other_db: int

    is_wide = True


# Entries


@dataclass(slots=True)
class EntryAdded(Effect):
    """An entry was put at the end of its stream."""

    id: StreamId
    fields: bytes  # RESP array of field, value, field, value, ...: as stored, as sent
    starts_node: bool  # where Redis would start a node; follows from limits that may change
    unpacked: list[bytes] | None = field(default=None, compare=False, repr=False)
    # the same fields one by one, where whoever made the effect had them

    changes = 1
    event = "xadd"
    event_class = "t"
    touches_watch = True
    wakes = True


@dataclass(slots=True)
class EntriesTrimmed(Effect):
    """The oldest entries were taken away."""

    count: int
    nodes: int  # of Redis' nodes that went as a whole with them
    changes: int = field(default=0, compare=False)  # XTRIM: as many as entries; XADD: 0

    event = "xtrim"
    event_class = "t"
    touches_watch = True


@dataclass(slots=True)
class EntriesDeleted(Effect):
    """Entries were taken away wherever they stood."""

    ids: list[StreamId]
    max_deleted_id: StreamId  # of the stream, afterwards
    by_trimming: bool  # XTRIM ACKED, which passes over entries; nodes left empty stay, for now
    changes: int = field(default=0, compare=False)  # XDEL, XDELEX, XTRIM: as many as entries

    event_class = "t"
    touches_watch = True


@dataclass(slots=True)
class EmptyNodesDropped(Effect):
    """A trim passed so many of Redis' nodes; those without entries went. No news for anybody."""

    nodes: int

    changes = 0


@dataclass(slots=True)
class StreamIdSet(Effect):
    """A stream's counters were set (XSETID)."""

    last_id: StreamId
    entries_added: int
    max_deleted_id: StreamId

    event = "xsetid"
    event_class = "t"


# Groups, what they have pending, and producers


@dataclass(slots=True)
class GroupCreated(Effect):
    """A group came to be."""

    group: bytes
    last_id: StreamId
    entries_read: int | None

    event = "xgroup-create"
    event_class = "t"


@dataclass(slots=True)
class GroupMoved(Effect):
    """A group reads on from elsewhere."""

    group: bytes
    last_id: StreamId
    entries_read: int | None
    told: bool  # XGROUP SETID is; XCLAIM LASTID is not
    changes: int = field(default=1, compare=False)  # XCLAIM that claimed something: 0

    event = "xgroup-setid"
    event_class = "t"


@dataclass(slots=True)
class GroupDestroyed(Effect):
    """A group is gone with its consumers and what they had pending."""

    group: bytes

    event = "xgroup-destroy"
    event_class = "t"
    wakes_groups = True


@dataclass(slots=True)
class ConsumerCreated(Effect):
    """A group has one consumer more."""

    group: bytes
    consumer: bytes
    seen_ms: int

    event = "xgroup-createconsumer"
    event_class = "t"


@dataclass(slots=True)
class ConsumerDeleted(Effect):
    """A consumer is gone with what it had pending."""

    group: bytes
    consumer: bytes

    event = "xgroup-delconsumer"
    event_class = "t"


@dataclass(slots=True)
class ConsumerSeen(Effect):
    """A consumer asked for something, and maybe was given an entry to keep."""

    group: bytes
    consumer: bytes
    seen_ms: int
    active_ms: int  # -1: never

    changes = 0


@dataclass(slots=True)
class Delivered(Effect):
    """A consumer was given new entries (XREADGROUP >); that is when it was last seen."""

    group: bytes
    consumer: bytes
    ids: list[StreamId]  # ascending
    time_ms: int
    entries_read: int | None  # of the group, afterwards
    noack: bool  # nothing became pending, and the consumer does not count as active


@dataclass(slots=True)
class Claimed(Effect):
    """Pending entries, there before or not, became a consumer's."""

    group: bytes
    consumer: bytes
    records: list[tuple[StreamId, int, int]]  # ID, delivery time in ms, delivery count
    changes: int = field(default=0, compare=False)  # XCLAIM, XAUTOCLAIM: as many as claimed


@dataclass(slots=True)
class Released(Effect):
    """Pending entries, there before or not, became nobody's (XNACK)."""

    group: bytes
    records: list[tuple[StreamId, int]]  # ID, delivery count
    changes: int = field(default=0, compare=False)  # as many as were released

    wakes_groups = True


@dataclass(slots=True)
class PendingRemoved(Effect):
    """Pending entries were acknowledged, or cleaned up."""

    group: bytes
    ids: list[StreamId]
    changes: int = field(default=0, compare=False)  # as many as IDs; DELREF: 0


@dataclass(slots=True)
class IdmpConfigured(Effect):
    """A stream remembers producers' messages otherwise, and has forgotten all of them."""

    duration_s: int
    max_size: int


@dataclass(slots=True)
class IdmpRecorded(Effect):
    """A producer's message is remembered with its entry."""

    pid: bytes
    iid: bytes
    id: StreamId

    changes = 0
    is_wide = True


@dataclass(slots=True)
class IdmpDuplicate(Effect):
    """A message came again and was not added."""


@dataclass(slots=True)
class IdmpExpired(Effect):
    """Messages whose entries' IDs are not after a time are forgotten."""

    floor_ms: int

    changes = 0
