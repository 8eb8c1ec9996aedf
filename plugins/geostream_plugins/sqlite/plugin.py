"""Streams in a SQLite file, one row an entry, readable with any SQL tool while we write.

A batch is a transaction, so SQLite gives "all of it or none". The file is in WAL mode: what
is committed goes to the end of a log (geostream.db-wal), readers see the state of their
beginning, and nobody holds the other up.

What is durable when. ``append`` returns when its transaction is committed: it is in the log
as far as the operating system is concerned, and survives a crash of this process. Commits are
not synced (``synchronous = normal``); ``sync`` does ``fdatasync`` on the log. That is enough,
whatever SQLite does with the log in between. To move the log into the database (a checkpoint)
it syncs the log first, writes the pages, and syncs the database; only after that the log is
written from its start again, and its new header is synced before any frame. So at any time
each committed page is in the database and synced, or in the log, where ``fdatasync`` reaches
it. After a power cut SQLite takes from the log what is whole up to the last commit, by
checksums that go on from frame to frame, so what was synced is found, and of what was not a
beginning, never half a batch.

After a sync that failed nobody knows which pages are on disk. The snapshot that the caller
then takes writes all data anew, and here the whole file too (VACUUM): no page of before is
relied upon.

All connections' work goes through one connection and one lock; see snapshots.py for how a
snapshot shares it with the writer.
"""

from __future__ import annotations

import errno
import sqlite3
import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from threading import Lock as ThreadLock
from typing import Any

from geostream.persistence.api import Persistence, Stored
from geostream.store.effects import Effect
from geostream.store.entry_json import AddedEntries, gathered
from geostream_plugins.sqlite.checkpoints import AT_BYTES, Checkpoints
from geostream_plugins.sqlite.entry_rows import EntryWriter
from geostream_plugins.sqlite.faults import told_as_damage, told_as_disk_faults
from geostream_plugins.sqlite.files import Lock, LogFile
from geostream_plugins.sqlite.flush import clear_orphans, flush
from geostream_plugins.sqlite.handing import Handing
from geostream_plugins.sqlite.load import Loader
from geostream_plugins.sqlite.log_check import NO_MARK, Mark, boot_id, check_log
from geostream_plugins.sqlite.options import Options
from geostream_plugins.sqlite.read_catalog import read_catalog, read_numbers
from geostream_plugins.sqlite.record import Recorder
from geostream_plugins.sqlite.rows import Catalog, Numbers
from geostream_plugins.sqlite.schema import PAGE_BYTES, open_database
from geostream_plugins.sqlite.snapshots import Differences, Replacement, orphans_of
from geostream_plugins.sqlite.views import Views

NO_LIMIT = 2**62
AGAIN_BYTES = 2 * 2**20  # by which the log grows between two requests for a checkpoint
PAUSE_S = 0.0005  # the snapshot's, while the writer waits


class SqlitePersistence(Persistence):
    """See the module docstring; options.py has the options."""

    name = "sqlite"

    def __init__(self, directory: Path, options: Mapping[str, Any]) -> None:
        super().__init__(directory, options)
        chosen = Options.of(options)
        self.appends = chosen.mode == "append"
        self.path = directory / chosen.file
        self._drops_damage = chosen.damaged_log == "drop"
        self._boot = boot_id()
        self._marked: Mark | None = None
        self._entries = EntryWriter(chosen.json)
        self._views = Views(chosen.json and chosen.views)
        self._lock = ThreadLock()
        self._writer_waits = False
        self._file_lock: Lock | None = None
        self._log: LogFile | None = None
        self._connection: sqlite3.Connection
        self._handing: Handing
        self._is_connected = False
        self._checkpoints: Checkpoints | None = None
        self._checkpoint_at_bytes = AT_BYTES
        self._numbers: Numbers
        self._catalog: Catalog | None = None  # None: to be read again
        self._differences = Differences({})
        self._kept: list[Sequence[Effect | AddedEntries]] | None = None  # since begin_snapshot
        self._is_replacing = False
        self._sync_failed = False
        # What is stored is what the effects that come speak of: it was loaded, or a snapshot
        # brought it here. If another plugin was loaded, it may be older or nothing; then
        # batches can only be kept for the snapshot that will bring the rest.
        self._is_in_step = False
        self._is_behind = False

    def open(self) -> None:
        self.directory.mkdir(parents=True, exist_ok=True)
        self._file_lock = Lock(self.path.with_name(self.path.name + ".lock"))
        try:
            with told_as_damage(self.path):
                mark = Mark.unpacked(self._file_lock.read())
                remark = check_log(self.path, mark, self._drops_damage)
                if remark is not None:
                    self._file_lock.write(NO_MARK, syncs=True)
                    self.report.remarks.append(remark)
                self._connection = open_database(self.path).conn
                self._is_connected = True
                self._handing = self._entries.handing = Handing(self._connection)
                self._numbers = read_numbers(self._connection)
                self._is_behind = self._read_catalog().is_used
            self._log = LogFile(self.path)  # which reading has created
            self._checkpoints = Checkpoints(self.path)
        except BaseException:
            self._let_go()
            raise

    def _read_catalog(self) -> Catalog:
        """Return the catalog, read again if a transaction failed."""
        if self._catalog is None:
            catalog = read_catalog(self._connection, self.path, self._numbers)
            self._views.compare(self._connection, catalog)
            self._catalog = catalog
        return self._catalog

    def is_empty(self) -> bool:
        return not self._read_catalog().is_used

    def load(self) -> Iterator[Stored]:
        catalog = self._read_catalog()
        self.report.path = self.path
        self.report.total_bytes = self.path.stat().st_size + self._log_bytes()
        loader = Loader(self._connection, self.path, catalog, self.report)
        with told_as_damage(self.path):
            yield from loader.load()
        self._is_in_step, self._is_behind = True, False
        if not self.appends:
            self._differences = Differences(loader.segments)

    # Appending

    def gather(self, effects: Sequence[Effect]) -> Sequence[Effect | AddedEntries]:
        return gathered(list(effects))

    def append(self, batch: Sequence[Effect | AddedEntries]) -> None:
        with self._turn():
            if not self._is_behind:
                try:
                    self._append(batch)
                except KeyError:
                    if self._is_in_step:
                        raise
                    self._is_behind = True
            if self._kept is not None:
                self._kept.append(batch)

    def _append(self, batch: Sequence[Effect | AddedEntries]) -> None:
        with self._transaction():
            catalog = self._read_catalog()
            catalog.is_used = True
            recorder = Recorder(self._connection, catalog, self._entries)
            recorder.record(batch)
            self._views.refresh(self._connection, catalog)
            recorder.flush()
            self._clear_orphans(catalog)

    def sync(self) -> None:
        assert self._log is not None
        if self._checkpoints is not None and self._checkpoints.failed:
            self._checkpoints.failed = False
            self._sync_failed = True
        if self._sync_failed:
            reason = "a sync failed, and no snapshot was taken since"
            raise OSError(errno.EIO, reason, str(self.path))
        position = self._log.position()
        try:
            self._log.sync()
        except OSError:
            self._sync_failed = True
            raise
        if position is not None:
            self._leave_mark(Mark(*position, self._boot))
        catalog = self._catalog
        if catalog is None or self._is_replacing:
            return
        if self._views.is_due(catalog) or catalog.orphaned_streams or catalog.orphaned_groups:
            # Only views and left-over rows: no data is at stake, and it stays due.
            with suppress(OSError), self._turn():
                self._catch_up(catalog)

    def _leave_mark(self, mark: Mark) -> None:
        """Note how far the log is safe; see log_check.py. A log that is new must be known."""
        assert self._file_lock is not None
        if mark != self._marked:
            is_new = self._marked is None or mark.salts != self._marked.salts
            self._file_lock.write(mark.packed(), syncs=is_new)
            self._marked = mark

    def _catch_up(self, catalog: Catalog, now: bool = False) -> None:
        """Do what is due for people's sake and need not be done with a batch."""
        with self._transaction():
            self._views.refresh(self._connection, catalog, now)
            flush(self._connection, catalog)
            self._clear_orphans(catalog)

    def _clear_orphans(self, catalog: Catalog) -> None:
        """Clear a little; a catalog read during a snapshot takes its rows for left over."""
        if not self._is_replacing:
            clear_orphans(self._connection, catalog)

    @contextmanager
    def _turn(self) -> Iterator[None]:
        """Hold the lock; the snapshot lets the writer go first."""
        self._writer_waits = True
        with self._lock:
            self._writer_waits = False
            yield

    @contextmanager
    def _transaction(self) -> Iterator[None]:
        """Commit what is done inside, or take all of it back, in memory as well."""
        try:
            with self._committed():
                yield
        except BaseException:
            self._catalog = None
            raise

    @contextmanager
    def _committed(self) -> Iterator[None]:
        """Commit what is done inside, or take it back in the file."""
        with told_as_disk_faults(self.path):
            try:
                self._handing.begin()
                yield
                self._connection.execute("COMMIT")
            except BaseException:
                if self._connection.in_transaction:
                    self._connection.execute("ROLLBACK")
                raise
        self._ask_for_checkpoint()

    def _ask_for_checkpoint(self) -> None:
        position = self._log.position() if self._log is not None else None
        if position is not None and self._checkpoints is not None:
            if position[1] * PAGE_BYTES >= self._checkpoint_at_bytes:
                self._checkpoints.ask()
                self._checkpoint_at_bytes += AGAIN_BYTES
            elif position[1] * PAGE_BYTES < AT_BYTES:
                self._checkpoint_at_bytes = AT_BYTES

    @contextmanager
    def _piece(self) -> Iterator[None]:
        """One transaction of a snapshot, between those of the writer."""
        with self._turn_of_snapshot(), self._committed():
            yield

    @contextmanager
    def _turn_of_snapshot(self) -> Iterator[None]:
        while self._writer_waits:
            time.sleep(PAUSE_S)
        with self._lock:
            yield

    # Snapshots

    def begin_snapshot(self) -> None:
        self._kept = [] if self.appends else None

    def snapshot(self, image: Iterable[Effect]) -> None:
        if self.appends:
            self._replace(image)
        else:
            self._take_differences(image)
        assert self._log is not None
        if self._sync_failed:
            with self._lock, told_as_disk_faults(self.path):
                self._connection.execute("VACUUM")
                self._connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
            self._sync_failed = False
        self._log.sync()

    def _replace(self, image: Iterable[Effect]) -> None:
        replacement = Replacement(self._connection, self._numbers, self._entries)
        with self._lock:
            self._is_replacing = True
        try:
            replacement.write(image, self._piece)
            with self._turn_of_snapshot():
                with self._committed():
                    replacement.exchange(self._read_catalog(), self._kept or ())
                    self._views.refresh(self._connection, replacement.catalog, now=True)
                    flush(self._connection, replacement.catalog)
                self._catalog, self._kept = replacement.catalog, None
                self._is_in_step, self._is_behind = True, False
        except BaseException:
            with self._lock:
                self._give_up(replacement.catalog)
            raise
        finally:
            self._is_replacing = False

    def _give_up(self, unlisted: Catalog) -> None:
        """Have what was written for nothing cleared away."""
        if self._catalog is not None and self._catalog is not unlisted:
            streams, groups = orphans_of(unlisted)
            self._catalog.orphaned_streams += streams
            self._catalog.orphaned_groups += groups

    def _take_differences(self, image: Iterable[Effect]) -> None:
        with self._lock, self._transaction():
            catalog = self._read_catalog()
            self._differences.take(self._connection, catalog, self._entries, image)
            self._views.refresh(self._connection, catalog, now=True)
            flush(self._connection, catalog)
            clear_orphans(self._connection, catalog, NO_LIMIT)
        self._differences.keep()

    def finish_snapshot(self, error: BaseException | None) -> None:
        self._kept = None

    # The rest

    def info(self) -> Mapping[str, str | int]:
        return {"sqlite_file": str(self.path), "sqlite_log_bytes": self._log_bytes()}

    def _log_bytes(self) -> int:
        log = self._log
        return log.size_bytes if log is not None else 0

    def close(self) -> None:
        if self._log is None:
            return
        try:
            self._end_checkpoints()
            with self._turn():
                if self.appends and self._catalog is not None:
                    self._catch_up(self._catalog, now=True)
                with told_as_disk_faults(self.path):
                    self._connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
            self._log.sync()
        finally:
            self._let_go()

    def _end_checkpoints(self) -> None:
        checkpoints, self._checkpoints = self._checkpoints, None
        if checkpoints is not None:
            checkpoints.close()

    def _let_go(self) -> None:
        """Close what is open."""
        self._end_checkpoints()
        if self._is_connected:
            self._is_connected = False
            self._connection.close()
        log, self._log = self._log, None
        if log is not None:
            log.close()
        lock, self._file_lock = self._file_lock, None
        if lock is not None:
            lock.release()
