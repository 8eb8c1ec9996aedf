"""Takes an append-only file apart: into commands and lines that begin with ``#``.

Additions to a stream, one after the other, come out as one thing (store/additions.py). The other
commands are read by hiredis, many at a time, from a piece of the file that ends where a line
or an addition may begin. It does not say where in the piece a command ended; but the wire form
of a command follows from its words, so their lengths add up to the place. If no command ends
there (hiredis takes more than that for a request, being made for replies), or hiredis is not
content, the plain reader below reads the command from its beginning and knows exactly what is
wrong where.

Whatever the file says, no more memory is reserved than it has bytes: hiredis is not given a
piece in which a large number of elements is announced.
"""

from __future__ import annotations

import mmap
import re
from collections.abc import Iterator

import hiredis

from geostream.store.additions import AdditionReader
from geostream.store.runs import EntryRun

Data = bytes | mmap.mmap
Run = tuple[bytes, EntryRun]  # the key, and what is added
Item = list[bytes] | bytes | Run  # a command, or a line without its end

PIECE_BYTES = 256 * 2**10
MAX_LINE_BYTES = 64 * 2**10  # of an annotation; real servers stop at 1024

_HASH = ord("#")
_ADDITION = b"\r\n$4\r\nXADD\r\n"
_MIN_WORD_BYTES = 6  # $0, line end, line end
_ANNOUNCES_MUCH = re.compile(rb"[*>~%|][0-9]{4,}\r").search
_NUMBER = re.compile(rb"0|[1-9][0-9]{0,9}").fullmatch
_BEGIN_OF_NUMBER = re.compile(rb"[0-9]{0,10}\r?").fullmatch
_SIZES = [len(b"$%d\r\n\r\n" % length) + length for length in range(4096)]


class BadFormat(Exception):
    """What stands at ``offset`` cannot be in an append-only file."""

    def __init__(self, offset: int, reason: str) -> None:
        super().__init__(reason)
        self.offset = offset
        self.reason = reason


class Torn(BadFormat):
    """The file ends in the middle of what begins, or goes on, at ``offset``."""


class Scanner:
    """Iterate over it, once, to get begin, end and content of each command and line.

    ``one_by_one`` may be changed at any time: whether additions too come as single commands.
    """

    def __init__(self, data: Data, start: int = 0, *, one_by_one: bool = False) -> None:
        """Look at the bytes from ``start`` on."""
        self.one_by_one = one_by_one
        self._data = data
        self._at = start
        self._piece = b""
        self._begin = start  # of the piece
        self._line = -1  # where the next line begins in the piece, at or before ``_at``: unknown
        self._additions = AdditionReader()
        self._reader = hiredis.Reader()

    def __iter__(self) -> Iterator[tuple[int, int, Item]]:
        """Raise Torn or BadFormat after everything that is whole."""
        data, size = self._data, len(self._data)
        while (at := self._at) < size:
            if data[at] == _HASH:
                self._at = end = _line_end(data, at, MAX_LINE_BYTES)
                yield at, end, data[at : end - 1].removesuffix(b"\r")
                continue
            self._look()
            run = None
            if not self.one_by_one:
                run = self._additions.read(self._piece, at - self._begin)
            if run is not None:
                self._at = end = self._begin + self._additions.end
                yield at, end, (self._additions.key, run)
                continue
            yield from self._several()
            if self._at == at:
                words, self._at = read_command(data, at)
                yield at, self._at, words

    def _look(self) -> None:
        """Take the next piece of the file before this one comes to its end."""
        at, stop = self._at, self._begin + len(self._piece)
        if stop - at <= PIECE_BYTES // 4 and stop < len(self._data):
            self._begin, self._line = at, -1
            self._piece = self._data[at : at + PIECE_BYTES]

    def _several(self) -> Iterator[tuple[int, int, Item]]:
        """Yield the commands that hiredis reads from here on."""
        begin = self._begin
        piece = self._piece[self._at - begin : self._stop()]
        if _ANNOUNCES_MUCH(piece) is not None:
            return
        if self._reader.has_data():
            self._reader = hiredis.Reader()
        self._reader.feed(piece)
        start, place, one_by_one = self._at, 0, self.one_by_one
        for words in _commands(self._reader):
            end = place + _wire_size(words)
            if (
                piece[place : place + 1] != b"*"
                or piece[end - 2 : end] != b"\r\n"
                or self.one_by_one is not one_by_one
            ):
                self._reader = hiredis.Reader()
                return
            self._at = start + end
            yield start + place, self._at, words
            place = end

    def _stop(self) -> int:
        """Return where in the piece the next line or addition may begin; its end if none does."""
        piece, at = self._piece, self._at - self._begin
        if self._line <= at:
            found = piece.find(b"\n#", at)
            self._line = len(piece) if found < 0 else found + 1
        if self.one_by_one:
            return self._line
        found = piece.find(_ADDITION, at + len(_ADDITION), self._line)
        begin = piece.rfind(b"*", at + 1, found) if found >= 0 else -1
        return self._line if begin < 0 else begin


def _commands(reader: hiredis.Reader) -> Iterator[list[bytes]]:
    """Yield what hiredis reads as long as it is a command."""
    while True:
        try:
            words = reader.gets()
            if not words or not isinstance(words, list):  # nothing whole left, or no command
                return
            b"".join(words)
        except (hiredis.ProtocolError, TypeError):  # the plain reader will tell what it is
            return
        yield words


def _wire_size(words: list[bytes]) -> int:
    size = len(b"*%d\r\n" % len(words))
    for word in words:
        length = len(word)
        size += _SIZES[length] if length < 4096 else len(b"$%d\r\n\r\n" % length) + length
    return size


def _line_end(data: Data, at: int, max_bytes: int) -> int:
    """Return the place behind a line that begins here."""
    end = data.find(b"\n", at, at + max_bytes)
    if end >= 0:
        return end + 1
    if len(data) - at >= max_bytes:
        raise BadFormat(at, "a line has no end")
    raise Torn(at, "the file ends within a line")


def read_command(data: Data, at: int) -> tuple[list[bytes], int]:
    """Return the command that begins here, and the place behind it. Raises Torn, BadFormat."""
    count, place = _number(data, at, b"*")
    if not count:
        raise BadFormat(at, "a command without words")
    if count * _MIN_WORD_BYTES > len(data) - place:
        raise Torn(place, "more words are announced than the file holds")
    words: list[bytes] = []
    for _ in range(count):
        length, start = _number(data, place, b"$")
        place = start + length + 2
        end_mark = data[start + length : place]
        if place > len(data) and b"\r\n".startswith(end_mark):
            raise Torn(start, "the file ends within a word")
        if end_mark != b"\r\n":
            raise BadFormat(start + length, "a word is longer or shorter than announced")
        words.append(data[start : start + length])
    return words, place


def _number(data: Data, at: int, mark: bytes) -> tuple[int, int]:
    """Return the number in a header and the place behind it."""
    if at >= len(data):
        raise Torn(at, "the file ends within a command")
    header = data[at : at + 13]
    if header[:1] != mark:
        raise BadFormat(at, f"'{mark.decode()}' is expected here, and this is {header[:1]!r}")
    digits, end, _ = header[1:].partition(b"\r\n")
    if end and _NUMBER(digits):
        return int(digits), at + len(digits) + 3
    if at + len(header) == len(data) and _BEGIN_OF_NUMBER(header[1:]):
        raise Torn(at, "the file ends within a number")
    raise BadFormat(at, f"no number behind '{mark.decode()}'")
