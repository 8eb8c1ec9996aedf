"""A view for each stream, with its fields as columns, for people.

A new view makes every connection read the schema again and compile its statements anew. So
views are made at most once in ``EVERY_S``, all that are due together, and for ``MOST_VIEWS``
streams only. A view that must go, goes with its stream.

A view is called what its stream is called; where that is taken or not allowed, something is
added. ``streams.view`` says how.
"""

from __future__ import annotations

import sqlite3
import time

from geostream_plugins.sqlite.people import readable
from geostream_plugins.sqlite.rows import Catalog, StreamRow

EVERY_S = 1.0
MOST_VIEWS = 500
LONGEST_NAME = 200  # characters
ALL_ENTRIES = "all_entries"

# Of the times that SQLite's calendar has: up to the year 9999
TS = """CASE WHEN ms BETWEEN 0 AND 253402300799999
    THEN strftime('%Y-%m-%dT%H:%M:%fZ', ms / 1000.0, 'unixepoch') END AS ts"""

# A text also where it is compared with a number
ID = "CAST(printf('%u-%u', ms, seq) AS TEXT) AS id"

ALL_ENTRIES_SQL = f"""CREATE VIEW {ALL_ENTRIES} AS SELECT db, streams.name AS stream, {ID}, {TS},
    entries.fields AS fields, entries.pairs AS pairs
FROM streams JOIN entries ON stream_id = streams.id"""


class Views:
    """Keeps the views of a catalog's streams; also decides when."""

    def __init__(self, is_on: bool) -> None:
        """Begin; without ``is_on`` no view is made."""
        self.is_on = is_on
        self._made_s = -EVERY_S

    def is_due(self, catalog: Catalog) -> bool:
        """Tell whether there is something to do, and it is time."""
        if catalog.dropped_views:
            return True
        if not catalog.stale_views or not self.is_on:
            return False
        return time.monotonic() - self._made_s >= EVERY_S

    def compare(self, connection: sqlite3.Connection, catalog: Catalog) -> None:
        """Note which views are not what they should be: after a start, after a failure."""
        query = "SELECT name, sql FROM sqlite_master WHERE type = 'view'"
        there = dict(connection.execute(query))
        for row in catalog.streams.values():
            if row.view is not None and (row.view not in there or not self.is_on):
                catalog.drop_view(row)
                catalog.touched[row] = True
            if row.view is None or there[row.view] != view_sql(row.view, row.id, list(row.fields)):
                catalog.stale_views[row] = True

    def refresh(self, connection: sqlite3.Connection, catalog: Catalog, now: bool = False) -> None:
        """Drop and make what is due, inside a transaction and before ``flush``.

        now -- even if it is not time
        """
        for name in catalog.dropped_views:
            connection.execute(f"DROP VIEW IF EXISTS {quoted(name)}")
        catalog.dropped_views.clear()
        if not self.is_on:
            catalog.stale_views.clear()
        if not catalog.stale_views or not (now or self.is_due(catalog)):
            return
        query = "SELECT lower(name) FROM sqlite_master"
        taken = {name for (name,) in connection.execute(query)}
        for row in catalog.stale_views:
            _make(connection, catalog, row, taken)
        catalog.stale_views.clear()
        self._made_s = time.monotonic()


def _make(
    connection: sqlite3.Connection, catalog: Catalog, row: StreamRow, taken: set[str]
) -> None:
    if row.view is None:
        if len(catalog.views) >= MOST_VIEWS:
            return
        row.view = _free_name(row, taken)
        taken.add(row.view.lower())
        catalog.views.add(row.view)
        catalog.touched[row] = True
    connection.execute(f"DROP VIEW IF EXISTS {quoted(row.view)}")
    connection.execute(view_sql(row.view, row.id, list(row.fields)))


def _free_name(row: StreamRow, taken: set[str]) -> str:
    name = readable(row.key)[:LONGEST_NAME] or "(empty)"
    if row.db:
        name = f"{name} (db {row.db})"
    if name.lower().startswith(("sqlite_", "_geostream")):
        name = f"stream {name}"
    if name.lower() in taken:
        name = f"stream {name}"
    if name.lower() in taken:
        name = f"{name} [{row.id}]"  # no other stream has or had this number
    while name.lower() in taken:
        name += "'"
    return name


def view_sql(name: str, stream_id: int, fields: list[str]) -> str:
    """Return the statement that makes a view of a stream."""
    columns = [ID, TS]
    taken = {"id", "ts"}
    for field in fields:
        column, number = field or "(empty)", 2
        while column.lower() in taken:
            column = f"{field or '(empty)'}_{number}"
            number += 1
        taken.add(column.lower())
        columns.append(f"{_value_of(field)} AS {quoted(column)}")
    listed = ",\n  ".join(columns)
    selected = f"SELECT\n  {listed}\nFROM entries WHERE stream_id = {stream_id}"
    return f"CREATE VIEW {quoted(name)} AS {selected}"


def _value_of(field: str) -> str:
    """Return the SQL for a field's value.

    A path of SQLite's cannot name a key in which JSON escapes something.
    """
    if field and field.isprintable() and not set(field) & set("\"\\'\x7f"):
        return f"""fields ->> '$."{field}"'"""
    return f"(SELECT value FROM json_each(fields) WHERE key = {literal(field)})"


def quoted(name: str) -> str:
    """Return a name as SQL takes it."""
    return '"' + name.replace('"', '""') + '"'


def literal(text: str) -> str:
    """Return a text as SQL takes it."""
    return "'" + text.replace("'", "''") + "'"
