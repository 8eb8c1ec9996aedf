"""Everything a keyspace holds, as plain values that can be compared."""

from __future__ import annotations

from typing import Any

from geostream.store.group import Group
from geostream.store.keyspace import Keyspace
from geostream.store.stream import Stream
from geostream.store.value import String, Value


def contents(keyspace: Keyspace) -> dict[int, dict[bytes, Any]]:
    """Return every key of every database with all that is known of it."""
    return {
        database.number: {
            key: (_value(value), database.expiries.get(key))
            for key, value in database.values.items()
        }
        for database in keyspace.databases
        if database.values
    }


def _value(value: Value) -> Any:
    if isinstance(value, String):
        return value.content
    assert isinstance(value, Stream)
    everything = value.select((0, 0), (2**64 - 1, 2**64 - 1))
    memory = value.idempotency
    return {
        "wire": b"".join(everything.pieces()),
        "ids": everything.ids(),
        "nodes": [
            (node.first_id, node.last_id, node.live, node.total, node.size_bytes)
            for node in value.nodes.all
        ],
        "counters": (
            value.length,
            value.last_id,
            value.first_id,
            value.max_deleted_id,
            value.entries_added,
        ),
        "groups": {name: _group(group) for name, group in value.groups.items()},
        "idmp": (
            memory.duration_s,
            memory.max_size,
            memory.iids_added,
            memory.iids_duplicates,
            {pid: list(iids.items()) for pid, iids in memory.producers.items()},
        ),
    }


def _group(group: Group) -> Any:
    return {
        "position": (group.last_id, group.entries_read),
        "consumers": {
            name: (consumer.seen_ms, consumer.active_ms, list(consumer.pending.from_id((0, 0))))
            for name, consumer in group.consumers.items()
        },
        "by_id": list(group.pending.from_id((0, 0))),
        "by_time": [
            (entry_id, held.consumer and held.consumer.name, held.time_ms, held.delivery_count)
            for entry_id, held in group.oldest_first()
        ],
    }
