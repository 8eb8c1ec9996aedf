"""The packed form of a segment: its wire and its index, compressed.

Any other form that the content can be made from serves as well, see ``Form``: entries that were
loaded stay as their file has them until somebody reads them (rdb/stored.py).

Entries of one stream are much alike, so Zstandard at its fastest level leaves a tenth to a
third of the wire. The index is told as three columns: how far each time half is from the one
before, the sequence halves, and the length of each entry. The bytes of a column are sorted by
their place in the number, all lowest ones first: then nearly all of it is zeros. Whoever
unpacks adds the differences up again.

Wire and index are compressed apart, so that whoever wants all entries of a segment, which is
what long reads want, unpacks the wire only. Both lie in one bytes object of exactly their
size: what the compressor returns is cut off from something larger, and would leave a gap.

A packed form holds no holes: entry i begins where entry i-1 ends.

Any thread may pack and unpack. Contexts of Zstandard, which serve one caller at a time, are
taken from a list and put back; both are single steps of the interpreter. No loop over entries
runs in Python, because the hub waits for the interpreter meanwhile.
"""

from __future__ import annotations

from array import array
from collections.abc import Iterable
from itertools import accumulate
from operator import sub
from sys import byteorder
from typing import Protocol

from zstandard import ZstdCompressor, ZstdDecompressor

LEVEL = 1  # higher ones take two to ten times as long for a tenth less
PACKED_BYTES = 150  # what a packed form costs beside its bytes, about

#: Times, sequences, starts and ends of entries, and their wire form.
Content = tuple["array[int]", "array[int]", "array[int]", "array[int]", bytes | bytearray]

_COLUMNS = ("Q", "Q", "I")  # time differences, sequences, lengths

_compressors: list[ZstdCompressor] = []
_decompressors: list[ZstdDecompressor] = []


class Form(Protocol):
    """What a segment may hold in place of its content. Never changes."""

    @property
    def size_bytes(self) -> int:
        """What is held."""

    def wire(self) -> bytes | bytearray:
        """Return the wire form of all entries."""

    def content(self) -> Content:
        """Return everything, made anew."""


class Packed:
    """Entries in compressed form."""

    __slots__ = ("_data", "_first_ms", "_index_bytes", "count")

    def __init__(self, content: Content) -> None:
        """Pack entries, at least one, in ID order, which may have holes between them.

        About 0.3 us an entry; the interpreter is free for most of it.
        """
        ms, seq, starts, ends, wire = content
        lengths = array("I", map(sub, ends, starts))
        live_bytes = sum(lengths)
        between = _differences(ms)
        between[0] = 0
        self.count = len(ms)
        self._first_ms = ms[0]
        index = _compress(b"".join(map(_by_place, (between, seq, lengths))))
        if ends[-1] - starts[0] == live_bytes:
            live: bytes | memoryview = memoryview(wire)[starts[0] : ends[-1]]
        else:
            live = b"".join(slices(wire, starts, ends))
        self._index_bytes = len(index)
        self._data = b"".join((index, _compress(live)))

    @property
    def size_bytes(self) -> int:
        """What is held."""
        return PACKED_BYTES + len(self._data)

    def wire(self) -> bytes:
        """Unpack the wire form of all entries."""
        return _decompress(memoryview(self._data)[self._index_bytes :])

    def content(self) -> Content:
        """Unpack everything. About 0.2 us an entry."""
        data = _decompress(memoryview(self._data)[: self._index_bytes])
        columns, at = [], 0
        for code in _COLUMNS:
            column = _numbers(code, data, at, self.count)
            columns.append(column)
            at += column.itemsize * self.count
        between, seq, lengths = columns
        between[0] = self._first_ms
        ends = array("I", accumulate(lengths))
        starts = array("I", (0,))
        starts.extend(ends[:-1])
        return array("Q", accumulate(between)), seq, starts, ends, self.wire()


def slices(
    wire: bytes | bytearray, starts: Iterable[int], ends: Iterable[int]
) -> list[bytes | bytearray]:
    """Return the pieces of wire from each start to its end."""
    return [wire[start:end] for start, end in zip(starts, ends, strict=True)]


def _differences(values: array[int]) -> array[int]:
    """Return ascending values less the one before each; the first stays as it is.

    The bytes of all values are read as one large number, and moved on by one value as another:
    one subtraction does, and no value borrows from the next because none is negative.
    """
    if byteorder != "little":  # the first value is to be the lowest part of the number
        return array(values.typecode, [values[0], *map(sub, values[1:], values)])
    size = values.itemsize
    data = values.tobytes()
    before = int.from_bytes(bytes(size) + data[:-size], "little")
    after = int.from_bytes(data, "little")
    differences = array(values.typecode)
    differences.frombytes((after - before).to_bytes(len(data), "little"))
    return differences


def _by_place(column: array[int]) -> bytes:
    """Return the bytes of all numbers: the first ones, then the second ones, ..."""
    data = column.tobytes()
    return b"".join([data[place :: column.itemsize] for place in range(column.itemsize)])


def _numbers(code: str, data: bytes, at: int, count: int) -> array[int]:
    """Return the numbers whose bytes lie there as ``_by_place`` returned them."""
    column = array(code)
    size = column.itemsize
    mixed = bytearray(size * count)
    for place in range(size):
        mixed[place::size] = data[at + place * count : at + (place + 1) * count]
    column.frombytes(mixed)
    return column


def release_contexts() -> None:
    """Give up the memory, half a megabyte or more, that is kept for packing and unpacking."""
    _compressors.clear()
    _decompressors.clear()


def _compress(data: bytes | memoryview) -> bytes:
    try:
        context = _compressors.pop()
    except IndexError:
        context = ZstdCompressor(level=LEVEL, write_checksum=False, write_dict_id=False)
    compressed = context.compress(data)
    _compressors.append(context)
    return compressed


def _decompress(data: memoryview) -> bytes:
    try:
        context = _decompressors.pop()
    except IndexError:
        context = ZstdDecompressor()
    unpacked = context.decompress(data)
    _decompressors.append(context)
    return unpacked
