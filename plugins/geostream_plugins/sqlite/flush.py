"""Write what changed in a catalog, inside a transaction: few statements, many rows each.

What goes is deleted before what comes is put, table by table, so a row may go and come again
in one batch.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Iterator

from geostream.store.ids import MIN_ID, StreamId
from geostream_plugins.sqlite.checks import crc_of, shift
from geostream_plugins.sqlite.entry_rows import EntryWriter
from geostream_plugins.sqlite.many import Row, asking, deleting, inserting, upserting
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

_DELETE_ENTRIES = deleting("entries", "stream_id, ms, seq")
_STREAM_COLUMNS = (
    "db, name, key, length, last_ms, last_seq, max_deleted_ms, max_deleted_seq, entries_added, "
    "expires_at_ms, idmp_duration_s, idmp_max_size, iids_added, iids_duplicates, view, fields, crc"
)
_PUT_STREAMS = upserting("streams", "id", _STREAM_COLUMNS)
_PUT_GROUPS = upserting(
    "groups", "id", "stream_id, name, raw_name, last_ms, last_seq, entries_read, crc"
)
_PUT_CONSUMERS = upserting("consumers", "id", "group_id, name, raw_name, seen_ms, active_ms, crc")
_PUT_PENDING = upserting(
    "pending",
    "group_id, ms, seq",
    "consumer_id, delivered_ms, delivery_count, put_order, crc",
)
_DELETE_PENDING = deleting("pending", "group_id, ms, seq")
_PUT_IIDS = inserting(
    "idmp",
    "stream_id, producer, pid, iid, ms, seq, put_order, crc",
    "ON CONFLICT (stream_id, pid, iid) DO UPDATE SET ms = excluded.ms, seq = excluded.seq, "
    "put_order = excluded.put_order, crc = excluded.crc",
)
_DELETE_IIDS = deleting("idmp", "stream_id, pid, iid")
PUT_STRINGS = upserting("strings", "db, key", "name, value, form, expires_at_ms, crc")
_DELETE_STRINGS = deleting("strings", "db, key")
_ASK_STRINGS = asking("strings", "db, key", "CAST(value AS BLOB), form, expires_at_ms")
_ASK_EXPIRIES = asking("strings", "db, key", "NULL, form, expires_at_ms")

_DELETE_STREAMS = deleting("streams", "id")
_DELETE_GROUPS = deleting("groups", "id")
_DELETE_CONSUMERS = deleting("consumers", "id")
_DELETE_CONSUMERS_OF_GROUPS = deleting("consumers", "group_id")
_DELETE_PENDING_OF = deleting("pending", "group_id, consumer_id")
_DELETE_IIDS_OF_STREAMS = deleting("idmp", "stream_id")


def flush(connection: sqlite3.Connection, catalog: Catalog) -> None:
    """Write all that is not written yet, but for views and entries."""
    if catalog.is_used and not catalog.marked_used:
        connection.execute("INSERT OR REPLACE INTO _geostream_meta VALUES ('is_used', 'yes')")
        catalog.marked_used = True
    _delete_owners(connection, catalog)
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


def flush_entries(
    connection: sqlite3.Connection, writer: EntryWriter, rows: Iterable[StreamRow]
) -> list[StreamRow]:
    """Write the changes of streams' entries; return the streams with fields that are new."""
    removed: list[Row] = []
    added: list[StreamRow] = []
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
            added.append(row)
    _DELETE_ENTRIES.run(connection, removed)
    return writer.write(connection, added)


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
    state = (
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
    return (row.id, row.db, readable(row.key), *state, crc_of(row.id, row.db, *state))


def _group(row: GroupRow, stream_id: int) -> Row:
    ms, seq = map(signed, row.last_id)
    crc = crc_of(row.id, stream_id, row.name, ms, seq, row.entries_read)
    return (row.id, stream_id, readable(row.name), row.name, ms, seq, row.entries_read, crc)


def _consumer(row: ConsumerRow, group_id: int) -> Row:
    crc = crc_of(row.id, group_id, row.name, row.seen_ms, row.active_ms)
    return (row.id, group_id, readable(row.name), row.name, row.seen_ms, row.active_ms, crc)


def flush_pending(connection: sqlite3.Connection, groups: Iterable[GroupRow]) -> None:
    """Write the changes of what groups have pending."""
    removed: list[Row] = []
    put: list[Row] = []
    for group in groups:
        for entry_id, held in group.changed.items():
            ms, seq = map(signed, entry_id)
            if held is None:
                removed.append((group.id, ms, seq))
            else:
                number, *rest = held
                crc = crc_of(ms, seq, *rest) + shift(group.id + (number or 0))
                put.append((group.id, ms, seq, *held, crc))
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
        for (pid, iid), (entry_id, order) in row.iids_put.items():
            ms, seq = map(signed, entry_id)
            crc = crc_of(pid, iid, ms, seq, order) + shift(row.id)
            put.append((row.id, readable(pid), pid, iid, ms, seq, order, crc))
        row.iids_put.clear()
    _DELETE_IIDS.run(connection, removed)
    _PUT_IIDS.run(connection, put)


def _flush_strings(
    connection: sqlite3.Connection, changes: dict[tuple[int, bytes], StringChange]
) -> None:
    gone = [place for place, change in changes.items() if change.is_gone]
    known = _stored_strings(connection, changes)
    put: list[Row] = []
    for (db, key), change in changes.items():
        content, form, expires_at_ms = known.get((db, key), (None, "set", None))
        if change.content is not None:
            content, form = change.content, change.form
        elif change.is_gone:
            continue
        if not isinstance(change.expires_at_ms, type):
            expires_at_ms = change.expires_at_ms
        if content is not None:
            put.append(string_row(db, key, content, form, expires_at_ms))
    _DELETE_STRINGS.run(connection, gone)
    PUT_STRINGS.run(connection, put)


def _stored_strings(
    connection: sqlite3.Connection, changes: dict[tuple[int, bytes], StringChange]
) -> dict[tuple[int, bytes], tuple[bytes | None, str, int | None]]:
    """Return content, form and expiry of those of which something stays."""
    contents, expiries = [], []
    for place, change in changes.items():
        if change.is_gone:
            continue
        if change.content is None:
            contents.append(place)
        elif isinstance(change.expires_at_ms, type):
            expiries.append(place)
    found: dict[tuple[int, bytes], tuple[bytes | None, str, int | None]] = {}
    for query, places in ((_ASK_STRINGS, contents), (_ASK_EXPIRIES, expiries)):
        for db, key, *rest in query.fetch(connection, places):
            found[db, key] = (rest[0], rest[1], rest[2])
    return found


def string_row(db: int, key: bytes, content: bytes, form: str, expires_at_ms: int | None) -> Row:
    """Return a row of ``strings`` as it is stored."""
    crc = crc_of(key, content, form, expires_at_ms) + shift(db)
    return (db, key, readable(key), text_or_bytes(content), form, expires_at_ms, crc)


# What belongs to nothing

_CLEAR_ENTRIES = """DELETE FROM entries WHERE rowid IN
    (SELECT rowid FROM entries WHERE stream_id = ? LIMIT ?)"""
_CLEAR_PENDING = """DELETE FROM pending WHERE (group_id, ms, seq) IN
    (SELECT group_id, ms, seq FROM pending WHERE group_id = ? LIMIT ?)"""


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
