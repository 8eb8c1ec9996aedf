"""Files of older versions are brought up to date: all of a file, or nothing of it."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from geostream.persistence.api import Corrupt
from geostream_plugins.sqlite import schema
from geostream_plugins.sqlite.views import quoted
from tests.persistence.sqlite.subjects import (
    Failing,
    Writer,
    ask,
    copy_files,
    effects_of,
    opened,
    put_version_1,
    stored,
    without_nodes,
)

#: What the file of version 1 was written with, in two batches.
COMMANDS = (
    ["XADD", "orders", "1700000000123-4", "item", "tea", "qty", "2"],
    ["XADD", "orders", "1700000000123-5", "item", "Käse", "note", "a\0b"],
    ["XADD", "orders", f"{2**63}-{2**64 - 1}", "item", "", "id", "mine"],
    ["XADD", "pairs", "5-1", "f", "1", "f", "2", b"\xff", b"\xfe"],
    ["XADD", 'say "hi"; --', "1-1", "f'", '"', "", "empty name"],
    ["XADD", "entries", "1-1", "f", "named like a table"],
    ["XADD", b"\xff\x00 AS SELECT\n  id, ", "1-1", "f", "v"],
    ["XADD", "gone", "1-1", "f", "v"],
    "XGROUP CREATE orders workers 0",
    "XREADGROUP GROUP workers ann COUNT 2 STREAMS orders >",
    "XREADGROUP GROUP workers bob STREAMS orders >",
    "XNACK orders workers FAIL IDS 1 1700000000123-5",
    "XGROUP CREATE empty g $ MKSTREAM",
    "XADD sent IDMP producer message * f v",
    "XADD k 2-1 a 1",
    "XADD k 2-2 b 2",
    "XADD k 2-3 c 3",
    "XDEL k 2-3",
    "RENAME gone moved",
    "SET text words",
    "SET number 12 PX 100000",
    "EXPIRE pairs 100",
    "SELECT 2",
    "XADD orders 3-3 f v",
    "SELECT 0",
)
VERSION = "SELECT value FROM _geostream_meta WHERE name = 'version'"
SCHEMA = "SELECT type, name, tbl_name, sql FROM sqlite_master ORDER BY type, name"


@pytest.fixture
def older(tmp_path):
    """Put a file of version 1 into a directory; return that."""
    put_version_1(tmp_path / "geostream.db")
    assert ask(tmp_path, VERSION) == [("1",)]
    return tmp_path


@pytest.fixture
def migrate_over(monkeypatch):
    """Have migrations see, instead of the connection, what a function makes of it."""
    migrate = schema._migrate

    def put(wrapped: Callable[[sqlite3.Connection], Any]) -> None:
        monkeypatch.setattr(schema, "_migrate", lambda it, *rest: migrate(wrapped(it), *rest))

    return put


def written() -> Writer:
    """Return the writer of the file, with nothing more to append."""
    writer = Writer()
    writer.run(*COMMANDS)
    writer.batch()
    return writer


def shown(directory: Path) -> dict[str, list[tuple]]:
    """Return what the views show, with the names of their columns."""
    names = ask(directory, "SELECT name FROM sqlite_master WHERE type = 'view'")
    return {
        name: ask(directory, "SELECT name FROM pragma_table_info(?)", name)
        + ask(directory, f"SELECT * FROM {quoted(name)}")
        for (name,) in names
    }


def test_an_older_file_is_loaded_brought_up_to_date_and_written_on(older):
    writer = written()
    assert stored(older) == without_nodes(writer.keyspace)
    assert ask(older, VERSION) == [("2",)]
    plugin = opened(older)
    list(plugin.load())
    writer.run("XADD orders * item more new field", "XACK orders workers 1700000000123-4")
    writer.run("DEL pairs", "XADD new * f v", "SET text other", "COPY k copy", "XTRIM k MAXLEN 1")
    plugin.append(writer.batch())
    plugin.close()
    assert stored(older) == without_nodes(writer.keyspace)
    assert ask(older, "SELECT new FROM orders WHERE item = 'more'") == [("field",)]
    assert ask(older, "PRAGMA integrity_check(entries)") == [("ok",)]


@pytest.mark.parametrize("options", [{}, {"mode": "snapshot"}])
def test_views_show_what_they_showed(older, options):
    before, named = shown(older), ask(older, "SELECT id, view FROM streams")
    assert len(before) == len(named) + 1 == 11
    opened(older, **options).close()  # also when nothing is written
    assert ask(older, VERSION) == [("2",)]
    assert shown(older) == before
    assert ask(older, "SELECT id, view FROM streams") == named


def test_views_are_the_ones_that_would_be_made_now(older):
    opened(older).close()
    once = ask(older, "SELECT name, sql FROM sqlite_master WHERE type = 'view'")
    plugin = opened(older)
    list(plugin.load())
    plugin.append(effects_of("XADD other 1-1 f v"))
    plugin.sync()
    plugin.close()
    now = ask(older, "SELECT name, sql FROM sqlite_master WHERE type = 'view'")
    assert [view for view in now if view[0] != "other"] == once


def test_without_views_none_but_that_of_all_entries_is_left(older):
    opened(older, views="no").close()
    assert list(shown(older)) == ["all_entries"]
    opened(older).close()
    assert len(shown(older)) == 11


@pytest.mark.parametrize(
    "sql",
    [
        "CREATE VIEW mine AS SELECT id, item FROM orders WHERE id > '17'",
        "CREATE VIEW mine AS SELECT * FROM all_entries JOIN orders USING (id)",
        "CREATE VIEW mine AS SELECT stream_id, raw FROM entries",
        "CREATE VIEW mine AS SELECT item FROM gone",
        "CREATE VIEW mine AS SELECT last_id, streams.id FROM streams",
        "CREATE TRIGGER mine INSTEAD OF INSERT ON orders BEGIN SELECT 1; END",
    ],
)
def test_what_people_made_upon_it_stays_as_it_is(older, sql):
    ask(older, sql)
    kept = "SELECT * FROM sqlite_master WHERE name = 'mine'"
    before = ask(older, kept)
    opened(older).close()
    assert ask(older, VERSION) == [("2",)]
    assert ask(older, kept) == before
    if "VIEW" in sql and "gone" not in sql:
        assert ask(older, "SELECT * FROM mine")


@pytest.mark.parametrize(
    "sql",
    [
        "CREATE VIEW mine AS SELECT id FROM entries",
        "CREATE VIEW mine AS SELECT * FROM Entries",
        'CREATE VIEW mine AS SELECT "id" FROM entries',
        "CREATE VIEW mine AS SELECT e.ID AS other FROM entries AS e",
        "CREATE VIEW mine AS SELECT count(*) AS n FROM entries WHERE id > '2'",
        "CREATE VIEW mine AS SELECT (SELECT id FROM entries LIMIT 1) AS one FROM streams",
        "CREATE VIEW mine AS WITH few AS (SELECT id AS x FROM entries) SELECT x FROM few",
        "CREATE VIEW mine AS SELECT ms FROM entries ORDER BY id",
    ],
)
def test_a_view_of_somebodys_that_reads_what_goes_is_named_and_nothing_changes(older, sql):
    ask(older, sql)
    ask(older, "CREATE VIEW above AS SELECT * FROM mine")
    before, file = ask(older, SCHEMA), (older / "geostream.db").read_bytes()
    with pytest.raises(Corrupt, match=r'column id .* these views read it: "mine", "above"; drop'):
        opened(older)
    assert ask(older, SCHEMA) == before
    assert (older / "geostream.db").read_bytes() == file
    ask(older, "DROP VIEW mine")
    ask(older, "CREATE VIEW mine AS SELECT printf('%u-%u', ms, seq) AS id FROM entries")
    assert stored(older) == without_nodes(written().keyspace)
    assert ask(older, "SELECT count(*) FROM above") == ask(older, "SELECT count(*) FROM entries")


@pytest.mark.parametrize(
    ("sql", "named"),
    [
        (["DROP TABLE pending"], "no table pending"),
        (["CREATE INDEX mine ON entries (ms)"], "changed by hand"),
        (
            [
                "DELETE FROM _geostream_meta WHERE name = 'tables'",
                "DROP TABLE entries",
                "CREATE TABLE entries (stream_id, fields, pairs, ms, seq, crc, raw)",
            ],
            "no such column",
        ),
    ],
)
def test_a_file_that_is_not_what_its_version_says_is_refused(older, sql, named):
    for statement in sql:
        ask(older, statement)
    before, version = ask(older, SCHEMA), ask(older, VERSION)
    with pytest.raises(Corrupt, match=named):
        opened(older)
    assert (ask(older, SCHEMA), ask(older, VERSION)) == (before, version)


def test_whichever_statement_fails_the_file_stays_of_its_version(older, migrate_over):
    ask(older, "CREATE VIEW mine AS SELECT item FROM orders")
    before = ask(older, SCHEMA)
    for count in range(1, 1000):
        migrate_over(partial(Failing, count=count))
        try:
            opened(older).close()
            break
        except OSError as fault:
            assert "disk I/O error" in str(fault)
        assert ask(older, SCHEMA) == before
        assert ask(older, VERSION) == [("1",)]
    assert 40 < count < 999
    assert ask(older, VERSION) == [("2",)]
    assert stored(older) == without_nodes(written().keyspace)


def test_a_crash_after_any_statement_leaves_one_version_or_the_other(older, migrate_over):
    copies: list[Path] = []

    class Copied:
        """A connection that is not there any more after a statement: see the copies."""

        def __init__(self, connection: sqlite3.Connection) -> None:
            self.connection = connection

        def execute(self, *args: Any) -> sqlite3.Cursor:
            cursor = self.connection.execute(*args)
            copies.append(older / f"copy{len(copies)}")
            copy_files(older, copies[-1])
            return cursor

        def __getattr__(self, name: str) -> object:
            return getattr(self.connection, name)

    migrate_over(Copied)
    schemas = [ask(older, SCHEMA)]
    opened(older).close()
    migrate_over(lambda connection: connection)
    schemas.append(ask(older, SCHEMA))
    versions = []
    for copy in copies:
        [(version,)] = ask(copy, VERSION)
        assert ask(copy, SCHEMA) == schemas[int(version) - 1]
        assert stored(copy) == without_nodes(written().keyspace)
        versions.append(version)
    assert versions == sorted(versions)
    assert set(versions) == {"1", "2"}


def test_a_version_that_nothing_knows_any_more_is_refused(older, monkeypatch):
    monkeypatch.setattr(schema, "MIGRATIONS", {})
    with pytest.raises(Corrupt, match=r"version 1.*older geostream"):
        opened(older)
    assert ask(older, VERSION) == [("1",)]
