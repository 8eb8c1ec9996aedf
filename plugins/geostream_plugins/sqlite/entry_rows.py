"""Rows of ``entries``: from an entry to what is stored, and the checks on the way back."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Sequence
from itertools import repeat
from typing import Any
from zlib import crc32

import hiredis

from geostream.store.entry_json import id_of
from geostream.store.ids import StreamId
from geostream.store.wire import unpack_entry
from geostream_plugins.sqlite.handing import ENTRY_COLUMNS, Handing
from geostream_plugins.sqlite.many import inserting
from geostream_plugins.sqlite.people import fields_json, objects_json
from geostream_plugins.sqlite.rows import StreamRow
from geostream_plugins.sqlite.u64 import signed

_ADD = inserting("entries", ENTRY_COLUMNS)
_ADD_WITH_PAIRS = inserting("entries", f"{ENTRY_COLUMNS}, pairs")
_MOST_AT_ONCE = 512  # rows that are not made by a shape
_FEW_AT_ONCE = 16  # ... where others are


class EntryWriter:
    """Makes rows and writes them."""

    def __init__(self, shows_fields: bool) -> None:
        """Prepare.

        shows_fields -- whether rows have JSON for people
        """
        self.shows_fields = shows_fields
        self.handing: Handing  # of the connection that rows are written on

    def write(self, connection: sqlite3.Connection, streams: list[StreamRow]) -> list[StreamRow]:
        """Write what was added to streams, in its order; return those with new fields."""
        learned: list[StreamRow] = []
        rows = _Rows(connection, self.handing, sum(len(row.added) for row in streams))
        for row in streams:
            entries, row.added = row.added, []
            place = 0
            while place < len(entries):
                count = rows.add_alike(row, entries, place)
                if not count:
                    size = _FEW_AT_ONCE if row.quick else _MOST_AT_ONCE
                    some = entries[place : place + size]
                    count = len(some)
                    if self._add_others(row, some, rows):
                        learned.append(row)
                place += count
        rows.write()
        return learned

    def _add_others(self, row: StreamRow, entries: list[bytes], rows: _Rows) -> bool:
        """Make rows of any entries; tell whether they have new fields."""
        learned = False
        texts: Iterable[str | None] = repeat(None)
        pairs: Iterable[str | None] = repeat(None)
        if self.shows_fields:
            learned, texts, pairs = _shown(row, list(map(unpack_entry, entries)), entries)
        for entry, text, pair in zip(entries, texts, pairs):  # noqa: B905
            rows.add(row.id, entry, text, pair)
        return learned


class _Rows:
    """Rows that are written in the order in which they come: to pages while that goes, or bound."""

    def __init__(self, connection: sqlite3.Connection, handing: Handing, rows: int) -> None:
        """Begin; ``rows`` are expected."""
        self._connection = connection
        self._handing = handing
        self._pages = handing.pages_for(rows)
        self._values: list[Any] = []  # of rows behind those in the pages

    def add_alike(self, row: StreamRow, entries: list[bytes], place: int) -> int:
        """Add those from a place on whose fields are known; return how many."""
        for shape in row.quick.values():
            count = shape.add_rows(entries, place, row.id, self._values, self._pages)
            if not count and self._pages is not None:
                count = shape.add_rows(entries, place, row.id, self._values)
                if count:
                    self._leave_pages()
            if count:
                return count
        return 0

    def add(self, stream_id: int, entry: bytes, text: str | None, pair: str | None) -> None:
        """Add one, with what is shown of it."""
        ms, seq = map(signed, id_of(entry))
        crc = crc32(entry)
        if self._pages is not None:
            if pair is None and text is not None and ms >= 0 and seq >= 0:
                shown = text.encode()
                if self._pages.add(stream_id, ms, seq, shown, len(shown), crc, entry):
                    return
            self._leave_pages()
        # As a bytearray, which sqlite3 takes as it is: see many.py
        made = (stream_id, ms, seq, text, crc, bytearray(entry))
        if pair is None:
            self._values += made
        else:
            self.write()
            _ADD_WITH_PAIRS.run(self._connection, [(*made, pair)])

    def write(self) -> None:
        """Write what is not written yet."""
        self._leave_pages()
        _ADD.run_flat(self._connection, self._values)
        self._values.clear()

    def _leave_pages(self) -> None:
        if self._pages is not None:
            self._handing.hand_over(self._pages)
            self._pages = None


def _shown(
    row: StreamRow, fields: list[list[bytes]], raws: list[bytes]
) -> tuple[bool, Iterable[str | None], Iterable[str | None]]:
    """Return whether fields are new, and what people are shown: objects, arrays of pairs."""
    learned, shapes = False, []
    for words in fields:
        names = tuple(words[::2])
        if names not in row.shapes:
            learned |= row.learn(names)
        row.expect(names)
        shapes.append(row.shapes[names])
    texts = objects_json(fields, shapes, raws)
    if texts is not None:
        return learned, texts, repeat(None)
    both = list(map(fields_json, fields, shapes, raws))
    return learned, [text for text, _ in both], [pairs for _, pairs in both]


def first_bad(
    ids: Sequence[StreamId], crcs: Sequence[int | None], entries: Sequence[bytes]
) -> int | None:
    """Return the place of the first entry that is not what its row says; None: all are.

    An entry must begin with the ID of its row and have the checksum of its row; one without
    a checksum was put there by hand, and must parse.
    """
    if list(map(crc32, entries)) == crcs:
        shown = [b"%d-%d\r\n*" % entry_id for entry_id in ids]
        is_usual = len(min(shown, key=len)) >= 13  # they stand behind *2 and $10 to $41
        if is_usual and all(map(bytes.startswith, entries, shown, repeat(9))):
            return None
    for place, (entry_id, crc, entry) in enumerate(zip(ids, crcs, entries, strict=True)):
        text = b"%d-%d" % entry_id
        start = b"*2\r\n$%d\r\n%b\r\n*" % (len(text), text)
        is_whole = is_entry(entry) if crc is None else crc == crc32(entry)
        if not is_whole or not entry.startswith(start):
            return place
    return None


def is_entry(wire: bytes) -> bool:
    """Tell whether bytes are one entry in wire form and nothing else."""
    reader = hiredis.Reader()
    reader.feed(wire)
    try:
        found = reader.gets()
    except hiredis.ProtocolError:
        return False
    if reader.has_data() or type(found) is not list or len(found) != 2:
        return False
    entry_id, fields = found
    if type(entry_id) is not bytes or type(fields) is not list or len(fields) % 2 or not fields:
        return False
    return all(type(word) is bytes for word in fields)
