"""All data: databases of keys, their values and expiry times, and the journal.

Looking is done on a ``Database``; it takes care that a key whose time has come is gone
before anybody sees it. Changing is done by committing an effect to the ``Keyspace``,
which carries it out and appends it to the journal. Whoever drives the keyspace (the
engine) sets ``now_ms`` and ``is_reading`` before a command and empties the journal after it.

SCAN needs an order of keys that does not change while somebody is in the middle of it;
see hash_order.py.

Keys that will expire wait in a heap, soonest first; an expiry that was changed since
leaves a stale item, which is recognised when its turn comes.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from heapq import heappop, heappush
from typing import TYPE_CHECKING

from geostream.store.apply import APPLY, add_entry, deliver
from geostream.store.effects import DatabaseFlushed, Effect, KeyExpired
from geostream.store.effects.delivered import Delivered
from geostream.store.effects.entry_added import EntryAdded
from geostream.store.effects.pending_removed import PendingRemoved
from geostream.store.errors import WrongType
from geostream.store.group import Consumer, Group
from geostream.store.hash_order import HashOrder
from geostream.store.nodes import NodeLimits
from geostream.store.stream import Stream
from geostream.store.value import String, Value

if TYPE_CHECKING:
    from geostream.store.capture import Capture

STALE_ALLOWANCE = 64  # stale items kept before a small list is rewritten


class Database:
    """One of the numbered databases. Change it through ``Keyspace.commit``."""

    def __init__(self, number: int, keyspace: Keyspace) -> None:
        """Start empty."""
        self.number = number
        self._keyspace = keyspace
        self.values: dict[bytes, Value] = {}
        self._last_key = b""  # the key that was looked for last ...
        self._last: Value | None = None  # ... and what it holds; None: not known
        self.expiries: dict[bytes, int] = {}  # Unix time in ms
        self._order = HashOrder()
        self._expiry_heap: list[tuple[int, bytes]] = []  # soonest first; may hold stale ones

    def __len__(self) -> int:
        return len(self.values)

    # Looking

    def find(self, key: bytes, touch: bool = True) -> Value | None:
        """Return a key's value, or None. An expired key is deleted first.

        touch -- whether this counts as use for OBJECT IDLETIME
        """
        keyspace = self._keyspace
        value = self._value(key)
        if value is not None and self.expiries and not keyspace.is_loading:
            now_ms = keyspace.now_ms
            if self.expiries.get(key, now_ms + 1) <= now_ms:
                if keyspace.expires_keys:
                    keyspace.expire(self.number, key)
                value = None
        if value is not None and touch and keyspace.touches:
            value.accessed_ms = keyspace.now_ms
        if keyspace.is_reading:
            if value is not None:
                keyspace.hits += 1
            else:
                self.note_miss(key)
        return value

    def _value(self, key: bytes) -> Value | None:
        """Return what a key holds, or None. The one that was asked for last costs no look-up."""
        if self._last is not None and key == self._last_key:
            return self._last
        value = self.values.get(key)
        if value is not None:
            self._last_key, self._last = key, value
        return value

    def lasting_stream(self, key: bytes) -> Stream | None:
        """Return the stream a key holds, if it never expires; None says nothing.

        Nothing is counted: who makes use of it notes that, who does not looks again by ``find``.
        """
        value = self._value(key)
        if type(value) is not Stream or (self.expiries and key in self.expiries):
            return None
        return value

    def note_use(self, stream: Stream, looks: int) -> None:
        """Count that somebody looked so often for a stream and found it, as ``find`` does."""
        keyspace = self._keyspace
        if keyspace.touches:
            stream.accessed_ms = keyspace.now_ms
        if keyspace.is_reading:
            keyspace.hits += looks

    def note_miss(self, key: bytes) -> None:
        """Count that somebody looked for a key that is not there."""
        keyspace = self._keyspace
        keyspace.misses += 1
        keyspace.missed.append((self.number, key, len(keyspace.journal)))

    def stream(self, key: bytes) -> Stream | None:
        """Return the stream a key holds, None if there is no key. Raises WrongType."""
        value = self.find(key)
        if value is None or type(value) is Stream:
            return value
        raise WrongType

    def string(self, key: bytes) -> bytes | None:
        """Return the string a key holds, None if there is no key. Raises WrongType."""
        value = self.find(key)
        if value is None:
            return None
        if type(value) is String:
            return value.content
        raise WrongType

    def keys(self) -> Iterator[bytes]:
        """Yield every key that has not expired. Change nothing meanwhile."""
        now_ms = self._keyspace.now_ms
        for key in self.values:
            if self.expiries.get(key, now_ms + 1) > now_ms:
                yield key

    def scan(self, cursor: int, count: int) -> tuple[int, list[bytes]]:
        """Return the next cursor, 0 at the end, and about count keys. O(log n + count).

        The keys may have expired. Any cursor will do; whoever goes from 0 to 0 meets every
        key that was there all the time.
        """
        return self._order.page(cursor, count)

    def random_key(self) -> bytes | None:
        """Return any key that has not expired, or None. O(1) on average."""
        while self.values:
            key = self._order.random()
            if self.find(key, touch=False) is not None:
                return key
            if not self._keyspace.expires_keys:
                return next(self.keys(), None)
        return None

    def due(self, limit: int) -> list[bytes]:
        """Return keys whose time has come, at most limit. O(log n) for each."""
        heap, now_ms = self._expiry_heap, self._keyspace.now_ms
        keys: list[bytes] = []
        while heap and heap[0][0] <= now_ms and len(keys) < limit:
            at_ms, key = heappop(heap)
            if self.expiries.get(key) == at_ms and keys[-1:] != [key]:  # it may stand there twice
                keys.append(key)
        return keys

    # Changing; called from apply.py

    def put(self, key: bytes, value: Value) -> None:
        """Make a key hold a value, in place of another if it holds one."""
        value.accessed_ms = self._keyspace.now_ms
        value.epoch = self._keyspace.epoch
        if key not in self.values:
            self._order.add(key)
        self.values[key] = value
        self._last = None

    def remove(self, key: bytes) -> Value:
        """Take a key away; return what it held."""
        self.expiries.pop(key, None)
        self._order.drop(key)
        self._last = None
        return self.values.pop(key)

    def set_expiry(self, key: bytes, at_ms: int) -> None:
        """Let a key go away at a time."""
        self.expiries[key] = at_ms
        heap = self._expiry_heap
        heappush(heap, (at_ms, key))
        if len(heap) > 2 * len(self.expiries) + STALE_ALLOWANCE:
            self._expiry_heap = sorted((at_ms, key) for key, at_ms in self.expiries.items())

    def clear(self) -> None:
        """Take every key away."""
        self.values = {}
        self.expiries = {}
        self._order = HashOrder()
        self._expiry_heap = []
        self._last = None

    def swap(self, other: Database) -> None:
        """Change contents with another database."""
        for name in ("values", "expiries", "_order", "_expiry_heap"):
            mine = getattr(self, name)
            setattr(self, name, getattr(other, name))
            setattr(other, name, mine)
        self._last = other._last = None


class Keyspace:
    """The databases and the journal of what changed."""

    def __init__(self, databases: int = 16) -> None:
        """Start empty."""
        self.now_ms = 0  # the time of the command that runs; set from outside
        self.expires_keys = True  # False: expired keys are hidden but not deleted
        self.touches = True  # False: looking at a key does not count as use (CLIENT NO-TOUCH)
        self.is_reading = False  # whether looking at a key counts as a hit or a miss
        self.expired = 0
        self.hits = 0
        self.misses = 0
        # database, key, and how much had happened before; emptied with the journal
        self.missed: list[tuple[int, bytes, int]] = []
        self.is_loading = False  # no key expires: what is loaded says itself when one went
        self.node_limits = NodeLimits()
        self.epoch = 0  # how many snapshots were begun
        self.capture: Capture | None = None  # the snapshot being taken
        self.journal: list[Effect] = []  # what changed since it was last emptied
        self.databases = [Database(number, self) for number in range(databases)]

    def commit(self, effect: Effect) -> None:
        """Carry out an effect and note it in the journal."""
        if self.capture is not None:
            self.capture.before(effect)
        APPLY[type(effect)](self, effect)
        self.journal.append(effect)

    def add(self, stream: Stream, effect: EntryAdded) -> None:
        """Commit that a stream got an entry, having found it already: XADD is most of all."""
        if self.capture is not None:
            self.capture.before(effect)
        add_entry(stream, effect)
        self.journal.append(effect)

    def deliver(self, stream: Stream, group: Group, consumer: Consumer, effect: Delivered) -> None:
        """Commit that a consumer got entries, having found it and its group already."""
        if self.capture is not None:
            self.capture.before(effect)
        if not group.is_changing:
            stream.groups.changing(effect.group)
        deliver(group, consumer, effect)
        self.journal.append(effect)

    def acknowledge(self, stream: Stream, group: Group, effect: PendingRemoved) -> None:
        """Commit that entries are pending no more, having found their group already."""
        if self.capture is not None:
            self.capture.before(effect)
        if not group.is_changing:
            stream.groups.changing(effect.group)
        group.remove(effect.places)
        self.journal.append(effect)

    def expire(self, database: int, key: bytes) -> None:
        """Delete a key whose time has come."""
        self.commit(KeyExpired(database, key))
        self.expired += 1

    def replay(self, effects: Iterable[Effect]) -> None:
        """Carry out effects that were noted before, in their order, without noting them."""
        for effect in effects:
            APPLY[type(effect)](self, effect)

    def adopt(self, other: Keyspace) -> None:
        """Take over all data of another keyspace; it gets what was here. O(databases).

        Nobody is told: this is for loading, and for a change of everything at once.
        """
        for mine, theirs in zip(self.databases, other.databases, strict=True):
            mine.swap(theirs)

    def flush(self, database: Database) -> None:
        """Delete all keys of a database."""
        self.commit(DatabaseFlushed(database.number, b"", len(database), database.values))
