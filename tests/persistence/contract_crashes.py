"""The contract: what crashes leave, and what a disk that fails leaves."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from geostream.persistence.api import Corrupt
from geostream.store.capture import Capture
from tests.persistence.scripts import copied
from tests.persistence.subject import Subject, take_snapshot
from tests.support.faults import Moments, largest_file, limited_files


class CrashContract(Subject):
    """A crash may come at any moment."""

    def test_what_was_synced_survives_a_crash(self, make, directory, source):
        plugin = make()
        for number in range(3):
            source.run([f"XADD turns * turn {number}"])
            self.store(plugin, source)
            assert self.after_a_crash(directory) == self.kept(source.keyspace)

    def test_a_crash_at_any_step_of_appending_leaves_all_of_a_batch_or_nothing(
        self, make, directory, source, tmp_path
    ):
        plugin = make()
        self.must_append(plugin)
        self.store(plugin, source)
        before = self.kept(source.keyspace)
        source.run(["XADD s 99-1 f v", "XGROUP CREATE s late 0", "SET other text", "XDEL s 99-1"])
        moments = Moments(directory, tmp_path / "moments")
        with moments.watching():
            self.store(plugin, source)
        for about_to, copy in moments.copies():
            assert self.stored(copy) in (before, self.kept(source.keyspace)), about_to
        assert self.after_a_crash(directory) == self.kept(source.keyspace)

    def test_a_crash_at_any_step_of_the_first_start_leaves_all_or_nothing(
        self, directory, source, tmp_path
    ):
        moments = Moments(directory, tmp_path / "moments")
        directory.mkdir()
        with moments.watching():
            plugin = self.opened(directory)
            self.store(plugin, source)
        plugin.close()
        for about_to, copy in moments.copies():
            assert self.stored(copy) in ({}, self.kept(source.keyspace)), about_to

    def test_a_batch_with_a_torn_end_is_dropped_whole(self, make, directory, source):
        plugin = make()
        self.must_append(plugin)
        self.store(plugin, source)
        before, sizes = self.kept(source.keyspace), _sizes(directory)
        source.run([f"XADD torn {number}-1 f {'x' * 100}" for number in range(1, 30)])
        self.store(plugin, source)
        after = self.kept(source.keyspace)
        grown = {
            name: (sizes.get(name, 0), size)
            for name, size in _sizes(directory).items()
            if size > sizes.get(name, 0)
        }
        for name, (old, new) in grown.items():
            for size in [*range(old, new, max(1, (new - old) // 12)), new - 1]:
                with copied(directory) as copy:
                    with (copy / name).open("r+b") as file:
                        file.truncate(size)
                    assert self._stored_or_refused(copy) in (before, after, Corrupt), (name, size)

    def _stored_or_refused(self, directory: Path) -> Any:
        try:
            return self.stored(directory)
        except Corrupt:
            if not self.refuses_torn:
                raise
            return Corrupt


def _sizes(directory: Path) -> dict[str, int]:
    return {
        str(path.relative_to(directory)): path.stat().st_size
        for path in directory.rglob("*")
        if path.is_file()
    }


class DiskContract(Subject):
    """A disk may be full."""

    @pytest.mark.parametrize("room_bytes", [0, 1, 37, 4000, 20_000])
    def test_a_batch_the_disk_does_not_take_leaves_nothing_and_can_be_appended_again(
        self, make, directory, source, room_bytes
    ):
        plugin = make()
        self.must_append(plugin)
        self.store(plugin, source)
        before = self.kept(source.keyspace)
        source.run([f"XADD new {number}-1 f {'x' * 2000}" for number in range(1, 200)])
        batch = source.take_batch()
        for _ in range(2):
            with (
                limited_files(largest_file(directory) + room_bytes),
                pytest.raises(OSError),
            ):
                plugin.append(batch)
            assert self.after_a_crash(directory) == before
        plugin.append(batch)
        plugin.sync()
        source.run(["XADD new * f v"])
        self.store(plugin, source)
        assert self.after_a_crash(directory) == self.kept(source.keyspace)
        plugin.close()
        assert self.stored(directory) == self.kept(source.keyspace)

    @pytest.mark.parametrize("step", ["begin_snapshot", "snapshot", "finish_snapshot"])
    def test_a_snapshot_the_disk_does_not_take_loses_nothing(self, make, directory, source, step):
        plugin = make()
        self.store(plugin, source)
        before = self.kept(source.keyspace)
        source.run([f"XADD new {number}-1 f {'x' * 2000}" for number in range(1, 100)])
        if plugin.appends:
            self.store(plugin, source)
        error = take_snapshot(plugin, Capture(source.keyspace), limited=step)
        assert error is None or isinstance(error, OSError)
        if step == "snapshot":
            assert error is not None
        if plugin.appends or error is None:
            before = self.kept(source.keyspace)
        assert self.after_a_crash(directory) == before
        source.run(["XADD new * f v"])
        self.store(plugin, source)
        assert self.after_a_crash(directory) == self.kept(source.keyspace)
        assert take_snapshot(plugin, Capture(source.keyspace)) is None
        assert self.after_a_crash(directory) == self.kept(source.keyspace)
        plugin.close()
        assert self.stored(directory) == self.kept(source.keyspace)
