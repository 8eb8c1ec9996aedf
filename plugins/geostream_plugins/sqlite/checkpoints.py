"""Moving the log into the database, beside the writer.

A checkpoint writes pages and waits for the disk: 60 to 90 ms were measured for 16 MB, and
SQLite would do it in whichever append made the log long enough. A passive one, over a
connection of its own in a thread of its own, holds up no writer and no reader. The log begins
anew only if a transaction finds all of it moved; while much is written that may take some
rounds, so the log grows beyond ``AT_BYTES``, and from ``SHARED_BYTES`` on SQLite does it in the
writer after all.
"""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path
from threading import Event, Thread

AT_BYTES = 16 * 2**20  # the log's length at which it begins
SHARED_BYTES = 4 * AT_BYTES
MOST_ROUNDS = 4
BUSY_S = 5.0


class Checkpoints:
    """The thread; ``failed`` says that one could not be made for a fault of the disk."""

    def __init__(self, path: Path) -> None:
        self.failed = False
        self._path = path
        self._asked = Event()
        self._is_closing = False
        self._thread = Thread(target=self._run, name="geostream-checkpoints", daemon=True)
        self._thread.start()

    def ask(self) -> None:
        """Have one made soon."""
        self._asked.set()

    def close(self) -> None:
        """Wait for the one being made, if any, and end."""
        self._is_closing = True
        self._asked.set()
        self._thread.join()

    def _run(self) -> None:
        with closing(
            sqlite3.connect(self._path, isolation_level=None, timeout=BUSY_S)
        ) as connection:
            while True:
                self._asked.wait()
                self._asked.clear()
                if self._is_closing:
                    return
                try:
                    _move(connection)
                except sqlite3.OperationalError as fault:
                    code = getattr(fault, "sqlite_errorcode", 0) & 0xFF
                    self.failed = self.failed or code == sqlite3.SQLITE_IOERR


def _move(connection: sqlite3.Connection) -> None:
    """Move the log, and what came to it meanwhile, until nothing is left of it."""
    for _ in range(MOST_ROUNDS):
        busy, frames, moved = connection.execute("PRAGMA wal_checkpoint(PASSIVE)").fetchone()
        if busy or frames == moved:
            return
