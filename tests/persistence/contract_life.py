"""The contract: how a plugin is built, opened, asked and closed, and that it keeps everything."""

from __future__ import annotations

import shutil
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import hypothesis.strategies as st
import pytest
from hypothesis import HealthCheck, given, settings

from geostream.persistence.api import Corrupt
from geostream.store import effects as fx
from geostream.store.capture import Capture
from geostream.store.effects import Effect
from tests.persistence.scripts import EVERY_EFFECT, Source
from tests.persistence.subject import Subject, in_a_thread, take_snapshot
from tests.properties.test_replay import commands
from tests.support.contents import contents

#: After a command: nothing, or what a server does now and then.
STEPS = ("", "", "", "batch", "batch", "batch", "snapshot", "restart", "crash")

requests = st.lists(st.tuples(commands, st.integers(0, 20), st.sampled_from(STEPS)), max_size=40)


class LifeContract(Subject):
    """A plugin's life."""

    def test_building_it_touches_no_files(self, directory):
        self.built(directory)
        assert not directory.exists()

    def test_an_unknown_option_is_named(self, directory):
        with pytest.raises(ValueError, match="no_such_option"):
            self.built(directory, no_such_option="1")

    def test_a_bad_option_is_named(self, directory):
        for name, value in self.bad_options.items():
            with pytest.raises(ValueError, match=name):
                self.built(directory, **{name: value})

    def test_changing_an_option_it_does_not_know_does_nothing(self, make):
        make().change_option("no_such_option", "1")

    def test_a_directory_that_is_not_there_is_made(self, tmp_path):
        plugin = self.opened(tmp_path / "a" / "b")
        plugin.close()
        assert (tmp_path / "a" / "b").is_dir()

    def test_a_file_where_the_directory_should_be_is_the_disks_fault(self, directory):
        directory.write_text("in the way")
        plugin = self.built(directory)
        with pytest.raises((OSError, Corrupt)):
            plugin.open()
        plugin.close()
        assert directory.read_text() == "in the way"

    def test_it_is_empty_until_something_was_stored(self, make, source):
        plugin = make()
        assert plugin.is_empty()
        assert contents(self.loaded(plugin)) == {}
        self.store(plugin, source)
        plugin.close()
        assert not make().is_empty()

    def test_opening_and_closing_leave_it_empty(self, make):
        for _ in range(3):
            plugin = make()
            assert plugin.is_empty()
            plugin.close()

    def test_what_was_opened_before_and_is_empty_takes_data(self, make, source):
        make().close()
        plugin = make()
        self.store(plugin, source)
        plugin.close()
        assert self.kept(self.loaded(make())) == self.kept(source.keyspace)

    def test_closing_twice_does_nothing(self, make, source):
        plugin = make()
        self.store(plugin, source)
        plugin.close()
        plugin.close()
        assert self.kept(self.loaded(make())) == self.kept(source.keyspace)

    def test_a_second_one_on_the_same_files_is_refused(self, make, directory, source):
        if not self.claims_files:
            pytest.skip("it does not claim its files")
        first = make()
        self.store(first, source)
        second = self.built(directory)
        with pytest.raises((OSError, Corrupt)):
            second.open()
        second.close()
        self.store(first, source)
        first.close()
        assert self.stored(directory) == self.kept(source.keyspace)

    def test_what_it_tells_of_itself_are_plain_numbers_and_texts(self, make, source):
        plugin = make()
        self.store(plugin, source)
        told: list[Any] = []
        assert in_a_thread(lambda: told.extend((plugin.info(), plugin.wants_snapshot()))) is None
        assert all(isinstance(name, str) for name in told[0])
        assert all(isinstance(value, str | int) for value in told[0].values())
        assert isinstance(told[1], bool)

    def test_the_report_says_what_was_read(self, make, source):
        plugin = make()
        self.store(plugin, source)
        plugin.close()
        again = make()
        self.loaded(again)
        assert str(again.report.path)
        assert again.report.loaded_bytes > 0
        assert again.report.loaded_bytes <= again.report.total_bytes


class ContentContract(Subject):
    """What was stored is loaded equal."""

    def test_every_kind_of_change_is_kept(self, make):
        plugin, source = make(), Source()
        seen: set[type[Effect]] = set()
        for line in EVERY_EFFECT:
            source.run([line])
            seen |= set(map(type, source.batch))
            if plugin.appends:
                self.store(plugin, source)
        assert {kind.__name__ for kind in seen} == set(fx.__all__) - {"Effect"}
        self.store(plugin, source)
        plugin.close()
        assert self.kept(self.loaded(make())) == self.kept(source.keyspace)

    def test_every_kind_of_change_is_kept_out_of_one_batch(self, make):
        plugin, source = make(), Source()
        source.run(EVERY_EFFECT)
        self.store(plugin, source)
        plugin.close()
        assert self.kept(self.loaded(make())) == self.kept(source.keyspace)

    def test_binary_empty_and_extreme_values_are_kept(self, make, source):
        plugin = make()
        self.store(plugin, source)
        plugin.close()
        assert self.kept(self.loaded(make())) == self.kept(source.keyspace)

    def test_long_streams_and_large_values_are_kept(self, make):
        plugin, source = make(), Source(entries_in_a_node=100)
        for number in range(5000):
            source.execute("XADD", "long", f"{number + 1}-0", "n", number, "even", number % 2)
            if number % 500 == 0:
                source.execute("XADD", "large", "*", "f", bytes(range(256)) * 2000)
                if plugin.appends:
                    self.store(plugin, source)
        source.execute("SET", "text", b"\x00\r\n" * 300_000)
        self.store(plugin, source)
        plugin.close()
        assert self.kept(self.loaded(make())) == self.kept(source.keyspace)

    def test_many_keys_are_kept(self, make):
        plugin, source = make(), Source()
        for number in range(1000):
            source.execute("XADD", f"stream {number}", "*", f"field {number}", number)
            source.execute("SET", f"text {number}", number, "PX", 10_000 + number)
        self.store(plugin, source)
        plugin.close()
        assert self.kept(self.loaded(make())) == self.kept(source.keyspace)

    def test_it_goes_on_where_the_last_one_ended(self, make, source):
        for number in range(4):
            plugin = make()
            held = self.kept(self.loaded(plugin))
            assert held == ({} if number == 0 else before)  # noqa: F821  of the last turn
            source.run([f"XADD turns * turn {number}", "XADD \\xff\\r\\n * f v"])
            self.store(plugin, source)
            before = self.kept(source.keyspace)
            plugin.close()
        assert self.kept(self.loaded(make())) == before

    @settings(
        max_examples=25,
        suppress_health_check=[HealthCheck.too_slow, HealthCheck.differing_executors],
    )
    @given(requests)
    def test_whatever_commands_do_is_loaded_equal(self, asked):
        with TemporaryDirectory() as place:
            self._run(Path(place), asked)

    def _run(self, place: Path, asked: list[tuple[list[str], int, str]]) -> None:
        """Run commands, and take every step that goes with them; end with a restart."""
        source, crashes = Source(), 0
        directory = place / "0"
        plugin = self.opened(directory)
        for request, passing_ms, step in [*asked, (["PING"], 0, "crash"), (["PING"], 0, "restart")]:
            source.pass_time(passing_ms)
            source.execute(*request)
            if step:
                self.store(plugin, source)
            if step == "snapshot":
                assert take_snapshot(plugin, Capture(source.keyspace)) is None
            if step == "crash":
                crashes += 1
                shutil.copytree(directory, place / str(crashes))
            if step in ("restart", "crash"):
                plugin.close()
                directory = place / str(crashes)
                plugin = self.opened(directory)
                assert self.kept(self.loaded(plugin)) == self.kept(source.keyspace)
        plugin.close()
