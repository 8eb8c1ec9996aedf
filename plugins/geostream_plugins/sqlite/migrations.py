"""How the tables of a version become those of the next.

Each step runs inside the one transaction that also notes the new version: a crash or a full disk
leaves the file as it was. The views in it are not only ours: people make some on the tables and
on our views, and those must come out of it as they went in.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterable
from pathlib import Path

from geostream.persistence.api import Corrupt
from geostream_plugins.sqlite.views import ALL_ENTRIES, ALL_ENTRIES_SQL, ID, quoted


def _drop_id_of_entries(connection: sqlite3.Connection, path: Path) -> None:
    """Version 2: views compute the ID of an entry, and no more the table. O(views).

    SQLite refuses to drop a column while any view of the file makes no sense, be it for another
    reason. So all are taken away and put back, with triggers that stand on them. No row moves,
    because the column is virtual.

    Raises Corrupt if a view of somebody's own reads the column.
    """
    query = "SELECT name, sql FROM sqlite_master WHERE type = 'view' AND lower(name) <> ?"
    before = dict(connection.execute(query, [ALL_ENTRIES]))
    views = {name: _with_id_computed(name, sql) for name, sql in before.items()}
    theirs = [name for name, sql in before.items() if sql == views[name]]
    views[ALL_ENTRIES] = ALL_ENTRIES_SQL
    query = """SELECT sql FROM sqlite_master WHERE type = 'trigger'
        AND tbl_name IN (SELECT name FROM sqlite_master WHERE type = 'view')"""
    triggers = [sql for (sql,) in connection.execute(query)]
    _drop_views(connection, views)
    _run(connection, views.values())  # what still reads the column now, is not ours
    if readers := _readers_of_id(connection, theirs):
        names = ", ".join(map(quoted, readers))
        reason = f"the column id of table entries must go, and these views read it: {names}"
        advice = "drop them, or have them read printf('%u-%u', ms, seq) instead"
        raise Corrupt(path, None, reason, advice)
    _drop_views(connection, views)
    connection.execute("ALTER TABLE entries DROP COLUMN id")
    _run(connection, [*views.values(), *triggers])


def _drop_views(connection: sqlite3.Connection, names: Iterable[str]) -> None:
    _run(connection, [f"DROP VIEW IF EXISTS {quoted(name)}" for name in names])


def _run(connection: sqlite3.Connection, statements: Iterable[str]) -> None:
    for sql in statements:
        connection.execute(sql)


def _with_id_computed(name: str, sql: str) -> str:
    """Return how a view of a stream is made now; any other view as it is."""
    head = f"CREATE VIEW {quoted(name)} AS SELECT\n  "
    if not sql.startswith(f"{head}id,\n") or "\nFROM entries WHERE stream_id = " not in sql:
        return sql
    return f"{head}{ID}{sql.removeprefix(f'{head}id')}"


def _readers_of_id(connection: sqlite3.Connection, names: Iterable[str]) -> list[str]:
    """Return which of these views read ``entries.id``, themselves or through another."""
    columns_read = set()

    def note(action: int, table: str | None, column: str | None, *_: str | None) -> int:
        if action == sqlite3.SQLITE_READ and table and column:
            columns_read.add((table.lower(), column.lower()))
        return sqlite3.SQLITE_OK

    readers = []
    connection.set_authorizer(note)
    try:
        for name in names:
            columns_read.clear()
            try:
                connection.execute(f"EXPLAIN SELECT * FROM {quoted(name)}")
            except sqlite3.OperationalError as fault:
                if fault.sqlite_errorcode != sqlite3.SQLITE_ERROR:
                    raise
                continue  # it made no sense before, and will make none
            if ("entries", "id") in columns_read:
                readers.append(name)
    finally:
        connection.set_authorizer(None)
    return readers


MIGRATIONS: dict[int, Callable[[sqlite3.Connection, Path], None]] = {1: _drop_id_of_entries}
