"""Effects carried out on the catalog, one function for each kind.

Most only change rows in memory. The few that say something about what is on disk alone (a
key copied, a string moved, databases swapped) have everything written so far and then do it
in SQL, inside the same transaction.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterable, Sequence
from typing import Any

from geostream.store import effects as fx
from geostream.store.entry_json import AddedEntries, gathered
from geostream.store.group import NEVER
from geostream.store.idempotency import Idempotency
from geostream_plugins.sqlite import copying
from geostream_plugins.sqlite.entry_rows import EntryWriter
from geostream_plugins.sqlite.flush import flush, flush_entries
from geostream_plugins.sqlite.image_rows import add_segment, take_image
from geostream_plugins.sqlite.rows import (
    Catalog,
    ConsumerRow,
    GroupRow,
    StreamRow,
    form_of,
)


class Recorder:
    """Carries effects out on a catalog."""

    def __init__(
        self, connection: sqlite3.Connection, catalog: Catalog, entries: EntryWriter
    ) -> None:
        self.connection = connection
        self.catalog = catalog
        self.entries = entries

    def record(self, batch: Sequence[fx.Effect | AddedEntries]) -> None:
        """Carry a batch out, gathered or not, and write entries; ``flush`` writes the rest."""
        for effect in gathered(list(batch)):
            if type(effect) is AddedEntries:  # nearly all are
                self.stream(effect).append(effect.entries)
            else:
                _RECORD[type(effect)](self, effect)
        self.flush_entries(self.catalog.touched)

    def flush_entries(self, rows: Iterable[StreamRow]) -> None:
        """Write what changed of entries, which tells what fields they have: before views."""
        for row in flush_entries(self.connection, self.entries, rows):
            self.catalog.stale_views[row] = True

    def flush(self) -> None:
        """Write all that changed so far, inside the transaction."""
        self.flush_entries(self.catalog.touched)
        flush(self.connection, self.catalog)

    def stream(self, effect: fx.Effect | AddedEntries) -> StreamRow:
        """Return the row of an effect's stream, which is about to change."""
        row = self.catalog.streams[effect.db, effect.key]
        self.catalog.touched[row] = True
        return row

    def group(self, effect: Any) -> GroupRow:
        """Return the row of an effect's group, which is about to change."""
        row = self.catalog.streams[effect.db, effect.key]
        group = row.groups[effect.group]
        self.catalog.touched_groups[group] = row.id
        return group

    def consumer(self, group: GroupRow, name: bytes) -> ConsumerRow:
        """Return the row of a group's consumer, which is about to change."""
        consumer = group.consumers[name]
        self.catalog.touched_consumers[consumer] = group.id
        return consumer

    def next_put(self) -> int:
        """Return a place behind all that was put so far."""
        self.catalog.next_put += 1
        return self.catalog.next_put - 1

    def make_room(self, db: int, key: bytes) -> int | None:
        """Forget what a key holds; return when it expires."""
        row = self.catalog.streams.get((db, key))
        if row is not None:
            self.catalog.drop_stream(db, key)
            return row.expires_at_ms
        change = self.catalog.string(db, key)
        expires_at_ms = change.expires_at_ms
        if isinstance(expires_at_ms, type):
            query = "SELECT expires_at_ms FROM strings WHERE db = ? AND key = ?"
            found = self.connection.execute(query, (db, key)).fetchone()
            expires_at_ms = found[0] if found else None
        change.delete()
        return expires_at_ms


# Keys of any type


def _stream_created(to: Recorder, effect: fx.StreamCreated) -> None:
    _add_stream(to, effect, Idempotency(effect.idmp_duration_s, effect.idmp_max_size))


def _add_stream(to: Recorder, effect: fx.Effect, memory: Idempotency) -> StreamRow:
    row = to.catalog.new_stream(effect.db, effect.key, memory)
    if to.entries.shows_fields:
        to.catalog.stale_views[row] = True
    return row


def _string_set(to: Recorder, effect: fx.StringSet) -> None:
    catalog, place = to.catalog, (effect.db, effect.key)
    change = catalog.string(*place)
    if place in catalog.streams:
        change.expires_at_ms = catalog.streams[place].expires_at_ms
        catalog.drop_stream(*place)
    change.content = effect.content
    change.form = form_of(effect)


def _expiry_set(to: Recorder, effect: fx.ExpirySet) -> None:
    _set_expiry(to, effect, effect.at_ms)


def _expiry_removed(to: Recorder, effect: fx.ExpiryRemoved) -> None:
    _set_expiry(to, effect, None)


def _set_expiry(to: Recorder, effect: fx.Effect, at_ms: int | None) -> None:
    row = to.catalog.streams.get((effect.db, effect.key))
    if row is not None:
        row.expires_at_ms = at_ms
        to.catalog.touched[row] = True
    else:
        to.catalog.string(effect.db, effect.key).expires_at_ms = at_ms


def _key_deleted(to: Recorder, effect: fx.Effect) -> None:
    if (effect.db, effect.key) in to.catalog.streams:
        to.catalog.drop_stream(effect.db, effect.key)
    else:
        to.catalog.string(effect.db, effect.key).delete()


def _key_moved(to: Recorder, effect: fx.KeyMoved) -> None:
    source, target = (effect.db, effect.key), (effect.to_db, effect.to_key)
    if source == target:
        return
    to.make_room(*target)
    catalog = to.catalog
    row = catalog.streams.pop(source, None)
    if row is None:
        to.flush()
        copying.move_string(to.connection, source, target)
        return
    row.db, row.key = target
    catalog.streams[target] = row
    catalog.touched[row] = True
    if to.entries.shows_fields:
        catalog.drop_view(row)
        catalog.stale_views[row] = True


def _key_copied(to: Recorder, effect: fx.KeyCopied) -> None:
    source, target = (effect.db, effect.key), (effect.to_db, effect.to_key)
    if source == target:
        return
    to.make_room(*target)
    to.flush()
    row = to.catalog.streams.get(source)
    if row is None:
        copying.copy_string(to.connection, source, target)
        return
    copy = copying.copy_stream(to.connection, to.catalog, row, target)
    if to.entries.shows_fields:
        to.catalog.stale_views[copy] = True


def _database_flushed(to: Recorder, effect: fx.DatabaseFlushed) -> None:
    catalog = to.catalog
    for db, key in [place for place in catalog.streams if place[0] == effect.db]:
        catalog.drop_stream(db, key)
    for place in [place for place in catalog.strings if place[0] == effect.db]:
        del catalog.strings[place]
    to.connection.execute("DELETE FROM strings WHERE db = ?", (effect.db,))


def _databases_swapped(to: Recorder, effect: fx.DatabasesSwapped) -> None:
    catalog, mine, other = to.catalog, effect.db, effect.other_db
    if mine == other:
        return
    to.flush()
    swap = {mine: other, other: mine}
    rows = [row for row in catalog.streams.values() if row.db in swap]
    for row in rows:
        del catalog.streams[row.db, row.key]
    for row in rows:
        row.db = swap[row.db]
        catalog.streams[row.db, row.key] = row
        catalog.touched[row] = True
        if row.view is not None:
            catalog.drop_view(row)
            catalog.stale_views[row] = True
    copying.swap_databases(to.connection, mine, other)


# Entries


def _stream_restored(to: Recorder, effect: fx.StreamRestored) -> None:
    image = effect.image
    memory = Idempotency(image.idmp.duration_s, image.idmp.max_size)
    expires_at_ms = to.make_room(effect.db, effect.key)
    row = _add_stream(to, effect, memory)
    row.expires_at_ms = expires_at_ms
    take_image(to.catalog, row, image)
    for segment in image.segments:
        add_segment(row, segment)
        to.flush_entries([row])


def _entries_trimmed(to: Recorder, effect: fx.EntriesTrimmed) -> None:
    to.stream(effect).trim(effect.floor, effect.left)


def _entries_deleted(to: Recorder, effect: fx.EntriesDeleted) -> None:
    row = to.stream(effect)
    row.remove(effect.ids)
    row.max_deleted_id = effect.max_deleted_id


def _empty_nodes_dropped(to: Recorder, effect: fx.EmptyNodesDropped) -> None:
    """Nodes are not stored."""


def _stream_id_set(to: Recorder, effect: fx.StreamIdSet) -> None:
    row = to.stream(effect)
    if effect.last_id < row.last_id:  # IDs that changes speak of may come again
        to.flush_entries([row])
    row.last_id = effect.last_id
    row.entries_added = effect.entries_added
    row.max_deleted_id = effect.max_deleted_id


# Groups


def _group_created(to: Recorder, effect: fx.GroupCreated) -> None:
    row = to.catalog.streams[effect.db, effect.key]
    number = next(to.catalog.numbers.groups)
    group = GroupRow(number, effect.group, effect.last_id, effect.entries_read)
    row.groups[effect.group] = group
    to.catalog.touched_groups[group] = row.id


def _group_moved(to: Recorder, effect: fx.GroupMoved) -> None:
    group = to.group(effect)
    group.last_id = effect.last_id
    group.entries_read = effect.entries_read


def _group_destroyed(to: Recorder, effect: fx.GroupDestroyed) -> None:
    to.catalog.drop_group(to.catalog.streams[effect.db, effect.key], effect.group)


def _consumer_created(to: Recorder, effect: fx.ConsumerCreated) -> None:
    group = to.group(effect)
    number = next(to.catalog.numbers.consumers)
    consumer = ConsumerRow(number, effect.consumer, effect.seen_ms, NEVER)
    group.consumers[effect.consumer] = consumer
    to.catalog.touched_consumers[consumer] = group.id


def _consumer_deleted(to: Recorder, effect: fx.ConsumerDeleted) -> None:
    to.catalog.drop_consumer(to.group(effect), effect.consumer)


def _consumer_seen(to: Recorder, effect: fx.ConsumerSeen) -> None:
    consumer = to.consumer(to.group(effect), effect.consumer)
    consumer.seen_ms = effect.seen_ms
    consumer.active_ms = effect.active_ms


# Pending entries


def _delivered(to: Recorder, effect: fx.Delivered) -> None:
    group = to.group(effect)
    group.last_id = effect.last_id
    group.entries_read = effect.entries_read
    consumer = to.consumer(group, effect.consumer)
    consumer.seen_ms = effect.time_ms
    if not effect.noack:
        consumer.active_ms = effect.time_ms
        held = (consumer.id, effect.time_ms, 1, to.next_put())
        group.changed.update(dict.fromkeys(effect.ids, held))


def _claimed(to: Recorder, effect: fx.Claimed) -> None:
    group = to.group(effect)
    number = group.consumers[effect.consumer].id
    for entry_id, time_ms, count in effect.records:
        group.changed[entry_id] = (number, time_ms, count, to.next_put())


def _released(to: Recorder, effect: fx.Released) -> None:
    group = to.group(effect)
    for entry_id, count in effect.records:
        group.changed[entry_id] = (None, 0, count, to.next_put())


def _pending_removed(to: Recorder, effect: fx.PendingRemoved) -> None:
    to.group(effect).changed.update(dict.fromkeys(effect.ids))


# Producers


def _idmp_configured(to: Recorder, effect: fx.IdmpConfigured) -> None:
    row = to.stream(effect)
    row.memory.configure(effect.duration_s, effect.max_size)
    row.is_forgetful = True
    row.iids_removed.clear()
    row.iids_put.clear()


def _idmp_recorded(to: Recorder, effect: fx.IdmpRecorded) -> None:
    row = to.stream(effect)
    known = row.memory.producers.get(effect.pid, {})
    oldest = next(iter(known), None)
    row.memory.record(effect.pid, effect.iid, effect.id)
    row.iids_put[effect.pid, effect.iid] = (effect.id, to.next_put())
    kept = row.memory.producers[effect.pid]
    for iid in (oldest, effect.iid):
        if iid is not None and iid not in kept:
            _forget(row, effect.pid, iid)


def _forget(row: StreamRow, pid: bytes, iid: bytes) -> None:
    row.iids_put.pop((pid, iid), None)
    row.iids_removed.append((pid, iid))


def _idmp_duplicate(to: Recorder, effect: fx.IdmpDuplicate) -> None:
    to.stream(effect).memory.iids_duplicates += 1


def _idmp_expired(to: Recorder, effect: fx.IdmpExpired) -> None:
    row = to.stream(effect)
    for pid, iids in row.memory.producers.items():
        for iid, (ms, _) in iids.items():
            if ms > effect.floor_ms:
                break
            _forget(row, pid, iid)
    row.memory.expire(effect.floor_ms)


# All but EntryAdded, see ``record``.
_RECORD: dict[type[Any], Callable[[Recorder, Any], None]] = {
    fx.StreamCreated: _stream_created,
    fx.StringSet: _string_set,
    fx.ExpirySet: _expiry_set,
    fx.ExpiryRemoved: _expiry_removed,
    fx.KeyDeleted: _key_deleted,
    fx.KeyExpired: _key_deleted,
    fx.KeyMoved: _key_moved,
    fx.KeyCopied: _key_copied,
    fx.DatabaseFlushed: _database_flushed,
    fx.DatabasesSwapped: _databases_swapped,
    fx.StreamRestored: _stream_restored,
    fx.EntriesTrimmed: _entries_trimmed,
    fx.EntriesDeleted: _entries_deleted,
    fx.EmptyNodesDropped: _empty_nodes_dropped,
    fx.StreamIdSet: _stream_id_set,
    fx.GroupCreated: _group_created,
    fx.GroupMoved: _group_moved,
    fx.GroupDestroyed: _group_destroyed,
    fx.ConsumerCreated: _consumer_created,
    fx.ConsumerDeleted: _consumer_deleted,
    fx.ConsumerSeen: _consumer_seen,
    fx.Delivered: _delivered,
    fx.Claimed: _claimed,
    fx.Released: _released,
    fx.PendingRemoved: _pending_removed,
    fx.IdmpConfigured: _idmp_configured,
    fx.IdmpRecorded: _idmp_recorded,
    fx.IdmpDuplicate: _idmp_duplicate,
    fx.IdmpExpired: _idmp_expired,
}
