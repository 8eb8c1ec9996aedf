"""Reads one file of an append-only file: an RDB, commands, or an RDB and commands behind it.

What is between MULTI and EXEC is kept back until EXEC and so is an effect until the commands
are there that it stands for. So at any time there is a place in the file up to which all is
whole, ``whole_end``: a file that is torn behind it may be cut there.

A file begins in database 0. SELECT, MULTI, EXEC and DISCARD go no further than here.
"""

from __future__ import annotations

import zlib
from collections.abc import Iterable, Iterator
from pathlib import Path

from geostream.persistence.ahead import ReadAhead
from geostream.persistence.api import Additions, Corrupt, Effect, LoadReport, Request, Stored
from geostream.rdb.errors import BadRdb
from geostream.rdb.reader import RdbReader
from geostream_plugins.aof.annotations import SUM_LINE, Annotations, BadAnnotation, Held
from geostream_plugins.aof.scan import BadFormat, Data, Item, Run, Scanner, Torn

_CONTROL = (b"SELECT", b"MULTI", b"EXEC", b"DISCARD")
_LONGEST_CONTROL = 7
_RDB_MARKS = (b"REDIS", b"VALKE")
MAX_DATABASE = 2**31 - 1
_SMALL_BYTES = 4096  # a file without keys is smaller


class LogReader:
    """One file being read. Iterate once."""

    def __init__(
        self, path: Path, data: Data, report: LoadReport, ahead: ReadAhead | None = None
    ) -> None:
        """Stand at the beginning of a file's bytes; note in the report how far it is read.

        ahead -- of the RDB it begins with, if there is one
        """
        self._path = path
        self._ahead = ahead
        self._data = data
        self._report = report
        self._loaded_before = report.loaded_bytes
        self.whole_end = 0
        self._database = 0
        self._queue: list[tuple[int, Stored]] | None = None  # since MULTI
        self._annotations = Annotations()
        self._held: Held | None = None
        self._held_at = 0

    def __iter__(self) -> Iterator[Stored]:
        """Yield what is stored. Raises Torn, BadFormat, and Corrupt for an RDB."""
        start = 0
        if self._data[:5] in _RDB_MARKS:
            if self._ahead is not None:
                reader = self._ahead.reader
                yield from self._rdb(reader, self._ahead)
            else:
                reader = RdbReader(self._data, now_ms=None, databases=MAX_DATABASE)
                yield from self._rdb(reader, reader)
            start = reader.offset
            self._note_whole(start)
        scanner = Scanner(self._data, start)
        for at, end, item in scanner:
            yield from self._take(at, end, item)
            scanner.one_by_one = self._held is not None
        if self.whole_end < len(self._data):
            raise Torn(self.whole_end, self._missing())

    # What is in the file

    def _take(self, at: int, end: int, item: Item) -> Iterator[Stored]:
        queue = self._queue
        if isinstance(item, bytes):
            self._take_line(at, item)
        elif self._held is not None:
            assert isinstance(item, list)
            self._skip(at, item)
        elif self._annotations.pieces:
            raise BadFormat(at, "the rest of a long annotation is missing")
        elif isinstance(item, list) and _is_control(item):
            yield from self._control(at, item)
        else:
            stored = self._stored(item)
            if queue is not None:
                queue.append((at, stored))
            else:
                self._report.offset = at
                self._note_whole(end)
                yield stored
                return
        if self._held is not None and not self._held.replaces:
            yield from self._release()
        self._note_whole(end)

    def _stored(self, item: list[bytes] | Run) -> Stored:
        if isinstance(item, list):
            return Request(self._database, item)
        return Additions(self._database, *item)

    def _rdb(self, reader: RdbReader, effects: Iterable[Effect]) -> Iterator[Stored]:
        report = self._report
        try:
            for effect in effects:
                report.offset = reader.offset
                report.loaded_bytes = self._loaded_before + reader.offset
                yield effect
        except BadRdb as error:
            raise Corrupt(
                self._path,
                error.offset,
                error.reason,
                "geostream repair copies what is good to another place",
            ) from None
        for kind, count in reader.skipped.items():
            report.skipped[kind] = report.skipped.get(kind, 0) + count
        report.skipped_keys.extend(reader.skipped_keys)

    def _take_line(self, at: int, line: bytes) -> None:
        if self._held is not None:
            raise BadFormat(at, "a command that belongs to the annotation before is missing")
        begins = not self._annotations.pieces
        try:
            read = self._annotations.read(line)
        except BadAnnotation as error:
            raise BadFormat(at, str(error)) from None
        if begins:
            self._held_at = at
        if isinstance(read, Held):
            self._held = read
        elif read is not None:
            self._check_sum(at, *read)

    def _check_sum(self, at: int, size_bytes: int, expected: int) -> None:
        start = at - size_bytes
        if start < 0 or zlib.crc32(self._data[start:at]) != expected:
            raise BadFormat(
                max(start, 0),
                f"the checksum at byte {at} does not fit the {size_bytes} bytes before it: the file"
                " is damaged, or was edited; if you edited it, delete the line with the checksum",
            )

    def _skip(self, at: int, words: list[bytes]) -> None:
        assert self._held is not None
        if words[0].upper() in _CONTROL:
            raise BadFormat(at, "a command that belongs to the annotation before is missing")
        self._held.skip(words)

    def _release(self) -> Iterator[Stored]:
        """Pass on the effect whose commands are there."""
        assert self._held is not None
        try:
            effect = self._held.effect()
        except BadAnnotation as error:
            raise BadFormat(self._held_at, str(error)) from None
        self._held = None
        return self._pass_on(self._held_at, effect)

    def _control(self, at: int, words: list[bytes]) -> Iterator[Stored]:
        name = words[0].upper()
        queue = self._queue
        if name == b"SELECT":
            self._select(at, words)
        elif name == b"MULTI":
            self._queue = [] if queue is None else queue
        else:
            self._queue = None
            if name == b"EXEC" and queue is not None:
                for self._report.offset, stored in queue:
                    yield stored

    def _select(self, at: int, words: list[bytes]) -> None:
        number = words[1] if len(words) == 2 else b""
        if not number.isdigit() or len(number) > 10 or int(number) > MAX_DATABASE:
            raise BadFormat(at, "SELECT of what is no database")
        self._database = int(number)

    def _pass_on(self, at: int, stored: Stored) -> Iterator[Stored]:
        if self._queue is not None:
            self._queue.append((at, stored))
            return
        self._report.offset = at
        yield stored

    # How far it is whole

    def _note_whole(self, end: int) -> None:
        if self._queue is None and self._held is None and not self._annotations.pieces:
            self.whole_end = end
            self._report.loaded_bytes = self._loaded_before + end

    def _missing(self) -> str:
        if self._queue is not None:
            return "a MULTI without its EXEC at the end of the file"
        return "the file ends within an annotation, or without the commands it stands for"

    def has_whole_batch_behind(self) -> bool:
        """Tell whether a batch was finished behind what is whole: the damage is not at the end."""
        rest = max(0, self.whole_end - 1)
        return SUM_LINE.search(self._data, rest) is not None


def _is_control(words: list[bytes]) -> bool:
    return len(words[0]) <= _LONGEST_CONTROL and words[0].upper() in _CONTROL


def begun(path: Path) -> ReadAhead | None:
    """Return the RDB that a file begins with, read from now on; None if there is none."""
    try:
        with path.open("rb") as file:
            if file.read(5) not in _RDB_MARKS:
                return None
        return ReadAhead(path, now_ms=None, databases=MAX_DATABASE)
    except (OSError, ValueError):  # whoever loads it will be told
        return None


def holds_nothing(path: Path) -> bool:
    """Tell whether a file is a base without keys, or empty. Raises OSError."""
    if path.stat().st_size > _SMALL_BYTES:
        return False
    try:
        return next(iter(LogReader(path, path.read_bytes(), LoadReport())), None) is None
    except BadFormat:  # whoever loads it will be told
        return False
