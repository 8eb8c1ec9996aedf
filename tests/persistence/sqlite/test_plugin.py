"""Options, files, transactions, damage: the plugin on a disk that is not always kind."""

from __future__ import annotations

import errno
import os
import re
from pathlib import Path

import pytest

from geostream.persistence.api import Corrupt
from geostream.store.capture import Capture
from geostream_plugins.sqlite import SqlitePersistence, schema
from tests.persistence.sqlite.subjects import (
    Failing,
    Writer,
    ask,
    copy_files,
    effects_of,
    fill,
    opened,
    stored,
    without_nodes,
)

ONE = ("XADD k 5-1 f v",)
SOURCES = sorted(Path(schema.__file__).parent.glob("*.py"))


@pytest.mark.parametrize("file", SOURCES, ids=lambda file: file.stem)
def test_no_statement_numbers_its_parameters(file):
    """From Python 3.14 on, a sequence of values is refused for these."""
    assert not re.search(r"\?\d", file.read_text(encoding="utf-8"))


# Options


@pytest.mark.parametrize(
    ("options", "named"),
    [
        ({"flie": "x.db"}, "flie"),
        ({"mode": "both"}, "mode"),
        ({"json": "maybe"}, "json"),
        ({"views": 3}, "views"),
        ({"file": "../x.db"}, "file"),
        ({"file": ""}, "file"),
        ({"damaged_log": "yes"}, "damaged_log"),
    ],
)
def test_a_bad_option_is_refused_by_name(tmp_path, options, named):
    with pytest.raises(ValueError, match=named):
        SqlitePersistence(tmp_path, options)


@pytest.mark.parametrize(("mode", "appends"), [("append", True), ("snapshot", False)])
def test_the_mode_says_whether_batches_are_appended(tmp_path, mode, appends):
    assert SqlitePersistence(tmp_path, {"mode": mode}).appends is appends


def test_without_json_entries_have_no_text_and_streams_no_view(tmp_path):
    plugin = opened(tmp_path, json="no")
    plugin.append(effects_of(*ONE))
    plugin.close()
    assert ask(tmp_path, "SELECT fields FROM entries") == [(None,)]
    views = ask(tmp_path, "SELECT name FROM sqlite_master WHERE type = 'view'")
    assert views == [("all_entries",)]
    assert list(stored(tmp_path)[0]) == [b"k"]


# Files


def test_a_new_file_is_empty_until_something_was_stored(tmp_path):
    plugin = opened(tmp_path)
    assert plugin.is_empty()
    plugin.close()
    plugin.close()
    plugin = opened(tmp_path)
    assert plugin.is_empty()
    plugin.append(effects_of("SET a 1", "DEL a"))
    assert not plugin.is_empty()
    plugin.close()
    plugin = opened(tmp_path)
    assert not plugin.is_empty()
    plugin.close()


def test_a_second_one_on_the_same_file_is_refused(tmp_path):
    plugin = opened(tmp_path)
    with pytest.raises(OSError) as refused:
        opened(tmp_path)
    assert refused.value.errno == errno.EWOULDBLOCK
    plugin.append(effects_of(*ONE))  # and the first is none the worse for it
    plugin.close()
    assert list(stored(tmp_path)[0]) == [b"k"]


def test_a_file_of_another_kind_is_refused(tmp_path):
    (tmp_path / "geostream.db").write_bytes(b"REDIS0011" + bytes(5000))
    with pytest.raises(Corrupt, match="not a SQLite database"):
        opened(tmp_path)
    assert (tmp_path / "geostream.db").read_bytes().startswith(b"REDIS0011")


def test_somebody_elses_database_is_refused_and_left_alone(tmp_path):
    ask(tmp_path, "CREATE TABLE recipes (name TEXT)")
    before = (tmp_path / "geostream.db").read_bytes()
    with pytest.raises(Corrupt, match="not geostream's"):
        opened(tmp_path)
    assert (tmp_path / "geostream.db").read_bytes() == before


def test_a_file_of_a_newer_version_is_refused(tmp_path):
    opened(tmp_path).close()
    ask(tmp_path, "UPDATE _geostream_meta SET value = '7' WHERE name = 'version'")
    with pytest.raises(Corrupt, match=r"newer geostream.*version 7.*upgrade"):
        opened(tmp_path)


@pytest.mark.parametrize(
    "sql",
    [
        "DELETE FROM _geostream_meta",
        "UPDATE _geostream_meta SET value = 'x' WHERE name = 'version'",
        "UPDATE _geostream_meta SET value = '0' WHERE name = 'version'",
        "UPDATE _geostream_meta SET value = 'x' WHERE name = 'format'",
        "DROP TABLE pending",
    ],
)
def test_a_file_that_does_not_say_what_it_is_is_refused(tmp_path, sql):
    opened(tmp_path).close()
    ask(tmp_path, sql)
    with pytest.raises(Corrupt, match=r"_geostream_meta|no table"):
        opened(tmp_path)


# All or nothing


def test_a_full_disk_takes_all_of_a_batch_back_and_it_can_be_appended_again(tmp_path):
    writer = Writer()
    plugin = opened(tmp_path)
    writer.run("XGROUP CREATE k g 0 MKSTREAM", "XREADGROUP GROUP g c STREAMS k >", "SET a 1")
    fill(plugin, writer, 3)
    pages = plugin._connection.execute("PRAGMA page_count").fetchone()[0]
    plugin._connection.execute(f"PRAGMA max_page_count = {pages}")
    for number in range(500):
        writer.run(["XADD", "k", "*", "new", "x" * 500])
        writer.run(f"XADD other{number % 3} * f v", "XREADGROUP GROUP g c STREAMS k >")
    batch = writer.batch()
    for _ in range(2):
        with pytest.raises(OSError) as full:
            plugin.append(batch)
        assert full.value.errno == errno.ENOSPC
        assert ask(tmp_path, "SELECT count(*), max(length) FROM streams") == [(1, 3)]
        assert ask(tmp_path, "SELECT count(*) FROM entries") == [(3,)]
    plugin._connection.execute("PRAGMA max_page_count = 1000000")
    plugin.append(batch)
    plugin.close()
    assert stored(tmp_path) == without_nodes(writer.keyspace)
    assert len(ask(tmp_path, "SELECT new FROM k WHERE new IS NOT NULL")) == 500


def test_whichever_statement_fails_the_batch_is_taken_back_and_goes_in_later(tmp_path):
    writer = Writer()
    plugin = opened(tmp_path)
    good = plugin._connection
    rounds = (
        ("XADD k * f v", "XGROUP CREATE k g 0", "SET a 1", "SELECT 1", "XADD k * f v", "SELECT 0"),
        ("XADD k * g v", "XREADGROUP GROUP g c STREAMS k >", "COPY k copy", "RENAME a b"),
        ("XTRIM k MAXLEN 1", "XNACK k g FAIL IDS 1 1000-0", "SWAPDB 0 1", "EXPIRE k 10"),
        ("FLUSHALL", "XADD k IDMP p 1 * f v", "SET a 2"),
    )
    failures = 0
    for commands in rounds:
        before = without_nodes(writer.keyspace)
        writer.run(*commands)
        batch = writer.batch()
        count = 1
        while True:
            plugin._connection = Failing(good, count)  # type: ignore[assignment]
            try:
                plugin.append(batch)
                break
            except OSError as fault:
                assert fault.errno == errno.EIO
            failures += 1
            count += 1
            copy_files(tmp_path, tmp_path / "copy")
            assert stored(tmp_path / "copy") == before
        plugin._connection = good
    plugin.close()
    assert failures > 40
    assert stored(tmp_path) == without_nodes(writer.keyspace)


def test_a_log_cut_anywhere_gives_a_state_after_some_batch(tmp_path):
    writer = Writer()
    plugin = opened(tmp_path)
    states = [without_nodes(writer.keyspace)]
    for number in range(6):
        writer.run(f"XADD k * f {number}", f"SET a {number}", f"XADD s{number % 2} * f v")
        plugin.append(writer.batch())
        states.append(without_nodes(writer.keyspace))
    length = (tmp_path / "geostream.db-wal").stat().st_size
    found = []
    frame = schema.PAGE_BYTES + 24
    cuts = {32 + frame * n + by for n in range(length // frame + 1) for by in (-1, 0, 1, 4000)}
    for cut in sorted(cuts | set(range(0, length, 20011))):
        copy_files(tmp_path, tmp_path / "copy")
        os.truncate(tmp_path / "copy" / "geostream.db-wal", min(max(cut, 0), length))
        found.append(states.index(stored(tmp_path / "copy")))
    plugin.close()
    assert found == sorted(found)
    assert set(found) == set(range(7))


def test_a_flipped_byte_in_an_entry_is_found(tmp_path):
    plugin = opened(tmp_path)
    plugin.append(effects_of(["XADD", "k", "5-1", "f", "needle"]))
    plugin.close()
    path = tmp_path / "geostream.db"
    content = path.read_bytes()
    place = content.index(b"$6\r\nneedle")
    path.write_bytes(content[:place] + b"$6\r\nNeedle" + content[place + 10 :])
    with pytest.raises(Corrupt, match="entries, stream_id 1, id 5-1"):
        stored(tmp_path)


def test_a_torn_database_is_refused_with_a_reason(tmp_path):
    writer = Writer()
    plugin = opened(tmp_path)
    for _ in range(300):
        writer.run(["XADD", "k", "*", "f", "x" * 300])
    plugin.append(writer.batch())
    plugin.close()
    path = tmp_path / "geostream.db"
    content = path.read_bytes()
    for size in range(100, len(content), 8191):
        path.write_bytes(content[:size])
        with pytest.raises(Corrupt, match=r"geostream\.db"):
            stored(tmp_path)


@pytest.mark.parametrize(
    ("sql", "named"),
    [
        ("UPDATE entries SET raw = x'2a320d0a'", "entries.*5-1"),
        ("UPDATE entries SET seq = 2", "entries.*5-2"),
        ("UPDATE entries SET crc = NULL, raw = x'2a320d0a'", "entries.*5-1"),
        ("UPDATE streams SET crc = NULL, last_ms = 4", "streams.*last"),
        ("UPDATE streams SET crc = NULL, db = -1", "streams.*database -1"),
        ("UPDATE streams SET crc = NULL, fields = 'x'", "streams.*fields"),
        ("UPDATE streams SET length = 2", "streams, id 1.*damaged"),
        ("DELETE FROM entries", "streams, id 1.*length is 1.*0 entries"),
        ("UPDATE strings SET value = 'b'", "strings.*key b'a'.*damaged"),
        ("UPDATE strings SET expires_at_ms = 7", "strings.*damaged"),
        ("UPDATE strings SET db = 1", "strings.*damaged"),
        ("UPDATE pending SET delivered_ms = 7", "pending.*ms 5, seq 1.*damaged"),
        ("UPDATE pending SET consumer_id = NULL", "pending.*damaged"),
        ("UPDATE groups SET entries_read = 7", "groups, id 1.*damaged"),
        ("UPDATE consumers SET seen_ms = 7", "consumers, id 1.*damaged"),
        ("UPDATE idmp SET ms = 7", "idmp, stream_id 2, pid b'p', iid b'1'.*damaged"),
        ("DELETE FROM consumers", "pending.*5-1.*consumer"),
        ("UPDATE pending SET crc = NULL, delivery_count = -1", "pending.*5-1"),
        ("UPDATE groups SET crc = NULL, stream_id = 99", "groups, id 1"),
        ("UPDATE consumers SET crc = NULL, group_id = 99", "consumers, id 1"),
        ("UPDATE consumers SET crc = NULL, active_ms = -7", "consumers, id 1"),
        ("UPDATE strings SET crc = NULL, form = 'x'", "strings.*form"),
        ("UPDATE strings SET crc = NULL, key = x'6b'", "strings.*stream"),
        (
            "INSERT INTO groups"
            " SELECT 9, stream_id, name, raw_name, entries_read, last_ms, last_seq, NULL"
            " FROM groups",
            "groups, id 9.*another",
        ),
    ],
)
def test_what_was_edited_by_hand_and_makes_no_sense_is_named(tmp_path, sql, named):
    plugin = opened(tmp_path)
    plugin.append(
        effects_of(
            *ONE,
            "XGROUP CREATE k g 0",
            "XREADGROUP GROUP g c STREAMS k >",
            "SET a 1",
            "XADD sent IDMP p 1 * f v",
        )
    )
    plugin.close()
    ask(tmp_path, sql)
    with pytest.raises(Corrupt, match=named):
        stored(tmp_path)


def test_what_was_edited_by_hand_and_makes_sense_is_loaded(tmp_path):
    plugin = opened(tmp_path)
    plugin.append(effects_of(*ONE, "XADD k 6-1 f v", "SET a 1"))
    plugin.close()
    ask(tmp_path, "UPDATE strings SET crc = NULL, value = 'two words'")
    ask(tmp_path, "UPDATE streams SET crc = NULL")
    ask(tmp_path, "DELETE FROM entries WHERE (ms, seq) IN (VALUES (5, 1), (6, 1))")
    raw = b"*2\r\n$3\r\n4-1\r\n*2\r\n$1\r\nf\r\n$4\r\nmine\r\n"
    ask(tmp_path, "INSERT INTO entries (stream_id, ms, seq, raw) VALUES (1, 4, 1, ?)", raw)
    keys = stored(tmp_path)[0]
    assert keys[b"a"][0] == b"two words"
    assert keys[b"k"][0]["ids"] == [(4, 1)]
    assert keys[b"k"][0]["counters"][0] == 1


# Durability


def test_a_sync_that_fails_is_not_believed_until_a_snapshot_was_taken(tmp_path, monkeypatch):
    writer = Writer()
    plugin = opened(tmp_path)
    fill(plugin, writer, 2)

    def fails(fd):
        raise OSError(errno.EIO, "Input/output error")

    with monkeypatch.context() as patched:
        patched.setattr(os, "fdatasync", fails)
        with pytest.raises(OSError):
            plugin.sync()
    with pytest.raises(OSError):
        plugin.sync()
    plugin.begin_snapshot()
    plugin.snapshot(Capture(writer.keyspace))
    plugin.finish_snapshot(None)
    plugin.sync()
    plugin.close()
    assert stored(tmp_path) == without_nodes(writer.keyspace)


def test_what_was_synced_is_in_the_files_without_closing(tmp_path):
    writer = Writer()
    plugin = opened(tmp_path)
    fill(plugin, writer, 5)
    plugin.sync()
    copy_files(tmp_path, tmp_path / "copy")
    assert stored(tmp_path / "copy") == without_nodes(writer.keyspace)
    plugin.close()
    assert not (tmp_path / "geostream.db-wal").exists()


def test_the_report_says_how_far_a_load_is(tmp_path):
    writer = Writer()
    for number in range(5000):
        writer.run(f"XADD k * f {number}")
    plugin = opened(tmp_path)
    plugin.append(writer.batch())
    plugin.close()
    plugin = opened(tmp_path)
    list(plugin.load())
    assert plugin.report.total_bytes >= (tmp_path / "geostream.db").stat().st_size
    assert plugin.report.loaded_bytes == plugin.report.total_bytes
    assert plugin.report.path == tmp_path / "geostream.db"
    plugin.close()
