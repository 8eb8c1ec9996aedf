"""Rows of ``entries`` handed over all at once, as a database in memory.

SQLite opens it under a name of its own beside the file (row_pages.py writes it), and one
``INSERT ... SELECT`` copies the rows. That takes half the instructions of binding values, and
hardly any with the interpreter's lock held: with it the hub waits, which has better things to do.

SQLite gives a database another content only while no transaction has touched it. So it is done
once in a transaction, and a transaction begins with the lock for writing the file alone, where
``BEGIN IMMEDIATE`` would lock both. Opening it anew costs as much as binding some 50 rows.
"""

from __future__ import annotations

import sqlite3
from types import FunctionType

from geostream.store.row_pages import COLUMNS, PAGE_BYTES, RowPages

ENTRY_COLUMNS = "stream_id, ms, seq, fields, crc, raw"  # that rows are made of, in this order
MANY_ROWS = 50  # from which it pays
MOST_PAGES = 256  # some 15,000 rows of the usual kind

#: Whether the walk is compiled: as plain Python it takes longer than binding.
PAGES_PAY = not isinstance(RowPages.add, FunctionType)

_NAME = "_geostream_rows"
_TABLE = f"CREATE TABLE rows ({COLUMNS})"
_COPY = f"INSERT INTO main.entries ({ENTRY_COLUMNS}) SELECT {COLUMNS} FROM {_NAME}.rows"
_LOCK = "DELETE FROM main._geostream_meta WHERE 0"


class Handing:
    """Hands rows over on one connection."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection
        self._is_handed = False  # something, in this transaction
        self._pages: RowPages | None = None
        if PAGES_PAY and hasattr(connection, "deserialize"):  # SQLite can be built without it
            connection.execute(f"ATTACH ':memory:' AS {_NAME}")
            self._pages = RowPages(_first_page(), MOST_PAGES)

    def begin(self) -> None:
        """Begin a transaction that writes."""
        self._is_handed = False
        self._connection.execute("BEGIN")
        self._connection.execute(_LOCK)

    def pages_for(self, rows: int) -> RowPages | None:
        """Return where so many rows can be put for ``hand_over``; None: better bind them."""
        if self._pages is None or self._is_handed or rows < MANY_ROWS:
            return None
        self._pages.clear()
        return self._pages

    def hand_over(self, pages: RowPages) -> None:
        """Put the rows into ``entries``."""
        if pages.rows:
            pages.finish()
            self._is_handed = True
            self._connection.deserialize(pages.data, name=_NAME)
            self._connection.execute(_COPY)


def _first_page() -> bytes:
    connection = sqlite3.connect(":memory:")
    try:
        connection.execute(f"PRAGMA page_size = {PAGE_BYTES}")
        connection.execute(_TABLE)
        return bytes(connection.serialize()[:PAGE_BYTES])
    finally:
        connection.close()
