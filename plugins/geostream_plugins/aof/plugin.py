"""The append-only file: Redis' own, in several parts, written and read.

Every batch is appended to the newest increment as commands (records.py). A rewrite goes as in
Redis: a new increment is begun and enters the manifest; all data as of that moment is written
to a new base; the manifest is replaced by one that names the new base and the new increment;
what the old one named is deleted. A crash between two of these steps leaves a manifest whose
files are complete.

If the files were not loaded (the log is switched on while the server runs), what they hold is
not what this server holds. Then the new increment enters the manifest together with the base.
"""

from __future__ import annotations

import mmap
import os
import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

from geostream.persistence.ahead import ReadAhead
from geostream.persistence.api import Corrupt, Effect, Persistence, Stored
from geostream_plugins.aof.base import write_command_base, write_rdb_base
from geostream_plugins.aof.log_file import LogFile
from geostream_plugins.aof.log_reader import LogReader, begun, holds_nothing
from geostream_plugins.aof.manifest import Manifest, Part, sync_directory
from geostream_plugins.aof.options import changed, read_options
from geostream_plugins.aof.parts import Parts
from geostream_plugins.aof.records import NO_DATABASE, Written, batch_bytes, gathered
from geostream_plugins.aof.scan import BadFormat, Data, Torn

REPAIR = "'geostream repair' copies what is good to another place"


class AofPersistence(Persistence):
    """Keeps data in an append-only file."""

    name = "aof"

    def __init__(self, directory: Path, options: Mapping[str, Any]) -> None:
        super().__init__(directory, options)
        self._options = read_options(options)
        self._parts = Parts(directory, self._options.appenddirname, self._options.appendfilename)
        self._ahead: ReadAhead | None = None  # of the base
        self._log: LogFile | None = None
        self._is_current = False  # what the manifest names is what the server holds
        self._database = NO_DATABASE  # selected in the increment
        self._stamped_s = 0
        self._older_bytes = 0  # of all parts but the increment that is written
        self._base_bytes = 0  # of all parts after the last rewrite, or at the start
        self._next_base: Part | None = None  # of the rewrite that goes on

    def change_option(self, name: str, value: Any) -> None:
        self._options = changed(self._options, name, value)

    # Opening and loading

    def read_ahead(self) -> None:
        base = self._parts.likely_base()
        self._ahead = begun(base) if base is not None else None

    def open(self) -> None:
        self._parts.open()
        for path in self.directory.glob("temp-geostream-rewriteaof-*.aof"):
            path.unlink(missing_ok=True)

    def is_empty(self) -> bool:
        is_empty = self._has_nothing()
        if is_empty:
            self._is_current = True  # unless another store is loaded, this is all there is
        return is_empty

    def _has_nothing(self) -> bool:
        manifest, parts = self._parts.manifest, self._parts
        if any(parts.path(part).stat().st_size for part in manifest.increments):
            return False
        return manifest.base is None or holds_nothing(parts.path(manifest.base))

    def load(self) -> Iterator[Stored]:
        parts, report = self._parts, self.report
        files = parts.manifest.files
        report.total_bytes = parts.size_bytes()
        report.loaded_bytes = 0
        ahead, self._ahead = self._ahead, None
        tail: tuple[Path, int, str] | None = None
        for number, part in enumerate(files, 1):
            path = parts.path(part)
            report.path, report.offset = path, 0
            with _mapped(path) as data:
                is_begun = number == 1 and ahead is not None and ahead.is_of(path)
                reader = LogReader(path, data, report, ahead if is_begun else None)
                try:
                    yield from reader
                except BadFormat as error:
                    self._judge(path, reader, error, len(data), is_last=number == len(files))
                    tail = path, reader.whole_end, error.reason
        if tail is not None:
            self._cut(*tail)
        self._is_current = True
        with suppress(OSError):  # it does no harm, and is tried again with the next rewrite
            parts.drop_history()

    def _judge(
        self, path: Path, reader: LogReader, error: BadFormat, size: int, *, is_last: bool
    ) -> None:
        """Return if the file may be cut where it is whole. Raises Corrupt."""
        options, end = self._options, reader.whole_end
        is_torn = isinstance(error, Torn) and not reader.has_whole_batch_behind()
        if is_torn and not is_last:
            reason = f"the file is cut short ({error.reason}), and it is not the last one"
            raise Corrupt(path, end, reason, REPAIR)
        if is_torn and options.aof_load_truncated:
            return
        if is_torn:
            reason = f"unexpected end of file: {error.reason}"
            advice = f"with aof-load-truncated yes it is cut there; {REPAIR}"
            raise Corrupt(path, end, reason, advice)
        if is_last and size - end <= options.aof_load_corrupt_tail_max_size:
            return
        raise Corrupt(path, error.offset, f"bad file format: {error.reason}", REPAIR)

    def _cut(self, path: Path, end: int, reason: str) -> None:
        """Cut a file where it is whole; keep the rest in another file first."""
        now_s = int(time.time())
        while (kept := path.with_name(f"{path.name}.tail-{now_s}")).exists():
            now_s += 1
        with path.open("r+b") as file, kept.open("wb") as tail:
            file.seek(end)
            while piece := file.read(2**20):
                tail.write(piece)
            tail.flush()
            os.fsync(tail.fileno())
            sync_directory(path.parent)
            file.truncate(end)
            os.fsync(file.fileno())
        self.report.remarks.append(
            f"{path} was cut at byte {end}: {reason}; what stood behind is kept in {kept.name}"
        )

    # Appending

    def gather(self, effects: Sequence[Effect]) -> Sequence[Effect | Written]:
        return gathered(effects)

    def append(self, batch: Sequence[Effect | Written]) -> None:
        if self._log is None and not self._is_current:
            return  # the files hold other data; the rewrite that has to come has this too
        log = self._log or self._start_log()
        before, stamp_s = self._stamp()
        written = batch_bytes(batch, self._database, before)
        if not written:
            return
        try:
            log.append(written)
        except OSError:
            self._database = NO_DATABASE
            raise
        self._database = batch[-1].db
        self._stamped_s = stamp_s

    def _stamp(self) -> tuple[bytes, int]:
        """Return the time as an annotation, if it is wanted and was not written yet."""
        if not self._options.aof_timestamp_enabled:
            return b"", self._stamped_s
        now_s = int(time.time())
        return (b"#TS:%d\r\n" % now_s if now_s != self._stamped_s else b""), now_s

    def _start_log(self) -> LogFile:
        """Open the increment to write to; the first base and manifest, if there are none."""
        parts = self._parts
        manifest = parts.manifest
        if parts.is_fresh:
            manifest = self._empty_base()
        if manifest.increments:
            part = manifest.increments[-1]
            log = LogFile(parts.path(part))
        else:
            part = manifest.next_increment(parts.stem)
            log = LogFile(parts.path(part), anew=True)
            parts.save(Manifest(manifest.base, manifest.history, [part]))
        self._log = log
        self._base_bytes = parts.size_bytes()
        self._older_bytes = self._base_bytes - log.size_bytes
        return log

    def _empty_base(self) -> Manifest:
        """Write the first base; return the manifest that names it."""
        base = Manifest().next_base(self._parts.stem, self._base_suffix())
        self._write_base(base, ())
        return Manifest(base)

    def sync(self) -> None:
        if self._log is not None or self._is_current:
            (self._log or self._start_log()).sync()

    # Rewriting

    def begin_snapshot(self) -> None:
        parts, manifest = self._parts, self._parts.manifest
        if self._is_current:
            (self._log or self._start_log()).sync()
            manifest = parts.manifest
        elif parts.is_fresh:  # or a crash would leave an increment and no manifest
            manifest = self._empty_base()
            parts.save(manifest)
        part = manifest.next_increment(parts.stem)
        log = LogFile(parts.path(part), anew=True)
        if self._is_current:
            try:
                increments = [*manifest.increments, part]
                parts.save(Manifest(manifest.base, manifest.history, increments))
            except OSError:
                log.close()
                raise
            self._older_bytes = parts.size_bytes() - log.size_bytes
        if self._log is not None:
            self._log.close()
        self._log, self._database, self._stamped_s = log, NO_DATABASE, 0
        self._next_base = manifest.next_base(parts.stem, self._base_suffix())

    def snapshot(self, image: Iterable[Effect]) -> None:
        assert self._next_base is not None, "begin_snapshot comes first"
        self._write_base(self._next_base, image)

    def _base_suffix(self) -> str:
        return "rdb" if self._options.aof_use_rdb_preamble else "aof"

    def _write_base(self, part: Part, image: Iterable[Effect]) -> None:
        """Write a base file that no manifest names yet; it is on disk on return."""
        options, now_s = self._options, int(time.time())
        temporary = self.directory / f"temp-geostream-rewriteaof-{os.getpid()}.aof"
        try:
            with temporary.open("wb") as out:
                if part.name.endswith(".rdb"):
                    write_rdb_base(out, image, self.directory, options.rdbcompression, now_s)
                else:
                    stamp = b"#TS:%d\r\n" % now_s if options.aof_timestamp_enabled else b""
                    write_command_base(out, image, stamp)
                out.flush()
                os.fsync(out.fileno())
            temporary.replace(self._parts.path(part))
        except BaseException:
            with suppress(OSError):
                temporary.unlink(missing_ok=True)
            raise
        sync_directory(self._parts.place)

    def finish_snapshot(self, error: BaseException | None) -> None:
        base, log = self._next_base, self._log
        parts, manifest = self._parts, self._parts.manifest
        if base is None or log is None:
            return
        if error is not None:
            self._next_base = None
            with suppress(OSError):  # written over by the next rewrite
                parts.path(base).unlink(missing_ok=True)
            return
        increments = [part for part in manifest.increments if parts.path(part) == log.path]
        if not increments:
            increments = [manifest.next_increment(parts.stem)]
        history = [part for part in manifest.files if part not in increments]
        parts.save(Manifest(base, [*history, *manifest.history], increments))
        self._next_base = None
        self._is_current = True
        with suppress(OSError):  # the files do no harm, and go with the next rewrite
            parts.drop_history()
        self._older_bytes = parts.size_bytes() - log.size_bytes
        self._base_bytes = self._older_bytes + log.size_bytes

    def wants_snapshot(self) -> bool:
        if not self._is_current:
            return True
        options, size_bytes = self._options, self._size_bytes
        percentage = options.auto_aof_rewrite_percentage
        if not percentage or size_bytes < options.auto_aof_rewrite_min_size:
            return False
        base_bytes = max(self._base_bytes, 1)
        return (size_bytes - base_bytes) * 100 >= percentage * base_bytes

    # Telling and ending

    @property
    def _size_bytes(self) -> int:
        log = self._log
        return self._older_bytes + (log.size_bytes if log is not None else 0)

    def info(self) -> Mapping[str, str | int]:
        return {
            "aof_current_size": self._size_bytes,
            "aof_base_size": self._base_bytes,
            "aof_pending_rewrite": 0,
            "aof_buffer_length": 0,
            "aof_pending_bio_fsync": 0,
            "aof_delayed_fsync": 0,
        }

    def close(self) -> None:
        log, self._log = self._log, None
        try:
            if log is not None:
                try:
                    log.sync()
                finally:
                    log.close()
        finally:
            self._parts.close()


@contextmanager
def _mapped(path: Path) -> Iterator[Data]:
    """Give the bytes of a file; an empty one cannot be mapped."""
    with path.open("rb") as file:
        if not os.fstat(file.fileno()).st_size:
            yield b""
            return
        with mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as data:
            yield data
