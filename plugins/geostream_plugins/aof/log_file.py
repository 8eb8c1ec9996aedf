"""The file that batches are appended to.

A batch is there as a whole or not at all: if writing it fails, what was written of it is cut
off, and if even that fails, before the next batch is written.

A failed fsync is not made good by one that succeeds: the system may have marked as written
what it has not. So after a failure everything since the last success is written once more, to
where it stands, before it is synced again.
"""

from __future__ import annotations

import os
from contextlib import suppress
from pathlib import Path

REWRITE_BYTES = 2**20  # read and written again at a time


class LogFile:
    """One increment, open for appending."""

    def __init__(self, path: Path, *, anew: bool = False) -> None:
        """Open a file, made if it is not there. Raises OSError.

        anew -- what it holds is thrown away
        """
        flags = os.O_RDWR | os.O_CREAT | os.O_CLOEXEC | (os.O_TRUNC if anew else 0)
        self.path = path
        self._fd = os.open(path, flags, 0o644)
        self.size_bytes = os.fstat(self._fd).st_size
        self._synced_bytes = self.size_bytes
        self._has_torn_end = False  # more is there than size_bytes
        self._lost_sync = False

    def append(self, batch: bytes) -> None:
        """Write a batch at the end. Raises OSError, and nothing of it is there."""
        if self._has_torn_end:
            self._cut()
        at, rest = self.size_bytes, memoryview(batch)
        try:
            while rest:
                written = os.pwrite(self._fd, rest, at)
                at += written
                rest = rest[written:]
        except OSError:
            self._has_torn_end = True
            with suppress(OSError):  # tried again before the next batch
                self._cut()
            raise
        self.size_bytes = at

    def _cut(self) -> None:
        os.ftruncate(self._fd, self.size_bytes)
        self._has_torn_end = False

    def sync(self) -> None:
        """Return once all batches are on disk. Raises OSError."""
        if self._synced_bytes == self.size_bytes and not self._has_torn_end:
            return
        if self._has_torn_end:
            self._cut()
        try:
            if self._lost_sync:
                self._write_again()
            os.fdatasync(self._fd)
        except OSError:
            self._lost_sync = True
            raise
        self._lost_sync = False
        self._synced_bytes = self.size_bytes

    def _write_again(self) -> None:
        for at in range(self._synced_bytes, self.size_bytes, REWRITE_BYTES):
            length = min(REWRITE_BYTES, self.size_bytes - at)
            piece = os.pread(self._fd, length, at)
            if os.pwrite(self._fd, piece, at) != length:
                raise OSError(f"{self.path}: what was not synced could not be written again")

    def close(self) -> None:
        """Let go of the file, without a sync. Does nothing the second time."""
        if self._fd >= 0:
            os.close(self._fd)
            self._fd = -1
