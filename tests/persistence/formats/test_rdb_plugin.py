"""The rdb plugin: what it leaves on the disk, and what it refuses to start on."""

import io
import os

import pytest

from geostream.persistence import ahead as persistence_ahead
from geostream.persistence.api import Corrupt
from geostream.rdb.writer import write_rdb
from geostream.store.capture import Capture
from geostream.store.effects import ExpirySet, StringSet
from geostream.store.keyspace import Keyspace
from geostream_plugins.rdb import RdbPersistence
from geostream_plugins.rdb import persistence as module
from tests.persistence.formats.golden_files import rdb
from tests.persistence.formats.stored import kept
from tests.support.engines import make_engine


def opened(directory, **options):
    plugin = RdbPersistence(directory, options)
    plugin.open()
    return plugin


def store():
    bench = make_engine()
    for number in range(1, 300):
        bench.execute("XADD", "s", f"{number}-0", "field", f"value-{number % 3}")
    bench.execute("XGROUP CREATE s g 0")
    bench.execute("XREADGROUP GROUP g c COUNT 5 STREAMS s >")
    bench.execute("SET", "k", "v" * 1000)
    return bench.engine.keyspace


def saved(plugin, keyspace):
    plugin.begin_snapshot()
    plugin.snapshot(Capture(keyspace))
    plugin.finish_snapshot(None)


def loaded(plugin):
    keyspace = Keyspace()
    keyspace.replay(list(plugin.load()))
    return keyspace


def test_a_snapshot_comes_back(tmp_path):
    keyspace = store()
    plugin = opened(tmp_path / "made")
    assert plugin.is_empty()
    assert list(plugin.load()) == []
    saved(plugin, keyspace)
    plugin.close()
    plugin.close()
    again = opened(tmp_path / "made")
    assert not again.is_empty()
    assert kept(loaded(again), 11) == kept(keyspace, 11)
    size = (tmp_path / "made" / "dump.rdb").stat().st_size
    assert again.report.total_bytes == again.report.loaded_bytes == again.report.offset == size
    assert again.report.path == tmp_path / "made" / "dump.rdb"
    assert os.listdir(tmp_path / "made") == ["dump.rdb"]


def test_options_go_by_redis_names_and_choose_the_form(tmp_path):
    plugin = opened(tmp_path, **{"file": "x.rdb", "rdb-version": "14", "rdbchecksum": "no"})
    saved(plugin, store())
    data = (tmp_path / "x.rdb").read_bytes()
    assert data.startswith(b"REDIS0014")
    assert data.endswith(bytes(8))
    plain = opened(tmp_path, rdbcompression=False)
    saved(plain, store())
    size = (tmp_path / "dump.rdb").stat().st_size
    assert size > len(data) + 900
    plain.change_option("rdbcompression", "yes")
    saved(plain, store())
    assert (tmp_path / "dump.rdb").stat().st_size < size
    plain.change_option("unknown", "yes")
    with pytest.raises(ValueError, match="rdbcompression"):
        plain.change_option("rdbcompression", "perhaps")


@pytest.mark.parametrize(
    ("options", "named"),
    [
        ({"speed": 1}, "speed"),
        ({"rdbcompression": "maybe"}, "rdbcompression"),
        ({"rdb_version": 8}, "rdb_version"),
        ({"rdb_version": "new"}, "rdb_version"),
        ({"left_out": "keep"}, "left_out"),
        ({"dbfilename": "a/b.rdb"}, "dbfilename"),
        ({"dbfilename": ""}, "dbfilename"),
        ({"file": ".."}, "dbfilename"),
    ],
)
def test_a_bad_option_is_named(tmp_path, options, named):
    with pytest.raises(ValueError, match=named):
        RdbPersistence(tmp_path, options)


def test_leftovers_of_ours_are_removed_and_nothing_else(tmp_path):
    for name in ("temp-geostream-12.rdb", "temp-12.rdb", "dump.rdb.before-5"):
        (tmp_path / name).write_bytes(b"x")
    opened(tmp_path)
    assert sorted(os.listdir(tmp_path)) == ["dump.rdb.before-5", "temp-12.rdb"]


def test_a_snapshot_that_fails_leaves_the_old_file_and_no_other(tmp_path):
    plugin = opened(tmp_path)
    saved(plugin, store())
    before = (tmp_path / "dump.rdb").read_bytes()

    def breaking():
        yield StringSet(0, b"k", b"v" * 5_000_000, "set", True)
        yield StringSet(0, b"l", b"v", "set", True)
        raise OSError("no space left on device")

    with pytest.raises(OSError, match="no space"):
        plugin.snapshot(breaking())
    assert os.listdir(tmp_path) == ["dump.rdb"]
    assert (tmp_path / "dump.rdb").read_bytes() == before


def test_the_file_is_synced_before_it_takes_the_others_place_and_the_directory_after(
    tmp_path, monkeypatch
):
    happened = []
    fsync = os.fsync

    def noted(descriptor):
        name = os.readlink(f"/proc/self/fd/{descriptor}").removeprefix(str(tmp_path))
        happened.append((name, (tmp_path / "dump.rdb").exists()))
        fsync(descriptor)

    monkeypatch.setattr(os, "fsync", noted)
    plugin = opened(tmp_path)
    saved(plugin, store())
    assert happened == [(f"/temp-geostream-{os.getpid()}.rdb", False), ("", True)]


@pytest.mark.parametrize(
    ("data", "offset", "words"),
    [
        (b"", 0, "Short read"),
        (b"REDIS", 5, "Short read"),
        (b"REDIS0099\xff" + bytes(8), 0, "Can't handle RDB format version 99"),
        (b"not one of ours", 0, "Wrong signature trying to load DB from file"),
        (b"REDIS0011\x23\x01k", 9, "Unknown RDB value type 35"),
        (rdb("redis-8.2.3")[:-1], None, "Short read"),
        (rdb("redis-8.2.3")[:-1] + b"x", None, "Wrong RDB checksum"),
    ],
)
def test_a_file_that_cannot_be_read_stops_the_start_with_file_and_place(
    tmp_path, data, offset, words
):
    (tmp_path / "dump.rdb").write_bytes(data)
    plugin = opened(tmp_path)
    assert not plugin.is_empty()
    with pytest.raises(Corrupt, match=words) as caught:
        list(plugin.load())
    assert caught.value.path == tmp_path / "dump.rdb"
    assert caught.value.advice
    if offset is not None:
        assert caught.value.offset == offset
    assert (tmp_path / "dump.rdb").read_bytes() == data


def test_what_is_not_kept_here_stops_the_start(tmp_path):
    (tmp_path / "dump.rdb").write_bytes(rdb("redis-8.2.3", "mixed"))
    with pytest.raises(Corrupt, match=r"left out 13: .*4 hash.*; functions: 1") as caught:
        list(opened(tmp_path).load())
    assert "left_out: skip" in caught.value.advice
    assert "skip:hash-large" in caught.value.reason


def test_what_is_left_out_on_request_is_kept_in_its_file(tmp_path):
    data = rdb("redis-8.2.3", "mixed")
    (tmp_path / "dump.rdb").write_bytes(data)
    plugin = opened(tmp_path, left_out="skip")
    keyspace = loaded(plugin)
    assert sum(plugin.report.skipped.values()) == 13
    assert len(plugin.report.skipped_keys) == 13
    assert any("left out 13" in remark for remark in plugin.report.remarks)
    saved(plugin, keyspace)
    saved(plugin, keyspace)
    (kept_as,) = [name for name in os.listdir(tmp_path) if ".before-" in name]
    assert (tmp_path / kept_as).read_bytes() == data
    assert any(kept_as in remark for remark in plugin.report.remarks)
    assert kept(loaded(opened(tmp_path)), 11) == kept(keyspace, 11)


def test_a_newer_version_is_tried_on_request(tmp_path):
    out = io.BytesIO()
    write_rdb(out, [StringSet(0, b"k", b"v", "set", True)], checksum=False)
    (tmp_path / "dump.rdb").write_bytes(out.getvalue().replace(b"REDIS0011", b"REDIS0016"))
    assert len(list(opened(tmp_path, relaxed="yes").load())) == 1


def test_keys_whose_time_has_come_are_not_loaded(tmp_path):
    plugin = opened(tmp_path)
    times = {b"gone": 1, b"stays": 4102444800000}
    image = [
        effect
        for key, at_ms in times.items()
        for effect in (StringSet(0, key, b"v", "set", True), ExpirySet(0, key, at_ms))
    ]
    plugin.snapshot(image)
    assert {effect.key for effect in plugin.load()} == {b"stays"}
    assert plugin.report.keys_expired == 1


def test_what_the_version_cannot_hold_is_told(tmp_path, caplog):
    bench = make_engine()
    bench.execute("XADD s IDMP p m * f v")
    plugin = opened(tmp_path)
    saved(plugin, bench.engine.keyspace)
    assert plugin.info()["rdb_messages_left_out"] == 1
    assert "1 messages of producers" in caplog.text
    assert plugin.info()["rdb_file_bytes"] == (tmp_path / "dump.rdb").stat().st_size
    assert module.logger.name == "geostream_plugins.rdb.persistence"


# Read before it is asked for


def ahead(directory, **options):
    plugin = RdbPersistence(directory, options)
    plugin.read_ahead()
    plugin.open()
    return plugin


def test_what_was_read_ahead_is_what_is_loaded(tmp_path):
    keyspace = store()
    saved(opened(tmp_path), keyspace)
    plugin = ahead(tmp_path)
    assert kept(loaded(plugin), 11) == kept(keyspace, 11)
    size = (tmp_path / "dump.rdb").stat().st_size
    assert plugin.report.total_bytes == plugin.report.loaded_bytes == plugin.report.offset == size


def test_more_keys_than_are_read_ahead_are_loaded(tmp_path, monkeypatch):
    monkeypatch.setattr(persistence_ahead, "MOST_EFFECTS", 3)
    bench = make_engine()
    for number in range(10):
        bench.execute("SET", f"k{number}", "v")
    saved(opened(tmp_path), bench.engine.keyspace)
    assert kept(loaded(ahead(tmp_path)), 11) == kept(bench.engine.keyspace, 11)


def test_a_file_that_is_another_by_then_is_read_anew(tmp_path):
    saved(opened(tmp_path), store())
    plugin = ahead(tmp_path)
    bench = make_engine()
    bench.execute("XADD", "other", "1-1", "f", "v")
    saved(opened(tmp_path), bench.engine.keyspace)
    assert kept(loaded(plugin), 11) == kept(bench.engine.keyspace, 11)


@pytest.mark.parametrize("content", [None, b"", b"REDIS0011", b"no RDB at all"])
def test_what_cannot_be_read_ahead_is_told_when_it_is_loaded(tmp_path, content):
    if content is not None:
        (tmp_path / "dump.rdb").write_bytes(content)
    told = []
    for plugin in (opened(tmp_path), ahead(tmp_path)):
        try:
            told.append(list(plugin.load()))
        except Corrupt as error:
            told.append(str(error))
    assert told[0] == told[1]


def test_damage_that_is_found_ahead_refuses_the_start(tmp_path):
    saved(opened(tmp_path), store())
    path = tmp_path / "dump.rdb"
    data = bytearray(path.read_bytes())
    data[len(data) // 2] ^= 1
    path.write_bytes(data)
    with pytest.raises(Corrupt) as first:
        list(opened(tmp_path).load())
    with pytest.raises(Corrupt) as second:
        list(ahead(tmp_path).load())
    assert str(first.value) == str(second.value)
