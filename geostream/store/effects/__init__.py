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

from geostream.store.effects.delivered import Delivered
from geostream.store.effects.effect import Effect
from geostream.store.effects.entries import (
    EmptyNodesDropped,
    EntriesDeleted,
    EntriesTrimmed,
    StreamIdSet,
    StreamRestored,
)
from geostream.store.effects.entry_added import EntryAdded
from geostream.store.effects.groups import (
    Claimed,
    ConsumerCreated,
    ConsumerDeleted,
    ConsumerSeen,
    GroupCreated,
    GroupDestroyed,
    GroupMoved,
    IdmpConfigured,
    IdmpDuplicate,
    IdmpExpired,
    IdmpRecorded,
    Released,
)
from geostream.store.effects.keys import (
    DatabaseFlushed,
    DatabasesSwapped,
    ExpiryRemoved,
    ExpirySet,
    KeyCopied,
    KeyDeleted,
    KeyExpired,
    KeyMoved,
    StreamCreated,
    StringSet,
)
from geostream.store.effects.pending_removed import PendingRemoved

__all__ = [
    "Claimed",
    "ConsumerCreated",
    "ConsumerDeleted",
    "ConsumerSeen",
    "DatabaseFlushed",
    "DatabasesSwapped",
    "Delivered",
    "Effect",
    "EmptyNodesDropped",
    "EntriesDeleted",
    "EntriesTrimmed",
    "EntryAdded",
    "ExpiryRemoved",
    "ExpirySet",
    "GroupCreated",
    "GroupDestroyed",
    "GroupMoved",
    "IdmpConfigured",
    "IdmpDuplicate",
    "IdmpExpired",
    "IdmpRecorded",
    "KeyCopied",
    "KeyDeleted",
    "KeyExpired",
    "KeyMoved",
    "PendingRemoved",
    "Released",
    "StreamCreated",
    "StreamIdSet",
    "StreamRestored",
    "StringSet",
]
