"""Real servers start on our append-only files and have what we have."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
import redis

from geostream.store.capture import Capture
from tests.persistence.aof.files import (
    DIR_NAME,
    Recorder,
    known_as_stored_whole,
    load,
    opened,
    store,
)
from tests.persistence.aof.test_golden import only_what_is_told, plain, state_of
from tests.support.servers import (
    REDIS,
    VALKEY,
    NotInstalled,
    redis_binary,
    start,
    valkey_binary,
)

pytestmark = pytest.mark.real_redis

FAR = 4102444800000
SCENARIOS = {
    "entries": [
        "XADD s 1-1 f v",
        "XADD s 2-1 f v g w",
        "XADD s 2-2 f v f x",
        "XADD s 3 f v",
        "XDEL s 2-1",
        "XTRIM s MAXLEN 2",
        "XTRIM s MINID 2-2",
        "XADD s MAXLEN 1 9-9 f v",
        "XDEL s 9-9",
        "XSETID s 20-0 ENTRIESADDED 30 MAXDELETEDID 12-0",
    ],
    "empty streams": [
        "XGROUP CREATE made g $ MKSTREAM",
        "XADD trimmed MAXLEN 0 5-0 f v",
        "XADD emptied 1-1 f v",
        "XDEL emptied 1-1",
        "XGROUP CREATE gone g 0 MKSTREAM",
        "XGROUP DESTROY gone g",
    ],
    "groups": [
        "XADD s 1-1 f 1",
        "XADD s 1-2 f 2",
        "XADD s 1-3 f 3",
        "XADD s 1-4 f 4",
        "XGROUP CREATE s g 0",
        "XGROUP CREATE s late 1-2 ENTRIESREAD 2",
        "XREADGROUP GROUP g a COUNT 3 STREAMS s >",
        "XREADGROUP GROUP g b NOACK STREAMS s >",
        "XREADGROUP GROUP late idle STREAMS s 0",
        "XACK s g 1-1",
        "XCLAIM s g c 0 1-2 RETRYCOUNT 7 TIME 1234",
        "XCLAIM s g c 0 1-4 FORCE LASTID 1-4",
        "XDEL s 1-3",
        "XAUTOCLAIM s g d 0 0",
        "XGROUP SETID s late 1-1",
        "XGROUP CREATECONSUMER s late quiet",
        "XGROUP DELCONSUMER s g a",
    ],
    "keys": [
        "SET plain v",
        f"SET expiring v PXAT {FAR}",
        "SET kept v",
        f"PEXPIREAT kept {FAR}",
        "PERSIST kept",
        "APPEND plain more",
        "SETRANGE plain 1 x",
        "INCRBYFLOAT number 1.5",
        "XADD s 1-1 f v",
        "XGROUP CREATE s g 0",
        "COPY s copied",
        "RENAME s renamed",
        "MOVE renamed 3",
        "COPY copied far DB 2",
        "DEL kept",
        "SELECT 5",
        "SET gone v",
        "FLUSHDB",
        "SET swapped v",
        "SWAPDB 5 6",
    ],
    "what only we know": [
        "XADD s IDMP p 1 * f v",
        "XADD s IDMP p 2 * f v",
        "XGROUP CREATE s g 0",
        "XREADGROUP GROUP g c STREAMS s >",
        "XNACK s g FAIL IDS 1 1000-0",
        "XCLAIM s g d 0 1000-0",
        "XCFGSET s IDMP-MAXSIZE 50",
    ],
}


def recorded(name: str) -> Recorder:
    recorder = Recorder()
    recorder.run(*SCENARIOS[name])
    recorder.bench.execute(b"XADD", b"binary\r\n#\0", b"1-1", b"\r\n#f", b"*3\r\n$")
    recorder.bench.execute(b"XGROUP", b"CREATE", b"binary\r\n#\0", b"long" * 700, b"$")
    return recorder


def written(directory: Path, form: str, recorder: Recorder) -> None:
    """Write the data as increments, or as a base of either form."""
    if form == "increments":
        store(directory, *recorder.batches)
        return
    plugin = opened(directory, aof_use_rdb_preamble=form == "rdb")
    list(plugin.load())
    plugin.begin_snapshot()
    plugin.snapshot(Capture(recorder.keyspace))
    plugin.finish_snapshot(None)
    plugin.close()


@contextmanager
def started(name: str, directory: Path) -> Iterator[redis.Redis]:
    try:
        server = start(name, directory, "--appendonly", "yes")
    except NotInstalled as error:
        pytest.skip(str(error))
    try:
        with redis.Redis(port=server.port) as client:
            yield client
    finally:
        server.stop()


def theirs(client: redis.Redis) -> dict[str, Any]:
    """Return a server's data as ``state_of`` tells ours, without times only the server knows."""
    found: dict[str, Any] = {}
    for number in range(16):
        client.execute_command("SELECT", number)
        for key in client.execute_command("KEYS", "*"):
            found.setdefault(str(number), {})[plain(key)] = _told(client, key)
    return found


def _told(client: redis.Redis, key: bytes) -> dict[str, Any]:
    told: dict[str, Any] = {"type": client.execute_command("TYPE", key).decode()}
    if client.execute_command("PEXPIRETIME", key) > 0:
        told["expire_at_ms"] = client.execute_command("PEXPIRETIME", key)
    if told["type"] == "string":
        told["value"] = plain(client.execute_command("GET", key))
        return told
    info = plain(client.execute_command("XINFO", "STREAM", key, "FULL", "COUNT", "0"))
    told["entries"] = plain(info.pop("entries"))
    for name in ("radix-tree-keys", "radix-tree-nodes"):
        del info[name]
    for group in info["groups"]:
        for consumer in group["consumers"]:
            del consumer["seen-time"], consumer["active-time"]
    told["info"] = info
    return told


def in_order(state: dict[str, Any]) -> dict[str, Any]:
    for keys in state.values():
        for told in keys.values():
            groups = told.get("info", {"groups": []})["groups"]
            groups.sort(key=lambda group: group["name"])
            for group in groups:
                group["consumers"].sort(key=lambda consumer: consumer["name"])
    return state


@pytest.mark.parametrize("form", ["increments", "rdb", "commands"])
@pytest.mark.parametrize("server", [REDIS, VALKEY])
@pytest.mark.parametrize("scenario", [name for name in SCENARIOS if name != "what only we know"])
def test_a_real_server_has_the_same_data(
    tmp_path: Path, server: str, scenario: str, form: str
) -> None:
    recorder = recorded(scenario)
    written(tmp_path, form, recorder)
    with started(server, tmp_path) as client:
        found = in_order(theirs(client))
    ours = in_order(state_of(load(tmp_path)))
    assert only_what_is_told(ours, found) == found


@pytest.mark.parametrize("form", ["increments", "rdb", "commands"])
@pytest.mark.parametrize("server", [REDIS, VALKEY])
def test_what_a_real_server_has_no_words_for_does_not_keep_it_from_starting(
    tmp_path: Path, server: str, form: str
) -> None:
    recorder = recorded("what only we know")
    before = known_as_stored_whole(recorder.keyspace)
    written(tmp_path, form, recorder)
    with started(server, tmp_path) as client:
        assert client.execute_command("XLEN", "s") == 2
        client.execute_command("SET", "written", "there")
    after = known_as_stored_whole(load(tmp_path))
    assert after[0].pop(b"written")[0] == b"there"
    assert after == before


@pytest.mark.parametrize("form", ["increments", "rdb", "commands"])
@pytest.mark.parametrize("scenario", SCENARIOS)
@pytest.mark.parametrize("server", [REDIS, VALKEY])
def test_their_checker_is_content(tmp_path: Path, server: str, scenario: str, form: str) -> None:
    written(tmp_path, form, recorded(scenario))
    checker = tmp_path / f"{server.partition('-')[0]}-check-aof"
    try:
        checker.symlink_to(redis_binary() if server == REDIS else valkey_binary())
    except NotInstalled as error:
        pytest.skip(str(error))
    manifest = tmp_path / DIR_NAME / "appendonly.aof.manifest"
    checked = subprocess.run([checker, manifest], capture_output=True, text=True, check=False)
    assert checked.returncode == 0, checked.stdout
    assert "All AOF files and manifest are valid" in checked.stdout
