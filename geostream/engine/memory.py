"""How much memory the data takes.

What counts as used is the data and what the process took before there was any; that sum
is what ``maxmemory`` limits and INFO shows. Values know their size. The sum is brought up
to date from the effects: keys that changed since the last question are asked again, so a
question costs what changed in between. Packing a stream's segments changes its size without
an effect, and is told by ``note_key``.

What is unpacked for a while belongs to no key, and counts as used too.
"""

from __future__ import annotations

from geostream.engine.messages import Messages
from geostream.store.effects import (
    DatabaseFlushed,
    DatabasesSwapped,
    Effect,
    IdmpRecorded,
    KeyCopied,
    KeyMoved,
    StreamRestored,
)
from geostream.store.effects.delivered import Delivered
from geostream.store.effects.entry_added import EntryAdded
from geostream.store.effects.pending_removed import PendingRemoved
from geostream.store.keyspace import Keyspace
from geostream.store.stream import Stream
from geostream.store.unpacked import Unpacked

PlacedKey = tuple[int, bytes]  # database and key


class Memory:
    """The account of one keyspace."""

    def __init__(self, keyspace: Keyspace) -> None:
        """Start with an empty keyspace."""
        self._keyspace = keyspace
        self._sizes: dict[PlacedKey, int] = {}
        self._changed: set[PlacedKey] = set()
        self._last_db, self._last_key = -1, b""  # what changed last: noted already
        self._data_bytes = 0
        self._saved: dict[PlacedKey, int] = {}  # by packing; of keys where it is something
        self._streams: set[PlacedKey] = set()  # those that changed
        self.unpacked = Unpacked()
        self.baseline_bytes = 0  # what the process takes without any data
        self.peak_bytes = 0
        self.peak_ms = 0  # Unix time of the peak
        self.messages = Messages(keyspace)  # learns from the same effects when to look

    def note(self, effects: list[Effect]) -> None:
        """Remember which keys changed."""
        for effect in effects:
            if type(effect) is EntryAdded:  # most are like these, and need no look
                added = effect
                self._note_change(added.db, added.key)
                continue
            if type(effect) is Delivered:
                delivered = effect
                self._note_change(delivered.db, delivered.key)
                continue
            if type(effect) is PendingRemoved:
                removed = effect
                self._note_change(removed.db, removed.key)
                continue
            self._note_change(effect.db, effect.key)
            if effect.is_wide:
                self._note_other_keys(effect)

    def _note_change(self, db: int, key: bytes) -> None:
        """Remember a key: most often it is the one that changed before."""
        if key != self._last_key or db != self._last_db:
            self._changed.add((db, key))
            self._last_db, self._last_key = db, key

    def note_key(self, placed: PlacedKey) -> None:
        """Remember that what a key takes changed, though what it holds did not."""
        self._changed.add(placed)

    def recheck(self, placed: PlacedKey) -> None:
        """Ask a key anew if it takes something else than what is accounted for."""
        number, key = placed
        value = self._keyspace.databases[number].values.get(key)
        if value is not None and value.size_bytes + len(key) != self._sizes.get(placed):
            self._changed.add(placed)

    def take_streams(self) -> set[PlacedKey]:
        """Return the keys whose streams changed since the last time; some may be gone."""
        changed, self._streams = self._streams, set()
        return changed

    def _note_other_keys(self, effect: Effect) -> None:
        if isinstance(effect, IdmpRecorded | StreamRestored):
            self.messages.note((effect.db, effect.key))
        elif isinstance(effect, KeyMoved | KeyCopied):
            self._changed.add((effect.to_db, effect.to_key))
            self.messages.note((effect.to_db, effect.to_key))
        elif isinstance(effect, DatabaseFlushed):
            self._change_databases({effect.db})
        elif isinstance(effect, DatabasesSwapped):
            self._change_databases({effect.db, effect.other_db})

    def _change_databases(self, numbers: set[int]) -> None:
        self._changed.update(placed for placed in self._sizes if placed[0] in numbers)
        for number in numbers:
            for key in self._keyspace.databases[number].values:
                self._changed.add((number, key))
                self.messages.note((number, key))

    def recount(self) -> None:
        """Ask every key anew: the data came or changed without effects. O(keys)."""
        self._change_databases(set(range(len(self._keyspace.databases))))

    def used_bytes(self) -> int:
        """Return about how much memory is used, data and all. Cost: see ``data_bytes``."""
        used = self.baseline_bytes + self.data_bytes() + self.unpacked.size_bytes
        if used > self.peak_bytes:
            self.peak_bytes = used
            self.peak_ms = self._keyspace.now_ms
        return used

    def data_bytes(self) -> int:
        """Return about how much memory all keys take. O(keys changed since the last time)."""
        for placed in self._changed:
            number, key = placed
            value = self._keyspace.databases[number].values.get(key)
            before = self._sizes.pop(placed, 0)
            self._saved.pop(placed, None)
            if value is not None:
                size = self._sizes[placed] = value.size_bytes + len(key)
                self._data_bytes += size
                if type(value) is Stream:
                    self._streams.add(placed)
                    if value.saved_bytes:
                        self._saved[placed] = value.saved_bytes
                        self._attach(value)
            self._data_bytes -= before
        self._changed.clear()
        self._last_db = -1
        return self._data_bytes

    def _attach(self, stream: Stream) -> None:
        """Have it told here what is unpacked of a stream that was loaded. O(segments), once."""
        if not stream.is_attached:
            stream.is_attached = True
            for segment in stream.plain_segments():
                segment.attach(self.unpacked)

    def saved_bytes(self) -> int:
        """Return how much more would be used if nothing was packed. O(keys with packed parts)."""
        self.data_bytes()
        return sum(self._saved.values())

    def packed_segments(self) -> int:
        """Return how many segments are packed, counted for each stream that has it. O(segments)."""
        self.data_bytes()
        count = 0
        for number, key in self._saved:
            value = self._keyspace.databases[number].values.get(key)
            if type(value) is Stream:
                count += value.packed_segments()
        return count
