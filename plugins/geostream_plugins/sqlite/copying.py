"""Copies and moves of what is only on disk, in SQL, inside a transaction.

Everything that changed before must have been written.
"""

from __future__ import annotations

import sqlite3

from geostream_plugins.sqlite.people import readable
from geostream_plugins.sqlite.rows import Catalog, ConsumerRow, GroupRow, StreamRow

Place = tuple[int, bytes]  # database, key


def move_string(connection: sqlite3.Connection, source: Place, target: Place) -> None:
    """Give a string another key; there is none under that."""
    update = "UPDATE strings SET db = ?, key = ?, name = ? WHERE db = ? AND key = ?"
    connection.execute(update, (*target, readable(target[1]), *source))


def copy_string(connection: sqlite3.Connection, source: Place, target: Place) -> None:
    """Put a string under another key as well; there is none under that."""
    insert = """INSERT INTO strings (db, key, name, value, form, expires_at_ms)
        SELECT ?, ?, ?, value, form, expires_at_ms FROM strings WHERE db = ? AND key = ?"""
    connection.execute(insert, (*target, readable(target[1]), *source))


def swap_databases(connection: sqlite3.Connection, mine: int, other: int) -> None:
    """Let two databases change places. O(keys)."""
    swap = "UPDATE streams SET db = CASE db WHEN ?1 THEN ?2 ELSE ?1 END WHERE db IN (?1, ?2)"
    connection.execute(swap, (mine, other))
    for before, after in ((mine, -1), (other, mine), (-1, other)):  # keys are unique all the way
        connection.execute("UPDATE strings SET db = ? WHERE db = ?", (after, before))


def copy_stream(
    connection: sqlite3.Connection, catalog: Catalog, row: StreamRow, target: Place
) -> StreamRow:
    """Put a stream under another key as well. O(entries + pending)."""
    copy = catalog.new_stream(*target, row.memory.copy())
    copy.length = row.length
    copy.last_id = row.last_id
    copy.max_deleted_id = row.max_deleted_id
    copy.entries_added = row.entries_added
    copy.expires_at_ms = row.expires_at_ms
    copy.fields = dict(row.fields)
    copy.fields_json = row.fields_json
    copy.shapes = dict(row.shapes)
    connection.execute(
        """INSERT INTO entries (stream_id, ms, seq, fields, pairs, crc, raw)
        SELECT ?, ms, seq, fields, pairs, crc, raw FROM entries
        WHERE stream_id = ? ORDER BY rowid""",
        (copy.id, row.id),
    )
    connection.execute(
        """INSERT INTO idmp (stream_id, producer, pid, iid, ms, seq, put_order)
        SELECT ?, producer, pid, iid, ms, seq, put_order FROM idmp WHERE stream_id = ?""",
        (copy.id, row.id),
    )
    for group in row.groups.values():
        _copy_group(connection, catalog, group, copy)
    return copy


def _copy_group(
    connection: sqlite3.Connection, catalog: Catalog, group: GroupRow, target: StreamRow
) -> None:
    number = next(catalog.numbers.groups)
    copy = GroupRow(number, group.name, group.last_id, group.entries_read)
    target.groups[group.name] = copy
    catalog.touched_groups[copy] = target.id
    twins = []
    for consumer in group.consumers.values():
        number = next(catalog.numbers.consumers)
        twin = ConsumerRow(number, consumer.name, consumer.seen_ms, consumer.active_ms)
        copy.consumers[consumer.name] = twin
        catalog.touched_consumers[twin] = copy.id
        twins.append((consumer.id, twin.id))
    insert = """INSERT INTO pending
        (group_id, ms, seq, consumer_id, delivered_ms, delivery_count, put_order)
        SELECT ?, ms, seq, ?, delivered_ms, delivery_count, put_order FROM pending
        WHERE group_id = ? AND consumer_id IS ?"""
    for old, new in [(None, None), *twins]:
        connection.execute(insert, (copy.id, new, group.id, old))
