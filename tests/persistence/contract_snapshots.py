"""The contract: snapshots, and what is appended while one is taken."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from geostream.persistence.api import Persistence
from geostream.store.capture import Capture
from geostream.store.effects import Effect
from tests.persistence.scripts import Source
from tests.persistence.subject import THREAD_LIMIT_S, Broken, Subject, in_a_thread, take_snapshot
from tests.support.faults import Moments


class SnapshotContract(Subject):
    """A snapshot is the new state, or the old one is still there."""

    def test_a_snapshot_replaces_everything(self, make, directory, source):
        plugin = make()
        self.store(plugin, source)
        other = Source()
        other.run(["XADD only 1-1 f v", "SELECT 3", "SET text 1"])
        assert take_snapshot(plugin, Capture(other.keyspace)) is None
        assert self.after_a_crash(directory) == self.kept(other.keyspace)
        plugin.close()
        assert self.kept(self.loaded(make())) == self.kept(other.keyspace)

    def test_a_snapshot_of_nothing_leaves_nothing(self, make, directory, source):
        plugin = make()
        self.store(plugin, source)
        assert take_snapshot(plugin, ()) is None
        assert self.after_a_crash(directory) == {}
        plugin.close()
        assert self.stored(directory) == {}

    def test_one_snapshot_after_the_other_can_be_taken(self, make, directory, source):
        plugin = make()
        for number in range(4):
            source.run([f"XADD turns * turn {number}", "XDEL turns 1-1"])
            self.store(plugin, source)
            assert take_snapshot(plugin, Capture(source.keyspace)) is None
            assert self.after_a_crash(directory) == self.kept(source.keyspace)

    def test_what_is_appended_during_a_snapshot_is_neither_lost_nor_doubled(
        self, make, directory, source
    ):
        plugin = make()
        self.must_append(plugin)
        for _ in range(2):  # what one leaves behind must not harm the next
            self.store(plugin, source)
            for _ in self._during_a_snapshot(plugin, source, None):
                assert self.after_a_crash(directory) == self.kept(source.keyspace)
        plugin.close()
        assert self.stored(directory) == self.kept(source.keyspace)

    def test_what_is_appended_during_a_snapshot_that_fails_is_neither_lost_nor_doubled(
        self, make, directory, source
    ):
        plugin = make()
        self.must_append(plugin)
        for error in (Broken(), None, OSError(28, "No space left on device"), Broken(), None):
            self.store(plugin, source)
            for _ in self._during_a_snapshot(plugin, source, error):
                assert self.after_a_crash(directory) == self.kept(source.keyspace)
        plugin.close()
        assert self.stored(directory) == self.kept(source.keyspace)

    def _during_a_snapshot(
        self, plugin: Persistence, source: Source, error: BaseException | None
    ) -> Iterator[None]:
        """Take a snapshot and append at each of its steps; yield after each step.

        error -- what the image ends with
        """
        half, rest = threading.Event(), threading.Event()

        def image() -> Iterator[Effect]:
            effects = list(capture)
            yield from effects[: len(effects) // 2]
            half.set()
            assert rest.wait(THREAD_LIMIT_S)
            yield from effects[len(effects) // 2 :]
            if error is not None:
                raise error

        plugin.begin_snapshot()
        capture = Capture(source.keyspace)
        yield
        self._change(plugin, source, "begun")
        yield
        with ThreadPoolExecutor(1) as pool:
            writing = pool.submit(plugin.snapshot, image())
            try:
                assert half.wait(THREAD_LIMIT_S)
                self._change(plugin, source, "half")
                yield
            finally:
                rest.set()
        assert writing.exception() is error
        yield
        self._change(plugin, source, "written")
        yield
        plugin.finish_snapshot(error)
        yield
        self._change(plugin, source, "finished")
        yield

    def _change(self, plugin: Persistence, source: Source, where: str) -> None:
        source.run(
            [
                f"XADD s * where {where}",
                f"XADD when-{where} * f v",
                "XREADGROUP GROUP g a COUNT 1 STREAMS s >",
                f"INCRBY counter {len(where)}",
                "APPEND text more",
                "XTRIM s MAXLEN = 6",
            ]
        )
        self.store(plugin, source)

    def test_a_crash_at_any_step_of_a_snapshot_leaves_the_old_state_or_the_new_one(
        self, make, directory, source, tmp_path
    ):
        plugin = make()
        self.store(plugin, source)
        states = [self.kept(source.keyspace)]
        source.run(["XADD s * f v", "SET text other"])
        if plugin.appends:  # then both are the same
            self.store(plugin, source)
            states.clear()
        states.append(self.kept(source.keyspace))
        moments = Moments(directory, tmp_path / "moments")
        with moments.watching():
            assert take_snapshot(plugin, Capture(source.keyspace)) is None
        for about_to, copy in moments.copies():
            assert self.stored(copy) in states, about_to
        assert self.stored(copy) == states[-1]

    def test_a_snapshot_whose_image_ends_too_soon_changes_nothing(self, make, directory, source):
        plugin = make()
        self.store(plugin, source)
        before = self.kept(source.keyspace)
        effects = list(Capture(source.keyspace))

        def image() -> Iterator[Effect]:
            yield from effects[:-2]
            raise Broken

        assert isinstance(take_snapshot(plugin, image()), Broken)
        assert self.after_a_crash(directory) == before
        plugin.close()
        assert self.stored(directory) == before

    @pytest.mark.parametrize("asked", [True, False], ids=["at start", "switched on"])
    @pytest.mark.parametrize("held", ["nothing", "something older"])
    def test_one_that_was_not_loaded_catches_up_by_a_snapshot(self, directory, source, held, asked):
        if held != "nothing":
            self._hold_something_older(directory)
        plugin = self.opened(directory, asked=asked)
        source.take_batch()  # another plugin was loaded, and has all this
        if plugin.appends:
            self._change(plugin, source, "early")  # another snapshot is taken first
        plugin.begin_snapshot()
        capture = Capture(source.keyspace)
        if plugin.appends:
            self._change(plugin, source, "begun")
        assert in_a_thread(lambda: plugin.snapshot(capture)) is None
        plugin.finish_snapshot(None)
        if plugin.appends:
            self._change(plugin, source, "finished")
        assert self.after_a_crash(directory) == self.kept(source.keyspace)
        plugin.close()
        assert self.stored(directory) == self.kept(source.keyspace)

    def _hold_something_older(self, directory: Path) -> None:
        older = Source()
        older.run(["XADD s 1-1 old data", "XADD old 1-1 f v", "SET counter 5"])
        plugin = self.opened(directory)
        self.store(plugin, older)
        plugin.close()

    @pytest.mark.parametrize("asked", [True, False], ids=["at start", "switched on"])
    @pytest.mark.parametrize("held", ["nothing", "something older"])
    def test_one_that_was_not_loaded_can_fail_to_catch_up_and_try_again(
        self, directory, source, held, asked
    ):
        if held != "nothing":
            self._hold_something_older(directory)
        plugin = self.opened(directory, asked=asked)
        source.take_batch()
        plugin.begin_snapshot()
        if plugin.appends:
            self._change(plugin, source, "begun")
        error = in_a_thread(lambda: plugin.snapshot(_broken()))
        assert isinstance(error, Broken)
        plugin.finish_snapshot(error)
        if plugin.appends:
            self._change(plugin, source, "failed")
        assert take_snapshot(plugin, Capture(source.keyspace)) is None
        assert self.after_a_crash(directory) == self.kept(source.keyspace)
        plugin.close()
        assert self.stored(directory) == self.kept(source.keyspace)

    @pytest.mark.parametrize("held", ["nothing", "something older"])
    def test_one_that_is_switched_on_can_be_opened_after_a_crash_at_any_step(
        self, directory, source, tmp_path, held
    ):
        """What it holds until it has caught up is not worth much, but it must not be refused."""
        if held != "nothing":
            self._hold_something_older(directory)
        source.take_batch()
        directory.mkdir(exist_ok=True)
        moments = Moments(directory, tmp_path / "moments")
        with moments.watching():
            plugin = self.opened(directory, asked=False)
            plugin.begin_snapshot()
            capture = Capture(source.keyspace)
            if plugin.appends:
                self._change(plugin, source, "begun")
            assert in_a_thread(lambda: plugin.snapshot(capture)) is None
            plugin.finish_snapshot(None)
        plugin.close()
        for _, copy in moments.copies():
            held_there = self.stored(copy)
        assert held_there == self.kept(source.keyspace)


def _broken() -> Iterator[Effect]:
    raise Broken
    yield
