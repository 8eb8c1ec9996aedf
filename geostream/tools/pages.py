"""Whether a SQLite file is sound, before somebody relies on what is in it.

SQLite reads what it finds: of a damaged page it may make rows that its own constraints forbid.
``quick_check`` looks at the structure of all pages. What it says of values is passed over,
because it takes virtual columns of tables without rowids for missing ones; the types of all
values are looked at here instead.
"""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Final

MAGIC: Final = b"SQLite format 3\0"
MOST_MESSAGES: Final = 100
_OF_VALUES: Final = ("NULL value in ", "non-", "CHECK constraint", "NUMERIC value", "TEXT value")
_TYPES: Final = {"INTEGER": "integer", "INT": "integer", "TEXT": "text", "BLOB": "blob"}


def fault_in(path: Path) -> str | None:
    """Return the first thing that is wrong with a database, or None. O(its size)."""
    with path.open("rb") as file:
        if file.read(len(MAGIC)) != MAGIC:
            return None  # the plugin says it better
    try:
        with closing(sqlite3.connect(path)) as connection:
            check = connection.execute(f"PRAGMA quick_check({MOST_MESSAGES})")
            messages: list[str] = [row[0] for row in check]
            for message in messages:
                if message != "ok" and not message.startswith(_OF_VALUES):
                    return message
            return _wrong_value(connection)
    except (sqlite3.Error, UnicodeError) as error:
        return str(error)


def _wrong_value(connection: sqlite3.Connection) -> str | None:
    tables = connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'").fetchall()
    for (name,) in tables:
        wrong = []
        for _, column, kind, not_null, _, key, hidden in connection.execute(
            "SELECT * FROM pragma_table_xinfo(?)", [name]
        ):
            expected = _TYPES.get(kind)
            if hidden or (expected is None and not not_null):
                continue
            allowed = [expected] if expected else ["integer", "real", "text", "blob"]
            if not not_null and not key:
                allowed.append("null")
            listed = ", ".join(f"'{one}'" for one in allowed)
            wrong.append(f'typeof("{column}") NOT IN ({listed})')
        query = f'SELECT 1 FROM "{name}" WHERE {" OR ".join(wrong)} LIMIT 1'
        if wrong and connection.execute(query).fetchone() is not None:
            return f"table {name} holds a value of a wrong type"
    return None
