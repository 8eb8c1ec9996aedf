"""Append-only files that real servers wrote load as they load there."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import pytest

from geostream.engine.client import Client
from geostream.engine.dispatch import Engine
from geostream.persistence.api import Corrupt
from geostream.store.keyspace import Keyspace
from geostream.store.wire import unpack_fields
from tests.persistence.aof.files import DIR_NAME, NOW_MS, load_and_report, opened
from tests.support.engines import PushingLink, make_engine

GOLDEN = Path(__file__).parents[1] / "formats" / "golden"
SERVERS = ["redis-7.0.15", "redis-8.2.3", "valkey-9.1.2"]
WHOLE = ["rdb-base", "aof-base", "two-incr", "with-history"]
TORN = ["truncated", "truncated-in-multi"]
REFUSED = ["corrupted", "corrupted-base", "two-incr-first-truncated"]


def expected(server: str, name: str, truncated: str = "yes") -> dict[str, Any]:
    """Return what the server made of a directory."""
    told: dict[str, Any] = json.loads((GOLDEN / server / "aof" / f"{name}.json").read_text())
    return told.get(f"aof-load-truncated {truncated}", told)


def laid_out(directory: Path, server: str, name: str) -> Path:
    """Copy the files to where a plugin looks for them."""
    shutil.copytree(GOLDEN / server / "aof" / name, directory / DIR_NAME)
    return directory


def state_of(keyspace: Keyspace) -> dict[str, Any]:
    """Return the data as the golden files tell it."""
    bench = make_engine(now_ms=NOW_MS)
    engine = Engine(keyspace, bench.engine.config, bench.engine.host)
    client = Client(1, PushingLink(), "", "")
    return {
        str(database.number): {
            key.decode("latin-1"): _told(engine, client, database.number, key)
            for key in list(database.values)
        }
        for database in keyspace.databases
        if database.values
    }


def _told(engine: Engine, client: Client, number: int, key: bytes) -> dict[str, Any]:
    client.database = number

    def ask(*words: bytes) -> Any:
        return engine.execute(client, list(words), NOW_MS)

    database = engine.keyspace.databases[number]
    told: dict[str, Any] = {"type": database.values[key].type_name.decode()}
    if key in database.expiries:
        told["expire_at_ms"] = database.expiries[key]
    if told["type"] == "string":
        told["value"] = ask(b"GET", key).decode("latin-1")
        return told
    stream = database.stream(key)
    assert stream is not None
    told["entries"] = [
        [text(entry_id), [text(word) for word in unpack_fields(bytes(fields))]]
        for entry_id, fields in map(
            _taken_apart, stream.select((0, 0), (2**64 - 1, 2**64 - 1)).entries()
        )
    ]
    info = ask(b"XINFO", b"STREAM", key, b"FULL", b"COUNT", b"0")
    del info[b"entries"]
    told["info"] = plain(info)
    return told


def _taken_apart(wire: bytes | bytearray) -> tuple[bytes, bytes | bytearray]:
    _, _, entry_id, fields = bytes(wire).split(b"\r\n", 3)
    return entry_id, fields


def text(value: bytes) -> str:
    """Return bytes as the golden files have them."""
    return value.decode("latin-1")


def plain(reply: Any) -> Any:
    """Return a reply as the golden files have it: text for bytes."""
    if isinstance(reply, bytes):
        return reply.decode("latin-1")
    if isinstance(reply, dict):
        return {plain(name): plain(value) for name, value in reply.items()}
    if isinstance(reply, list | tuple):
        return [plain(item) for item in reply]
    return reply


def only_what_is_told(ours: Any, theirs: Any) -> Any:
    """Leave out what a server did not tell, in any dict, and how its nodes are cut."""
    if isinstance(ours, dict) and isinstance(theirs, dict):
        return {
            name: only_what_is_told(value, theirs[name])
            for name, value in ours.items()
            if name in theirs
        }
    if isinstance(ours, list) and isinstance(theirs, list) and len(ours) == len(theirs):
        return [only_what_is_told(*pair) for pair in zip(ours, theirs, strict=True)]
    return ours


def assert_same(keyspace: Keyspace, theirs: dict[str, Any]) -> None:
    """Compare all data; the order of groups and consumers is nobody's business."""
    ours = state_of(keyspace)
    for told in (ours, theirs):
        for keys in told.values():
            for value in keys.values():
                info = value.get("info", {"groups": []})
                info.pop("radix-tree-nodes", None)
                info.pop("radix-tree-keys", None)
                info["groups"].sort(key=lambda group: group["name"])
                for group in info["groups"]:
                    group["consumers"].sort(key=lambda consumer: consumer["name"])
    assert only_what_is_told(ours, theirs) == theirs


@pytest.mark.parametrize("truncated", ["yes", "no"])
@pytest.mark.parametrize("name", WHOLE)
@pytest.mark.parametrize("server", SERVERS)
def test_a_whole_file_gives_what_the_server_had(
    tmp_path: Path, server: str, name: str, truncated: str
) -> None:
    directory = laid_out(tmp_path, server, name)
    told = expected(server, name, truncated)
    keyspace, report, replayer = load_and_report(directory, aof_load_truncated=truncated)
    assert_same(keyspace, told["state"])
    assert replayer.failures == []
    assert report.loaded_bytes == report.total_bytes
    left = {path.name for path in (directory / DIR_NAME).iterdir()} - {"geostream.lock"}
    assert left == set(told["files_afterwards"])


@pytest.mark.parametrize("name", TORN)
@pytest.mark.parametrize("server", SERVERS)
def test_a_torn_file_is_cut_where_the_server_cuts_it_and_the_rest_is_kept(
    tmp_path: Path, server: str, name: str
) -> None:
    directory = laid_out(tmp_path, server, name)
    last = directory / DIR_NAME / "appendonly.aof.2.incr.aof"
    before = last.read_bytes()
    told = expected(server, name, "yes")
    keyspace, report, _ = load_and_report(directory, aof_load_truncated=True)
    assert_same(keyspace, told["state"])
    assert last.stat().st_size == told["last_incr_size_afterwards"]
    (kept,) = last.parent.glob("*.tail-*")
    assert last.read_bytes() + kept.read_bytes() == before
    assert f"cut at byte {last.stat().st_size}" in report.remarks[0]


@pytest.mark.parametrize("name", TORN)
@pytest.mark.parametrize("server", SERVERS)
def test_a_torn_file_is_refused_if_that_is_wanted(tmp_path: Path, server: str, name: str) -> None:
    directory = laid_out(tmp_path, server, name)
    last = directory / DIR_NAME / "appendonly.aof.2.incr.aof"
    before = last.read_bytes()
    with pytest.raises(Corrupt) as caught:
        load_and_report(directory, aof_load_truncated=False)
    assert caught.value.path == last
    assert caught.value.offset == expected(server, name, "yes")["last_incr_size_afterwards"]
    assert "aof-load-truncated" in str(caught.value)
    assert last.read_bytes() == before


@pytest.mark.parametrize("truncated", ["yes", "no"])
@pytest.mark.parametrize("name", REFUSED)
@pytest.mark.parametrize("server", SERVERS)
def test_a_damaged_file_is_refused_and_left_as_it_is(
    tmp_path: Path, server: str, name: str, truncated: str
) -> None:
    directory = laid_out(tmp_path, server, name)
    before = {path.name: path.read_bytes() for path in (directory / DIR_NAME).iterdir()}
    assert not expected(server, name, truncated)["loads"]
    with pytest.raises(Corrupt) as caught:
        load_and_report(directory, aof_load_truncated=truncated)
    assert caught.value.offset is not None
    after = {path.name: path.read_bytes() for path in (directory / DIR_NAME).iterdir()}
    del after["geostream.lock"]
    assert after == before


def legacy_state() -> dict[str, Any]:
    """Return what 6.2 had, but for the claim of a deleted entry: 7.0 and later drop it."""
    state: dict[str, Any] = expected("redis-6.2.14", "legacy")["state"]
    group = state["0"]["orders"]["info"]["groups"][0]
    claimer = next(consumer for consumer in group["consumers"] if consumer["name"] == "c4")
    for holder in (group, claimer):
        del holder["pending"][0]
        holder["pel-count"] -= 1
    return state


def test_the_single_file_of_older_servers_is_taken_over(tmp_path: Path) -> None:
    shutil.copytree(GOLDEN / "redis-6.2.14" / "aof" / "legacy", tmp_path, dirs_exist_ok=True)
    keyspace, _, replayer = load_and_report(tmp_path)
    assert_same(keyspace, legacy_state())
    assert replayer.failures == []
    assert not (tmp_path / "appendonly.aof").exists()
    manifest = (tmp_path / DIR_NAME / "appendonly.aof.manifest").read_text()
    assert manifest == "file appendonly.aof seq 1 type b\n"


def test_a_takeover_that_was_broken_off_is_finished(tmp_path: Path) -> None:
    shutil.copytree(GOLDEN / "redis-6.2.14" / "aof" / "legacy", tmp_path, dirs_exist_ok=True)
    (tmp_path / DIR_NAME).mkdir()
    manifest = tmp_path / DIR_NAME / "appendonly.aof.manifest"
    manifest.write_text("file appendonly.aof seq 1 type b\n")
    plugin = opened(tmp_path)
    assert not plugin.is_empty()
    plugin.close()
    keyspace, _, _ = load_and_report(tmp_path)
    assert_same(keyspace, legacy_state())
