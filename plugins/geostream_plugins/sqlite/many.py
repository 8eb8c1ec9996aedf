"""Statements for many rows at once.

sqlite3 gives the interpreter lock up for each step of a statement, and taking it back beside
a busy thread costs up to the switch interval. ``executemany`` takes a step for each row:
beside a thread that computes, 3,300 rows/s were measured; with a statement for 64 rows 13,700,
for 500 rows 77,000. So rows are handed over ``MOST_ROWS`` at a time, and what is left in one
statement more, filled up to one of a few sizes: that keeps the number of different statements
small, and SQLite need not compile them again.

Values of ``int``, ``float``, ``str`` and ``bytearray`` sqlite3 takes as they are. For all others,
``bytes`` and None too, it first looks for somebody who adapts them, 0.3 to 0.5 us a value. So what
is filled up with is a number, and where there are many rows a column of None is better left out.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Iterator, Sequence
from itertools import chain
from typing import Any

MOST_ROWS = 512
STEP_ROWS = 64  # between two sizes; below that each is twice the one before
FILLER = -1
Row = tuple[Any, ...]


class ManyRows:
    """A statement that takes rows; what they begin with is never negative."""

    def __init__(self, before: str, width: int, after: str, padded: tuple[str, str]) -> None:
        """Prepare the texts.

        before, after -- what stands around ``(?, ?), (?, ?), ...``
        padded        -- the same where rows of ``FILLER`` must be passed over
        """
        self._width = width
        row = f"({', '.join('?' * width)})"
        self._whole = f"{before} {', '.join([row] * MOST_ROWS)} {after}"
        self._padded = {
            size: f"{padded[0]} {', '.join([row] * size)} {padded[1]}"
            for size in {filled_up(rows) for rows in range(1, MOST_ROWS + 1)}
        }

    def run(self, connection: sqlite3.Connection, rows: Sequence[Row]) -> None:
        """Carry it out, with any number of rows."""
        for start in range(0, len(rows), MOST_ROWS):
            self.run_flat(connection, _flat(rows[start : start + MOST_ROWS]))

    def run_flat(self, connection: sqlite3.Connection, values: list[Any]) -> None:
        """Carry it out with the values of any number of rows, one row behind the other."""
        width = self._width
        for start in range(0, len(values), MOST_ROWS * width):
            some = values[start : start + MOST_ROWS * width]
            rows = len(some) // width
            if rows == MOST_ROWS:
                connection.execute(self._whole, some)
            else:
                size = filled_up(rows)
                some += [FILLER] * (width * (size - rows))
                connection.execute(self._padded[size], some)

    def fetch(self, connection: sqlite3.Connection, rows: Sequence[Row]) -> Iterator[Row]:
        """Yield what a query finds for any number of rows."""
        for start in range(0, len(rows), MOST_ROWS):
            some = rows[start : start + MOST_ROWS]
            size = filled_up(len(some))
            flat = _flat(some)
            flat += [FILLER] * (self._width * (size - len(some)))
            yield from connection.execute(self._padded[size], flat).fetchall()


def filled_up(rows: int) -> int:
    """Return for how many rows there is a statement that takes so many, at least one."""
    if rows <= STEP_ROWS:
        return 1 << (rows - 1).bit_length()
    return -(-rows // STEP_ROWS) * STEP_ROWS


def _flat(rows: Iterable[Row]) -> list[Any]:
    return list(chain.from_iterable(rows))


def inserting(table: str, columns: str, on_conflict: str = "") -> ManyRows:
    """Return a statement that puts rows into a table.

    columns     -- their names, with commas
    on_conflict -- what to do with rows that are there
    """
    insert = f"INSERT INTO {table} ({columns})"
    width = columns.count(",") + 1
    return ManyRows(
        f"{insert} VALUES",
        width,
        on_conflict,
        (f"{insert} SELECT * FROM (VALUES", f") WHERE column1 >= 0 {on_conflict}"),
    )


def upserting(table: str, keys: str, others: str) -> ManyRows:
    """Return a statement that puts rows into a table, or gives those there new values."""
    changes = ", ".join(f"{name} = excluded.{name}" for name in others.split(", "))
    return inserting(table, f"{keys}, {others}", f"ON CONFLICT ({keys}) DO UPDATE SET {changes}")


def deleting(table: str, keys: str) -> ManyRows:
    """Return a statement that deletes the rows with these keys, as far as they are there."""
    before, after = f"DELETE FROM {table} WHERE ({keys}) IN (VALUES", ")"
    return ManyRows(before, keys.count(",") + 1, after, (before, after))


def asking(table: str, keys: str, others: str) -> ManyRows:
    """Return a query for the rows with these keys: keys, others."""
    before = f"SELECT {keys}, {others} FROM {table} WHERE ({keys}) IN (VALUES"
    return ManyRows(before, keys.count(",") + 1, ")", (before, ")"))
