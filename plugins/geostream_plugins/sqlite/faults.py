"""SQLite's errors in the words of the plugin interface: OSError for the disk, or Corrupt."""

from __future__ import annotations

import errno
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from geostream.persistence.api import Corrupt

ADVICE = "restore it from a copy, or move it away to start empty"

# By the primary code, which is the low byte of the extended one.
_ERRNO = {
    sqlite3.SQLITE_FULL: errno.ENOSPC,
    sqlite3.SQLITE_BUSY: errno.EBUSY,
    sqlite3.SQLITE_LOCKED: errno.EBUSY,
    sqlite3.SQLITE_IOERR: errno.EIO,
    sqlite3.SQLITE_READONLY: errno.EROFS,
    sqlite3.SQLITE_CANTOPEN: errno.EACCES,
    sqlite3.SQLITE_PERM: errno.EACCES,
    sqlite3.SQLITE_NOMEM: errno.ENOMEM,
}
_UNREADABLE = (sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB, sqlite3.SQLITE_FORMAT)


@contextmanager
def told_as_damage(path: Path) -> Iterator[None]:
    """The same while reading what should be in order: then every other fault is damage too."""
    try:
        with told_as_disk_faults(path):
            yield
    except (sqlite3.Error, UnicodeDecodeError) as fault:  # of a message, of a schema
        raise Corrupt(path, None, f"SQLite says: {fault}", ADVICE) from fault


@contextmanager
def told_as_disk_faults(path: Path) -> Iterator[None]:
    """Raise OSError or Corrupt for what SQLite raises inside; faults of ours stay as they are."""
    try:
        yield
    except sqlite3.Error as fault:
        code = getattr(fault, "sqlite_errorcode", sqlite3.SQLITE_ERROR) & 0xFF
        if code in _UNREADABLE:
            raise Corrupt(path, None, f"SQLite says: {fault}", ADVICE) from fault
        if code in _ERRNO:
            raise OSError(_ERRNO[code], f"SQLite says: {fault}", str(path)) from fault
        raise
