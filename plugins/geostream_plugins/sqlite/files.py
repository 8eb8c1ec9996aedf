"""The files beside the database: the lock, and what makes the write-ahead log durable.

The lock is ``flock`` on a file of its own. SQLite's own locks would not do: readers must be
let in, and another geostream must not.

Our descriptors of the log and of its index, the -shm file, are held open for longer than the
database is: SQLite holds locks on the database and on the index, and closing a descriptor of
ours drops our locks on the same file. Nor is the log replaced meanwhile: SQLite overwrites or
truncates it, and removes it only when the last connection, which is ours, closes.
"""

from __future__ import annotations

import errno
import fcntl
import os
from pathlib import Path

from geostream_plugins.sqlite.log_check import INDEX_HEADER_BYTES, index_says


class Lock:
    """Keeps a second geostream off the same file; readers do not care."""

    def __init__(self, path: Path) -> None:
        """Take it. Raises OSError with EWOULDBLOCK if somebody else has it."""
        self._fd = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o644)
        try:
            fcntl.flock(self._fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as refused:
            os.close(self._fd)
            reason = "another geostream has this database open"
            raise OSError(errno.EWOULDBLOCK, reason, str(path)) from refused
        except BaseException:
            os.close(self._fd)
            raise

    def read(self) -> bytes:
        """Return what the last ``write`` left in the file, or less."""
        return os.pread(self._fd, 1024, 0)

    def write(self, content: bytes, syncs: bool) -> None:
        """Leave something of a fixed length in the file."""
        os.pwrite(self._fd, content, 0)
        if syncs:
            os.fdatasync(self._fd)

    def release(self) -> None:
        """Let it go; the file stays, because removing it could take a lock from its owner."""
        os.close(self._fd)


class LogFile:
    """The write-ahead log."""

    def __init__(self, database: Path) -> None:
        """Open it; it must be there. Its name is then safe on disk."""
        self._path = database.with_name(database.name + "-wal")
        self._fd = os.open(self._path, os.O_RDONLY | os.O_CLOEXEC)
        index = database.with_name(database.name + "-shm")
        self._index_fd = os.open(index, os.O_RDONLY | os.O_CLOEXEC)
        directory = os.open(database.parent, os.O_RDONLY | os.O_DIRECTORY)
        try:
            os.fsync(directory)
        finally:
            os.close(directory)

    def sync(self) -> None:
        """Return once what is in it would survive a power cut."""
        os.fdatasync(self._fd)

    def position(self) -> tuple[bytes, int] | None:
        """Return the log's salts and how many frames are committed; None: ask again."""
        return index_says(os.pread(self._index_fd, 2 * INDEX_HEADER_BYTES, 0))

    @property
    def size_bytes(self) -> int:
        """How long it is; it is used again from the start and keeps its length."""
        return os.fstat(self._fd).st_size

    def close(self) -> None:
        """Let it go; no connection of ours may be open, or it would lose its locks."""
        os.close(self._fd)
        os.close(self._index_fd)
