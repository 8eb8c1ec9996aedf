"""Moves to and from running servers: Redis, Valkey and geostream itself."""

from __future__ import annotations

from pathlib import Path
from tempfile import TemporaryDirectory

import hypothesis.strategies as st
import pytest
from hypothesis import given, settings

from geostream.errors import CommandError
from geostream.tools import live_target
from tests.persistence.scripts import Source
from tests.properties.test_replay import commands
from tests.support.engines import make_engine
from tests.support.servers import GEOSTREAM, REDIS, VALKEY, NotInstalled, free_port, start
from tests.support.wire import Client, Simple
from tests.tools.places import everything, listing, rich, run, write

REAL = [
    pytest.param(REDIS, marks=pytest.mark.real_redis),
    pytest.param(VALKEY, marks=pytest.mark.real_redis),
]
ALL = [*REAL, GEOSTREAM]
#: What a server keeps of a stream is what this RDB version keeps.
KEEPS = {REDIS: 11, VALKEY: 11, GEOSTREAM: 14}


class Live:
    """A running server and a connection to it."""

    def __init__(self, name, directory, *options):
        try:
            self.process = start(name, directory, *options)
        except NotInstalled as missing:
            pytest.skip(str(missing))
        self.url = f"redis://127.0.0.1:{self.process.port}"
        self.client = Client(self.process.port)

    def call(self, *words):
        return self.client.call(*words)

    def stop(self):
        self.client.close()
        self.process.stop()


@pytest.fixture
def launch(tmp_path):
    """A function that starts servers; they are ended after the test."""
    running = []

    def one(name, *options):
        running.append(Live(name, tmp_path / f"server-{len(running)}", *options))
        return running[-1]

    yield one
    for live in running:
        live.stop()


def moved(*arguments):
    result = run(*arguments)
    assert result.exit_code == 0, result.output
    return result.stdout


def small():
    """Return a keyspace whose deliveries are past: XCLAIM takes no others."""
    bench = make_engine(now_ms=1_700_000_000_000)
    for line in (
        "SET one v PXAT 4102444800000",
        "XADD s 1-1 f v",
        "XADD s 2-1 f w",
        "XADD s 3-1 f w",
        "XADD s 4-1 f w",
        "XGROUP CREATE s g 0",
        "XREADGROUP GROUP g a COUNT 3 STREAMS s >",
        "XCLAIM s g b 0 3-1 TIME 1600000000000 RETRYCOUNT 7",
        "XDEL s 3-1",
        "XTRIM s MAXLEN 2",
        "XGROUP CREATE hollow g $ MKSTREAM",
        "SELECT 3",
        "SET two v",
    ):
        assert not isinstance(bench.execute(line), CommandError), line
    return bench.engine.keyspace


@pytest.mark.parametrize("name", ALL)
def test_a_store_comes_back_equal_from_a_server(name, launch, tmp_path):
    keyspace = rich()
    write(tmp_path / "a.db", keyspace)
    live = launch(name)
    moved("import", tmp_path / "a.db", "--into", live.url)
    moved("export", tmp_path / "b.aof", "--from", live.url)
    assert everything(tmp_path / "b.aof", KEEPS[name]) == everything(keyspace, KEEPS[name])


@pytest.mark.slow
@pytest.mark.parametrize("name", ALL)
@settings(max_examples=20)
@given(st.lists(st.tuples(commands, st.integers(0, 20)), max_size=60))
def test_any_store_comes_back_equal_from_a_server(name, fleet, requests):
    source = Source()
    for request, passing_ms in requests:
        source.pass_time(passing_ms)
        source.execute(*request)
    url = f"redis://127.0.0.1:{fleet.empty('subject' if name == GEOSTREAM else name).port}"
    with TemporaryDirectory() as directory:
        write(Path(directory, "a.db"), source.keyspace)
        moved("import", Path(directory, "a.db"), "--into", url)
        moved("export", Path(directory, "b.db"), "--from", url)
        found = everything(Path(directory, "b.db"), KEEPS[name])
    assert found == everything(source.keyspace, KEEPS[name])


@pytest.mark.parametrize(
    ("origin", "to"), [(REDIS, VALKEY), (VALKEY, REDIS), (GEOSTREAM, REDIS), (VALKEY, GEOSTREAM)]
)
@pytest.mark.real_redis
def test_servers_move_to_each_other_although_they_refuse_each_others_payloads(
    origin, to, launch, tmp_path
):
    keyspace = rich()
    write(tmp_path / "a.db", keyspace)
    one, other = launch(origin), launch(to)
    moved("import", tmp_path / "a.db", "--into", one.url)
    told = moved("import", one.url, "--into", other.url)
    moved("import", other.url, "--into", tmp_path / "b.db")
    assert everything(tmp_path / "b.db", 11) == everything(keyspace, 11)
    assert told.splitlines()[2].startswith("moved ")


@pytest.mark.real_redis
def test_what_cannot_be_dumped_is_asked_for_otherwise(launch, tmp_path):
    write(tmp_path / "a.db", small())
    one = launch(REDIS, "--rename-command", "DUMP", "")
    moved("import", tmp_path / "a.db", "--into", one.url)
    moved("import", one.url, "--into", tmp_path / "b.db")
    assert everything(tmp_path / "b.db", 11) == everything(small(), 11)


def without_times(told):
    """Return what is told without what commands cannot set: when consumers were seen."""
    for keys in told.values():
        for value, _ in keys.values():
            if isinstance(value, dict):
                for group in value["groups"].values():
                    group["consumers"] = {
                        name: consumer[2] for name, consumer in group["consumers"].items()
                    }
    return told


@pytest.mark.parametrize("name", REAL)
def test_where_restore_is_not_allowed_keys_are_made_by_commands(name, launch, tmp_path):
    write(tmp_path / "a.db", small())
    live = launch(name)
    live.call("ACL", "SETUSER", "mover", "on", "nopass", "~*", "+@all", "-restore")
    told = moved("import", tmp_path / "a.db", "--into", live.url.replace("//", "//mover:x@"))
    check_made_by_commands(live, told, tmp_path)


def test_where_no_payload_is_taken_keys_are_made_by_commands(launch, tmp_path, monkeypatch):
    monkeypatch.setattr(live_target, "VERSIONS", ())
    write(tmp_path / "a.db", small())
    live = launch(GEOSTREAM)
    check_made_by_commands(live, moved("import", tmp_path / "a.db", "--into", live.url), tmp_path)


def check_made_by_commands(live, told, tmp_path):
    moved("export", tmp_path / "b.db", "--from", live.url)
    found = without_times(everything(tmp_path / "b.db", 11))
    assert found == without_times(everything(small(), 11))
    assert "the target cannot hold: 2 times at which consumers were last seen" in told
    assert sorted(live.call("KEYS", "*")) == [b"hollow", b"one", b"s"]


def test_by_commands_too_existing_keys_are_left_alone_or_replaced(launch, tmp_path, monkeypatch):
    monkeypatch.setattr(live_target, "VERSIONS", ())
    write(tmp_path / "a.db", small())
    live = launch(GEOSTREAM)
    live.call("SET", "s", "old")
    told = moved("import", tmp_path / "a.db", "--into", live.url)
    assert "left alone, because the target has such keys: 1 (s)" in told
    assert live.call("GET", "s") == b"old"
    moved("import", tmp_path / "a.db", "--into", live.url, "--replace")
    assert live.call("XLEN", "s") == 2


@pytest.mark.parametrize("name", ALL)
def test_a_dry_run_writes_nothing_to_a_server(name, launch, tmp_path):
    write(tmp_path / "a.db", small())
    live = launch(name)
    live.call("SET", "s", "old")
    before = live.call("DBSIZE")
    told = moved("import", tmp_path / "a.db", "--into", live.url, "--dry-run")
    assert "would move 3 keys (1 stream, 2 strings) in 2 databases" in told
    assert "left alone, because the target has such keys: 1 (s)" in told
    assert (live.call("DBSIZE"), live.call("GET", "s")) == (before, b"old")
    assert live.call("SELECT", 3) == Simple(b"OK")
    assert live.call("DBSIZE") == 0


@pytest.mark.parametrize("name", ALL)
def test_existing_keys_of_a_server_are_left_alone_or_replaced(name, launch, tmp_path):
    write(tmp_path / "a.db", small())
    live = launch(name)
    live.call("SET", "s", "old")
    told = moved("import", tmp_path / "a.db", "--into", live.url)
    assert "left alone, because the target has such keys: 1 (s) (--replace)" in told
    assert live.call("GET", "s") == b"old"
    told = moved("import", tmp_path / "a.db", "--into", live.url, "--replace")
    assert "4 of them in place of what the target had" in told
    assert live.call("XLEN", "s") == 2


@pytest.mark.parametrize("name", REAL)
def test_other_types_are_left_out_and_named(name, launch, tmp_path):
    live = launch(name)
    live.call("HSET", "my-hash", "f", "v")
    live.call("SADD", "my-set", "m")
    live.call("SADD", "other-set", "m")
    live.call("SET", "text", "v")
    told = moved("export", tmp_path / "b.rdb", "--from", live.url)
    assert "moved 1 key (1 string)" in told
    assert "not kept here: hash: 1 (my-hash)" in told
    assert list(everything(tmp_path / "b.rdb")[0]) == [b"text"]


def test_urls_and_options_choose_databases_and_keys(launch, tmp_path):
    live = launch(GEOSTREAM)
    for db, key in ((0, "a0"), (2, "a2"), (2, "b2"), (5, "a5")):
        live.call("SELECT", db)
        live.call("SET", key, "v")
    moved("export", tmp_path / "one.db", "--from", f"{live.url}/2")
    assert {db: set(keys) for db, keys in everything(tmp_path / "one.db").items()} == {
        2: {b"a2", b"b2"}
    }
    moved("export", tmp_path / "two.db", "--from", live.url, "--key", "a*")
    assert {db: set(keys) for db, keys in everything(tmp_path / "two.db").items()} == {
        0: {b"a0"},
        2: {b"a2"},
        5: {b"a5"},
    }
    moved("import", tmp_path / "one.db", "--into", f"{live.url}/7")
    live.call("SELECT", 7)
    assert sorted(live.call("KEYS", "*")) == [b"a2", b"b2"]
    result = run("import", tmp_path / "two.db", "--into", f"{live.url}/7")
    assert result.exit_code == 2
    assert "names one database, and the keys are in 3" in result.stderr
    result = run("export", tmp_path / "three.db", "--from", f"{live.url}/2", "--db", "5")
    assert result.exit_code == 2


def test_a_target_without_the_databases_gets_nothing(launch, tmp_path):
    source = Source()
    source.run(["SET a v", "SELECT 9", "SET b v"])
    write(tmp_path / "a.db", source.keyspace)
    live = launch(GEOSTREAM, "--set", "databases=4")
    result = run("import", tmp_path / "a.db", "--into", live.url)
    assert (result.exit_code, live.call("DBSIZE")) == (1, 0)
    assert "the target has no database 9; nothing was moved" in result.stderr


def test_many_keys_and_a_large_stream_pass_in_pipelines_of_bounded_size(launch, tmp_path):
    one, other = launch(GEOSTREAM), launch(GEOSTREAM)
    one.client.pipeline(["SET", f"key:{number}", "v" * 10] for number in range(1500))
    for number in range(40):
        one.call("XADD", "large", f"{number + 1}-0", "f", b"x" * 500_000)
        one.call("SET", f"large:{number}", b"x" * 500_000)
    told = moved("import", one.url, "--into", other.url)
    assert "moved 1,541 keys (1 stream, 1,540 strings) in 1 database" in told
    assert other.call("DBSIZE") == 1541
    assert other.call("XLEN", "large") == 40


def test_a_password_is_used_and_never_shown(launch, tmp_path):
    live = launch(GEOSTREAM)
    live.call("SET", "a", "v")
    assert live.call("CONFIG", "SET", "requirepass", "secret") == Simple(b"OK")
    url = live.url.replace("//", "//:secret@")
    assert "secret" not in moved("export", tmp_path / "a.db", "--from", url)
    result = run("export", tmp_path / "b.db", "--from", live.url.replace("//", "//:geheim@"))
    assert result.exit_code == 1
    assert "WRONGPASS" in result.stderr
    assert "geheim" not in result.output
    result = run("export", tmp_path / "b.db", "--from", live.url)
    assert (result.exit_code, "NOAUTH" in result.stderr) == (1, True)
    assert not (tmp_path / "b.db").exists()


@pytest.mark.real_redis
def test_a_cluster_is_refused(launch, tmp_path):
    # its bus would listen 10,000 ports above the first, which may be no port at all
    live = launch(REDIS, "--cluster-enabled", "yes", "--cluster-port", str(free_port()))
    result = run("export", tmp_path / "a.db", "--from", live.url)
    assert result.exit_code == 1
    assert "part of a cluster" in result.stderr
    assert not (tmp_path / "a.db").exists()


@pytest.mark.real_redis
def test_a_replica_refuses_and_nothing_is_said_to_have_moved(launch, tmp_path):
    write(tmp_path / "a.db", small())
    live = launch(REDIS, "--replicaof", "127.0.0.1 1", "--replica-serve-stale-data", "yes")
    result = run("import", tmp_path / "a.db", "--into", live.url)
    assert result.exit_code == 1
    assert "READONLY" in result.stderr
    assert "moved" not in result.stdout


def test_reading_a_server_changes_nothing_on_its_disk(launch, tmp_path):
    live = launch(GEOSTREAM)
    live.call("XADD", "s", "1-1", "f", "v")
    directory = tmp_path / "server-0"
    before = {name: value[2] for name, value in listing(directory).items() if "log" not in name}
    moved("export", tmp_path / "a.rdb", "--from", live.url)
    after = {name: value[2] for name, value in listing(directory).items() if "log" not in name}
    assert after == before
