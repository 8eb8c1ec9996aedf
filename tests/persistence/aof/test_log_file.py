"""What fails to be written is not there, and what fails to be synced is written again."""

from __future__ import annotations

import errno
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from geostream_plugins.aof.log_file import LogFile
from tests.persistence.aof.files import Recorder, known, load, opened


class Disk:
    """Lets system calls fail."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self._monkeypatch = monkeypatch
        self.calls: list[str] = []

    def fail(self, name: str, error: int = errno.ENOSPC) -> None:
        """Let a call fail from now on."""

        def failing(*arguments: Any) -> Any:
            self.calls.append(name)
            raise OSError(error, os.strerror(error))

        self._monkeypatch.setattr(os, name, failing)

    def replace(self, name: str, call: Callable[..., Any]) -> None:
        self._monkeypatch.setattr(os, name, call)

    def mend(self) -> None:
        """Let everything work again."""
        self._monkeypatch.undo()


@pytest.fixture
def disk(monkeypatch: pytest.MonkeyPatch) -> Disk:
    return Disk(monkeypatch)


@pytest.fixture
def log(tmp_path: Path) -> LogFile:
    return LogFile(tmp_path / "log")


def test_a_batch_is_written_in_as_many_calls_as_it_takes(log: LogFile, disk: Disk) -> None:
    pwrite = os.pwrite
    disk.replace("pwrite", lambda fd, data, at: pwrite(fd, data[:3], at))
    log.append(b"one batch")
    log.append(b" and another")
    assert log.path.read_bytes() == b"one batch and another"
    assert log.size_bytes == len(b"one batch and another")


def half_way(disk: Disk) -> None:
    """Let writing stop with an error after three bytes."""
    pwrite = os.pwrite

    def write_some(fd: int, data: memoryview, at: int) -> int:
        if len(data) < 8:
            raise OSError(errno.ENOSPC, "full")
        return pwrite(fd, data[: len(data) - 7], at)

    disk.replace("pwrite", write_some)


def test_of_a_batch_that_fails_nothing_is_there(log: LogFile, disk: Disk) -> None:
    log.append(b"before")
    half_way(disk)
    with pytest.raises(OSError, match="full"):
        log.append(b"never written")
    assert log.path.read_bytes() == b"before"
    disk.mend()
    log.append(b" after")
    assert log.path.read_bytes() == b"before after"


def test_what_could_not_be_cut_off_is_cut_off_before_the_next_batch(
    log: LogFile, disk: Disk
) -> None:
    log.append(b"before")
    half_way(disk)
    disk.fail("ftruncate", errno.EIO)
    with pytest.raises(OSError, match="full"):
        log.append(b"never written")
    assert log.path.read_bytes() != b"before"
    with pytest.raises(OSError, match="Input/output"):
        log.append(b"nor this")
    disk.mend()
    log.append(b"!")
    assert log.path.read_bytes() == b"before!"


def test_after_a_failed_sync_everything_since_the_last_is_written_again(
    log: LogFile, disk: Disk
) -> None:
    log.append(b"safe ")
    log.sync()
    log.append(b"unsure ")
    disk.fail("fdatasync", errno.EIO)
    with pytest.raises(OSError, match="Input/output"):
        log.sync()
    log.append(b"later")
    disk.mend()
    again: list[tuple[bytes, int]] = []
    pwrite = os.pwrite

    def noting(fd: int, data: bytes, at: int) -> int:
        again.append((bytes(data), at))
        return pwrite(fd, data, at)

    disk.replace("pwrite", noting)
    log.sync()
    assert again == [(b"unsure later", len(b"safe "))]
    log.sync()
    assert len(again) == 1


def test_a_full_disk_costs_nothing_that_was_stored(tmp_path: Path, disk: Disk) -> None:
    recorder = Recorder()
    recorder.run("SET a 1", "SELECT 2", "SET b 2", "SET c 3")
    plugin = opened(tmp_path)
    plugin.append(recorder.batches[0])
    disk.fail("pwrite")
    for _ in range(3):
        with pytest.raises(OSError, match="No space"):
            plugin.append(recorder.batches[1])
    disk.mend()
    plugin.append(recorder.batches[1])
    plugin.append(recorder.batches[2])
    plugin.close()
    assert known(load(tmp_path)) == known(recorder.keyspace)


def test_a_rewrite_without_room_leaves_everything_as_it_was(tmp_path: Path, disk: Disk) -> None:
    recorder = Recorder()
    recorder.run("SET a 1")
    plugin = opened(tmp_path)
    plugin.append(recorder.batches[0])
    disk.fail("fsync")
    with pytest.raises(OSError, match="No space"):
        plugin.begin_snapshot()
    disk.mend()
    recorder.run("SET b 2")
    plugin.append(recorder.batches[1])
    plugin.close()
    assert known(load(tmp_path)) == known(recorder.keyspace)
