"""What people see: views, readable columns, and readers beside the writer."""

from __future__ import annotations

import asyncio
import base64
import json
import sqlite3
import subprocess
import sys
import tempfile
from contextlib import closing
from pathlib import Path

import hypothesis.strategies as st
import pytest
from hypothesis import example, given, settings

from geostream.store.capture import Capture
from geostream_plugins.sqlite import views
from geostream_plugins.sqlite.people import readable
from geostream_plugins.sqlite.rows import MOST_FIELDS
from tests.persistence.sqlite.subjects import (
    Writer,
    effects_of,
    loaded,
    opened,
    stored,
    without_nodes,
)


def rows(directory: Path, sql: str, *values: object) -> list[dict]:
    with closing(sqlite3.connect(directory / "geostream.db")) as connection:
        connection.row_factory = sqlite3.Row
        return [dict(row) for row in connection.execute(sql, values)]


def written(directory: Path, *requests: object, **options: object) -> None:
    plugin = opened(directory, **options)
    plugin.append(effects_of(*requests))  # type: ignore[arg-type]
    plugin.close()


def view_names(directory: Path) -> set[str]:
    found = rows(directory, "SELECT name FROM sqlite_master WHERE type = 'view'")
    return {row["name"] for row in found} - {views.ALL_ENTRIES}


def test_a_stream_is_a_view_with_its_fields_as_columns(tmp_path):
    written(
        tmp_path,
        ["XADD", "orders", "1700000000123-4", "user", "ann", "total", "12"],
        ["XADD", "orders", "1700000000124-0", "user", "bob", "Straße", "x y"],
    )
    assert rows(tmp_path, "SELECT * FROM orders") == [
        {"id": "1700000000123-4", "ts": "2023-11-14T22:13:20.123Z", "user": "ann",
         "total": "12", "Straße": None},
        {"id": "1700000000124-0", "ts": "2023-11-14T22:13:20.124Z", "user": "bob",
         "total": None, "Straße": "x y"},
    ]  # fmt: skip


def test_a_new_field_becomes_a_column(tmp_path, monkeypatch):
    monkeypatch.setattr(views, "EVERY_S", 0.0)
    plugin = opened(tmp_path)
    plugin.append(effects_of("XADD k 1-1 a 1"))
    assert rows(tmp_path, "SELECT * FROM k") == [{"id": "1-1", "ts": "1970-01-01T00:00:00.001Z",
                                                  "a": "1"}]  # fmt: skip
    plugin.append(effects_of("XADD k 1-1 a 1", "XADD k 1-2 b 2")[2:])
    assert [row["b"] for row in rows(tmp_path, "SELECT * FROM k")] == [None, "2"]
    plugin.close()


def test_views_are_not_made_anew_with_every_batch(tmp_path, monkeypatch):
    monkeypatch.setattr(views, "EVERY_S", 3600.0)
    writer = Writer()
    plugin = opened(tmp_path)
    version = "PRAGMA schema_version"
    for number in range(5):
        writer.run(f"XADD k * field{number} v")
        plugin.append(writer.batch())
        plugin.sync()
        if number == 0:
            first = rows(tmp_path, version)
    assert rows(tmp_path, version) == first
    plugin.close()  # which makes up for it
    assert len(rows(tmp_path, "SELECT * FROM k")[0]) == 7


def test_views_that_a_crash_left_behind_are_made_at_the_next_chance(tmp_path, monkeypatch):
    written(tmp_path, "XADD k 1-1 a 1", "XADD other 1-1 a 1")
    with closing(sqlite3.connect(tmp_path / "geostream.db")) as connection:
        connection.execute("DROP VIEW k")
        connection.execute('UPDATE streams SET crc = NULL, fields = \'["a", "b"]\'')
        connection.commit()
    plugin = opened(tmp_path)
    list(plugin.load())
    plugin.sync()
    assert set(rows(tmp_path, "SELECT * FROM k")[0]) == {"id", "ts", "a", "b"}
    assert set(rows(tmp_path, "SELECT * FROM other")[0]) == {"id", "ts", "a", "b"}
    plugin.close()


@pytest.mark.parametrize(
    ("db", "key", "view"),
    [
        (0, "entries", "stream entries"),
        (0, "Streams", "stream Streams"),
        (0, "all_entries", "stream all_entries"),
        (0, "sqlite_x", "stream sqlite_x"),
        (0, "_geostream_meta", "stream _geostream_meta"),
        (0, "", "(empty)"),
        (0, 'say "hi"; --', 'say "hi"; --'),
        (0, b"\xff\x00k", "\\xff\\x00k"),
        (2, "k", "k (db 2)"),
    ],
)
def test_a_view_is_called_what_its_stream_is_called_where_that_can_be(tmp_path, db, key, view):
    written(tmp_path, f"SELECT {db}", ["XADD", key, "1-1", "f", "v"])
    assert view_names(tmp_path) == {view}
    assert rows(tmp_path, f"SELECT f FROM {views.quoted(view)}") == [{"f": "v"}]
    assert rows(tmp_path, "SELECT view FROM streams") == [{"view": view}]


def test_names_that_differ_in_case_or_look_alike_get_views_of_their_own(tmp_path):
    written(tmp_path, *(["XADD", key, "1-1", "f", key] for key in ("k", "K", b"\xff", "\\xff")))
    assert len(view_names(tmp_path)) == 4
    found = rows(tmp_path, "SELECT key, view FROM streams")
    for row in found:
        (entry,) = rows(tmp_path, f"SELECT f FROM {views.quoted(row['view'])}")
        if row["key"] != b"\xff":
            assert entry["f"].encode() == row["key"]


def test_a_view_goes_and_moves_with_its_stream(tmp_path, monkeypatch):
    monkeypatch.setattr(views, "EVERY_S", 0.0)
    writer = Writer()
    plugin = opened(tmp_path)
    for requests, names in (
        (["XADD k 1-1 f v", "XADD gone 1-1 f v"], {"k", "gone"}),
        (["DEL gone", "RENAME k moved"], {"moved"}),
        (["COPY moved copy", "SWAPDB 0 1"], {"copy (db 1)", "moved (db 1)"}),
        (["XADD k 1-1 f v", "FLUSHALL"], set()),
        (["XADD k 1-1 f v", "SET k 1", "XADD s 1-1 f v"], {"s"}),
    ):
        writer.run(*requests)
        plugin.append(writer.batch())
        assert view_names(tmp_path) == names
    plugin.close()


def test_somebodys_own_view_is_left_alone(tmp_path, monkeypatch):
    monkeypatch.setattr(views, "EVERY_S", 0.0)
    plugin = opened(tmp_path)
    with closing(sqlite3.connect(tmp_path / "geostream.db")) as connection:
        connection.execute("CREATE VIEW k AS SELECT 'mine' AS mine")
    plugin.append(effects_of("XADD k 1-1 f v"))
    plugin.close()
    assert rows(tmp_path, "SELECT * FROM k") == [{"mine": "mine"}]
    assert rows(tmp_path, 'SELECT f FROM "stream k"') == [{"f": "v"}]


def test_there_are_not_more_views_and_columns_than_anybody_can_use(tmp_path, monkeypatch):
    monkeypatch.setattr(views, "MOST_VIEWS", 3)
    many = [word for number in range(MOST_FIELDS + 9) for word in (f"f{number}", "v")]
    written(tmp_path, ["XADD", "k", "1-1", *many], *(f"XADD k{n} 1-1 f v" for n in range(5)))
    assert len(view_names(tmp_path)) == 3
    assert len(rows(tmp_path, "SELECT * FROM k")[0]) == MOST_FIELDS + 2
    assert len(stored(tmp_path)[0]) == 6


def test_views_can_be_turned_off_and_on(tmp_path):
    written(tmp_path, "XADD k 1-1 f v")
    assert view_names(tmp_path) == {"k"}
    written(tmp_path, views="no")
    assert view_names(tmp_path) == set()
    written(tmp_path)
    assert view_names(tmp_path) == {"k"}


names = st.one_of(
    st.text(max_size=5).map(str.encode),
    st.binary(max_size=4),
    st.sampled_from([b"id", b"ID", b"ts", b"a.b", b"a'b", b'a"b', b"[0]", b"$", b"a\\b", b"\0"]),
)


@settings(max_examples=60)
@example([[(b"\0", b"x"), (b'"', b"y"), (b"", b"z")]])
@example([[(b"f", b"1"), (b"f", b"2")]])
@given(st.lists(st.lists(st.tuples(names, st.binary(max_size=3)), min_size=1, max_size=4),
                min_size=1, max_size=3))  # fmt: skip
def test_a_view_shows_every_field_whatever_it_is_called(drawn):
    requests = [
        ["XADD", "k", f"1-{place + 1}", *(word for pair in pairs for word in pair)]
        for place, pairs in enumerate(drawn)
    ]
    with tempfile.TemporaryDirectory() as directory:
        written(Path(directory), *requests)
        shown = rows(Path(directory), "SELECT * FROM k")
        kept = rows(Path(directory), "SELECT fields, pairs FROM entries")
    known: dict[str, bool] = {}
    for pairs in drawn:
        known |= {readable(name): True for name, _ in pairs}
    for place, pairs in enumerate(drawn):
        last = {readable(name): _shown(value) for name, value in pairs}
        values = list(shown[place].values())[2:]
        assert [_parsed(v) for v in values] == [last.get(name) for name in known]
        assert json.loads(kept[place]["fields"]) == last
        if kept[place]["pairs"] is None:
            assert [(readable(name), _shown(value)) for name, value in pairs] == list(last.items())
        else:
            found = [tuple(map(_bytes, pair)) for pair in json.loads(kept[place]["pairs"])]
            assert found == pairs


def _shown(value: bytes) -> object:
    try:
        if b"\0" not in value:
            return value.decode()
    except UnicodeDecodeError:
        pass  # shown as bytes
    return {"$base64": base64.b64encode(value).decode()}


def _parsed(value: object) -> object:
    if isinstance(value, str) and value.startswith('{"$base64"'):
        return json.loads(value)
    return value


def _bytes(shown: object) -> bytes:
    if isinstance(shown, dict):
        return base64.b64decode(shown["$base64"])
    return str(shown).encode()


def test_ids_are_shown_as_clients_see_them(tmp_path):
    largest = 2**64 - 1
    written(
        tmp_path,
        f"XADD k {2**63}-0 f v",
        f"XADD k {largest}-{largest} f v",
        "XGROUP CREATE k g $",
    )
    assert rows(tmp_path, "SELECT id, ts FROM all_entries") == [
        {"id": f"{2**63}-0", "ts": None},
        {"id": f"{largest}-{largest}", "ts": None},
    ]
    assert rows(tmp_path, "SELECT last_id FROM streams UNION SELECT last_id FROM groups") == [
        {"last_id": f"{largest}-{largest}"}
    ]


def test_what_is_pending_can_be_asked_for(tmp_path):
    written(
        tmp_path,
        "XADD jobs 1-1 f v",
        "XADD jobs 1-2 f v",
        "XGROUP CREATE jobs workers 0",
        "XREADGROUP GROUP workers ann STREAMS jobs >",
        "XNACK jobs workers FAIL IDS 1 1-2",
    )
    found = rows(
        tmp_path,
        """SELECT streams.name AS stream, groups.name AS "group", consumers.name AS consumer,
            pending.id, delivery_count
        FROM pending JOIN groups ON groups.id = pending.group_id
        JOIN streams ON streams.id = stream_id
        LEFT JOIN consumers ON consumers.id = consumer_id ORDER BY ms, seq""",
    )
    assert [tuple(row.values()) for row in found] == [
        ("jobs", "workers", "ann", "1-1", 1),
        ("jobs", "workers", None, "1-2", 1),
    ]


# Readers beside the writer


def test_another_process_reads_while_batches_are_appended(tmp_path):
    writer = Writer()
    plugin = opened(tmp_path)
    code = """if True:
        import sqlite3, sys
        connection = sqlite3.connect(sys.argv[1], timeout=0)
        for line in sys.stdin:
            count, low = connection.execute(
                "SELECT count(*), (SELECT length FROM streams) FROM entries").fetchone()
            print(count, low, flush=True)"""
    command = [sys.executable, "-c", code, str(tmp_path / "geostream.db")]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as it:
        assert it.stdin is not None
        assert it.stdout is not None
        for number in range(1, 40):
            writer.run("XADD k * f v", "XADD k * f v")
            plugin.append(writer.batch())
            it.stdin.write("ask\n")
            it.stdin.flush()
            assert it.stdout.readline().split() == [str(2 * number)] * 2
        it.stdin.close()
        assert it.wait(20) == 0
    plugin.close()


def test_a_reader_in_the_middle_of_a_query_holds_nobody_up(tmp_path):
    writer = Writer()
    for number in range(3000):
        writer.run(f"XADD k * f {number}")
    plugin = opened(tmp_path)
    plugin.append(writer.batch())
    with closing(sqlite3.connect(tmp_path / "geostream.db", isolation_level=None)) as reader:
        reader.execute("BEGIN")
        cursor = reader.execute("SELECT id FROM k")
        seen = len(cursor.fetchmany(10))
        for _ in range(50):
            writer.run("XADD k * late yes", "XTRIM k MAXLEN 2000")
            plugin.append(writer.batch())
            plugin.sync()
        seen += len(cursor.fetchall())
        assert seen == 3000  # as it was when the query began
        reader.execute("COMMIT")
        assert len(reader.execute("SELECT id FROM k").fetchall()) == 2000
    plugin.close()
    assert stored(tmp_path) == without_nodes(writer.keyspace)


def test_another_program_that_writes_gives_a_disk_fault_and_not_more(tmp_path):
    plugin = opened(tmp_path)
    plugin._connection.execute("PRAGMA busy_timeout = 10")
    batch = effects_of("XADD k 1-1 f v")
    with closing(sqlite3.connect(tmp_path / "geostream.db", isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        with pytest.raises(OSError, match="locked"):
            plugin.append(batch)
        other.execute("ROLLBACK")
    plugin.append(batch)
    plugin.close()
    assert len(rows(tmp_path, "SELECT * FROM k")) == 1


def test_datasette_shows_streams_while_batches_are_appended(tmp_path):
    datasette_app = pytest.importorskip("datasette.app")
    writer = Writer()
    plugin = opened(tmp_path)
    writer.run(["XADD", "orders", "*", "user", "ann"])
    plugin.append(writer.batch())

    async def ask() -> None:
        site = datasette_app.Datasette([str(tmp_path / "geostream.db")])
        await site.invoke_startup()

        async def get(path: str) -> dict:
            reply = await site.client.get(path)
            assert reply.status_code == 200, reply.text
            return reply.json()

        for number in range(2, 15):
            writer.run(["XADD", "orders", "*", "user", f"bob{number}"])
            plugin.append(writer.batch())
            plugin.sync()
            found = await get("/geostream/orders.json?_shape=array&_size=max")
            assert [row["user"] for row in found][-1] == f"bob{number}"
            assert len(found) == number
        everything = await get("/geostream.json")
        shown = {table["name"] for table in everything["tables"] if not table["hidden"]}
        assert {"streams", "entries", "groups", "consumers", "pending", "strings"} <= shown
        assert {view["name"] for view in everything["views"]} == {"orders", "all_entries"}
        page = await site.client.get("/geostream/entries")
        assert page.status_code == 200
        plugin.begin_snapshot()
        plugin.snapshot(list(Capture(writer.keyspace)))
        plugin.finish_snapshot(None)
        writer.run(["XADD", "orders", "*", "user", "after"])
        plugin.append(writer.batch())
        found = await get("/geostream/orders.json?_shape=array&_size=max")
        assert found[-1]["user"] == "after"
        for database in site.databases.values():
            database.close()

    asyncio.run(ask())
    plugin.close()
    assert stored(tmp_path) == without_nodes(writer.keyspace)


def test_a_command_line_tool_can_query_a_copy(tmp_path):
    written(tmp_path, ["XADD", "k", "1-1", "f", "v"])
    command = [sys.executable, "-m", "sqlite_utils", "rows", str(tmp_path / "geostream.db"), "k"]
    shown = subprocess.run(command, capture_output=True, check=True, text=True, timeout=50)
    assert json.loads(shown.stdout) == [{"id": "1-1", "ts": "1970-01-01T00:00:00.001Z", "f": "v"}]
    plugin = opened(tmp_path)
    assert list(without_nodes(loaded(plugin))[0]) == [b"k"]
    plugin.close()
