"""Reading that begins before anybody asks for what is read.

A server has much to do when it starts, most of it in the interpreter; reading the nodes of
streams needs none of that (rdb/alike.py). So the plugin that will be loaded begins to read its
RDB file in a thread. It takes the effects later, as they came, an error in its place.
"""

from __future__ import annotations

import mmap
import os
from collections.abc import Iterator
from itertools import islice
from pathlib import Path
from threading import Thread

from geostream.rdb.reader import RdbReader
from geostream.store.effects import Effect

MOST_EFFECTS = 1000  # read before they are asked for


class ReadAhead:
    """One file. Iterate, once, to get what ``reader`` would yield; it may be asked all along."""

    def __init__(
        self, path: Path, *, now_ms: int | None, databases: int, relaxed: bool = False
    ) -> None:
        """Open the file and begin. See ``RdbReader`` for the options.

        Raises OSError, or ValueError if the file is empty.
        """
        with path.open("rb") as file:
            self._identity = _identity(os.fstat(file.fileno()))
            self._data = mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ)
        self.reader = RdbReader(self._data, now_ms=now_ms, relaxed=relaxed, databases=databases)
        self._effects = iter(self.reader)
        self._found: list[Effect] = []
        self._error: BaseException | None = None
        self._thread = Thread(target=self._read, name="reader", daemon=True)
        self._thread.start()

    def is_of(self, path: Path) -> bool:
        """Tell whether this is still the file of that name."""
        try:
            return _identity(path.stat()) == self._identity
        except OSError:
            return False

    def __iter__(self) -> Iterator[Effect]:
        """Raises BadRdb, and whatever else went wrong: what is not whole must not seem so."""
        self._thread.join()
        yield from self._found
        if self._error is not None:
            raise self._error
        yield from self._effects

    def _read(self) -> None:
        try:
            self._found.extend(islice(self._effects, MOST_EFFECTS))
        except BaseException as error:  # raised again where the effects are asked for
            self._error = error


def _identity(status: os.stat_result) -> tuple[int, int, int, int]:
    return status.st_dev, status.st_ino, status.st_size, status.st_mtime_ns
