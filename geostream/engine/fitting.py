"""Tells whether an effect fits what is there, so that carrying it out cannot fail.

Effects that handlers make always fit. Those that come out of a file are checked here first:
the key, the group, the consumer they speak of exist, what they create does not, and what they
take away is there.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import pairwise
from typing import Any

from geostream.store import effects as fx
from geostream.store.group import Group
from geostream.store.ids import StreamId
from geostream.store.keyspace import Keyspace
from geostream.store.stream import Stream


def fits(keyspace: Keyspace, effect: fx.Effect) -> bool:
    """Tell whether an effect can be carried out. Its database must exist. O(its IDs)."""
    return _CHECKS[type(effect)](keyspace, effect)


def _always(keyspace: Keyspace, effect: fx.Effect) -> bool:
    return True


def _has_key(keyspace: Keyspace, effect: fx.Effect) -> bool:
    return effect.key in keyspace.databases[effect.db].values


def _has_no_key(keyspace: Keyspace, effect: fx.StreamCreated) -> bool:
    return not _has_key(keyspace, effect) and effect.idmp_duration_s > 0 < effect.idmp_max_size


def _has_expiry(keyspace: Keyspace, effect: fx.ExpiryRemoved) -> bool:
    return effect.key in keyspace.databases[effect.db].expiries


def _goes_to(keyspace: Keyspace, effect: fx.KeyMoved | fx.KeyCopied) -> bool:
    return _has_key(keyspace, effect) and 0 <= effect.to_db < len(keyspace.databases)


def _can_swap(keyspace: Keyspace, effect: fx.DatabasesSwapped) -> bool:
    return 0 <= effect.other_db < len(keyspace.databases)


# Streams


def _stream(keyspace: Keyspace, effect: fx.Effect) -> Stream | None:
    value = keyspace.databases[effect.db].values.get(effect.key)
    return value if type(value) is Stream else None


def _has_stream(keyspace: Keyspace, effect: fx.Effect) -> bool:
    return _stream(keyspace, effect) is not None


def _is_next(keyspace: Keyspace, effect: fx.EntryAdded) -> bool:
    stream = _stream(keyspace, effect)
    return stream is not None and effect.id > stream.last_id


def _can_trim(keyspace: Keyspace, effect: fx.EntriesTrimmed) -> bool:
    stream = _stream(keyspace, effect)
    return stream is not None and 0 < effect.count <= stream.length


def _can_delete(keyspace: Keyspace, effect: fx.EntriesDeleted) -> bool:
    stream, ids = _stream(keyspace, effect), effect.ids
    if stream is None or len(set(ids)) != len(ids):
        return False
    return all(entry_id in stream for entry_id in ids)


def _can_set_id(keyspace: Keyspace, effect: fx.StreamIdSet) -> bool:
    stream = _stream(keyspace, effect)
    return stream is not None and effect.last_id >= stream.last_entry_id


def _is_new_message(keyspace: Keyspace, effect: fx.IdmpRecorded) -> bool:
    stream = _stream(keyspace, effect)
    return stream is not None and stream.idempotency.find(effect.pid, effect.iid) is None


def _can_configure(keyspace: Keyspace, effect: fx.IdmpConfigured) -> bool:
    return _has_stream(keyspace, effect) and effect.duration_s > 0 < effect.max_size


# Groups


def _group(keyspace: Keyspace, effect: Any) -> Group | None:
    stream = _stream(keyspace, effect)
    return stream.groups.get(effect.group) if stream is not None else None


def _has_group(keyspace: Keyspace, effect: fx.Effect) -> bool:
    return _group(keyspace, effect) is not None


def _is_new_group(keyspace: Keyspace, effect: fx.GroupCreated) -> bool:
    return _has_stream(keyspace, effect) and not _has_group(keyspace, effect)


def _has_consumer(keyspace: Keyspace, effect: Any) -> bool:
    group = _group(keyspace, effect)
    return group is not None and effect.consumer in group.consumers


def _is_new_consumer(keyspace: Keyspace, effect: fx.ConsumerCreated) -> bool:
    return _has_group(keyspace, effect) and not _has_consumer(keyspace, effect)


def _ascend(ids: Sequence[StreamId]) -> bool:
    return all(before < after for before, after in pairwise(ids))


def _can_deliver(keyspace: Keyspace, effect: fx.Delivered) -> bool:
    ids = effect.ids
    return bool(ids) and _has_consumer(keyspace, effect) and _ascend(ids)


def _can_forget(keyspace: Keyspace, effect: fx.PendingRemoved) -> bool:
    ids = effect.ids
    return _has_group(keyspace, effect) and len(set(ids)) == len(ids)


_CHECKS: dict[type[fx.Effect], Callable[[Keyspace, Any], bool]] = {
    fx.StreamCreated: _has_no_key,
    fx.StringSet: _always,
    fx.ExpirySet: _has_key,
    fx.ExpiryRemoved: _has_expiry,
    fx.KeyDeleted: _has_key,
    fx.KeyExpired: _has_key,
    fx.KeyMoved: _goes_to,
    fx.KeyCopied: _goes_to,
    fx.DatabaseFlushed: _always,
    fx.DatabasesSwapped: _can_swap,
    fx.StreamRestored: _always,
    fx.EntryAdded: _is_next,
    fx.EntriesTrimmed: _can_trim,
    fx.EntriesDeleted: _can_delete,
    fx.EmptyNodesDropped: _has_stream,
    fx.StreamIdSet: _can_set_id,
    fx.GroupCreated: _is_new_group,
    fx.GroupMoved: _has_group,
    fx.GroupDestroyed: _has_group,
    fx.ConsumerCreated: _is_new_consumer,
    fx.ConsumerDeleted: _has_consumer,
    fx.ConsumerSeen: _has_consumer,
    fx.Delivered: _can_deliver,
    fx.Claimed: _has_consumer,
    fx.Released: _has_group,
    fx.PendingRemoved: _can_forget,
    fx.IdmpConfigured: _can_configure,
    fx.IdmpRecorded: _is_new_message,
    fx.IdmpDuplicate: _has_stream,
    fx.IdmpExpired: _has_stream,
}
