"""Carry out effects: one function for each kind, the only code that changes data.

A function takes the keyspace and the effect and cannot fail: whoever made the effect
has looked first. The live path and replay both come through here, so that replaying the
journal gives the same store is no second piece of code to keep in step.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from geostream.store import effects as fx
from geostream.store import halves
from geostream.store.group import Consumer, Group
from geostream.store.images import restore
from geostream.store.stream import Stream
from geostream.store.value import AS_GIVEN, COMPUTED, EDITED, String
from geostream.store.wire import unpack_entry

if TYPE_CHECKING:
    from geostream.store.keyspace import Database, Keyspace
    from geostream.store.value import Value


def _stream(keyspace: Keyspace, effect: fx.Effect) -> Stream:
    stream = keyspace.databases[effect.db].values[effect.key]
    assert type(stream) is Stream
    return stream


def _group(keyspace: Keyspace, effect: Any) -> Group:
    return _group_at(keyspace, effect.db, effect.key, effect.group)


def _group_at(keyspace: Keyspace, number: int, key: bytes, name: bytes) -> Group:
    stream = keyspace.databases[number].values[key]
    assert type(stream) is Stream
    group = stream.groups[name]
    return group if group.is_changing else stream.groups.changing(name)


# Keys of any type


def _stream_created(keyspace: Keyspace, effect: fx.StreamCreated) -> None:
    stream = Stream(effect.idmp_duration_s, effect.idmp_max_size)
    keyspace.databases[effect.db].put(effect.key, stream)


def _string_set(keyspace: Keyspace, effect: fx.StringSet) -> None:
    form = AS_GIVEN
    if effect.told_as == "setrange" or (effect.told_as == "append" and not effect.is_new):
        form = EDITED
    elif effect.told_as == "incrbyfloat":
        form = COMPUTED
    keyspace.databases[effect.db].put(effect.key, String(effect.content, form))


def _expiry_set(keyspace: Keyspace, effect: fx.ExpirySet) -> None:
    keyspace.databases[effect.db].set_expiry(effect.key, effect.at_ms)


def _expiry_removed(keyspace: Keyspace, effect: fx.ExpiryRemoved) -> None:
    del keyspace.databases[effect.db].expiries[effect.key]


def _key_deleted(keyspace: Keyspace, effect: fx.Effect) -> None:
    keyspace.databases[effect.db].remove(effect.key)


def _put(database: Database, key: bytes, value: Value, expires_at_ms: int | None) -> None:
    database.put(key, value)
    if expires_at_ms is not None:
        database.set_expiry(key, expires_at_ms)
    else:
        database.expiries.pop(key, None)


def _key_moved(keyspace: Keyspace, effect: fx.KeyMoved) -> None:
    source = keyspace.databases[effect.db]
    target = keyspace.databases[effect.to_db]
    expires_at_ms = source.expiries.get(effect.key)
    _put(target, effect.to_key, source.remove(effect.key), expires_at_ms)


def _key_copied(keyspace: Keyspace, effect: fx.KeyCopied) -> None:
    source = keyspace.databases[effect.db]
    target = keyspace.databases[effect.to_db]
    expires_at_ms = source.expiries.get(effect.key)
    _put(target, effect.to_key, source.values[effect.key].copy(), expires_at_ms)


def _database_flushed(keyspace: Keyspace, effect: fx.DatabaseFlushed) -> None:
    keyspace.databases[effect.db].clear()


def _databases_swapped(keyspace: Keyspace, effect: fx.DatabasesSwapped) -> None:
    keyspace.databases[effect.db].swap(keyspace.databases[effect.other_db])


# Entries


def _stream_restored(keyspace: Keyspace, effect: fx.StreamRestored) -> None:
    keyspace.databases[effect.db].put(effect.key, restore(effect.image))


def _entry_added(keyspace: Keyspace, effect: fx.EntryAdded) -> None:
    stream = keyspace.databases[effect.db].values[effect.key]
    assert type(stream) is Stream
    add_entry(stream, effect)


def add_entry(stream: Stream, effect: fx.EntryAdded) -> None:
    """Add an entry to its stream, where that is at hand."""
    fields = effect.unpacked
    if fields is None:
        fields = unpack_entry(effect.entry)
    stream.append(effect.id, effect.entry, fields, effect.starts_node)


def _entries_trimmed(keyspace: Keyspace, effect: fx.EntriesTrimmed) -> None:
    _stream(keyspace, effect).remove_first(effect.count, effect.nodes)


def _entries_deleted(keyspace: Keyspace, effect: fx.EntriesDeleted) -> None:
    stream = _stream(keyspace, effect)
    stream.delete(effect.ids, leaves_nodes=effect.by_trimming)
    stream.max_deleted_id = effect.max_deleted_id


def _empty_nodes_dropped(keyspace: Keyspace, effect: fx.EmptyNodesDropped) -> None:
    _stream(keyspace, effect).nodes.drop_empty(effect.nodes)


def _stream_id_set(keyspace: Keyspace, effect: fx.StreamIdSet) -> None:
    stream = _stream(keyspace, effect)
    stream.last_id = effect.last_id
    stream.entries_added = effect.entries_added
    stream.max_deleted_id = effect.max_deleted_id


# Groups


def _group_created(keyspace: Keyspace, effect: fx.GroupCreated) -> None:
    group = Group(effect.last_id, effect.entries_read)
    _stream(keyspace, effect).groups.put(effect.group, group)


def _group_moved(keyspace: Keyspace, effect: fx.GroupMoved) -> None:
    group = _group(keyspace, effect)
    group.last_id = effect.last_id
    group.entries_read = effect.entries_read


def _group_destroyed(keyspace: Keyspace, effect: fx.GroupDestroyed) -> None:
    _stream(keyspace, effect).groups.drop(effect.group)


def _consumer_created(keyspace: Keyspace, effect: fx.ConsumerCreated) -> None:
    _group(keyspace, effect).add_consumer(effect.consumer, effect.seen_ms)


def _consumer_deleted(keyspace: Keyspace, effect: fx.ConsumerDeleted) -> None:
    _group(keyspace, effect).remove_consumer(effect.consumer)


def _consumer_seen(keyspace: Keyspace, effect: fx.ConsumerSeen) -> None:
    consumer = _group(keyspace, effect).consumers[effect.consumer]
    consumer.seen_ms = effect.seen_ms
    consumer.active_ms = effect.active_ms


# Pending entries


def _delivered(keyspace: Keyspace, effect: fx.Delivered) -> None:
    group = _group_at(keyspace, effect.db, effect.key, effect.group)
    deliver(group, group.consumers[effect.consumer], effect)


def deliver(group: Group, consumer: Consumer, effect: fx.Delivered) -> None:
    """Give entries to a consumer, where it and its group are at hand."""
    time_ms, places = effect.time_ms, effect.places
    last = len(places) - 2
    group.last_ms, group.last_seq = halves.half(places, last), halves.half(places, last + 1)
    group.entries_read = effect.entries_read
    consumer.seen_ms = time_ms
    if not effect.noack:
        consumer.active_ms = time_ms
        group.deliver(places, consumer, time_ms)


def _claimed(keyspace: Keyspace, effect: fx.Claimed) -> None:
    group = _group(keyspace, effect)
    consumer = group.consumers[effect.consumer]
    for entry_id, time_ms, count in effect.records:
        group.assign(entry_id, consumer, time_ms, count)


def _released(keyspace: Keyspace, effect: fx.Released) -> None:
    group = _group(keyspace, effect)
    for entry_id, count in effect.records:
        group.release(entry_id, count)


def _pending_removed(keyspace: Keyspace, effect: fx.PendingRemoved) -> None:
    group = _group_at(keyspace, effect.db, effect.key, effect.group)
    group.remove(effect.places)


# Producers


def _idmp_configured(keyspace: Keyspace, effect: fx.IdmpConfigured) -> None:
    _stream(keyspace, effect).idempotency.configure(effect.duration_s, effect.max_size)


def _idmp_recorded(keyspace: Keyspace, effect: fx.IdmpRecorded) -> None:
    _stream(keyspace, effect).idempotency.record(effect.pid, effect.iid, effect.id)


def _idmp_duplicate(keyspace: Keyspace, effect: fx.IdmpDuplicate) -> None:
    _stream(keyspace, effect).idempotency.iids_duplicates += 1


def _idmp_expired(keyspace: Keyspace, effect: fx.IdmpExpired) -> None:
    _stream(keyspace, effect).idempotency.expire(effect.floor_ms)


APPLY: dict[type[fx.Effect], Callable[[Keyspace, Any], None]] = {
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
    fx.EntryAdded: _entry_added,
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
