"""Rows of entries as the pages of an SQLite database, which SQLite takes as it is.

Binding the values of a row takes an object for each, and the interpreter's lock, which the hub
is waiting for. A database in memory takes neither: its pages are written here in one walk, are
given to SQLite in one call, and ``INSERT ... SELECT`` copies the rows while others run.

Page 1 is SQLite's own, of an empty table, and comes from whoever uses this. Page 2, where the
table begins, names the pages of rows (leaves) with the number of the last row in each; if there
is one leaf only, page 2 is that leaf. A row is stored as a record: the types of its columns, then
their values; numbers have eight bytes here. Source: the format as SQLite publishes it,
https://www.sqlite.org/fileformat2.html, "B-tree Pages" and "Record Format".

This is one of the modules that are compiled: see octets.py.
"""

from __future__ import annotations

from geostream.store import octets

PAGE_BYTES = 16384
COLUMNS = "owner, ms, seq, fields, crc, raw"  # of a row, in this order

_PAGE = PAGE_BYTES
_ROOT_AT, _FIRST_LEAF = PAGE_BYTES, 2  # pages are counted from 0 here, from 1 in the file
_LEAF, _INTERIOR = 13, 5  # kinds of pages
_LEAF_HEAD, _INTERIOR_HEAD = 8, 12  # what they begin with, in bytes; places of cells are behind
_INT, _TEXT, _BLOB = 6, 13, 12  # types: of eight bytes; of no bytes, two more for each byte
_NUMBERS_BYTES = 4 * 8
_LARGEST = PAGE_BYTES - 35  # of a record; the rest of a larger one would be on other pages
_PAGES_AT = 28  # how many pages there are
_FEW_PAGES = 16  # that there is room for at first: most servers never fill more


class RowPages:
    """Rows that wait for SQLite: ``add`` them, ``finish``, take ``data``, ``clear``."""

    def __init__(self, first_page: bytes, most_pages: int) -> None:
        """Begin without rows.

        first_page -- page 1 of a database whose table, at page 2, has the columns ``COLUMNS``
        most_pages -- three at least, 1,000 at most
        """
        self._most_pages = most_pages
        self._room = min(_FEW_PAGES, most_pages)
        self._buffer = self._out = bytearray(self._room * PAGE_BYTES)
        self._buffer[:PAGE_BYTES] = first_page
        self.clear()

    def clear(self) -> None:
        """Forget all rows."""
        self.rows = 0
        self._pages = _FIRST_LEAF  # written or begun
        self._at = 0  # where the last leaf is
        self._cells = 0  # in it ...
        self._top = 0  # ... and where the last of them is, from its start
        self._parents = 0  # leaves that page 2 names
        self._parents_top = _PAGE

    def add(
        self,
        owner: int,
        ms: int,
        seq: int,
        text: bytes | bytearray,
        size: int,
        crc: int,
        raw: bytes,
    ) -> bool:
        """Put a row behind the others; False: it is too large for a page, or all are full.

        owner, ms, seq, crc -- from 0 to 2**63 - 1
        text, size          -- its beginning is UTF-8
        """
        raw_size = len(raw)
        text_type, raw_type = _TEXT + 2 * size, _BLOB + 2 * raw_size
        types = 1 + 4 + _varint_size(text_type) + _varint_size(raw_type)
        record = types + _NUMBERS_BYTES + size + raw_size
        cell = _varint_size(record) + _varint_size(self.rows + 1) + record
        if record > _LARGEST:
            return False
        if self._top - cell < _LEAF_HEAD + 2 * (self._cells + 1) and not self._begin_leaf():
            return False
        self.rows += 1
        self._top -= cell
        out, at = self._out, self._at + self._top
        _put_big(out, self._at + _LEAF_HEAD + 2 * self._cells, self._top, 2)
        self._cells += 1
        at = _put_varint(out, at, record)
        at = _put_varint(out, at, self.rows)
        out[at] = types
        out[at + 1] = out[at + 2] = out[at + 3] = _INT
        at = _put_varint(out, at + 4, text_type)
        out[at] = _INT
        at = _put_varint(out, at + 1, raw_type)
        at = _put_big(out, at, owner, 8)
        at = _put_big(out, at, ms, 8)
        at = _put_big(out, at, seq, 8)
        at = octets.put(out, at, text, 0, size)
        at = _put_big(out, at, crc, 8)
        octets.put(out, at, raw, 0, raw_size)
        return True

    def finish(self) -> None:
        """Make what was added, a row at least, a database; after that ``clear`` comes."""
        self._end_leaf()
        if not self._parents:
            octets.put(self._out, _ROOT_AT, self._out, self._at, _PAGE)
            self._pages = _FIRST_LEAF
        else:
            self._put_head(_ROOT_AT, _INTERIOR, self._parents, self._parents_top)
            _put_big(self._out, _ROOT_AT + _LEAF_HEAD, self._pages, 4)  # the last is named here
        _put_big(self._out, _PAGES_AT, self._pages, 4)

    @property
    def data(self) -> memoryview:
        """The database, once finished; until then not to be kept."""
        return memoryview(self._buffer)[: self._pages * PAGE_BYTES]

    def _begin_leaf(self) -> bool:
        if self._pages >= self._room and not self._grow():
            return False
        if self._pages > _FIRST_LEAF:
            self._end_leaf()
            self._name_leaf()
        self._at = self._pages * _PAGE
        self._pages += 1
        self._cells = 0
        self._top = _PAGE
        return True

    def _grow(self) -> bool:
        if self._room >= self._most_pages:
            return False
        before = self._buffer
        self._room = min(2 * self._room, self._most_pages)
        self._buffer = self._out = bytearray(self._room * PAGE_BYTES)
        self._buffer[: len(before)] = before
        return True

    def _end_leaf(self) -> None:
        self._put_head(self._at, _LEAF, self._cells, self._top)

    def _name_leaf(self) -> None:
        """Note the last leaf and its last row in page 2."""
        out = self._out
        self._parents_top -= 4 + _varint_size(self.rows)
        at = _put_big(out, _ROOT_AT + self._parents_top, self._pages, 4)
        _put_varint(out, at, self.rows)
        place = _ROOT_AT + _INTERIOR_HEAD + 2 * self._parents
        _put_big(out, place, self._parents_top, 2)
        self._parents += 1

    def _put_head(self, at: int, kind: int, cells: int, top: int) -> None:
        out = self._out
        out[at] = kind
        _put_big(out, at + 1, 0, 2)
        _put_big(out, at + 3, cells, 2)
        _put_big(out, at + 5, top, 2)
        out[at + 7] = 0


def _varint_size(value: int) -> int:
    size = 1
    while value >= 128:
        value >>= 7
        size += 1
    return size


def _put_varint(out: bytearray, at: int, value: int) -> int:
    """Write a number below 2**56, seven bits a byte, the high ones first; return the end."""
    end = at + _varint_size(value)
    place = end - 1
    out[place] = value & 127
    while value >= 128:
        value >>= 7
        place -= 1
        out[place] = value & 127 | 128
    return end


def _put_big(out: bytearray, at: int, value: int, size: int) -> int:
    """Write a number, its high byte first; return the end."""
    end = at + size
    place = end
    while place > at:
        place -= 1
        out[place] = value & 255
        value >>= 8
    return end
