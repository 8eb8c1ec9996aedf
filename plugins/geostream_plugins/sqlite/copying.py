"""Copies and moves of what is only on disk, in SQL, inside a transaction.

Everything that changed before must have been written.
"""

from __future__ import annotations

import sqlite3

from geostream_plugins.sqlite.checks import shift
from geostream_plugins.sqlite.flush import PUT_STRINGS, string_row
from geostream_plugins.sqlite.rows import Catalog, ConsumerRow, GroupRow, StreamRow

Place = tuple[int, bytes]  # database, key


def move_string(connection: sqlite3.Connection, source: Place, target: Place) -> None:
    """Give a string another key; there is none under that."""
    copy_string(connection, source, target)
    connection.execute("DELETE FROM strings WHERE db = ? AND key = ?", source)


def copy_string(connection: sqlite3.Connection, source: Place, target: Place) -> None:
    """Put a string under another key as well; there is none under that."""
    query = """SELECT CAST(value AS BLOB), form, expires_at_ms FROM strings
        WHERE db = ? AND key = ?"""
    for content, form, expires_at_ms in connection.execute(query, source).fetchall():
        PUT_STRINGS.run(connection, [string_row(*target, content, form, expires_at_ms)])


def swap_databases(connection: sqlite3.Connection, mine: int, other: int) -> None:
    """Let two databases change places; their streams' rows are the catalog's. O(keys)."""
    update = "UPDATE strings SET db = ?, crc = crc + ? WHERE db = ?"
    for before, after in ((mine, -1), (other, mine), (-1, other)):  # keys are unique all the way
        change = shift(max(after, 0)) - shift(max(before, 0))
        connection.execute(update, (after, change, before))


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
        """INSERT INTO idmp (stream_id, producer, pid, iid, ms, seq, put_order, crc)
        SELECT ?, producer, pid, iid, ms, seq, put_order, crc + ? FROM idmp
        WHERE stream_id = ?""",
        (copy.id, shift(copy.id) - shift(row.id), row.id),
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
        (group_id, ms, seq, consumer_id, delivered_ms, delivery_count, put_order, crc)
        SELECT ?, ms, seq, ?, delivered_ms, delivery_count, put_order, crc + ? FROM pending
        WHERE group_id = ? AND consumer_id IS ?"""
    for old, new in [(None, None), *twins]:
        change = shift(copy.id + (new or 0)) - shift(group.id + (old or 0))
        connection.execute(insert, (copy.id, new, change, group.id, old))
