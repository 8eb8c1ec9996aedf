"""Snapshots: of a file that is appended to, and of one that takes nothing else."""

from __future__ import annotations

import errno
import threading

import pytest

from geostream.store.capture import Capture
from geostream.store.segment import SEAL_ENTRIES
from tests.persistence.sqlite.subjects import (
    Failing,
    Writer,
    ask,
    copy_files,
    effects_of,
    fill,
    loaded,
    opened,
    stored,
    without_nodes,
)


def test_a_snapshot_that_fails_leaves_the_old_state_and_what_was_appended(tmp_path):
    writer = Writer()
    plugin = opened(tmp_path)
    fill(plugin, writer, 3)

    def image():
        yield from image_after("XADD x 1-1 f v", "XADD y 1-1 f v")
        writer.run("XADD k * late yes")
        plugin.append(writer.batch())
        raise OSError(errno.ENOSPC, "No space left on device")

    plugin.begin_snapshot()
    with pytest.raises(OSError) as full:
        plugin.snapshot(image())
    plugin.finish_snapshot(full.value)
    writer.run("XADD k * later yes")
    plugin.append(writer.batch())  # which clears away what was written ahead
    assert ask(tmp_path, "SELECT DISTINCT stream_id FROM entries") == [(1,)]
    plugin.close()
    assert stored(tmp_path) == without_nodes(writer.keyspace)


def image_after(*requests: str) -> list:
    writer = Writer()
    writer.run(*requests)
    return list(Capture(writer.keyspace))


def test_a_crash_during_a_snapshot_leaves_the_old_state(tmp_path):
    writer = Writer()
    plugin = opened(tmp_path)
    fill(plugin, writer, 3)

    def image():
        for effect in image_after("XADD x 1-1 f v", "XADD y 1-1 f v"):
            yield effect
            copy_files(tmp_path, tmp_path / "copy")

    plugin.begin_snapshot()
    plugin.snapshot(image())
    plugin.finish_snapshot(None)
    plugin.close()
    later = opened(tmp_path / "copy")
    assert without_nodes(loaded(later)) == without_nodes(writer.keyspace)
    assert ask(tmp_path / "copy", "SELECT count(DISTINCT stream_id) FROM entries") > [(1,)]
    later.append(effects_of("SET a 1"))
    assert ask(tmp_path / "copy", "SELECT count(DISTINCT stream_id) FROM entries") == [(1,)]
    later.close()
    assert set(stored(tmp_path)[0]) == {b"x", b"y"}


def test_a_transaction_that_fails_during_a_snapshot_does_no_harm_to_it(tmp_path):
    writer = Writer()
    plugin = opened(tmp_path)
    fill(plugin, writer, 3)
    good = plugin._connection
    image = list(Capture(writer.keyspace))
    image += image_after("XADD x 1-1 f v", "XADD y 1-1 f v")

    def interrupted():
        for effect in image:
            yield effect
            writer.run("XADD k * late yes")
            batch = writer.batch()
            plugin._connection = Failing(good, 3)  # type: ignore[assignment]
            with pytest.raises(OSError):
                plugin.append(batch)
            plugin._connection = good
            plugin.append(batch)

    plugin.begin_snapshot()
    plugin.snapshot(interrupted())
    plugin.finish_snapshot(None)
    plugin.append(effects_of("SET a 1"))
    plugin.close()
    keys = stored(tmp_path)[0]
    assert set(keys) == {b"k", b"x", b"y", b"a"}
    assert keys[b"k"] == without_nodes(writer.keyspace)[0][b"k"]
    assert keys[b"x"][0]["ids"] == [(1, 1)]


def test_a_snapshot_in_its_thread_goes_beside_the_writer(tmp_path):
    writer = Writer()
    for number in range(3 * SEAL_ENTRIES):
        writer.run(f"XADD k{number % 2} * f {number}")
    plugin = opened(tmp_path)
    plugin.append(writer.batch())
    image = list(Capture(writer.keyspace))
    plugin.begin_snapshot()
    faults: list[BaseException] = []

    def take():
        try:
            plugin.snapshot(image)
        except BaseException as fault:
            faults.append(fault)

    thread = threading.Thread(target=take)
    thread.start()
    appended = 0
    while thread.is_alive() or appended < 20:
        writer.run("XADD k0 * late yes", "XADD other * f v", "XTRIM k1 MAXLEN 100")
        plugin.append(writer.batch())
        appended += 1
    thread.join(30)
    plugin.finish_snapshot(None)
    plugin.close()
    assert not faults
    assert stored(tmp_path) == without_nodes(writer.keyspace)


def test_a_snapshot_writes_only_what_changed_since_the_last(tmp_path):
    writer = Writer()
    for number in range(3 * SEAL_ENTRIES):
        writer.run(f"XADD k * f {number}", f"XADD still * f {number}")
    writer.run("XGROUP CREATE k g 0", "XREADGROUP GROUP g c COUNT 50 STREAMS k >", "SET a 1")
    plugin = opened(tmp_path, mode="snapshot")

    def written() -> int:
        before = plugin._connection.total_changes
        plugin.begin_snapshot()
        plugin.snapshot(Capture(writer.keyspace))
        plugin.finish_snapshot(None)
        return plugin._connection.total_changes - before

    first = written()
    assert first > 6 * SEAL_ENTRIES
    assert written() == 0
    writer.run("XADD k * f new", "XADD k * f new")
    assert written() == 3  # the entries and the stream
    writer.run("XREADGROUP GROUP g c COUNT 10 STREAMS k >")
    assert written() == 11  # what is pending, and the group; the clock stands still
    writer.run("XACK k g 1000-0 1000-1", "SET a 2")
    assert written() == 4  # what was pending, the group, the string
    writer.run("XDEL k 1000-5", "DEL a")
    assert written() == 3  # the entry, the stream, the string
    plugin.close()
    plugin = opened(tmp_path, mode="snapshot")
    keyspace = loaded(plugin)
    assert without_nodes(keyspace) == without_nodes(writer.keyspace)
    writer.bench.engine.keyspace.adopt(keyspace)
    assert written() == 0  # what was loaded is known as well
    plugin.close()
    assert stored(tmp_path) == without_nodes(writer.keyspace)


def test_a_snapshot_after_one_that_failed_is_whole(tmp_path):
    writer = Writer()
    plugin = opened(tmp_path, mode="snapshot")
    good = plugin._connection
    count = 1
    for number in range(3):
        writer.run(f"XADD k * f {number}", f"SET a {number}", f"XADD k{number} * f v")
        while True:
            plugin._connection = Failing(good, count)  # type: ignore[assignment]
            try:
                plugin.snapshot(Capture(writer.keyspace))
                break
            except OSError:
                count += 1
                if writer.keyspace.capture is not None:
                    writer.keyspace.capture.close()
        plugin._connection = good
        count = 1
    plugin.close()
    assert stored(tmp_path) == without_nodes(writer.keyspace)


def test_what_is_large_is_cleared_away_bit_by_bit(tmp_path):
    writer = Writer()
    for number in range(5000):
        writer.run(f"XADD k * f {number}")
    plugin = opened(tmp_path)
    plugin.append(writer.batch())
    writer.run("DEL k", "XADD k 1-1 f v")
    plugin.append(writer.batch())
    left = ask(tmp_path, "SELECT count(*) FROM entries")[0][0]
    assert 1 < left < 5001
    plugin.close()
    plugin = opened(tmp_path)  # it goes on after a restart
    assert without_nodes(loaded(plugin)) == without_nodes(writer.keyspace)
    for _ in range(3):
        plugin.append(effects_of("SET a 1"))
    assert ask(tmp_path, "SELECT count(*) FROM entries") == [(1,)]
    plugin.close()
