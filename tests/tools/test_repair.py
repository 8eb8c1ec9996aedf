"""``geostream repair``: what is good is saved elsewhere, what is lost is told."""

from __future__ import annotations

import os
import random
import re
import shutil
import signal
import sqlite3
import subprocess
import sys
from contextlib import closing

import pytest

from tests.persistence.formats.golden_files import GOLDEN
from tests.persistence.scripts import Source
from tests.persistence.sqlite.subjects import put_version_1
from tests.support.servers import GEOSTREAM, start
from tests.support.wire import Client
from tests.tools.places import NAMES, everything, listing, rich, run, write


def numbered(streams=6, entries=200):
    """Return a keyspace with streams and strings."""
    source = Source(entries_in_a_node=100)
    for number in range(streams):
        for entry in range(entries):
            source.execute("XADD", f"s{number}", f"{entry + 1}-0", "f", f"value {entry}" * 5)
        source.run([f"XGROUP CREATE s{number} g 0", f"SET text{number} {number}"])
        source.run([f"XREADGROUP GROUP g c COUNT 7 STREAMS s{number} >"])
    return source.keyspace


def is_part_of(found, whole):
    """Tell whether everything that was found is in the whole, key by key unchanged."""
    return all(
        whole[db].get(key) == value for db, keys in found.items() for key, value in keys.items()
    )


@pytest.mark.parametrize("kind", sorted(NAMES))
def test_of_a_good_store_nothing_is_lost(kind, tmp_path):
    keyspace = rich()
    source, target = tmp_path / NAMES[kind], tmp_path / "new" / NAMES[kind]
    write(source, keyspace)
    before = listing(source.parent)
    result = run("repair", source, "--to", target)
    assert result.exit_code == 0, result.output
    assert result.stdout.splitlines()[-1] == "nothing was lost"
    assert everything(target) == everything(keyspace)
    after = listing(source.parent)
    assert {name: after[name] for name in before if name != "."} == before


@pytest.mark.parametrize("kind", sorted(NAMES))
def test_nothing_is_ever_written_over(kind, tmp_path):
    write(tmp_path / "a.db", numbered(1))
    target = tmp_path / NAMES[kind]
    write(target, numbered(1))
    before = listing(tmp_path)
    for place in (target, tmp_path / "a.db"):
        result = run("repair", tmp_path / "a.db", "--to", place)
        assert (result.exit_code, result.stdout) == (2, "")
        assert "is there already" in result.stderr
    assert listing(tmp_path) == before


def test_an_rdb_file_cut_anywhere_gives_the_keys_before_the_cut(tmp_path):
    source, target = tmp_path / "a.rdb", tmp_path / "b.rdb"
    keyspace = numbered(4, 20)
    write(source, keyspace)
    whole, data = everything(source), source.read_bytes()
    sizes = []
    for cut in range(len(data) - 1, 150, -97):
        source.write_bytes(data[:cut])
        result = run("repair", source, "--to", target)
        if result.exit_code == 1 and not target.exists():
            assert "nothing could be saved" in result.stderr
            sizes.append(0)
            continue
        assert result.exit_code == 1, result.output
        found = everything(target)
        assert is_part_of(found, whole)
        sizes.append(len(found[0]))
        assert source.read_bytes() == data[:cut]
        assert re.search(r"lost: [\d,]+ bytes? from byte [\d,]+ on of .*a\.rdb", result.stdout)
        target.unlink()
    assert sizes == sorted(sizes, reverse=True)
    assert sizes[0] == 8


def test_a_wrong_checksum_is_told_and_all_keys_are_saved(tmp_path):
    write(tmp_path / "a.rdb", numbered(2))
    data = bytearray((tmp_path / "a.rdb").read_bytes())
    data[-1] ^= 1
    (tmp_path / "a.rdb").write_bytes(data)
    result = run("repair", tmp_path / "a.rdb", "--to", tmp_path / "b.db")
    assert result.exit_code == 1
    assert "Wrong RDB checksum" in result.stdout
    assert everything(tmp_path / "b.db") == everything(numbered(2))


@pytest.mark.parametrize("server", ["redis-7.0.15", "redis-8.2.3", "valkey-9.1.2"])
@pytest.mark.parametrize(
    ("variant", "expected", "later"),
    [
        ("truncated", "lost: 48 bytes from byte", False),
        ("truncated-in-multi", "bytes from byte", False),
        ("corrupted", "lost: about 1", False),
        ("two-incr-first-truncated", "appendonly.aof.3.incr.aof: all of its", True),
    ],
)
def test_of_an_append_only_file_what_was_before_the_damage_is_saved(
    server, variant, expected, later, tmp_path
):
    source = tmp_path / "appendonlydir"
    shutil.copytree(GOLDEN / server / "aof" / variant, source)
    before = listing(source)
    result = run("repair", source, "--to", tmp_path / "new")
    assert result.exit_code == 1, result.output
    assert expected in result.stdout
    assert listing(source) == before
    told = run("inspect", tmp_path / "new")
    assert told.exit_code == 0
    shown = [line for line in told.stdout.splitlines() if line.startswith("  log: stream")]
    of_damaged = run("inspect", source).stdout.splitlines()
    assert shown == [line for line in of_damaged if line.startswith("  log: stream")]
    assert ("3.incr.aof" in result.stdout) == later


def test_damaged_pages_of_a_sqlite_file_cost_what_is_in_them(tmp_path):
    source, target = tmp_path / "a.db", tmp_path / "b.db"
    keyspace = numbered(6, 1000)
    write(source, keyspace)
    whole, data = everything(source), source.read_bytes()
    with closing(sqlite3.connect(source)) as connection:
        page_bytes = connection.execute("PRAGMA page_size").fetchone()[0]
    pages = len(data) // page_bytes
    random_pages = random.Random(1)
    saved = []
    for _ in range(8):
        damaged = bytearray(data)
        page = random_pages.randrange(1, pages)
        damaged[page * page_bytes : (page + 1) * page_bytes] = bytes(page_bytes)
        source.write_bytes(damaged)
        result = run("repair", source, "--to", target)
        assert result.exit_code in (0, 1), result.output
        assert source.read_bytes() == damaged
        if not target.exists():
            assert result.stderr
            saved.append(0)
            continue
        found = everything(target)
        assert set(found) <= set(whole)
        entries = sum(len(v["ids"]) for v, _ in found[0].values() if isinstance(v, dict))
        for key, (value, _) in found[0].items():
            if isinstance(value, dict):
                assert set(value["ids"]) <= set(whole[0][key][0]["ids"])
            else:
                assert value == whole[0][key][0]
        if entries < 6000:
            assert result.exit_code == 1
            assert "lost: " in result.stdout
        saved.append(entries)
        target.unlink()
    assert sorted(saved)[len(saved) // 2] > 5000


@pytest.mark.parametrize(
    ("change", "lost"),
    [
        ("UPDATE entries SET raw = x'00' WHERE stream_id = {id} AND ms = 5", "entries"),
        ("UPDATE entries SET raw = substr(raw, 2) WHERE stream_id = {id} AND ms < 4", "entries"),
        ("UPDATE pending SET consumer_id = 999 WHERE ms = 3 AND group_id = 1", "pending"),
        ("UPDATE strings SET form = 'nonsense' WHERE name = 'text1'", "strings"),
        ("DELETE FROM groups WHERE id = 1", "consumers"),
    ],
)
def test_rows_of_a_sqlite_file_that_make_no_sense_are_taken_out(change, lost, tmp_path):
    source, target = tmp_path / "a.db", tmp_path / "b.db"
    write(source, numbered(3, 20))
    with closing(sqlite3.connect(source)) as connection, connection:
        [number] = connection.execute("SELECT id FROM streams WHERE name = 's1'").fetchone()
        assert connection.execute(change.format(id=number)).rowcount >= 1
    before = source.read_bytes()
    result = run("repair", source, "--to", target)
    assert result.exit_code == 1, result.output
    assert f"table {lost}, " in result.stdout
    assert source.read_bytes() == before
    found, whole = everything(target), everything(numbered(3, 20))
    different = [key for key in whole[0] if found[0].get(key) != whole[0][key]]
    assert len(different) == 1


@pytest.mark.parametrize(
    ("page_of", "change", "lost"),
    [
        (None, None, None),
        ("groups_stream", None, "SQLite says"),
        (None, "UPDATE entries SET raw = x'00' WHERE stream_id = 1 AND ms < 0", "entries"),
    ],
)
def test_a_file_with_tables_of_an_older_version_is_read_and_left_as_it_is(
    page_of, change, lost, tmp_path
):
    source, target = tmp_path / "a.db", tmp_path / "b.db"
    put_version_1(source)
    whole = everything(source)
    with closing(sqlite3.connect(source)) as connection, connection:
        query = "SELECT rootpage * 8192 FROM sqlite_master WHERE name = ?"
        end = (connection.execute(query, [page_of]).fetchone() or [0])[0]
        if change is not None:
            assert connection.execute(change).rowcount == 1
    data = source.read_bytes()
    if end:
        data = data[: end - 8192] + bytes(8192) + data[end:]
        source.write_bytes(data)
    result = run("repair", source, "--to", target)
    assert result.exit_code == (lost is not None), result.output
    assert (lost or "nothing was lost") in result.stdout
    assert source.read_bytes() == data
    found = everything(target)
    if change is not None:
        assert found[0].pop(b"orders") != whole[0].pop(b"orders")
    assert found == whole


@pytest.fixture
def log_of_a_killed_server(tmp_path):
    """The data of a server that was killed: a database and a log, one commit an entry."""
    directory = tmp_path / "server"
    options = ("--set", "persistence.plugins=sqlite", "--set", "appendfsync=always")
    server = start(GEOSTREAM, directory, *options)
    client = Client(server.port)
    for number in range(1, 31):
        client.call("XADD", "s", f"{number}-0", "f", "v" * 100)
    os.kill(server.process.pid, signal.SIGKILL)
    server.process.wait(10)
    client.close()
    return directory / "data" / "geostream.db"


def entries_in(path):
    return [value["ids"] for value, _ in everything(path).get(0, {}).values()]


def test_a_log_whose_end_is_torn_is_no_damage(log_of_a_killed_server, tmp_path):
    source = log_of_a_killed_server
    log = source.with_name("geostream.db-wal")
    log.write_bytes(log.read_bytes()[:-100])
    result = run("repair", source, "--to", tmp_path / "b.db")
    assert result.exit_code == 0, result.output
    assert entries_in(tmp_path / "b.db") == [[(number, 0) for number in range(1, 30)]]


@pytest.mark.parametrize("removes_shm", [False, True])
def test_a_log_damaged_in_the_middle_is_told(log_of_a_killed_server, removes_shm, tmp_path):
    source = log_of_a_killed_server
    log = source.with_name("geostream.db-wal")
    data = bytearray(log.read_bytes())
    data[-len(data) // 3] ^= 1
    log.write_bytes(data)
    if removes_shm:
        source.with_name("geostream.db-shm").unlink()
    before = listing(source.parent)
    result = run("repair", source, "--to", tmp_path / "b.db")
    assert listing(source.parent) == before
    assert result.exit_code == 1, result.output
    assert re.search(r"the log is damaged, and [1-9]\d* transactions", result.stdout)
    [found] = entries_in(tmp_path / "b.db")
    assert 0 < len(found) < 30
    assert found == [(number, 0) for number in range(1, len(found) + 1)]


def test_an_unreadable_file_gives_nothing_and_leaves_nothing(tmp_path):
    (tmp_path / "a.rdb").write_bytes(b"REDIS0011\xee")
    result = run("repair", tmp_path / "a.rdb", "--to", tmp_path / "b.rdb")
    assert (result.exit_code, result.stdout) == (1, "")
    assert "nothing could be saved" in result.stderr
    assert [path.name for path in tmp_path.iterdir()] == ["a.rdb"]


def test_a_new_place_of_no_known_kind_is_of_the_same_kind(tmp_path):
    write(tmp_path / "a.rdb", numbered(1))
    assert run("repair", tmp_path / "a.rdb", "--to", tmp_path / "saved").exit_code == 0
    assert (tmp_path / "saved").read_bytes().startswith(b"REDIS0011")


@pytest.mark.parametrize(
    ("arguments", "status", "message"),
    [
        (["a.rdb"], 2, "--to"),
        (["nowhere.rdb", "--to", "b.rdb"], 1, "No such file"),
        (["redis://127.0.0.1:1", "--to", "b.rdb"], 2, "repair is for files"),
        (["a.rdb", "--to", "redis://127.0.0.1:1"], 2, "repair is for files"),
        (["a.rdb", "--to", "rdb:"], 2, "a path is missing"),
        (["a.rdb", "--to", "/proc/nowhere/b.rdb"], 1, "No such file"),
    ],
)
def test_mistakes_are_told_with_their_status(arguments, status, message, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    write(tmp_path / "a.rdb", numbered(1, 1))
    result = run("repair", *arguments)
    assert result.exit_code == status
    assert message in result.stderr


def test_as_a_program_it_exits_with_its_status(tmp_path):
    write(tmp_path / "a.rdb", numbered(1))
    (tmp_path / "a.rdb").write_bytes((tmp_path / "a.rdb").read_bytes()[:-5])
    done = subprocess.run(
        [sys.executable, "-m", "geostream", "repair", "a.rdb", "--to", "b.aof"],
        capture_output=True, text=True, check=False, timeout=60, cwd=tmp_path,
    )  # fmt: skip
    assert done.returncode == 1
    assert done.stdout.splitlines()[1].startswith("saved 2 keys")
