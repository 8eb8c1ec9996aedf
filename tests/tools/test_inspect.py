"""``geostream inspect``: everything is shown, nothing is touched."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys

import pytest

from tests.persistence.formats.golden_files import GOLDEN, SERVERS, described
from tests.persistence.scripts import HARD, Source
from tests.support.servers import GEOSTREAM, start
from tests.support.wire import Client
from tests.tools.places import NAMES, items, listing, rich, run, write

AOF_VARIANTS = sorted(
    path.relative_to(GOLDEN).as_posix() for path in GOLDEN.glob("*/aof/*") if path.is_dir()
)


def told(*arguments):
    result = run("inspect", *arguments, "--json")
    return result.exit_code, json.loads(result.stdout)


def names(value):
    """Return the keys of each database, as the golden files write them."""
    return {
        number: {key["key"].encode("utf-8").decode("latin-1") for key in keys if keys}
        for number, keys in value["databases"].items()
    }


@pytest.mark.parametrize("server", SERVERS)
def test_every_golden_rdb_file_is_shown_with_all_it_holds(server):
    status, value = told(GOLDEN / server / "streams.rdb")
    expected = described(server)["state"]
    keys = {(db, key["key"]): key for db, keys in value["databases"].items() for key in keys}
    assert status == 0
    assert value["totals"]["keys"] == sum(map(len, expected.values())) == len(keys)
    for db, state in expected.items():
        for name, about in state.items():
            if "bin" in name:
                continue  # not UTF-8: looked at below
            found = keys[db, name]
            assert found["type"] == about["type"]
            if about["type"] == "string":
                assert found["length"] == len(about["value"])
                continue
            info = about["info"]
            assert found["length"] == info["length"] == len(about["entries"])
            assert found["last_id"] == info["last-generated-id"]
            assert found["first_id"] == (about["entries"][0][0] if about["entries"] else None)
            groups = {group["name"]: group["pending"] for group in found["groups"]}
            assert sorted(groups.values()) == sorted(g["pel-count"] for g in info["groups"])
            assert found.get("expires_at_ms") == about.get("expire_at_ms")


@pytest.mark.parametrize("server", SERVERS)
def test_what_is_not_kept_here_is_counted_and_named(server):
    status, value = told(GOLDEN / server / "mixed.rdb")
    skipped = described(server, "mixed")["skip"]
    kinds = [about["type"] for keys in skipped.values() for about in keys.values()]
    expected = {kind: kinds.count(kind) for kind in kinds}
    if server != "redis-6.2.14":
        expected["function library"] = 1
    assert (status, value["left_out"]) == (0, expected)
    lines = run("inspect", GOLDEN / server / "mixed.rdb").stdout
    assert f"not kept here: {expected['hash']} hash" in lines


@pytest.mark.parametrize("variant", AOF_VARIANTS)
def test_every_golden_append_only_file_is_shown_and_left_as_it_is(variant, tmp_path):
    directory = tmp_path / "appendonlydir"
    shutil.copytree(GOLDEN / variant, directory)
    before = listing(tmp_path)
    status, value = told(directory)
    assert listing(tmp_path) == before
    result = json.loads((GOLDEN / f"{variant}.json").read_text())
    result = result.get("aof-load-truncated yes", result)
    is_damaged = any(word in variant for word in ("truncated", "corrupted"))
    assert (status, bool(value["damage"])) == (int(is_damaged), is_damaged)
    if is_damaged:
        assert value["damage"]["path"].startswith(str(directory))
        assert 0 < value["damage"]["offset"] < 30_000
    if not is_damaged or variant.endswith(("/truncated", "/truncated-in-multi")):
        assert names(value) == {db: set(keys) for db, keys in result["state"].items()}
        assert value["totals"]["commands"] > 300
    if variant.endswith(("/truncated", "/truncated-in-multi")):
        assert value["damage"]["offset"] == result["last_incr_size_afterwards"]


@pytest.mark.parametrize("kind", sorted(NAMES))
def test_stores_of_all_formats_are_told_alike(kind, tmp_path):
    keyspace = rich()
    path = tmp_path / NAMES[kind]
    write(path, keyspace)
    before = listing(tmp_path)
    status, value = told(path)
    assert (status, value["damage"], value["format"]) == (0, None, kind)
    assert listing(tmp_path) == before
    everything = items(keyspace)
    assert value["totals"]["keys"] == len(everything)
    assert value["totals"]["entries"] == sum(
        item.value.length for item in everything if item.type_name == "stream"
    )


def test_text_shows_groups_consumers_entries_and_expiries(tmp_path):
    source = Source()
    source.run(["SELECT 9", *HARD])
    write(tmp_path / "a.rdb", source.keyspace)
    lines = run("inspect", tmp_path / "a.rdb", "--entries", 1).stdout.splitlines()
    for expected in (
        "database 9:",
        "  s: stream of 3 entries, 1-2 to 4-0, expires 2096-10-03T10:53:20.000Z",
        "    last ID 4-0, added 5, highest deleted 2-0",
        "    group g: at 2-0, read 3, 3 pending",
        "      consumer a: 1 pending, seen 2096-10-02T07:06:40.000Z",
        "    group unknown: at 2-0, read an unknown number, 0 pending",
        "    1-2  f=v g=w",
        "  \\xff\\x00\\r\\n: stream of 2 entries, 0-1 to 1-1",
        '    0-1  ""=""',
        "  nothing: string of 0 bytes",
    ):
        assert expected in lines, expected


def test_only_keys_that_match_are_listed_and_all_are_counted(tmp_path):
    source = Source()
    source.run(["SET a 1", "SET b 1"])
    write(tmp_path / "a.rdb", source.keyspace)
    _, value = told(tmp_path / "a.rdb", "--key", "[b]")
    assert [key["key"] for key in value["databases"]["0"]] == ["b"]
    assert value["totals"]["keys"] == 2


def test_names_that_are_no_text_keep_their_bytes_in_json(tmp_path):
    source = Source()
    source.execute("SET", b"\xff\x00", "v")
    write(tmp_path / "a.rdb", source.keyspace)
    _, value = told(tmp_path / "a.rdb")
    assert value["databases"]["0"][0]["key_base64"] == "/wA="


@pytest.fixture
def served(tmp_path):
    """A function that starts a server that stores, with a client; killed in the end."""
    running, clients = [], []

    def one(plugin):
        directory = tmp_path / "server"
        options = ("--set", f"persistence.plugins={plugin}", "--set", "appendfsync=always")
        server = start(GEOSTREAM, directory, *options)
        running.append(server)
        client = Client(server.port)
        clients.append(client)
        for number in range(1, 101):
            client.call("XADD", "s", f"{number}-0", "f", "v" * 100)
        return server, client, directory / "data"

    yield one
    for client in clients:
        client.close()
    for server in running:
        server.stop()


FILES = {"sqlite": "geostream.db", "aof": "appendonlydir"}


@pytest.mark.parametrize("plugin", sorted(FILES))
def test_a_running_servers_files_are_read_beside_it_and_not_disturbed(plugin, served):
    _, client, data = served(plugin)
    before = {name: about[2] for name, about in listing(data).items() if "-shm" not in name}
    status, value = told(data / FILES[plugin])
    after = {name: about[2] for name, about in listing(data).items() if "-shm" not in name}
    assert (status, value["totals"]["entries"]) == (0, 100)
    assert after == before
    assert client.call("XADD", "s", "101-0", "f", "v") == b"101-0"
    assert told(data / FILES[plugin])[1]["totals"]["entries"] == 101


@pytest.mark.parametrize("plugin", sorted(FILES))
def test_what_a_killed_server_left_is_read_and_left_as_it_is(plugin, served):
    server, client, data = served(plugin)
    os.kill(server.process.pid, signal.SIGKILL)
    server.process.wait(10)
    client.close()
    before = listing(data)
    status, value = told(data / FILES[plugin])
    assert (status, value["totals"]["entries"]) == (0, 100)
    assert listing(data) == before


@pytest.mark.parametrize("plugin", sorted(FILES))
def test_files_that_cannot_be_written_to_can_be_read(plugin, served):
    server, client, data = served(plugin)
    client.close()
    server.stop()
    before = listing(data)
    for path in (data, *data.rglob("*")):
        path.chmod(0o555 if path.is_dir() else 0o444)
    try:
        assert told(data / FILES[plugin])[0] == 0
    finally:
        data.chmod(0o755)
        for path in data.rglob("*"):
            path.chmod(0o755 if path.is_dir() else 0o644)
    assert listing(data) == before


@pytest.mark.parametrize(
    ("arguments", "status", "message"),
    [
        (["nowhere.rdb"], 1, "nowhere.rdb: No such file or directory"),
        (["nowhere.db"], 1, "nowhere.db: No such file or directory"),
        (["aof:nowhere"], 1, "nowhere: No such file or directory"),
        (["what.txt"], 2, "neither SQLite, nor RDB, nor an append-only file"),
        (["redis://127.0.0.1:1"], 2, "inspect is for files"),
        (["http://127.0.0.1:1"], 2, "not a URL of a server"),
        (["rdb:"], 2, "a path is missing"),
        (["empty.rdb"], 1, ""),
        (["aof:directory"], 1, "there is no manifest"),
        (["directory"], 2, "neither SQLite"),
        (["sqlite:directory"], 1, "not a file"),
        (["empty.rdb", "--entries", "-1"], 2, "--entries wants"),
        (["empty.rdb", "--entries", "x"], 2, "not a valid integer"),
    ],
)
def test_mistakes_are_told_with_their_status(arguments, status, message, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "empty.rdb").touch()
    (tmp_path / "directory").mkdir()
    (tmp_path / "what.txt").write_text("what?")
    result = run("inspect", *arguments)
    assert result.exit_code == status
    assert message in result.stderr
    assert "Traceback" not in result.output


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("a.rdb", b"", "Short read"),
        ("a.rdb", b"REDIS00", "Short read"),
        ("a.rdb", b"REDIS0099\xff", "Can't handle RDB format version 99"),
        ("a.rdb", b"nonsense", "Wrong signature"),
        ("a.db", b"SQLite format 3\0" + b"\0" * 5000, "SQLite says"),
        ("a.db", b"nonsense", "not a SQLite database"),
        ("a.aof", b"nonsense", "bad file format"),
        ("a.aof", b"*1\r\n$4\r\nHUGE\r\n", "Unknown command 'HUGE'"),
    ],
)
def test_damage_is_told_with_the_path_that_was_given(name, content, message, tmp_path):
    (tmp_path / name).write_bytes(content)
    result = run("inspect", tmp_path / name)
    assert result.exit_code == 1
    [line] = [line for line in result.stdout.splitlines() if line.startswith("DAMAGED")]
    assert str(tmp_path / name) in line
    assert message in line
    assert "/geostream-" not in result.output  # where the copy was


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda d: (d / "appendonly.aof.2.base.rdb").unlink(), "appendonly.aof.2.base.rdb"),
        (lambda d: (d / "appendonly.aof.2.incr.aof").unlink(), "appendonly.aof.2.incr.aof"),
        (lambda d: (d / "appendonly.aof.manifest").write_bytes(b""), "manifest: the file is empty"),
        (lambda d: (d / "appendonly.aof.manifest").write_bytes(b"file a seq 1\n"), "manifest: "),
    ],
)
def test_an_append_only_file_with_a_wrong_manifest_is_told_as_damaged(change, message, tmp_path):
    directory = tmp_path / "appendonlydir"
    shutil.copytree(GOLDEN / "redis-8.2.3/aof/rdb-base", directory)
    change(directory)
    before = listing(tmp_path)
    result = run("inspect", directory)
    assert result.exit_code == 1
    [line] = [line for line in result.stdout.splitlines() if line.startswith("DAMAGED")]
    assert str(directory) in line
    assert message in line
    assert listing(tmp_path) == before
    result = run("repair", directory, "--to", tmp_path / "new.rdb")
    assert result.exit_code == 1
    assert "nothing could be saved" in result.stderr


def test_nothing_in_a_file_reaches_the_terminal_as_a_command(tmp_path):
    source = Source()
    source.execute("XADD", b"\x1b[2J", "1-1", b"\x1b]0;f\x07", b"\x9b2J")
    source.execute("XGROUP", "CREATE", b"\x1b[2J", b"\x1b[1m", "0")
    source.execute("SET", "\u202ename", "v")
    write(tmp_path / "a.rdb", source.keyspace)
    result = run("inspect", tmp_path / "a.rdb", "--entries", "1")
    assert all(line.isprintable() for line in result.stdout.splitlines())


def test_as_a_program_it_exits_with_its_status(tmp_path):
    source = Source()
    source.run(["SET a 1"])
    write(tmp_path / "a.rdb", source.keyspace)
    command = [sys.executable, "-m", "geostream", "inspect"]
    good = subprocess.run(
        [*command, tmp_path / "a.rdb"], capture_output=True, text=True, check=False, timeout=60
    )
    assert (good.returncode, good.stderr) == (0, "")
    assert "  a: string of 1 byte" in good.stdout
    (tmp_path / "a.rdb").write_bytes((tmp_path / "a.rdb").read_bytes()[:-1])
    torn = subprocess.run(
        [*command, tmp_path / "a.rdb"], capture_output=True, text=True, check=False, timeout=60
    )
    assert torn.returncode == 1
    assert "DAMAGED" in torn.stdout
