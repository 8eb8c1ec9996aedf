"""Read the small tables into a catalog."""

from __future__ import annotations

import sqlite3
from itertools import count
from pathlib import Path

import msgspec

from geostream.persistence.api import Corrupt
from geostream.store.group import NEVER
from geostream.store.idempotency import Idempotency
from geostream.store.ids import StreamId
from geostream_plugins.sqlite.checks import ADVICE, check
from geostream_plugins.sqlite.flush import find_orphans
from geostream_plugins.sqlite.rows import (
    MOST_FIELDS,
    Catalog,
    ConsumerRow,
    GroupRow,
    Numbers,
    StreamRow,
)
from geostream_plugins.sqlite.u64 import unsigned


def read_numbers(connection: sqlite3.Connection) -> Numbers:
    """Return numbers that no row has, nor has had if something is left of it."""
    largest = [
        _number(connection.execute(f"SELECT max({column}) FROM {table}").fetchone()[0])
        for column, table in (
            ("id", "streams"),
            ("stream_id", "entries"),
            ("id", "groups"),
            ("group_id", "pending"),
            ("id", "consumers"),
        )
    ]
    streams, groups = max(largest[:2]), max(largest[2:4])
    return Numbers(count(streams + 1), count(groups + 1), count(largest[4] + 1))


def _number(found: object) -> int:
    return found if isinstance(found, int) else 0  # a damaged one is told about later


def read_catalog(connection: sqlite3.Connection, path: Path, numbers: Numbers) -> Catalog:
    """Return all streams, groups, consumers and producers. Raises Corrupt, sqlite3.Error."""
    catalog = Catalog(numbers)
    query = "SELECT count(*) FROM _geostream_meta WHERE name = 'is_used'"
    catalog.is_used = catalog.marked_used = connection.execute(query).fetchone()[0] > 0
    puts = "SELECT max(put_order) FROM pending UNION ALL SELECT max(put_order) FROM idmp"
    catalog.next_put = max(_number(found) for (found,) in connection.execute(puts)) + 1
    streams = _read_streams(connection, path, catalog)
    groups = _read_groups(connection, path, streams)
    _read_consumers(connection, path, groups)
    _read_producers(connection, path, streams)
    for table, number in find_orphans(connection):
        owners = catalog.orphaned_streams if table == "entries" else catalog.orphaned_groups
        owners.append(number)
    return catalog


def _read_streams(
    connection: sqlite3.Connection, path: Path, catalog: Catalog
) -> dict[int, StreamRow]:
    streams: dict[int, StreamRow] = {}
    query = """SELECT id, db, key, length, last_ms, last_seq, max_deleted_ms, max_deleted_seq,
        entries_added, expires_at_ms, idmp_duration_s, idmp_max_size, iids_added, iids_duplicates,
        view, fields, crc FROM streams"""
    for number, db, key, length, *rest, crc in connection.execute(query):
        place = f"table streams, id {number}"
        check(path, place, crc, (number, db, key, length, *rest))
        if crc is None:
            catalog.edited.add(number)
        if (db, key) in catalog.streams:
            raise Corrupt(path, None, f"{place}: there is another with its key", ADVICE)
        if db < 0:
            raise Corrupt(path, None, f"{place}: there is no database {db}", ADVICE)
        row = StreamRow(number, db, key, Idempotency(rest[6], rest[7]))
        row.length = length
        row.last_id = _id(rest[0], rest[1])
        row.max_deleted_id = _id(rest[2], rest[3])
        row.entries_added = rest[4]
        row.expires_at_ms = rest[5]
        row.memory.iids_added, row.memory.iids_duplicates = rest[8], rest[9]
        row.view = rest[10]
        try:
            fields = msgspec.json.decode(rest[11], type=list[str])
        except msgspec.DecodeError as fault:
            raise Corrupt(path, None, f"{place}: fields: {fault}", ADVICE) from fault
        row.fields = dict.fromkeys(fields[:MOST_FIELDS], True)
        row.fields_json = rest[11]
        if row.view is not None:
            catalog.views.add(row.view)
        streams[number] = catalog.streams[db, key] = row
    return streams


def _id(ms: int, seq: int) -> StreamId:
    return unsigned(ms), unsigned(seq)


def _read_groups(
    connection: sqlite3.Connection, path: Path, streams: dict[int, StreamRow]
) -> dict[int, GroupRow]:
    groups: dict[int, GroupRow] = {}
    query = "SELECT id, stream_id, raw_name, last_ms, last_seq, entries_read, crc FROM groups"
    for number, stream_id, name, ms, seq, entries_read, crc in connection.execute(query):
        values = (number, stream_id, name, ms, seq, entries_read)
        check(path, f"table groups, id {number}", crc, values)
        row = streams.get(stream_id)
        reason = "its stream is not there" if row is None else "its stream has another of its name"
        if row is None or name in row.groups:
            raise Corrupt(path, None, f"table groups, id {number}: {reason}", ADVICE)
        groups[number] = row.groups[name] = GroupRow(number, name, _id(ms, seq), entries_read)
    return groups


def _read_consumers(
    connection: sqlite3.Connection, path: Path, groups: dict[int, GroupRow]
) -> None:
    query = "SELECT id, group_id, raw_name, seen_ms, active_ms, crc FROM consumers"
    for number, group_id, name, seen_ms, active_ms, crc in connection.execute(query):
        values = (number, group_id, name, seen_ms, active_ms)
        check(path, f"table consumers, id {number}", crc, values)
        group = groups.get(group_id)
        reason = "its group is not there" if group is None else "its group has another of its name"
        if group is None or name in group.consumers:
            raise Corrupt(path, None, f"table consumers, id {number}: {reason}", ADVICE)
        if active_ms < NEVER:
            reason = f"active_ms is {active_ms}"
            raise Corrupt(path, None, f"table consumers, id {number}: {reason}", ADVICE)
        group.consumers[name] = ConsumerRow(number, name, seen_ms, active_ms)


def _read_producers(
    connection: sqlite3.Connection, path: Path, streams: dict[int, StreamRow]
) -> None:
    query = "SELECT stream_id, pid, iid, ms, seq, put_order, crc FROM idmp"
    query += " ORDER BY stream_id, put_order"
    for stream_id, pid, iid, ms, seq, order, crc in connection.execute(query):
        place = f"table idmp, stream_id {stream_id}, pid {pid!r}, iid {iid!r}"
        check(path, place, crc, (pid, iid, ms, seq, order), stream_id)
        if stream_id in streams:
            memory = streams[stream_id].memory
            memory.producers.setdefault(pid, {})[iid] = _id(ms, seq)
            memory.iids_tracked += 1
