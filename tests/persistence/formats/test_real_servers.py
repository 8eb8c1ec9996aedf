"""Real servers start on our files and hold the same data, and theirs load here."""

import subprocess
from contextlib import contextmanager

import hypothesis.strategies as st
import pytest
from hypothesis import HealthCheck, given, settings

from geostream.rdb.dump import dump_value, restore_value
from geostream.rdb.reader import RdbReader
from geostream.store.capture import Capture
from geostream.store.effects import ExpirySet, StreamRestored, StringSet
from tests.persistence.formats.golden_files import rdb
from tests.persistence.formats.stored import written
from tests.persistence.formats.test_round_trips import stores
from tests.support.engines import make_engine
from tests.support.servers import (
    REDIS,
    VALKEY,
    NotInstalled,
    redis_binary,
    start,
    valkey_binary,
)
from tests.support.told import as_far_as, asking, told_everything
from tests.support.wire import Client, Simple

pytestmark = [pytest.mark.real_redis, pytest.mark.parametrize("server", [REDIS, VALKEY])]

#: What counts its own way in each server, or not at all.
NOT_COMPARED = {"radix-tree-keys", "nacked-count", "lag"}


def described(ask):
    """Return what a server holds, without what is not in files."""
    everything = told_everything(ask)
    for keys in everything.values():
        for told in keys.values():
            if told["type"] == "stream":
                _forget(told["info"])
    return everything


def _forget(info):
    for name in list(info):
        if name in NOT_COMPARED or name.startswith(("idmp", "iids", "pids")):
            del info[name]
    if not info["length"]:  # real servers show the highest ID there is after type 15
        info["recorded-first-entry-id"] = "0-0"
    for group in info["groups"]:
        for name in NOT_COMPARED & group.keys():
            del group[name]


@contextmanager
def running(server, directory, *options):
    try:
        process = start(server, directory, "--sanitize-dump-payload", "yes", *options)
    except NotInstalled as missing:
        pytest.skip(str(missing))
    client = Client(process.port, 3)
    try:
        yield client
    finally:
        client.close()
        process.stop()


def rich_store():
    """Return a bench with a bit of everything that version 11 can hold."""
    bench = make_engine(now_ms=1_700_000_000_000)
    for number in range(1, 1001):
        bench.execute("XADD", "many", f"{number}-{number % 5}", "sensor", number % 9, "v", "x" * 9)
        bench.execute("XADD", "mixed", f"{number}-0", "f" * (number % 3), "-5", "%d", "007")
    bench.execute("XADD", "wide", "5-18446744073709551614", "", "")
    bench.execute("XADD", "wide", "18446744073709551615-0", b"\0\xff", b"\r\n" * 3000)
    bench.execute("XADD", "wide", "18446744073709551615-18446744073709551615", "f", "v" * 70000)
    bench.execute("XDEL many 1-1 500-0 501-1")
    bench.execute("XTRIM mixed MAXLEN 333")
    for group, start_id in (("42", "0"), ("bin\0g", "5-0"), ("end", "$"), ("main", "0")):
        bench.execute("XGROUP", "CREATE", "many", group, start_id)
    bench.execute("XGROUP CREATE empty g 7-7 MKSTREAM")
    bench.execute("XREADGROUP GROUP main alice COUNT 200 STREAMS many >")
    bench.execute("XREADGROUP GROUP main bob COUNT 20 STREAMS many >")
    bench.execute("XREADGROUP GROUP 42 7 COUNT 3 NOACK STREAMS many >")
    bench.execute("XCLAIM many main bob 0 20-0 RETRYCOUNT 70000 TIME 1600000000000")
    bench.execute("XDEL many 25-0 26-1")
    bench.execute("XGROUP CREATECONSUMER many main idle")
    bench.execute("XSETID many 2000-5 ENTRIESADDED 5000 MAXDELETEDID 501-1")
    bench.execute("SET str 12345 PXAT 4102444800000")
    bench.execute("SET", "long", "abc" * 5000)
    bench.execute("SET", b"bin\xff", b"\0\xfe")
    bench.execute("PEXPIREAT many 4102444800000")
    bench.execute("SELECT 9")
    bench.execute("XADD other 1-1 f v")
    return bench


@pytest.mark.parametrize("version", [9, 10, 11])
@pytest.mark.parametrize("packing", [True, False])
def test_a_real_server_starts_on_our_file_and_holds_the_same(server, version, packing, tmp_path):
    bench = rich_store()
    data = written(bench.engine.keyspace, version=version, compress=packing)
    (tmp_path / "dump.rdb").write_bytes(data)
    expected = described(asking(bench if version == 11 else _loaded(data)))
    with running(server, tmp_path) as client:
        found = described(asking(client))
        assert found == expected
        assert client.call("DEBUG", "RELOAD") == Simple(b"OK")
        assert described(asking(client)) == expected


def _loaded(data):
    bench = make_engine(now_ms=1_700_000_000_000)
    bench.engine.keyspace.replay(list(RdbReader(data, now_ms=None)))
    return bench


def test_what_a_real_server_saves_loads_here(server, tmp_path):
    (tmp_path / "dump.rdb").write_bytes(written(rich_store().engine.keyspace))
    with running(server, tmp_path) as client:
        client.call("XADD", "many", "3000-1", "f", "v")
        client.call("XDEL", "many", "3000-1")
        client.call("XADD", "many", "3000-2", "f", "v")
        expected = described(asking(client))
        assert client.call("SAVE") == Simple(b"OK")
    assert described(asking(_loaded((tmp_path / "dump.rdb").read_bytes()))) == expected


def test_their_checker_is_content_with_our_file(server, tmp_path):
    path = tmp_path / "ours.rdb"
    path.write_bytes(written(rich_store().engine.keyspace))
    try:
        binary = redis_binary() if server == REDIS else valkey_binary()
    except NotInstalled as missing:
        pytest.skip(str(missing))
    name = "redis-check-rdb" if server == REDIS else "valkey-check-rdb"
    checked = subprocess.run(
        [name, str(path)], executable=binary, capture_output=True, timeout=30, check=False
    )
    assert checked.returncode == 0, checked.stdout
    assert b"RDB looks OK" in checked.stdout


def test_values_go_both_ways_by_dump_and_restore(server, tmp_path):
    bench = rich_store()
    expected = described(asking(bench))["0"]
    with running(server, tmp_path) as client:
        back = make_engine(now_ms=1_700_000_000_000)
        for effect in Capture(bench.engine.keyspace):
            if effect.db or isinstance(effect, ExpirySet):
                continue
            is_string = isinstance(effect, StringSet)
            payload = dump_value(effect.content if is_string else effect.image)
            assert client.call("RESTORE", effect.key, 0, payload) == Simple(b"OK")
            value = restore_value(client.call("DUMP", effect.key))
            put = (
                StringSet(0, effect.key, value, "set", True)
                if is_string
                else StreamRestored(0, effect.key, value)
            )
            back.engine.keyspace.replay([put])
        theirs, ours = described(asking(client))["0"], described(asking(back))["0"]
        for told in expected.values():
            told.pop("expire_at_ms", None)
        assert theirs == expected
        assert ours == expected


@settings(max_examples=15, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(keyspaces=st.lists(stores, min_size=6, max_size=6))
def test_whatever_commands_made_a_real_server_reloads_it(server, keyspaces, reloading):
    client, directory = reloading
    for keyspace in keyspaces:
        data = written(keyspace)
        (directory / "dump.rdb").write_bytes(data)
        assert client.call("DEBUG", "RELOAD", "NOSAVE", "NOFLUSH") == Simple(b"OK")
        assert described(asking(client)) == described(asking(_loaded(data)))
        assert client.call("FLUSHALL") == Simple(b"OK")


@pytest.fixture
def reloading(server, tmp_path):
    with running(server, tmp_path) as client:
        yield client, tmp_path


@pytest.mark.parametrize("origin", ["redis-6.2.14", "redis-7.0.15", "redis-8.2.3", "redis-8.6.2"])
def test_golden_files_written_again_are_the_same_to_a_real_server(server, origin, tmp_path):
    bench = _loaded(rdb(origin))
    (tmp_path / "dump.rdb").write_bytes(written(bench.engine.keyspace))
    expected = described(asking(bench))
    with running(server, tmp_path) as client:
        found = described(asking(client))
    assert as_far_as(expected, found) == expected
