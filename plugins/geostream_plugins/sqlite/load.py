"""Read the large tables and put everything together as effects.

``entries`` is read once from one end to the other, a few thousand rows at a time, whatever
stream they are of; they are told apart here. Rows of a stream mostly come in the order of
their IDs; where they do not, they are sorted. Everything is checked: people can write to the
file.
"""

from __future__ import annotations

import sqlite3
from array import array
from collections.abc import Iterator
from itertools import islice, pairwise
from operator import itemgetter, lt
from pathlib import Path

from geostream.persistence.api import Corrupt, LoadReport
from geostream.store.effects import Effect, ExpirySet, StreamRestored, StringSet
from geostream.store.ids import StreamId
from geostream.store.images import (
    ConsumerImage,
    GroupImage,
    IdmpImage,
    PendingImage,
    StreamImage,
)
from geostream.store.segment import SEAL_BYTES, SEAL_ENTRIES, Segment
from geostream_plugins.sqlite.checks import ADVICE, DAMAGED, check
from geostream_plugins.sqlite.entry_rows import first_bad
from geostream_plugins.sqlite.rows import Catalog, GroupRow, StreamRow
from geostream_plugins.sqlite.u64 import unsigned, unsigned_array

ROWS = 2000  # fetched at a time
FORMS = ("set", "setrange", "incrbyfloat")

_Row = tuple[int, int, int, int | None, bytes]  # stream, ms, seq, crc, raw
_by_stream = itemgetter(0)
_raw = itemgetter(4)


class Loader:
    """One load of a file."""

    def __init__(
        self, connection: sqlite3.Connection, path: Path, catalog: Catalog, report: LoadReport
    ) -> None:
        self._connection = connection
        self._path = path
        self._catalog = catalog
        self._report = report
        #: What each stream's entries were found to be, for whoever compares later.
        self.segments: dict[int, list[Segment]] = {}

    def load(self) -> Iterator[Effect]:
        """Yield everything, keys with their expiry. Raises Corrupt, sqlite3.Error."""
        yield from self._strings()
        entries = _Entries(self._path, self._catalog)
        total = sum(row.length for row in self._catalog.streams.values())
        cursor = self._connection.execute("SELECT stream_id, ms, seq, crc, raw FROM entries")
        seen = 0
        while rows := cursor.fetchmany(ROWS):
            entries.add(rows)
            seen += len(rows)
            if total > 0:
                share = min(seen / total, 1.0)
                self._report.loaded_bytes = int(self._report.total_bytes * share)
        pending = self._pending()
        for (db, key), row in self._catalog.streams.items():
            segments = self.segments[row.id] = entries.finish(row)
            yield StreamRestored(db, key, self._image(row, segments, pending))
            if row.expires_at_ms is not None:
                yield ExpirySet(db, key, row.expires_at_ms)
        self._report.loaded_bytes = self._report.total_bytes

    def _strings(self) -> Iterator[Effect]:
        seen: set[tuple[int, bytes]] = set()
        query = "SELECT db, key, CAST(value AS BLOB), form, expires_at_ms, crc FROM strings"
        for db, key, content, form, expires_at_ms, crc in self._connection.execute(query):
            place = f"table strings, database {db}, key {key!r}"
            check(self._path, place, crc, (key, content, form, expires_at_ms), db)
            if (db, key) in self._catalog.streams:
                raise Corrupt(self._path, None, f"{place}: this key is a stream too", ADVICE)
            if db < 0 or form not in FORMS:
                raise Corrupt(self._path, None, f"{place}: db or form is not valid", ADVICE)
            if (db, key) in seen:
                raise Corrupt(self._path, None, f"{place}: this key is there twice", ADVICE)
            seen.add((db, key))
            yield StringSet(db, key, content, form, True)
            if expires_at_ms is not None:
                yield ExpirySet(db, key, expires_at_ms)

    def _pending(self) -> dict[int, list[tuple[int, int, int, int, int | None, int]]]:
        """Return what each group has pending: time, order, ID, consumer, count; oldest first."""
        pending: dict[int, list[tuple[int, int, int, int, int | None, int]]] = {}
        query = """SELECT group_id, delivered_ms, put_order, ms, seq, consumer_id, delivery_count,
            crc FROM pending"""
        for group_id, time_ms, order, ms, seq, number, count, crc in self._connection.execute(
            query
        ):
            place = f"table pending, group_id {group_id}, ms {ms}, seq {seq}"
            values = (ms, seq, time_ms, count, order)
            check(self._path, place, crc, values, group_id, number)
            row = (time_ms, order, unsigned(ms), unsigned(seq), number, count)
            pending.setdefault(group_id, []).append(row)
        for rows in pending.values():
            rows.sort(key=lambda row: row[:4])
        return pending

    def _image(
        self,
        row: StreamRow,
        segments: list[Segment],
        pending: dict[int, list[tuple[int, int, int, int, int | None, int]]],
    ) -> StreamImage:
        memory = row.memory
        image = StreamImage(segments, [], row.last_id, row.max_deleted_id, row.entries_added)
        image.groups = [
            self._group(row, group, pending.get(group.id, [])) for group in row.groups.values()
        ]
        image.idmp = IdmpImage(
            memory.duration_s,
            memory.max_size,
            memory.iids_added,
            memory.iids_duplicates,
            {pid: dict(iids) for pid, iids in memory.producers.items()},
        )
        if image.last_entry_id > row.last_id:
            reason = f"table streams, id {row.id}: last_ms and last_seq are below its last entry"
            raise Corrupt(self._path, None, reason, ADVICE)
        if image.length != row.length and row.id not in self._catalog.edited:
            reason = f"table streams, id {row.id}: its length is {row.length}, but there are "
            reason += f"{image.length} entries; {DAMAGED}"
            raise Corrupt(self._path, None, reason, ADVICE)
        row.length = image.length
        return image

    def _group(
        self,
        row: StreamRow,
        group: GroupRow,
        pending: list[tuple[int, int, int, int, int | None, int]],
    ) -> GroupImage:
        owners: dict[int | None, ConsumerImage | None] = {None: None}
        consumers = []
        for consumer in group.consumers.values():
            image = ConsumerImage(consumer.name, consumer.seen_ms, consumer.active_ms)
            owners[consumer.id] = image
            consumers.append(image)
        held: dict[StreamId, PendingImage] = {}
        released = []
        for time_ms, _, ms, seq, number, count in pending:
            if number not in owners or count < 0:
                reason = f"table pending, group_id {group.id}, id {ms}-{seq}: "
                reason += "its consumer is not the group's, or delivery_count is negative"
                raise Corrupt(self._path, None, reason, ADVICE)
            held[ms, seq] = PendingImage(owners[number], time_ms, count)
            if number is None:
                released.append((ms, seq))
        return GroupImage(group.name, group.last_id, group.entries_read, consumers, held, released)


class _Entries:
    """Rows of ``entries`` told apart by stream, as segments as soon as there are enough."""

    def __init__(self, path: Path, catalog: Catalog) -> None:
        self._path = path
        self._rows: dict[int, list[_Row]] = {row.id: [] for row in catalog.streams.values()}
        self._bytes = dict.fromkeys(self._rows, 0)
        self._segments: dict[int, list[Segment]] = {number: [] for number in self._rows}

    def add(self, rows: list[_Row]) -> None:
        """Take some rows. Raises Corrupt."""
        try:
            self._add(rows)
        except (TypeError, OverflowError) as fault:
            raise Corrupt(self._path, None, _mistyped(rows), ADVICE) from fault

    def _add(self, rows: list[_Row]) -> None:
        if len(set(map(_by_stream, rows))) == 1:
            self._add_to(rows[0][0], rows)
            return
        by_stream: dict[int, list[_Row]] = {}
        for row in rows:
            by_stream.setdefault(row[0], []).append(row)
        for number, some in by_stream.items():
            self._add_to(number, some)

    def _add_to(self, number: int, rows: list[_Row]) -> None:
        waiting = self._rows.get(number)
        if waiting is None:  # belongs to nothing
            return
        waiting += rows
        self._bytes[number] += sum(map(len, map(_raw, rows)))
        if len(waiting) >= SEAL_ENTRIES or self._bytes[number] >= SEAL_BYTES:
            self._seal(number)

    def _seal(self, number: int) -> None:
        rows = self._rows[number]
        average_bytes = self._bytes[number] // len(rows) + 1
        size = max(1, min(SEAL_ENTRIES, SEAL_BYTES // average_bytes + 1))
        for start in range(0, len(rows), size):
            some = rows[start : start + size]
            try:
                self._add_segment(number, some)
            except (TypeError, OverflowError) as fault:
                raise Corrupt(self._path, None, _mistyped(some), ADVICE) from fault
        self._rows[number] = []
        self._bytes[number] = 0

    def _add_segment(self, number: int, rows: list[_Row]) -> None:
        _, stored_ms, stored_seq, crcs, entries = map(list, zip(*rows, strict=True))
        ms, seq = unsigned_array(stored_ms), unsigned_array(stored_seq)
        ids = list(zip(ms, seq, strict=True))
        bad = first_bad(ids, crcs, entries)
        if bad is not None:
            place = f"table entries, stream_id {number}, id {ids[bad][0]}-{ids[bad][1]}"
            raise Corrupt(self._path, None, f"{place}: raw is not that entry", ADVICE)
        segment = Segment.of(ms, seq, entries)
        if all(map(lt, ids, islice(ids, 1, None))):
            self._segments[number].append(segment)
        else:
            self._segments[number] += _sorted_anew(self._path, number, [segment])

    def finish(self, row: StreamRow) -> list[Segment]:
        """Return all of a stream's entries, in order."""
        if self._rows[row.id]:
            self._seal(row.id)
        segments = self._segments.pop(row.id)
        for before, after in pairwise(segments):
            if before.id_at(-1) >= after.id_at(0):
                return _sorted_anew(self._path, row.id, segments)
        return segments


def _mistyped(rows: list[_Row]) -> str:
    """Return a text that names the first row with a value that is not of its type."""
    for number, ms, seq, crc, raw in rows:
        types = list(map(type, (number, ms, seq, crc, raw)))
        if types not in ([int, int, int, int, bytes], [int, int, int, type(None), bytes]):
            return f"table entries, stream_id {number}, ms {ms}, seq {seq}: {DAMAGED}"
    return f"table entries: {DAMAGED}"


def _sorted_anew(path: Path, number: int, segments: list[Segment]) -> list[Segment]:
    """Return segments with the same entries in order. Raises Corrupt."""
    entries = [
        (entry_id, bytes(segment.entry(place)))
        for segment in segments
        for place, entry_id in enumerate(segment.ids(0, len(segment)))
    ]
    entries.sort()
    anew = []
    for before, after in pairwise(entries):
        if before[0] == after[0]:
            place = f"table entries, stream_id {number}, id {after[0][0]}-{after[0][1]}"
            raise Corrupt(path, None, f"{place}: it is there twice", ADVICE)
    for start in range(0, len(entries), SEAL_ENTRIES):
        ids, wires = zip(*entries[start : start + SEAL_ENTRIES], strict=True)
        ms, seq = zip(*ids, strict=True)
        anew.append(Segment.of(array("Q", ms), array("Q", seq), wires))
    return anew
