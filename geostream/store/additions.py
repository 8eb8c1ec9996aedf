"""Takes additions off a log: XADD after XADD to one stream, which is most of what logs hold.

What stands behind the ID in ``XADD key ID field value ...`` is, byte for byte, what an entry's
wire form has behind its ID. So a command is walked only to see that it is what it seems: that
every length is right and every line ends where it should. Then its fields are copied in one
piece, behind a head that is made from the ID.

Only the plain form is taken: the name in capitals, no options, a full ID in its usual form that
is above the one before. Whatever else stands there, whole or not, is left to whoever reads
commands one by one; nothing is an error here.

This is one of the modules that are compiled: see octets.py.
"""

from __future__ import annotations

from geostream.store import octets
from geostream.store.runs import EntryRun, EntryWriter

_NAME = b"\r\n$4\r\nXADD\r\n$"  # between the number of words and the length of the key
_MOST_DIGITS = 10  # of a length
_MOST_ID_DIGITS = 19  # of half an ID; a number of 20 may be too large


class AdditionReader:
    """Reads runs of additions; ``end`` and ``key`` tell of the last one."""

    def __init__(self) -> None:
        """Have read nothing."""
        self.end = 0  # behind the last command taken
        self.key = b""
        self._writer = EntryWriter()
        self._prefix = b""  # of a command, from behind its number of words to its ID's length
        self._stop = 0  # of the piece
        self._ms = self._seq = 0  # of the last ID taken

    def read(self, piece: bytes, at: int) -> EntryRun | None:
        """Return the additions that begin here, up to a full segment; None if there are none.

        piece -- may end anywhere

        O(bytes).
        """
        self._stop = len(piece)
        if not self._read_prefix(piece, at):
            return None
        writer = self._writer
        writer.clear()
        self._ms = self._seq = 0
        self.end = at
        while not writer.is_full():
            at = self._read_command(piece, at)
            if at < 0:
                break
            self.end = at
        return writer.take() if writer.count else None

    def _read_prefix(self, piece: bytes, at: int) -> bool:
        """Note what all commands of the run have in common; False if none begins here."""
        start = octets.digits_end(piece, at + 1, self._stop)
        if not piece.startswith(_NAME, start):
            return False
        at = start + len(_NAME)
        stop = octets.digits_end(piece, at, self._stop)
        size = self._length(piece, at, stop)
        if size < 0 or stop + size + 5 > self._stop:
            return False
        end = stop + size + 5  # behind the line end behind the key, and a $
        if piece[end - 3 : end] != b"\r\n$":
            return False
        self.key = piece[stop + 2 : end - 3]
        self._prefix = piece[start:end]
        return True

    def _length(self, data: bytes, at: int, stop: int) -> int:
        """Return the number whose digits stand here and end a line; -1 if it is not one."""
        digits = stop - at
        if not 0 < digits <= _MOST_DIGITS or (data[at] == 48 and digits > 1):
            return -1
        return octets.decimal(data, at, stop) if self._ends_line(data, stop) else -1

    def _ends_line(self, data: bytes, at: int) -> bool:
        return at + 1 < self._stop and data[at] == 13 and data[at + 1] == 10

    def _read_command(self, data: bytes, at: int) -> int:
        """Take a command and return the place behind it; -1 if it is not one of the run."""
        if at >= self._stop:
            return -1
        stop = octets.digits_end(data, at + 1, self._stop)
        words = self._length(data, at + 1, stop) if data[at] == 42 else -1
        size = len(self._prefix)
        if (
            words < 5
            or words % 2 == 0
            or self._stop - stop < size
            or not octets.is_same(data, stop, self._prefix, 0, size)
        ):
            return -1
        at = stop + size
        stop = octets.digits_end(data, at, self._stop)
        size = self._length(data, at, stop)
        at = stop + 2
        if size < 3 or not self._read_id(data, at, size):
            return -1
        at += size + 2
        end = self._fields_end(data, at, words - 3)
        if end < 0:
            return -1
        writer = self._writer
        writer.head(self._ms, self._seq, words - 3)
        writer.raw(data, at, end - at)
        writer.close()
        return end

    def _read_id(self, data: bytes, at: int, size: int) -> bool:
        """Take an ID of this size; False if it is not in its usual form and above the last."""
        middle = octets.digits_end(data, at, self._stop)
        if middle >= self._stop or data[middle] != 45:
            return False
        end = octets.digits_end(data, middle + 1, self._stop)
        if end - at != size or not self._ends_line(data, end):
            return False
        if not self._is_half(data, at, middle) or not self._is_half(data, middle + 1, end):
            return False
        ms, seq = octets.decimal(data, at, middle), octets.decimal(data, middle + 1, end)
        if ms < self._ms or (ms == self._ms and seq <= self._seq):
            return False
        self._ms, self._seq = ms, seq
        return True

    def _is_half(self, data: bytes, at: int, stop: int) -> bool:
        return 0 < stop - at <= _MOST_ID_DIGITS and (data[at] != 48 or stop - at == 1)

    def _fields_end(self, data: bytes, at: int, words: int) -> int:
        """Return the place behind so many words; -1 if they are not all there and whole."""
        for _ in range(words):
            if at >= self._stop or data[at] != 36:
                return -1
            stop = octets.digits_end(data, at + 1, self._stop)
            size = self._length(data, at + 1, stop)
            at = stop + size + 2
            if size < 0 or not self._ends_line(data, at):
                return -1
            at += 2
        return at
