"""Entries as rows with a JSON object, for stores that people read.

Entries of a stream mostly have the same fields in the same order: a ``Shape``. What stands
between the values of their objects is then known beforehand, and an entry's wire form becomes
an object in one walk. Whatever is not that simple, the walk leaves to whoever asked: other
fields, characters that JSON writes as numbers, bytes that are not text, very large entries.

Until then effects of additions are kept as the bytes of their entries alone (``gathered``): one
object each and not six, for another thread to read and to free.

This is one of the modules that are compiled: see octets.py.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any
from zlib import crc32

from geostream.store import octets
from geostream.store.effects.effect import Effect
from geostream.store.effects.entry_added import EntryAdded
from geostream.store.ids import StreamId
from geostream.store.row_pages import RowPages

_STAR, _LINE_END, _NOT_ASCII = 42, 13, 128
_ID_AT = 4  # of an entry: behind *2 and its line end
_HALF = 2**63
_BUFFER_BYTES = 4096
_END = b'"}'
_AT_ONCE = 256  # rows, some 0.1 ms


class AddedEntries:
    """Entries put at the end of a stream one after the other, with no more than is stored.

    entries -- in wire form, one at least
    """

    __slots__ = ("db", "entries", "key")

    def __init__(self, db: int, key: bytes, entries: list[bytes]) -> None:
        self.db = db
        self.key = key
        self.entries = entries


def gathered(effects: list[Any]) -> list[Effect | AddedEntries]:
    """Return effects, in place of additions to one stream that follow each other their entries."""
    found: list[Effect | AddedEntries] = []
    run = nothing = AddedEntries(-1, b"", [])
    for effect in effects:
        if type(effect) is EntryAdded:
            added = effect
            if run.db != added.db or run.key != added.key:
                run = AddedEntries(added.db, added.key, [])
                found.append(run)
            run.entries.append(added.entry)
        else:
            run = nothing
            found.append(effect)
    return found


def id_of(entry: bytes) -> StreamId:
    """Return the ID of an entry in wire form."""
    return _halves_of(entry)


def _halves_of(entry: bytes) -> StreamId:
    at = octets.place_of(entry, _ID_AT, len(entry), _LINE_END) + 2
    middle = octets.digits_end(entry, at, len(entry))
    end = octets.digits_end(entry, middle + 1, len(entry))
    return (octets.decimal(entry, at, middle), octets.decimal(entry, middle + 1, end))


class Shape:
    """Fields that entries have, and makes rows of such entries."""

    def __init__(self, names: Sequence[bytes], heads: Sequence[bytes], largest_bytes: int) -> None:
        """Prepare.

        names         -- of the fields, at least one; no two look the same
        heads         -- what stands before each value: ``{"name":"``, then ``","name":"``
        largest_bytes -- of an entry that is taken, less than 2**31
        """
        self._names = list(names)
        self._heads = list(heads)
        self._count = len(names)
        self._largest_bytes = largest_bytes
        self._head_bytes = sum(map(len, heads)) + len(_END)
        self._buffer = self._out = bytearray(_BUFFER_BYTES)
        self._room = _BUFFER_BYTES

    def add_rows(
        self,
        entries: list[bytes],
        place: int,
        owner: int,
        values: list[Any],
        pages: RowPages | None = None,
    ) -> int:
        """Make rows of the entries from a place on; return how many.

        Goes on while they are of this shape, up to a number: a compiled loop lets no other
        thread run. Rows go to the pages, if there are any, while these have room. Else of a row
        the values owner, ms, seq, object, CRC-32, entry are put behind those that are there: no
        tuple, which somebody would take apart again.
        """
        first, end = place, min(len(entries), place + _AT_ONCE)
        while place < end:
            entry = entries[place]
            ms, seq = _halves_of(entry)
            if ms >= _HALF or seq >= _HALF:
                break
            size = self._put_object(entry)
            if size < 0:
                break
            if pages is not None:
                if not pages.add(owner, ms, seq, self._out, size, crc32(entry), entry):
                    break
            else:
                values.append(owner)
                values.append(ms)
                values.append(seq)
                values.append(octets.text(self._out, 0, size))
                values.append(crc32(entry))
                values.append(octets.array_of(entry))
            place += 1
        return place - first

    def text(self, entry: bytes) -> str | None:
        """Return an entry's fields as a JSON object; None if it is not one of these."""
        size = self._put_object(entry)
        return octets.text(self._out, 0, size) if size >= 0 else None

    def _put_object(self, entry: bytes) -> int:
        """Write an entry's fields as an object; return its size, -1 if it is not one of these."""
        stop = len(entry)
        if stop > self._largest_bytes:
            return -1
        if 2 * stop + self._head_bytes > self._room:
            self._room = 4 * stop + self._head_bytes
            self._buffer = self._out = bytearray(self._room)
        at = octets.place_of(entry, _ID_AT, stop, _STAR)
        digits = octets.place_of(entry, at, stop, _LINE_END)
        words = octets.decimal(entry, at + 1, digits)
        if words != 2 * self._count:
            return -1
        size = self._put_fields(entry, digits + 2, stop)
        if size < 0:
            return -1
        size = octets.put(self._out, size, _END, 0, len(_END))
        return size if self._is_text(size) else -1

    def _is_text(self, size: int) -> bool:
        """Tell whether what was written is UTF-8."""
        out, bits = self._out, 0
        for place in range(size):
            bits |= out[place]
        if bits < _NOT_ASCII:
            return True
        try:
            octets.text(out, 0, size)
        except UnicodeDecodeError:
            return False
        return True

    def _put_fields(self, entry: bytes, at: int, stop: int) -> int:
        """Write all but the end of the object; return the place behind, -1 if it cannot be."""
        out, to = self._out, 0
        for place in range(self._count):
            name, head = self._names[place], self._heads[place]
            digits = octets.digits_end(entry, at + 1, stop)
            size = octets.decimal(entry, at + 1, digits)
            at = digits + 2
            if size != len(name) or not octets.is_same(entry, at, name, 0, size):
                return -1
            at += size + 2
            digits = octets.digits_end(entry, at + 1, stop)
            size = octets.decimal(entry, at + 1, digits)
            to = octets.put(out, to, head, 0, len(head))
            to = octets.put_json(out, to, entry, digits + 2, size)
            if to < 0:
                return -1
            at = digits + size + 4
        return to
