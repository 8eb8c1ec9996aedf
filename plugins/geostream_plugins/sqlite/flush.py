"""Write what changed in a catalog, inside a transaction: few statements, many rows each.

What goes is deleted before what comes is put, table by table, so a row may go and come again
in one batch.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Iterator

from geostream.store.ids import MIN_ID, StreamId
from geostream_plugins.sqlite.entry_rows import COLUMNS
from geostream_plugins.sqlite.many import Row, deleting, inserting, upserting
from geostream_plugins.sqlite.people import readable, text_or_bytes
from geostream_plugins.sqlite.rows import (
    Catalog,
    ConsumerRow,
    GroupRow,
    StreamRow,
    StringChange,
)
from geostream_plugins.sqlite.u64 import ranges_below, signed

CLEARED_ROWS = 2000  # of what belongs to nothing, in one go

_ADD_ENTRIES = inserting("entries", COLUMNS)
_DELETE_ENTRIES = deleting("entries", "stream_id, ms, seq")
_STREAM_COLUMNS = (
    "db, name, key, length, last_ms, last_seq, max_deleted_ms, max_deleted_seq, entries_added, "
    "expires_at_ms, idmp_duration_s, idmp_max_size, iids_added, iids_duplicates, view, fields"
)
_PUT_STREAMS = upserting("streams", "id", _STREAM_COLUMNS)
_PUT_GROUPS = upserting(
    "groups", "id", "stream_id, name, raw_name, last_ms, last_seq, entries_read"
)
_PUT_CONSUMERS = upserting("consumers", "id", "group_id, name, raw_name, seen_ms, active_ms")
_PUT_PENDING = upserting(
    "pending",
    "group_id, ms, seq",
    "consumer_id, delivered_ms, delivery_count, put_order",
)
_DELETE_PENDING = deleting("pending", "group_id, ms, seq")
_PUT_IIDS = inserting(
    "idmp",
    "stream_id, producer, pid, iid, ms, seq, put_order",
    "ON CONFLICT (stream_id, pid, iid) DO UPDATE SET ms = excluded.ms, seq = excluded.seq",
)
_DELETE_IIDS = deleting("idmp", "stream_id, pid, iid")
_PUT_STRINGS = upserting("strings", "db, key", "name, value, form, expires_at_ms")
_PUT_STRING_VALUES = upserting("strings", "db, key", "name, value, form")
_DELETE_STRINGS = deleting("strings", "db, key")

_DELETE_STREAMS = deleting("streams", "id")
_DELETE_GROUPS = deleting("groups", "id")
_DELETE_CONSUMERS = deleting("consumers", "id")
_DELETE_CONSUMERS_OF_GROUPS = deleting("consumers", "group_id")
_DELETE_PENDING_OF = deleting("pending", "group_id, consumer_id")
_DELETE_IIDS_OF_STREAMS = deleting("idmp", "stream_id")


def flush(connection: sqlite3.Connection, catalog: Catalog) -> None:
    """Write all that is not written yet, but for views."""
    if catalog.is_used and not catalog.marked_used:
        connection.execute("INSERT OR REPLACE INTO _geostream_meta VALUES ('is_used', 'yes')")
        catalog.marked_used = True
    _delete_owners(connection, catalog)
    flush_entries(connection, catalog.touched)
    _flush_iids(connection, catalog.touched)
    _PUT_STREAMS.run(connection, list(map(_stream, catalog.touched)))
    _PUT_GROUPS.run(connection, [_group(*item) for item in catalog.touched_groups.items()])
    consumers = [_consumer(*item) for item in catalog.touched_consumers.items()]
    _PUT_CONSUMERS.run(connection, consumers)
    flush_pending(connection, catalog.touched_groups)
    _flush_strings(connection, catalog.strings)
    catalog.touched.clear()
    catalog.touched_groups.clear()
    catalog.touched_consumers.clear()
    catalog.strings.clear()


def _delete_owners(connection: sqlite3.Connection, catalog: Catalog) -> None:
    streams = [(number,) for number in catalog.gone_streams]
    groups = [(number,) for number in catalog.gone_groups]
    _DELETE_STREAMS.run(connection, streams)
    _DELETE_IIDS_OF_STREAMS.run(connection, streams)
    _DELETE_GROUPS.run(connection, groups)
    _DELETE_CONSUMERS_OF_GROUPS.run(connection, groups)
    _DELETE_PENDING_OF.run(connection, catalog.gone_consumers)
    _DELETE_CONSUMERS.run(connection, [(number,) for _, number in catalog.gone_consumers])
    catalog.gone_streams.clear()
    catalog.gone_groups.clear()
    catalog.gone_consumers.clear()


# Entries


def flush_entries(connection: sqlite3.Connection, rows: Iterable[StreamRow]) -> None:
    """Write the changes of streams' entries."""
    removed: list[Row] = []
    added: list[Row] = []
    for row in rows:
        if row.is_cleared:
            connection.execute("DELETE FROM entries WHERE stream_id = ?", (row.id,))
            row.is_cleared = False
        if row.floor != MIN_ID:
            _delete_below(connection, row.id, row.floor)
            row.floor = MIN_ID
        if row.removed:
            removed += [(row.id, signed(ms), signed(seq)) for ms, seq in row.removed]
            row.removed.clear()
        if row.added:
            added += row.added.values()
            row.added.clear()
    _DELETE_ENTRIES.run(connection, removed)
    _ADD_ENTRIES.run(connection, added)


def _delete_below(connection: sqlite3.Connection, stream_id: int, floor: StreamId) -> None:
    ms, seq = floor
    for low, high in ranges_below(ms):
        delete = "DELETE FROM entries WHERE stream_id = ? AND ms BETWEEN ? AND ?"
        connection.execute(delete, (stream_id, low, high))
    for low, high in ranges_below(seq):
        delete = "DELETE FROM entries WHERE stream_id = ? AND ms = ? AND seq BETWEEN ? AND ?"
        connection.execute(delete, (stream_id, signed(ms), low, high))


# Rows


def _stream(row: StreamRow) -> Row:
    memory = row.memory
    return (
        row.id,
        row.db,
        readable(row.key),
        row.key,
        row.length,
        signed(row.last_id[0]),
        signed(row.last_id[1]),
        signed(row.max_deleted_id[0]),
        signed(row.max_deleted_id[1]),
        row.entries_added,
        row.expires_at_ms,
        memory.duration_s,
        memory.max_size,
        memory.iids_added,
        memory.iids_duplicates,
        row.view,
        row.fields_json,
    )


def _group(row: GroupRow, stream_id: int) -> Row:
    ms, seq = map(signed, row.last_id)
    return (row.id, stream_id, readable(row.name), row.name, ms, seq, row.entries_read)


def _consumer(row: ConsumerRow, group_id: int) -> Row:
    return (row.id, group_id, readable(row.name), row.name, row.seen_ms, row.active_ms)


def flush_pending(connection: sqlite3.Connection, groups: Iterable[GroupRow]) -> None:
    """Write the changes of what groups have pending."""
    removed: list[Row] = []
    put: list[Row] = []
    for group in groups:
        for (ms, seq), held in group.changed.items():
            if held is None:
                removed.append((group.id, signed(ms), signed(seq)))
            else:
                put.append((group.id, signed(ms), signed(seq), *held))
        group.changed.clear()
    _DELETE_PENDING.run(connection, removed)
    _PUT_PENDING.run(connection, put)


def _flush_iids(connection: sqlite3.Connection, rows: Iterable[StreamRow]) -> None:
    removed: list[Row] = []
    put: list[Row] = []
    for row in rows:
        if row.is_forgetful:
            connection.execute("DELETE FROM idmp WHERE stream_id = ?", (row.id,))
            row.is_forgetful = False
        removed += [(row.id, pid, iid) for pid, iid in row.iids_removed]
        row.iids_removed.clear()
        for (pid, iid), ((ms, seq), order) in row.iids_put.items():
            put.append((row.id, readable(pid), pid, iid, signed(ms), signed(seq), order))
        row.iids_put.clear()
    _DELETE_IIDS.run(connection, removed)
    _PUT_IIDS.run(connection, put)


def _flush_strings(
    connection: sqlite3.Connection, changes: dict[tuple[int, bytes], StringChange]
) -> None:
    gone: list[Row] = []
    put: list[Row] = []
    values: list[Row] = []
    expiries: list[Row] = []
    for (db, key), change in changes.items():
        if change.is_gone:
            gone.append((db, key))
        keeps_expiry = isinstance(change.expires_at_ms, type)
        if change.content is None:
            if not change.is_gone and not keeps_expiry:
                expiries.append((change.expires_at_ms, db, key))
            continue
        row = (db, key, readable(key), text_or_bytes(change.content), change.form)
        if keeps_expiry:
            values.append(row)
        else:
            put.append((*row, change.expires_at_ms))
    _DELETE_STRINGS.run(connection, gone)
    _PUT_STRINGS.run(connection, put)
    _PUT_STRING_VALUES.run(connection, values)
    for expiry in expiries:
        update = "UPDATE strings SET expires_at_ms = ? WHERE db = ? AND key = ?"
        connection.execute(update, expiry)


# What belongs to nothing

_CLEAR_ENTRIES = """DELETE FROM entries WHERE rowid IN
    (SELECT rowid FROM entries WHERE stream_id = ? LIMIT ?)"""
_CLEAR_PENDING = """DELETE FROM pending WHERE group_id = ?1 AND (ms, seq) IN
    (SELECT ms, seq FROM pending WHERE group_id = ?1 LIMIT ?2)"""


def clear_orphans(
    connection: sqlite3.Connection, catalog: Catalog, most_rows: int = CLEARED_ROWS
) -> None:
    """Delete some rows whose stream or group is gone, inside a transaction."""
    for owners, delete in (
        (catalog.orphaned_streams, _CLEAR_ENTRIES),
        (catalog.orphaned_groups, _CLEAR_PENDING),
    ):
        while owners and most_rows > 0:
            cleared = connection.execute(delete, (owners[-1], most_rows)).rowcount
            if cleared < most_rows:
                owners.pop()
            most_rows -= max(1, cleared)


def find_orphans(connection: sqlite3.Connection) -> Iterator[tuple[str, int]]:
    """Yield table and owner of rows whose stream or group is gone. O(owners log rows)."""
    for table, column, owners in (
        ("entries", "stream_id", "streams"),
        ("pending", "group_id", "groups"),
    ):
        query = f"""WITH RECURSIVE owner (id) AS (
            SELECT min({column}) FROM {table} UNION ALL
            SELECT (SELECT min({column}) FROM {table} WHERE {column} > owner.id)
            FROM owner WHERE owner.id IS NOT NULL)
            SELECT id FROM owner WHERE id IS NOT NULL AND id NOT IN (SELECT id FROM {owners})"""
        for (number,) in connection.execute(query).fetchall():
            yield table, number
