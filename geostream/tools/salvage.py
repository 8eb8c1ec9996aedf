"""What can be read of a damaged SQLite file.

Two things can be wrong. Pages of the file can be damaged, so that SQLite itself stops: then
every table is copied, row by row, into a new file, around what cannot be read. And rows can
be there but hold what they should not, which the plugin finds: it names table and row, the
row is taken out of the copy, and the plugin loads again, until it is content.

Nothing here knows the tables: the rest is left to the plugin, which loads the outcome.
"""

from __future__ import annotations

import ast
import re
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

from geostream.persistence.registry import find
from geostream.tools.errors import ToolError
from geostream.tools.places import FilePlace
from geostream.tools.shadow import beside, shadow_of
from geostream.tools.stores import BY_SQLITE, Contents, Damage, read_store

MOST_ROWS_TAKEN_OUT = 500
BY_COUNT = "but there are "
LARGEST_ROWID = 2**63 - 1
NARROWING_STEPS = 16  # when looking for the first readable row behind a damage

_PLACE = re.compile(r"table (\w+), (.*?): ", re.DOTALL)
_CONDITION = re.compile(r"(\w+) (b'(?:[^'\\]|\\.)*'|b\"(?:[^\"\\]|\\.)*\"|-?\d+(?:-\d+)?)(?:, |$)")
_ENTRY_ID = "printf('%u-%u', ms, seq)"

Row = tuple[Any, ...]


def salvaged(source: FilePlace, now_ms: int, found: Contents, lost: list[str]) -> Contents:
    """Return what can be saved of a damaged file, and add to ``lost`` what cannot.

    found -- what came of reading it as it is

    Raises ToolError if nothing can be made of it.
    """
    assert found.damage is not None
    if found.damage.path == beside(source.path, "-wal"):
        lost.append(f"what the log says from byte {found.damage.offset:,} on")
        return found
    with shadow_of(source) as shadow:
        path = shadow.path
        if BY_SQLITE in found.damage.reason:
            path = shadow.directory / "salvaged.db"
            _copy_around_damage(shadow.path, path, lost)
        return _without_bad_rows(path, now_ms, source, lost)


def _without_bad_rows(path: Path, now_ms: int, source: FilePlace, lost: list[str]) -> Contents:
    for _ in range(MOST_ROWS_TAKEN_OUT):
        contents = read_store(FilePlace("sqlite", path), now_ms, takes_torn=False)
        damage = contents.damage
        if damage is None:
            return contents
        taken = _take_out(path, damage)
        if not taken:
            raise ToolError(f"{source.path}: {damage.reason}; nothing could be saved")
        lost.append(f"{counted_rows(taken)}: {damage.reason}")
    raise ToolError(f"{source.path}: more than {MOST_ROWS_TAKEN_OUT} rows are damaged")


def counted_rows(count: int) -> str:
    """Return ``1 row`` or ``2 rows``."""
    return f"{count} row{'s' * (count != 1)}"


def _take_out(path: Path, damage: Damage) -> int:
    """Delete the rows that a reason names; return how many there were."""
    place = _PLACE.match(damage.reason)
    if place is None:
        return 0
    conditions = dict(_CONDITION.findall(place[2]))
    columns = {"db" if name == "database" else name: text for name, text in conditions.items()}
    if not columns:
        return 0
    values = [_value(text) for text in columns.values()]
    where = " AND ".join(
        f'"{name}" = ?' if not isinstance(value, str) else f"{_ENTRY_ID} = ?"
        for name, value in zip(columns, values, strict=True)
    )
    with closing(sqlite3.connect(path)) as connection, connection:
        change = f'DELETE FROM "{place[1]}"'
        if BY_COUNT in damage.reason:  # the row is whole: it says of how many there are some left
            change = f'UPDATE "{place[1]}" SET crc = NULL'
        return connection.execute(f"{change} WHERE {where}", values).rowcount


def _value(text: str) -> int | str | bytes:
    if text.startswith("b"):
        value: bytes = ast.literal_eval(text)
        return value
    return text if "-" in text[1:] else int(text)


# Damaged pages


def _copy_around_damage(path: Path, copy: Path, lost: list[str]) -> None:
    """Copy all tables of a damaged file into a new one, which the plugin has made."""
    plugin = find("sqlite")(copy.parent, {"file": copy.name})
    with closing(plugin):
        plugin.open()
    with closing(sqlite3.connect(path)) as old, closing(sqlite3.connect(copy)) as new:
        old.text_factory = _text
        tables = [
            name for (name,) in new.execute("SELECT name FROM sqlite_master WHERE type = 'table'")
        ]
        try:
            known = {name for (name,) in old.execute("SELECT name FROM sqlite_master")}
            for name in tables:
                if name in known:
                    _copy_table(old, new, name, lost)
                else:
                    lost.append(f"table {name}: it is not there any more")
        except (sqlite3.Error, UnicodeError) as error:
            raise ToolError(f"{error}; nothing could be saved") from error
        new.commit()


def _text(raw: bytes) -> str:
    """Return a text that SQLite keeps; what is damaged in it is for people only."""
    return raw.decode("utf-8", "replace")


def _copy_table(
    old: sqlite3.Connection, new: sqlite3.Connection, name: str, lost: list[str]
) -> None:
    columns = [
        (row[1], row[5])
        for row in new.execute(f'PRAGMA table_xinfo("{name}")')
        if row[6] == 0  # neither generated nor hidden
    ]
    listed = ", ".join(f'"{column}"' for column, _ in columns)
    marks = ", ".join("?" * len(columns))
    insert = f'INSERT OR IGNORE INTO "{name}" ({listed}) VALUES ({marks})'

    impossible = 0

    def put(row: Row) -> None:
        nonlocal impossible
        try:
            new.execute(insert, row)
        except sqlite3.IntegrityError:
            impossible += 1

    key = [column for column, place in sorted(columns, key=lambda pair: pair[1]) if place]
    try:
        old.execute(f'SELECT rowid FROM "{name}" LIMIT 0')
        has_rowid = True
    except sqlite3.OperationalError:
        has_rowid = False
    if has_rowid:
        lost += _copy_by_rowid(old, name, listed, put)
    else:
        lost += _copy_from_both_ends(old, name, listed, key, put)
    if impossible:
        lost.append(f"table {name}: {counted_rows(impossible)} with values that cannot be")


def _copy_by_rowid(
    old: sqlite3.Connection, name: str, listed: str, put: Callable[[Row], None]
) -> Iterator[str]:
    """Copy what can be read of a table; yield what cannot."""
    at = -LARGEST_ROWID
    query = f'SELECT rowid, {listed} FROM "{name}" NOT INDEXED WHERE rowid >= ? ORDER BY rowid'
    while True:
        last, failed = at - 1, False
        try:
            for row in old.execute(query, [at]):
                put(row[1:])
                last = row[0]
        except sqlite3.DatabaseError:
            failed = True
        if not failed:
            return
        following = _next_readable(old, query, max(last, 0) + 1)
        until = "the end" if following is None else str(following - 1)
        yield f"table {name}: rows {max(last, 0) + 1} to {until} cannot be read"
        if following is None:
            return
        at = following


def _next_readable(old: sqlite3.Connection, query: str, start: int) -> int | None:
    """Return about the first rowid behind a damage that can be read, None if there is none."""

    def readable(rowid: int) -> int | None:
        try:
            row = old.execute(query + " LIMIT 1", [rowid]).fetchone()
        except sqlite3.DatabaseError:
            return None
        return LARGEST_ROWID if row is None else int(row[0])

    step, bad = 1, start - 1
    while start + step < LARGEST_ROWID:
        if readable(start + step) is not None:
            good = start + step
            break
        bad = start + step
        step *= 2
    else:
        return None
    for _ in range(NARROWING_STEPS):
        middle = (bad + good) // 2
        if middle in (bad, good):
            break
        if readable(middle) is not None:
            good = middle
        else:
            bad = middle
    found = readable(good)
    return None if found == LARGEST_ROWID else found


def _copy_from_both_ends(
    old: sqlite3.Connection,
    name: str,
    listed: str,
    key: list[str],
    put: Callable[[Row], None],
) -> Iterator[str]:
    """Copy a table without rowids up to a damage, and from its end back to one."""
    failed = False
    for direction in ("ASC", "DESC"):
        order = ", ".join(f'"{column}" {direction}' for column in key)
        try:
            for row in old.execute(f'SELECT {listed} FROM "{name}" ORDER BY {order}'):
                put(row)
        except sqlite3.DatabaseError:
            failed = True
        if not failed:
            return
    yield f"table {name}: rows between the first and the last damage cannot be read"


def show_what_can_be_read(place: FilePlace, now_ms: int, contents: Contents) -> None:
    """Add to the contents of a damaged file what can be saved of it, and say what cannot."""
    lost: list[str] = []
    try:
        saved = salvaged(place, now_ms, contents, lost)
    except ToolError as error:
        contents.remarks.append(str(error))
        return
    contents.items = saved.items
    contents.remarks += [f"cannot be read: {line}" for line in lost]
