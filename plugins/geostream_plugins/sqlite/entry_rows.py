"""Rows of ``entries``: from an entry to what is stored, and the checks on the way back."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from itertools import repeat
from zlib import crc32

import hiredis

from geostream.store.ids import StreamId
from geostream.store.wire import unpack_entry
from geostream_plugins.sqlite.people import fields_json, objects_json
from geostream_plugins.sqlite.rows import StreamRow
from geostream_plugins.sqlite.u64 import HALF, signed

COLUMNS = "stream_id, ms, seq, fields, crc, raw"  # of a row, ...
PAIRS = "pairs"  # ... and of one that has them


class EntryWriter:
    """Makes rows; ``shows_fields`` says whether with JSON for people."""

    def __init__(self, shows_fields: bool) -> None:
        self.shows_fields = shows_fields

    def make_rows(self, streams: Iterable[StreamRow]) -> list[StreamRow]:
        """Make rows of streams' new entries, all at once; return the streams with new fields."""
        new = [
            (row, entry_id, entry)
            for row in streams
            for entry_id, entry in row.added.items()
            if type(entry) is bytes
        ]
        if not new:
            return []
        rows, ids, raws = (list(column) for column in zip(*new, strict=True))
        learned: list[StreamRow] = []
        texts: Iterable[str | None] = repeat(None)
        pairs: Iterable[str | None] = repeat(None)
        if self.shows_fields:
            learned, texts, pairs = _shown(rows, list(map(unpack_entry, raws)), raws)
        ms, seq = zip(*ids, strict=True)
        if max(ms) >= HALF or max(seq) >= HALF:
            ms, seq = tuple(map(signed, ms)), tuple(map(signed, seq))
        numbers = [row.id for row in rows]
        stored = map(bytearray, raws)  # which sqlite3 takes as it is, see many.py
        made = zip(numbers, ms, seq, texts, map(crc32, raws), stored)  # noqa: B905
        for row, entry_id, entry, pair in zip(rows, ids, made, pairs):  # noqa: B905
            row.added[entry_id] = entry if pair is None else (*entry, pair)
        return learned

    def add_stored(
        self, row: StreamRow, entries: Iterable[tuple[StreamId, bytes | bytearray]]
    ) -> bool:
        """Note entries that are in an image; tell whether some have fields that are new."""
        learned = False
        reader = hiredis.Reader()
        for entry_id, wire in entries:
            raw = bytes(wire)
            ms, seq = entry_id
            text: str | None = None
            pairs: str | None = None
            if self.shows_fields:
                reader.feed(raw)
                fields: list[bytes] = reader.gets()[1]
                names = tuple(fields[::2])
                learned |= names not in row.shapes and row.learn(names)
                text, pairs = fields_json(fields, row.shapes[names], raw)
            made = (row.id, signed(ms), signed(seq), text, crc32(raw), bytearray(raw))
            row.added[entry_id] = made if pairs is None else (*made, pairs)
        return learned


def _shown(
    rows: Sequence[StreamRow], fields: list[list[bytes]], raws: list[bytes]
) -> tuple[list[StreamRow], Iterable[str | None], Iterable[str | None]]:
    """Return streams with new fields, and what people are shown: objects, arrays of pairs."""
    learned, shapes = [], []
    for row, words in zip(rows, fields, strict=True):
        names = tuple(words[::2])
        if names not in row.shapes and row.learn(names):
            learned.append(row)
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
