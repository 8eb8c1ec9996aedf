"""The log: one line an event, written by a thread of its own.

Whoever logs never waits for the output. A record goes into a bounded queue and a
plain thread turns records into lines and writes them; when the output stands
still (a pipe nobody reads, a full disk) and the queue is full, records are
counted and dropped, and the next line that gets through says how many.

A line is text for people when the output is a terminal and a JSON object
otherwise, with the keys ts, level, event, and the fields given. The name of the
logger is the field ``source``. A traceback is the field ``traceback``; in text it
follows the line.

The levels are Redis': debug, verbose, notice, warning; faults of ours are errors.
"""

from __future__ import annotations

import logging
import os
import queue
import select
import threading
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import msgspec

DEBUG = logging.DEBUG
VERBOSE = 15
NOTICE = logging.INFO
WARNING = logging.WARNING
ERROR = logging.ERROR

MAX_QUEUED = 10_000
STOP_TIMEOUT_S = 2.0

_THRESHOLDS = {
    "debug": DEBUG,
    "verbose": VERBOSE,
    "notice": NOTICE,
    "warning": WARNING,
    "nothing": logging.CRITICAL + 1,
}
_NAMES = {DEBUG: "debug", VERBOSE: "verbose", NOTICE: "notice", WARNING: "warning", ERROR: "error"}
_STDOUT = 1

ROOT = logging.getLogger("geostream")


def logger(source: str) -> logging.Logger:
    """Return the logger of one part of the server."""
    return ROOT.getChild(source)


def event(log: logging.Logger, level: int, text: str, /, **fields: object) -> None:
    """Log that something happened; what it happened to goes into the fields."""
    if log.isEnabledFor(level):
        log.log(level, text, extra={"fields": fields})


def fault(log: logging.Logger, text: str, /, **fields: object) -> None:
    """Log a mistake of ours, with the traceback of the exception being handled."""
    log.error(text, exc_info=True, extra={"fields": fields})


def as_json(record: logging.LogRecord) -> str:
    """Return a record as one JSON object."""
    line: dict[str, object] = {
        "ts": _time(record),
        "level": _NAMES.get(record.levelno, record.levelname.lower()),
        "event": record.getMessage(),
        "source": record.name.removeprefix("geostream."),
        **_fields(record),
    }
    if record.exc_info:
        line["traceback"] = logging.Formatter().formatException(record.exc_info)
    return msgspec.json.encode({name: _plain(value) for name, value in line.items()}).decode()


def as_text(record: logging.LogRecord) -> str:
    """Return a record as a line for people."""
    level = _NAMES.get(record.levelno, record.levelname.lower())
    words = [_time(record), level, record.getMessage().replace("\n", " ")]
    words += [f"{name}={_word(value)}" for name, value in _fields(record).items()]
    line = " ".join(words)
    if record.exc_info:
        line += "\n" + logging.Formatter().formatException(record.exc_info)
    return line


class Log:
    """The running log: the queue, the thread, and what they write to."""

    def __init__(
        self,
        *,
        level: str = "notice",
        path: str = "",
        form: str = "auto",
        max_queued: int = MAX_QUEUED,
        output: int = _STDOUT,
    ) -> None:
        """Start to log to a file, or to an open descriptor if path is empty.

        Raises OSError if the file cannot be written.
        """
        self._path = Path(path).absolute() if path else None
        if self._path is not None:
            self._path.open("ab").close()
        self._output = output
        is_terminal = self._path is None and os.isatty(output)
        is_text = is_terminal if form == "auto" else form == "text"
        self._line_of = as_text if is_text else as_json
        self._queue: queue.Queue[logging.LogRecord | None] = queue.Queue(max_queued)
        self._entrance = _Entrance(self._queue)
        self._lost_told = 0
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._run, name="log", daemon=True)
        self._thread.start()
        ROOT.propagate = False
        ROOT.addHandler(self._entrance)
        self.set_level(level)

    @property
    def lost_records(self) -> int:
        """How many records found the queue full."""
        return self._entrance.lost

    def set_level(self, level: str) -> None:
        """Log what is at least this heavy: debug, verbose, notice, warning or nothing."""
        ROOT.setLevel(_THRESHOLDS[level])

    def stop(self) -> None:
        """Write what is queued, as long as that takes no more than two seconds."""
        ROOT.removeHandler(self._entrance)
        ROOT.propagate = True
        self._entrance.close()
        self._stopping.set()
        with suppress(queue.Full):  # then the thread finds _stopping when it is through
            self._queue.put_nowait(None)
        self._thread.join(STOP_TIMEOUT_S)

    def _run(self) -> None:
        while True:
            records = [self._queue.get()]
            while len(records) < MAX_QUEUED and not self._queue.empty():
                records.append(self._queue.get_nowait())
            lines = [self._line_of(record) for record in records if record is not None]
            lost = self._entrance.lost
            if lost > self._lost_told:
                lines.append(self._line_of(_lost_record(lost - self._lost_told)))
                self._lost_told = lost
            self._write("".join(f"{line}\n" for line in lines).encode("utf-8", "replace"))
            if None in records or (self._stopping.is_set() and self._queue.empty()):
                return

    def _write(self, text: bytes) -> None:
        try:
            if self._path is None:
                _write_all(self._output, text)
            else:
                # Opened every time, so that the file may be moved away under us.
                with self._path.open("ab", buffering=0) as file:
                    _write_all(file.fileno(), text)
        except OSError:
            # Nobody is left to tell: the reader of stdout is gone or the disk is full.
            self._entrance.lost += text.count(b"\n")


class _Entrance(logging.Handler):
    """Puts records into the queue and never waits."""

    def __init__(self, records: queue.Queue[logging.LogRecord | None]) -> None:
        super().__init__()
        self._records = records
        self.lost = 0

    def handle(self, record: logging.LogRecord) -> bool:
        # Overrides the one that takes the handler's lock: the queue has its own.
        self.emit(record)
        return True

    def emit(self, record: logging.LogRecord) -> None:
        try:
            self._records.put_nowait(record)
        except queue.Full:
            self.lost += 1


def _write_all(output: int, text: bytes) -> None:
    left = memoryview(text)
    while left:
        try:
            left = left[os.write(output, left) :]
        except BlockingIOError:  # somebody made the descriptor non-blocking; it is shared
            select.select([], [output], [])


def _lost_record(count: int) -> logging.LogRecord:
    text = "Log lines were lost because the output did not take them"
    record = logging.LogRecord("geostream.log", WARNING, "", 0, text, None, None)
    record.fields = {"lines": count}
    return record


def _time(record: logging.LogRecord) -> str:
    time = datetime.fromtimestamp(record.created, UTC)
    return time.isoformat(timespec="milliseconds").replace("+00:00", "Z")


def _fields(record: logging.LogRecord) -> dict[str, Any]:
    fields: dict[str, Any] = getattr(record, "fields", {})
    return fields


def _word(value: object) -> str:
    text = str(_plain(value))
    is_plain = text and text.isprintable() and not set(text) & set(" \"='")
    return text if is_plain else msgspec.json.encode(text).decode()


def _plain(value: object) -> object:
    """Return what JSON can hold: numbers as they are, the rest as readable text."""
    if value is None or isinstance(value, bool | int | float):
        return value
    if isinstance(value, bytes):
        return value.decode("utf-8", "backslashreplace")
    return str(value).encode("utf-8", "backslashreplace").decode()
