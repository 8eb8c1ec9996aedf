"""Entries of one stream, one after the other, on their way from a file into a segment.

Whoever reads a file puts the entries into an ``EntryWriter``: head, words, close. It writes the
wire form that segments keep into a buffer it uses again and again, so an entry costs no object.
What was written comes out as an ``EntryRun``: IDs, ends and wire. Runs of one stream can be put
together, and a run that is long enough becomes a segment.

This is one of the modules that are compiled: see octets.py.
"""

from __future__ import annotations

from array import array
from collections.abc import Iterator, Sequence
from typing import Literal

from msgspec import Struct

from geostream.store import octets
from geostream.store.ids import StreamId
from geostream.store.segment import SEAL_BYTES, SEAL_ENTRIES, Segment
from geostream.store.wire import fields_of

_FULL_ENTRIES = SEAL_ENTRIES
_FULL_BYTES = SEAL_BYTES
_MAX_BYTES = 2**31

_HEAD_BYTES = 80  # of an entry at most: *2, length, ID, number of words
_WORD_BYTES = 24  # around a word at most: $, length, two line ends
NUMBER_BYTES = 32  # of a word that is an integer at most
USUAL_BYTES = SEAL_BYTES + 4096  # that a writer has room for

_PAIRS = bytearray(b"".join(b"%02d" % number for number in range(100)))
_KNOWN = 256  # what stands before fewer bytes or words is made beforehand
_WORD_HEADS = [b"$%d\r\n" % size for size in range(_KNOWN)]
_ARRAY_HEADS = [b"\r\n*%d\r\n" % words for words in range(_KNOWN)]
_ID_HEADS = [b"*2\r\n$%d\r\n" % size for size in range(42)]


class EntryRun:
    """Entries in wire form, IDs ascending: ``wire[ends[i-1]:ends[i]]`` is entry i."""

    __slots__ = ("ends", "ms", "seq", "wire")

    def __init__(self, ms: array[int], seq: array[int], ends: array[int], wire: bytes) -> None:
        """Hold what is given; all of it belongs to the run.

        ms, seq -- halves of the IDs: array("Q"); ends: array("I")
        """
        self.ms = ms
        self.seq = seq
        self.ends = ends
        self.wire = wire

    def __len__(self) -> int:
        return len(self.ms)

    def id_at(self, place: int) -> StreamId:
        """Return the ID of an entry."""
        return (self.ms[place], self.seq[place])

    def entries(self) -> Iterator[bytes]:
        """Yield the wire form of each entry."""
        start = 0
        for end in self.ends:
            yield self.wire[start:end]
            start = end

    def fields(self) -> Iterator[bytes]:
        """Yield the fields of each entry in wire form: *n, field, value, field, value, ..."""
        return map(fields_of, self.entries())

    def since(self, place: int) -> EntryRun:
        """Return the run that begins with the entry at this place. O(bytes)."""
        if not place:
            return self
        start = self.ends[place - 1]
        ends = array("I", [end - start for end in self.ends[place:]])
        return EntryRun(self.ms[place:], self.seq[place:], ends, self.wire[start:])

    def segment(self) -> Segment:
        """Return the entries, at least one, as a segment. O(1), nearly."""
        starts = array("I", (0,))
        starts.extend(self.ends[:-1])
        return Segment((self.ms, self.seq, starts, self.ends, self.wire), len(self.wire))


def joined(runs: Sequence[EntryRun]) -> EntryRun:
    """Return runs of one stream, in order and at least one, as one. O(bytes)."""
    if len(runs) == 1:
        return runs[0]
    ms, seq, ends = array("Q"), array("Q"), array("I")
    for run in runs:
        ms.extend(run.ms)
        seq.extend(run.seq)
        before = ends[-1] if ends else 0
        ends.extend(map(before.__add__, run.ends))
    return EntryRun(ms, seq, ends, b"".join([run.wire for run in runs]))


class Additions(Struct):
    """Commands of a log that add entries to one stream, one after the other: XADD key ID ...

    They stand for themselves: that the stream is there, and that its last ID is below the first
    one's, has yet to be seen.
    """

    db: int
    key: bytes
    run: EntryRun


class IdHeads:
    """Writes entries up to their ID, most of it as for the entry before."""

    def __init__(self) -> None:
        """Know nothing yet."""
        self._prefix = self._prefix_out = bytearray(32)
        self._prefix_bytes = 0
        self._high = 0  # the digits of a time before the last four ...
        self._digits = 0  # ... and how many the sequence had, that the prefix is made for
        self._pairs_out = _PAIRS

    def put(self, out: bytearray, at: int, ms: int, seq: int) -> int:
        """Write what stands before the fields of an entry; return the place behind.

        ms  -- from 10,000 on
        out -- has room for 64 bytes
        """
        high = ms // 10_000  # the last four digits are what changes from entry to entry
        low = ms - high * 10_000
        digits = 1 if seq < 10 else octets.decimal_size(seq)
        if high != self._high or digits != self._digits:
            self._change(high, digits)
        octets.put_32(out, at, self._prefix_out, 0)
        at += self._prefix_bytes
        octets.put(out, at, self._pairs_out, low // 100 * 2, 2)
        octets.put(out, at + 2, self._pairs_out, low % 100 * 2, 2)
        out[at + 4] = 45
        if digits == 1:
            out[at + 5] = 48 + seq
            return at + 6
        return octets.put_decimal(out, at + 5, seq)

    def _change(self, high: int, digits: int) -> None:
        at = octets.put_head(self._prefix_out, 0, 42, 2)
        at = octets.put_head(self._prefix_out, at, 36, octets.decimal_size(high) + 5 + digits)
        self._prefix_bytes = octets.put_decimal(self._prefix_out, at, high)
        self._high, self._digits = high, digits


def put_number(out: bytearray, at: int, value: int) -> int:
    """Write a word up to its line end: the text of an integer of 64 bits, signed.

    There must be room for ``NUMBER_BYTES``.
    """
    sign = 1 if value < 0 else 0
    magnitude = -value if sign else value
    at = octets.put_head(out, at, 36, sign + octets.decimal_size(magnitude))
    if sign:
        out[at] = 45
    return octets.put_decimal(out, at + sign, magnitude)


class EntryWriter:
    """A buffer in which entries are written until they are enough for a segment."""

    def __init__(self) -> None:
        """Start empty, with room for what is usual."""
        self.count = 0
        self.size_bytes = 0  # of what was written
        self._start = 0  # of the entry that is being written
        # What has two names here is known to the compiler by its address too.
        self._ms = self.ms_out = bytearray(8 * _FULL_ENTRIES)
        self._seq = self.seq_out = bytearray(8 * _FULL_ENTRIES)
        self._ends = self.ends_out = bytearray(4 * _FULL_ENTRIES)
        self._buffer = self.out = bytearray(USUAL_BYTES)
        self.room = len(self._buffer)

    def head(self, ms: int, seq: int, words: int) -> None:
        """Begin an entry with this ID and so many words: fields and values."""
        if self.room - self.size_bytes < _HEAD_BYTES:
            self._grow(_HEAD_BYTES)
        at, out = self.size_bytes, self.out
        self._start = at
        octets.put_u64(self.ms_out, self.count, ms)
        octets.put_u64(self.seq_out, self.count, seq)
        size = octets.decimal_size(ms) + 1 + octets.decimal_size(seq)
        text = _ID_HEADS[size]
        at = octets.put(out, at, text, 0, len(text))
        at = octets.put_decimal(out, at, ms)
        out[at] = 45
        at = octets.put_decimal(out, at + 1, seq)
        if words < _KNOWN:
            text = _ARRAY_HEADS[words]
            self.size_bytes = octets.put(out, at, text, 0, len(text))
        else:
            at = octets.put(out, at, b"\r\n*", 0, 3)
            at = octets.put_decimal(out, at, words)
            self.size_bytes = octets.put(out, at, b"\r\n", 0, 2)

    def word(self, data: bytes, start: int, size: int) -> None:
        """Add a word: so many bytes of ``data``, which must be there."""
        if self.room - self.size_bytes < size + _WORD_BYTES:
            self._grow(size + _WORD_BYTES)
        at, out = self.size_bytes, self.out
        if size < _KNOWN:
            text = _WORD_HEADS[size]
            at = octets.put(out, at, text, 0, len(text))
        else:
            out[at] = 36
            at = octets.put_decimal(out, at + 1, size)
            at = octets.put(out, at, b"\r\n", 0, 2)
        at = octets.put(out, at, data, start, size)
        self.size_bytes = octets.put(out, at, b"\r\n", 0, 2)

    def number(self, value: int) -> None:
        """Add a word: the text of an integer of 64 bits, signed."""
        if self.room - self.size_bytes < NUMBER_BYTES:
            self._grow(NUMBER_BYTES)
        at, out = self.size_bytes, self.out
        at = put_number(out, at, value)
        self.size_bytes = octets.put(out, at, b"\r\n", 0, 2)

    def raw(self, data: bytes, start: int, size: int) -> None:
        """Add words that are in wire form already: so many bytes of ``data``."""
        if self.room - self.size_bytes < size:
            self._grow(size)
        self.size_bytes = octets.put(self.out, self.size_bytes, data, start, size)

    def close(self) -> int:
        """End the entry; return its size. Raises OverflowError if it is too large to be kept."""
        size = self.size_bytes - self._start
        if self.size_bytes > _MAX_BYTES:
            raise OverflowError("an entry is too large")
        octets.put_u32(self.ends_out, self.count, self.size_bytes)
        self.count += 1
        return size

    def is_full(self) -> bool:
        """Tell whether it is time to take what was written."""
        return self.count >= _FULL_ENTRIES or self.size_bytes >= _FULL_BYTES

    def take(self) -> EntryRun:
        """Return what was written, and start anew."""
        count = self.count
        run = EntryRun(
            _numbers("Q", self._ms, count),
            _numbers("Q", self._seq, count),
            _numbers("I", self._ends, count),
            bytes(memoryview(self._buffer)[: self.size_bytes]),
        )
        self.clear()
        return run

    def clear(self) -> None:
        """Forget what was written."""
        self.count = self.size_bytes = 0
        if self.room > 8 * SEAL_BYTES:  # what one large entry took is given back
            self._buffer = self.out = bytearray(USUAL_BYTES)
            self.room = len(self._buffer)

    def _grow(self, more_bytes: int) -> None:
        self._buffer += bytes(max(more_bytes, self.room))
        self.out = self._buffer
        self.room = len(self._buffer)


def _numbers(kind: Literal["Q", "I"], buffer: bytearray, count: int) -> array[int]:
    numbers = array(kind)
    numbers.frombytes(memoryview(buffer)[: count * numbers.itemsize])
    return numbers
