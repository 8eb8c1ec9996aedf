"""A rewrite that is broken off at any step loses nothing and doubles nothing."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from geostream.store.capture import Capture
from geostream.store.effects import Effect
from geostream_plugins.aof import AofPersistence
from tests.persistence.aof.files import (
    DIR_NAME,
    Recorder,
    files,
    known_as_stored_whole,
    load,
    load_and_report,
    opened,
    store,
)

BEFORE = ["XADD s * f 1", "XGROUP CREATE s g 0", "XREADGROUP GROUP g c STREAMS s >", "SET k v"]
AFTER = ["XADD s * f 2", "XADD t * f 3", "INCRBYFLOAT n 1.5"]


class Rewrite:
    """A plugin in the middle of a rewrite, and what it should have kept."""

    def __init__(self, directory: Path, **options: Any) -> None:
        self.directory = directory
        self.options = options
        self.recorder = Recorder()
        self.plugin = opened(directory, **options)
        list(self.plugin.load())
        self.run(*BEFORE)

    def run(self, *requests: str) -> None:
        """Run requests, and append their effects."""
        written = len(self.recorder.batches)
        self.recorder.run(*requests)
        for batch in self.recorder.batches[written:]:
            self.plugin.append(batch)

    def begin(self) -> Capture:
        """Begin a rewrite and return the picture to be written."""
        self.plugin.begin_snapshot()
        return Capture(self.recorder.keyspace)

    def assert_kept(self) -> None:
        """Crash, so to speak, and look what is loaded."""
        crash(self.plugin)
        keyspace, _, replayer = load_and_report(self.directory, **self.options)
        assert replayer.failures == []
        assert known_as_stored_whole(keyspace) == known_as_stored_whole(self.recorder.keyspace)


def crash(plugin: AofPersistence) -> None:
    """Let go of the lock as a crash would, and of nothing else."""
    plugin._parts.close()


@pytest.fixture(params=["yes", "no"], ids=["rdb", "commands"])
def rewrite(tmp_path: Path, request: pytest.FixtureRequest) -> Rewrite:
    return Rewrite(tmp_path, aof_use_rdb_preamble=request.param)


def test_a_crash_before_the_base_is_written_loses_nothing(rewrite: Rewrite) -> None:
    rewrite.begin().close()
    rewrite.run(*AFTER)
    rewrite.assert_kept()


def test_a_crash_while_the_base_is_written_loses_nothing(rewrite: Rewrite) -> None:
    class Crash(BaseException):
        pass

    def broken_off(image: Capture) -> Iterator[Effect]:
        yield next(iter(image))
        raise Crash

    image = rewrite.begin()
    rewrite.run(*AFTER)
    with pytest.raises(Crash):
        rewrite.plugin.snapshot(broken_off(image))
    rewrite.assert_kept()
    assert not list(rewrite.directory.glob("temp-*"))


def test_a_crash_after_the_base_is_written_loses_nothing(rewrite: Rewrite) -> None:
    image = rewrite.begin()
    rewrite.run(*AFTER)
    rewrite.plugin.snapshot(image)
    rewrite.assert_kept()


def test_a_crash_before_history_is_deleted_loses_nothing(
    rewrite: Rewrite, monkeypatch: pytest.MonkeyPatch
) -> None:
    image = rewrite.begin()
    rewrite.run(*AFTER)
    rewrite.plugin.snapshot(image)
    monkeypatch.setattr(rewrite.plugin._parts, "drop_history", lambda: None)
    rewrite.plugin.finish_snapshot(None)
    assert " type h\n" in (rewrite.directory / DIR_NAME / "appendonly.aof.manifest").read_text()
    rewrite.assert_kept()
    assert len(files(rewrite.directory)) == 4  # base, increment, manifest, lock


def test_a_crash_half_way_through_deleting_history_loses_nothing(
    rewrite: Rewrite, monkeypatch: pytest.MonkeyPatch
) -> None:
    image = rewrite.begin()
    rewrite.plugin.snapshot(image)
    monkeypatch.setattr(rewrite.plugin._parts, "drop_history", lambda: None)
    rewrite.plugin.finish_snapshot(None)
    (rewrite.directory / DIR_NAME / "appendonly.aof.1.incr.aof").unlink()
    rewrite.run(*AFTER)
    rewrite.assert_kept()


def test_a_rewrite_that_failed_leaves_several_increments_and_the_next_one_tidies_up(
    rewrite: Rewrite,
) -> None:
    rewrite.begin().close()
    rewrite.run(*AFTER)
    rewrite.plugin.finish_snapshot(OSError("disk full"))
    rewrite.run("XADD s * after failure")
    image = rewrite.begin()
    rewrite.run("XADD s * after begin")
    rewrite.plugin.snapshot(image)
    rewrite.plugin.finish_snapshot(None)
    rewrite.run("XADD s * after all")
    names = set(files(rewrite.directory)) - {"geostream.lock"}
    suffix = "rdb" if rewrite.options["aof_use_rdb_preamble"] == "yes" else "aof"
    assert names == {
        "appendonly.aof.manifest",
        f"appendonly.aof.2.base.{suffix}",
        "appendonly.aof.3.incr.aof",
    }
    rewrite.assert_kept()


def test_the_manifest_goes_through_the_steps_redis_takes(tmp_path: Path) -> None:
    rewrite = Rewrite(tmp_path)
    manifest = tmp_path / DIR_NAME / "appendonly.aof.manifest"
    first = (
        "file appendonly.aof.1.base.rdb seq 1 type b\nfile appendonly.aof.1.incr.aof seq 1 type i\n"
    )
    assert manifest.read_text() == first
    image = rewrite.begin()
    assert manifest.read_text() == f"{first}file appendonly.aof.2.incr.aof seq 2 type i\n"
    rewrite.plugin.snapshot(image)
    rewrite.plugin.finish_snapshot(None)
    assert manifest.read_text() == (
        "file appendonly.aof.2.base.rdb seq 2 type b\nfile appendonly.aof.2.incr.aof seq 2 type i\n"
    )


def test_switched_on_while_the_server_runs_it_keeps_the_old_files_until_the_base_is_there(
    tmp_path: Path,
) -> None:
    old = Recorder()
    old.run("SET old data")
    store(tmp_path, *old.batches)
    recorder = Recorder()
    recorder.run("SET new data")
    plugin = opened(tmp_path)
    assert plugin.wants_snapshot()
    plugin.sync()
    plugin.append(recorder.batches[0])  # the base will have it
    plugin.begin_snapshot()
    image = Capture(recorder.keyspace)
    written = len(recorder.batches)
    recorder.run("SET more data")
    plugin.append(recorder.batches[written])
    crash(plugin)
    assert set(load(tmp_path).databases[0].values) == {b"old"}
    plugin.snapshot(image)
    plugin.finish_snapshot(None)
    plugin.close()
    assert set(load(tmp_path).databases[0].values) == {b"new", b"more"}


def test_it_wants_a_rewrite_when_it_has_grown_enough(tmp_path: Path) -> None:
    rewrite = Rewrite(tmp_path, auto_aof_rewrite_min_size="4kb", auto_aof_rewrite_percentage="100")
    assert not rewrite.plugin.wants_snapshot()
    rewrite.run(*["XADD s * field value"] * 60)
    assert rewrite.plugin.wants_snapshot()
    rewrite.plugin.change_option("auto_aof_rewrite_percentage", "0")
    assert not rewrite.plugin.wants_snapshot()
    rewrite.plugin.change_option("auto_aof_rewrite_percentage", 100)
    rewrite.plugin.change_option("auto_aof_rewrite_min_size", "64mb")
    assert not rewrite.plugin.wants_snapshot()
    rewrite.plugin.change_option("auto_aof_rewrite_min_size", "4kb")
    image = rewrite.begin()
    rewrite.plugin.snapshot(image)
    rewrite.plugin.finish_snapshot(None)
    assert not rewrite.plugin.wants_snapshot()


def test_it_tells_how_large_the_files_are(tmp_path: Path) -> None:
    rewrite = Rewrite(tmp_path)
    total = sum(len(data) for name, data in files(tmp_path).items() if name[-3:] in ("rdb", "aof"))
    assert rewrite.plugin.info()["aof_current_size"] == total
    rewrite.plugin.close()
    plugin = opened(tmp_path)
    list(plugin.load())
    plugin.sync()
    assert plugin.info()["aof_base_size"] == plugin.info()["aof_current_size"] == total
    plugin.close()
    plugin.close()
