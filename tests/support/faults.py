"""Disks that fail, on command.

Three ways, from the outside in:

* ``limited_files`` and ``limit_files_of`` lower the size that files may have (RLIMIT_FSIZE), for
  this process or for a running server. The system then refuses writes half way through, whoever
  makes them, the C code of SQLite included. Nothing is mocked.
* ``Moments`` watches the calls by which Python code changes files, and takes a copy of a
  directory before each: every state in which a crash could leave it.
* ``Faulty`` is a plugin that wraps another one. While a file named after one of its methods is
  in its control directory (``Control``), that method raises the error the file names, or waits
  until the file is gone. A server loads it as ``tests.support.faults:Faulty``.
"""

from __future__ import annotations

import errno
import os
import resource
import shutil
import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final
from unittest import mock

from geostream.persistence.api import Effect, Persistence, Stored
from geostream.persistence.registry import find

WAIT: Final = "wait"
POLL_S: Final = 0.002
LIMIT_S: Final = 60.0

#: Calls that change what a crash leaves behind.
CHANGING: Final = (
    "write", "pwrite", "writev", "truncate", "ftruncate", "fsync", "fdatasync",
    "rename", "replace", "link", "unlink", "remove", "mkdir",
)  # fmt: skip


@contextmanager
def limited_files(size_bytes: int) -> Iterator[None]:
    """Let no file of this process grow beyond a size: writes stop there, then raise EFBIG."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size_bytes, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


def limit_files_of(process_id: int, size_bytes: int | None) -> None:
    """Do the same to another process, from now on; None lifts the limit."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.prlimit(
        process_id, resource.RLIMIT_FSIZE, (soft if size_bytes is None else size_bytes, hard)
    )


def largest_file(directory: Path) -> int:
    """Return the size of the largest file below a directory, 0 if there is none."""
    return max((path.stat().st_size for path in directory.rglob("*") if path.is_file()), default=0)


class Moments:
    """Copies of a directory, one before each change that was made while this was watching."""

    def __init__(self, directory: Path, copies: Path) -> None:
        """Watch nothing yet.

        copies -- where they go; the directory must not be below it, nor the other way round
        """
        self._directory = directory
        self._copies = copies
        self.calls: list[str] = []  # what was about to be done

    def take(self, about_to: str) -> None:
        """Take a copy now."""
        copy = self._copies / f"{len(self.calls):03}"
        self.calls.append(about_to)
        shutil.copytree(self._directory, copy)

    def copies(self) -> Iterator[tuple[str, Path]]:
        """Yield what was about to be done and the copy taken before it."""
        for number, about_to in enumerate(self.calls):
            yield about_to, self._copies / f"{number:03}"

    @contextmanager
    def watching(self) -> Iterator[None]:
        """Take copies inside the block, and one at its end."""
        busy: list[str] = []  # copying changes files too

        def watched(name: str, real: Any) -> Any:
            def call(*args: Any, **options: Any) -> Any:
                if not busy:
                    busy.append(name)
                    try:
                        self.take(name)
                    finally:
                        busy.clear()
                return real(*args, **options)

            return call

        patched = {name: watched(name, getattr(os, name)) for name in CHANGING}
        with mock.patch.multiple(os, **patched):
            yield
        self.take("nothing more")


class Control:
    """The control directory of a ``Faulty``, from the test's side."""

    def __init__(self, directory: Path) -> None:
        """Make the directory; nothing fails yet."""
        self.directory = directory
        directory.mkdir(parents=True, exist_ok=True)

    def fail(self, method: str, error: str = "ENOSPC") -> None:
        """Have a method raise this error from now on."""
        _put(self.directory / method, error)

    def block(self, method: str) -> None:
        """Have a method wait from now on."""
        _put(self.directory / method, WAIT)

    def heal(self, method: str) -> None:
        """Let a method do its work again."""
        (self.directory / method).unlink()

    def is_reached(self, method: str) -> bool:
        """Tell whether the method was called and found that it is to fail or wait."""
        return (self.directory / f"{method}.reached").exists()


def _put(path: Path, text: str) -> None:
    """Write a file so that whoever looks sees all of it or none."""
    path.with_suffix(".reached").unlink(missing_ok=True)
    new = path.with_suffix(".new")
    new.write_text(text)
    new.rename(path)


class Faulty(Persistence):
    """Another plugin whose disk fails when a test says so; see the module docstring.

    Options: ``inner``, the name of the other one; ``control``, the control directory; the rest
    is for the other one.
    """

    name = "faulty"

    def __init__(self, directory: Path, options: Mapping[str, Any]) -> None:
        rest = dict(options)
        self._control = Path(str(rest.pop("control")))
        self._inner = find(str(rest.pop("inner")))(directory, rest)
        self.directory, self.options = directory, options
        self.appends = self._inner.appends
        self.report = self._inner.report

    def _come_to(self, method: str) -> None:
        """Raise or wait if a test wants it."""
        path = self._control / method
        deadline_s = time.monotonic() + LIMIT_S
        while time.monotonic() < deadline_s:
            try:
                wanted = path.read_text()
            except FileNotFoundError:
                return
            path.with_suffix(".reached").touch()
            if wanted != WAIT:
                number = getattr(errno, wanted)
                raise OSError(number, os.strerror(number), str(path))
            time.sleep(POLL_S)

    def change_option(self, name: str, value: Any) -> None:
        self._inner.change_option(name, value)

    def open(self) -> None:
        self._come_to("open")
        self._inner.open()

    def is_empty(self) -> bool:
        return self._inner.is_empty()

    def load(self) -> Iterator[Stored]:
        for stored in self._inner.load():
            self._come_to("load")
            yield stored

    def append(self, batch: Sequence[Effect]) -> None:
        self._come_to("append")
        self._inner.append(batch)

    def sync(self) -> None:
        self._come_to("sync")
        self._inner.sync()

    def begin_snapshot(self) -> None:
        self._come_to("begin_snapshot")
        self._inner.begin_snapshot()

    def snapshot(self, image: Iterable[Effect]) -> None:
        def watched() -> Iterator[Effect]:
            for effect in image:
                self._come_to("snapshot")
                yield effect

        self._inner.snapshot(watched())

    def finish_snapshot(self, error: BaseException | None) -> None:
        self._inner.finish_snapshot(error)

    def wants_snapshot(self) -> bool:
        return self._inner.wants_snapshot()

    def info(self) -> Mapping[str, str | int]:
        return self._inner.info()

    def close(self) -> None:
        self._inner.close()
