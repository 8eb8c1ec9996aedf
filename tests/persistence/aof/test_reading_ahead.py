"""The base of an append-only file, read before it is asked for."""

import pytest

from geostream.config import Config
from geostream.engine.replay import Replayer
from geostream.persistence.api import Corrupt
from geostream.store.capture import Capture
from geostream.store.keyspace import Keyspace
from geostream_plugins.aof import AofPersistence
from tests.persistence.aof.files import (
    DIR_NAME,
    NOW_MS,
    Recorder,
    known_as_stored_whole,
    load,
    opened,
)


def rewritten(directory):
    """Leave a base and what came after it; return what was kept."""
    recorder = Recorder()
    plugin = opened(directory)
    list(plugin.load())
    recorder.run(*[f"XADD s {number}-1 f v{number}" for number in range(1, 500)], "SET k v")
    plugin.begin_snapshot()
    plugin.snapshot(Capture(recorder.keyspace))
    plugin.finish_snapshot(None)
    written = len(recorder.batches)
    recorder.run("XADD s 1000-1 f last", "XDEL s 3-1")
    for batch in recorder.batches[written:]:
        plugin.append(batch)
    plugin.close()
    return recorder.keyspace


def loaded_ahead(directory):
    plugin = AofPersistence(directory, {})
    plugin.read_ahead()
    plugin.open()
    assert not plugin.is_empty()
    keyspace = Keyspace()
    try:
        Replayer(keyspace, Config(), NOW_MS).run(plugin.load())
    finally:
        plugin.close()
    return keyspace


def base(directory):
    return next((directory / DIR_NAME).glob("*.base.rdb"))


def test_what_was_read_ahead_is_what_is_loaded(tmp_path):
    keyspace = rewritten(tmp_path)
    assert known_as_stored_whole(loaded_ahead(tmp_path)) == known_as_stored_whole(keyspace)


def test_damage_that_is_found_ahead_refuses_the_start(tmp_path):
    rewritten(tmp_path)
    data = bytearray(base(tmp_path).read_bytes())
    data[len(data) // 2] ^= 1
    base(tmp_path).write_bytes(data)
    with pytest.raises(Corrupt) as first:
        load(tmp_path)
    with pytest.raises(Corrupt) as second:
        loaded_ahead(tmp_path)
    assert str(first.value) == str(second.value)


@pytest.mark.parametrize("content", [b"", b"no manifest\n"])
def test_a_manifest_that_cannot_be_read_is_told_when_it_is_opened(tmp_path, content):
    rewritten(tmp_path)
    next((tmp_path / DIR_NAME).glob("*.manifest")).write_bytes(content)
    plugin = AofPersistence(tmp_path, {})
    plugin.read_ahead()
    with pytest.raises(Corrupt, match="manifest"):
        plugin.open()


def test_nothing_is_read_ahead_where_nothing_is(tmp_path):
    plugin = AofPersistence(tmp_path, {})
    plugin.read_ahead()
    plugin.open()
    assert plugin.is_empty()
    assert list(plugin.load()) == []
    plugin.close()
