"""A write-ahead log that lost something: told from one that a crash left unfinished."""

from __future__ import annotations

import random
import shutil
from pathlib import Path

import pytest

from geostream.persistence.api import Corrupt
from geostream_plugins.sqlite import log_check
from tests.persistence.sqlite.subjects import Writer, loaded, opened, stored, without_nodes

BATCHES = 12
SYNCED = 8  # of them


class Log:
    """Files as a killed server leaves them, and the states after each batch."""

    def __init__(self, directory: Path) -> None:
        writer = Writer()
        plugin = opened(directory / "live")
        self.states = [without_nodes(writer.keyspace)]
        self.ends = []
        log = directory / "live" / "geostream.db-wal"
        for number in range(BATCHES):
            writer.run(f"XADD k * f {number}", f"SET a {number}", f"XADD s{number % 2} * f v")
            plugin.append(writer.batch())
            self.states.append(without_nodes(writer.keyspace))
            self.ends.append(log.stat().st_size)
            if number < SYNCED:
                plugin.sync()
        self.directory = directory / "crashed"
        self.directory.mkdir()
        self._kept = directory / "kept"
        self._kept.mkdir()
        for name in ("", "-wal", ".lock"):
            shutil.copy(directory / "live" / f"geostream.db{name}", self._kept)
        plugin.close()
        self.content = (self._kept / "geostream.db-wal").read_bytes()

    def put(self, place: int | None, with_mark: bool = True) -> None:
        """Put the files there with one byte of the log flipped."""
        shutil.rmtree(self.directory)
        shutil.copytree(self._kept, self.directory)
        if not with_mark:
            (self.directory / "geostream.db.lock").unlink()
        if place is not None:
            content = bytearray(self.content)
            content[place] ^= 0x10
            (self.directory / "geostream.db-wal").write_bytes(content)

    def start_of(self, batch: int) -> int:
        """Return a byte in the first frame of a batch that has others behind."""
        return self.ends[batch - 1] + 2000


@pytest.fixture
def log(tmp_path):
    return Log(tmp_path)


@pytest.fixture
def after_power_cut(tmp_path, monkeypatch):
    """Return a function after which the system was started again."""

    def start_again() -> None:
        (tmp_path / "boot_id").write_text("another run of the system, later")
        monkeypatch.setattr(log_check, "BOOT_ID", tmp_path / "boot_id")

    return start_again


@pytest.mark.parametrize("with_mark", [True, False])
def test_an_undamaged_log_is_taken_whole(log, with_mark, after_power_cut):
    log.put(None, with_mark)
    assert stored(log.directory) == log.states[-1]
    after_power_cut()
    log.put(None, with_mark)
    assert stored(log.directory) == log.states[-1]


def test_a_flipped_byte_in_the_log_is_found_wherever_something_is_behind_it(log):
    chance = random.Random(1)
    ends = [0, *log.ends]
    refused = 0
    for _ in range(150):
        place = chance.randrange(len(log.content))
        log.put(place)
        try:
            found = stored(log.directory)
        except Corrupt as fault:
            assert "log is damaged" in str(fault)
            refused += 1
        else:  # it may be in what SQLite does not use, or in the last frame, which was not synced
            assert place < log_check.HEADER_BYTES or place > ends[-2]
            assert found in (log.states[-1], log.states[-2])
    assert refused > 100


@pytest.mark.parametrize("batch", [1, SYNCED - 1, SYNCED + 1])
def test_what_a_damage_hides_is_refused_with_place_and_advice(log, batch):
    for with_mark in (True, False):
        log.put(log.start_of(batch), with_mark)
        before = (log.directory / "geostream.db-wal").read_bytes()
        with pytest.raises(Corrupt, match=r"db-wal, byte \d+: .*damaged_log: drop") as refused:
            opened(log.directory)
        assert refused.value.offset is not None
        assert log.ends[batch - 1] <= refused.value.offset < log.ends[batch]
        assert (log.directory / "geostream.db-wal").read_bytes() == before  # nothing was lost yet


def test_a_damaged_header_of_the_log_is_refused(log):
    log.put(17)
    with pytest.raises(Corrupt, match="log is damaged"):
        opened(log.directory)


def test_after_a_power_cut_what_was_not_synced_is_dropped_with_a_remark(log, after_power_cut):
    after_power_cut()
    log.put(log.start_of(SYNCED + 1))
    plugin = opened(log.directory)
    assert without_nodes(loaded(plugin)) == log.states[SYNCED + 1]
    assert "were not synced when the system stopped" in plugin.report.remarks[0]
    plugin.close()


def test_after_a_power_cut_what_was_synced_is_missed(log, after_power_cut):
    after_power_cut()
    log.put(log.start_of(SYNCED - 2))
    with pytest.raises(Corrupt, match="log is damaged"):
        opened(log.directory)


def test_a_log_that_is_shorter_than_what_was_synced_is_refused(log, after_power_cut):
    for _ in range(2):
        log.put(None)
        path = log.directory / "geostream.db-wal"
        path.write_bytes(log.content[: log.ends[SYNCED - 3]])
        with pytest.raises(Corrupt, match="was safe on disk"):
            opened(log.directory)
        after_power_cut()


def test_one_can_go_on_without_what_is_lost(log):
    log.put(log.start_of(3))
    plugin = opened(log.directory, damaged_log="drop")
    assert without_nodes(loaded(plugin)) == log.states[3]
    assert plugin.report.remarks
    writer = Writer()
    writer.run("SET new 1")
    plugin.append(writer.batch())
    later = log.directory.with_name("later")
    shutil.copytree(log.directory, later, ignore=shutil.ignore_patterns("*-shm"))
    plugin.close()
    assert b"new" in stored(later)[0]  # what was dropped is not met again


def test_a_log_without_its_database_is_refused(log):
    log.put(None)
    (log.directory / "geostream.db").unlink()
    with pytest.raises(Corrupt, match="its log"):
        opened(log.directory)
