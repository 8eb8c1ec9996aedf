"""Snapshots as one file that Redis and Valkey load, and that may come from them.

Nothing is appended: between two snapshots changes are in memory only. A snapshot goes to a
temporary file beside the old one and takes its place when it is on the disk, so there is always
one that is whole.

A file may hold what is not kept here: values of other types, functions. The start is then
refused, because the next snapshot would lose them; with ``left_out: skip`` they are left out,
and the first snapshot keeps the file they came from under another name.

The default version, 11, is read by all servers in use. It cannot hold everything: which
messages producers sent (XADD IDMP), and that pending entries were given back (XNACK). With
``rdb_version: 14`` a restart forgets nothing.
"""

from __future__ import annotations

import logging
import os
import time
from collections.abc import Iterable, Iterator, Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any, ClassVar

import msgspec

from geostream.persistence.ahead import ReadAhead
from geostream.persistence.api import Corrupt, Effect, Persistence, Stored
from geostream.rdb.errors import SHORT, BadRdb
from geostream.rdb.reader import RdbReader
from geostream.rdb.stream_writer import Losses
from geostream.rdb.writer import write_rdb
from geostream_plugins.rdb.options import parse_options

logger = logging.getLogger(__name__)

ANY_DATABASE = 2**31  # whether the server has it, it sees itself
TEMPORARY = "temp-geostream-{}.rdb"
CHANGEABLE = ("rdbcompression", "dbfilename")

_REPAIR = "see what can be saved with: geostream repair"


class RdbPersistence(Persistence):
    """See the module docstring."""

    name: ClassVar[str] = "rdb"
    appends = False

    def __init__(self, directory: Path, options: Mapping[str, Any]) -> None:
        super().__init__(directory, options)
        self._chosen = parse_options(options)
        self._source: Path | None = None  # what was loaded with something left out
        self._ahead: ReadAhead | None = None
        self._size_bytes = 0
        self._losses = Losses()  # of the last snapshot

    @property
    def path(self) -> Path:
        """The file."""
        return Path(self.directory, self._chosen.dbfilename)

    def change_option(self, name: str, value: Any) -> None:
        name = name.replace("-", "_")
        if name in CHANGEABLE:
            changed = parse_options({name: value})
            self._chosen = msgspec.structs.replace(self._chosen, **{name: getattr(changed, name)})

    def read_ahead(self) -> None:
        with suppress(OSError, ValueError):  # it is not there, or empty
            self._ahead = self._opened()

    def _opened(self) -> ReadAhead:
        now_ms, relaxed = time.time_ns() // 1_000_000, self._chosen.relaxed
        return ReadAhead(self.path, now_ms=now_ms, relaxed=relaxed, databases=ANY_DATABASE)

    def open(self) -> None:
        Path(self.directory).mkdir(parents=True, exist_ok=True)
        for leftover in Path(self.directory).glob(TEMPORARY.format("*")):
            leftover.unlink()

    def is_empty(self) -> bool:
        return not self.path.exists()

    def load(self) -> Iterator[Stored]:
        path = self.path
        self.report.path = path
        try:
            size_bytes = path.stat().st_size
        except FileNotFoundError:
            return
        if not size_bytes:
            raise Corrupt(path, 0, SHORT, "the file is empty; if that is meant, remove it")
        self.report.total_bytes = self._size_bytes = size_bytes
        ahead, self._ahead = self._ahead, None
        if ahead is None or not ahead.is_of(path):
            ahead = self._opened()
        yield from self._load(path, ahead)

    def _load(self, path: Path, ahead: ReadAhead) -> Iterator[Stored]:
        report, reader = self.report, ahead.reader
        try:
            for effect in ahead:
                report.offset = report.loaded_bytes = reader.offset
                report.keys_expired = reader.keys_expired
                yield effect
        except BadRdb as error:
            raise Corrupt(path, error.offset, error.reason, _advice(error.reason)) from error
        report.offset = report.loaded_bytes = reader.offset
        report.keys_expired = reader.keys_expired
        report.skipped = dict(reader.skipped)
        report.skipped_keys = list(reader.skipped_keys)
        writer = reader.aux.get(b"redis-ver") or reader.aux.get(b"valkey-ver")
        if writer is not None:
            report.remarks.append(f"RDB produced by version {writer.decode(errors='replace')}")
        if reader.skipped or reader.functions:
            self._leave_out(path, reader)

    def _leave_out(self, path: Path, reader: RdbReader) -> None:
        """Refuse what cannot be kept, or remember the file that it is in. Raises Corrupt."""
        kinds = sorted(reader.skipped.items(), key=lambda item: -item[1])
        listed = ", ".join(f"{count} {kind}" for kind, count in kinds) or "no keys"
        told = (
            f"left out {sum(reader.skipped.values())}: {listed}; functions: {reader.functions};"
            f" module aux: {reader.module_aux}"
        )
        if self._chosen.left_out == "refuse":
            names = ", ".join(reader.skipped_keys)
            reason = f"holds what is neither stream nor string, {told}"
            raise Corrupt(
                path,
                None,
                f"{reason}; first keys: {names}" if names else reason,
                "set left_out: skip for the plugin rdb to load the rest, or use geostream import",
            )
        self._source = path
        self.report.remarks.append(told)

    def snapshot(self, image: Iterable[Effect]) -> None:
        chosen, path = self._chosen, self.path
        temporary = path.with_name(TEMPORARY.format(os.getpid()))
        losses = Losses()
        try:
            with temporary.open("wb") as out:
                size_bytes = write_rdb(
                    out,
                    image,
                    version=chosen.rdb_version,
                    compress=chosen.rdbcompression,
                    checksum=chosen.rdbchecksum,
                    aux={b"ctime": b"%d" % time.time(), b"aof-base": b"0"},
                    losses=losses,
                )
                out.flush()
                os.fsync(out.fileno())
            self._keep_source()
            temporary.replace(path)
        except BaseException:
            with suppress(OSError):
                temporary.unlink()
            raise
        _sync_directory(path.parent)
        self._size_bytes, self._losses = size_bytes, losses
        _tell(losses, chosen.rdb_version)

    def _keep_source(self) -> None:
        """Give the file that was not loaded in full another name too, once."""
        source = self._source
        if source is None:
            return
        kept = source.with_name(f"{source.name}.before-{time.time():.0f}")
        with suppress(FileNotFoundError):  # somebody took it away: nothing to lose here
            os.link(source, kept)
            remark = f"{source.name} was not loaded in full and is kept as {kept.name}"
            self.report.remarks.append(remark)
            logger.warning(remark)
        self._source = None

    def info(self) -> Mapping[str, str | int]:
        return {
            "rdb_file_bytes": self._size_bytes,
            "rdb_released_given_to_consumers": self._losses.released_given,
            "rdb_messages_left_out": self._losses.messages_left_out,
        }

    def close(self) -> None:
        """Nothing is held open."""


def _sync_directory(directory: Path) -> None:
    descriptor = os.open(directory, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _tell(losses: Losses, version: int) -> None:
    if losses.released_given or losses.messages_left_out:
        logger.warning(
            "RDB version %d cannot hold everything (14 can): %d pending entries of nobody were"
            " given to consumers, %d messages of producers were left out",
            version,
            losses.released_given,
            losses.messages_left_out,
        )


def _advice(reason: str) -> str:
    if reason.startswith("Can't handle RDB format version"):
        return "set relaxed: yes for the plugin rdb to try it anyway"
    if reason.startswith("Unknown RDB"):
        return "it was written by a server that has more types than are known here"
    return _REPAIR
