"""Lengths and strings, of which everything in RDB is made, and a cursor that reads them.

A length is 1, 2, 5 or 9 bytes, told apart by its first two bits; bytes that begin with two
ones stand for a string in a special form instead: the text of an integer, or packed by LZF.
Whoever reads must be prepared for anything, so the cursor checks each length against what is
left before it takes a slice, and raises ``BadValue`` with the place.

Format: lengths are big endian, integers in strings and times little endian.
"""

from __future__ import annotations

import mmap
from struct import Struct

from geostream.rdb.errors import SHORT, BadValue
from geostream.rdb.lzf import BadLzf, compress, decompress

COMPRESS_FROM_BYTES = 21  # shorter strings are never packed

_I16 = Struct("<h")
_I32 = Struct("<i")
_I64 = Struct("<q")
_ID = Struct(">QQ")
_U32 = Struct(">I")
_U64 = Struct(">Q")

_INT8, _INT16, _INT32, _LZF = 0xC0, 0xC1, 0xC2, 0xC3
_INTEGER_BYTES = {_INT8: 1, _INT16: 2, _INT32: 4}


class Cursor:
    """A place in bytes that moves forward as things are taken."""

    __slots__ = ("at", "data", "end")

    def __init__(self, data: bytes | mmap.mmap, at: int = 0, end: int | None = None) -> None:
        """Stand at a place; nothing from ``end`` on is looked at."""
        self.data = data
        self.at = at
        self.end = len(data) if end is None else end

    def raw(self, size_bytes: int) -> bytes:
        """Take so many bytes."""
        at = self.at
        if size_bytes > self.end - at:
            raise BadValue(at, SHORT)
        self.at = stop = at + size_bytes
        return self.data[at:stop]

    def skip(self, size_bytes: int) -> None:
        """Pass over so many bytes."""
        if size_bytes > self.end - self.at:
            raise BadValue(self.at, SHORT)
        self.at += size_bytes

    def byte(self) -> int:
        """Take one byte."""
        at = self.at
        if at >= self.end:
            raise BadValue(at, SHORT)
        self.at = at + 1
        return self.data[at]

    def i64(self) -> int:
        """Take a signed integer of 8 bytes, little endian: a time."""
        value: int = _I64.unpack(self.raw(8))[0]
        return value

    def raw_id(self) -> tuple[int, int]:
        """Take a stream ID of 16 bytes."""
        ms, seq = _ID.unpack(self.raw(16))
        return ms, seq

    def length_id(self) -> tuple[int, int]:
        """Take a stream ID that is two lengths."""
        return self.length(), self.length()

    def length(self) -> int:
        """Take a length, 0 to 2^64-1."""
        at = self.at
        first = self.byte()
        if first < 0x40:
            return first
        if first < 0x80:
            return (first & 0x3F) << 8 | self.byte()
        if first == 0x80:
            return int.from_bytes(self.raw(4), "big")
        if first == 0x81:
            return int.from_bytes(self.raw(8), "big")
        self.at = at
        raise BadValue(at, f"no length begins with byte {first}")

    def string(self) -> bytes:
        """Take a string in any of its forms. At most 1 GiB comes of a packed one."""
        at = self.at
        if at >= self.end:
            raise BadValue(at, SHORT)
        first = self.data[at]
        if first < 0xC0:
            return self.raw(self.length())
        self.at = at + 1
        if first in _INTEGER_BYTES:
            number = int.from_bytes(self.raw(_INTEGER_BYTES[first]), "little", signed=True)
            return b"%d" % number
        if first == _LZF:
            packed_bytes, plain_bytes = self.length(), self.length()
            try:
                return decompress(self.raw(packed_bytes), plain_bytes)
            except BadLzf as error:
                raise BadValue(at, str(error)) from None
        raise BadValue(at, f"no string begins with byte {first}")

    def skip_string(self) -> None:
        """Pass over a string without a look at what it holds."""
        at = self.at
        if at >= self.end:
            raise BadValue(at, SHORT)
        first = self.data[at]
        if first < 0xC0:
            self.skip(self.length())
            return
        self.at = at + 1
        if first in _INTEGER_BYTES:
            self.skip(_INTEGER_BYTES[first])
        elif first == _LZF:
            packed_bytes = self.length()
            self.length()
            self.skip(packed_bytes)
        else:
            raise BadValue(at, f"no string begins with byte {first}")


def length_bytes(value: int) -> bytes:
    """Return the shortest form of a length, 0 to 2^64-1."""
    if value < 0x40:
        return b"%c" % value
    if value < 0x4000:
        return b"%c%c" % (0x40 | value >> 8, value & 0xFF)
    if value < 2**32:
        return b"\x80" + _U32.pack(value)
    return b"\x81" + _U64.pack(value)


def length_id_bytes(entry_id: tuple[int, int]) -> bytes:
    """Return a stream ID as two lengths."""
    return length_bytes(entry_id[0]) + length_bytes(entry_id[1])


def raw_id_bytes(entry_id: tuple[int, int]) -> bytes:
    """Return a stream ID as 16 bytes."""
    return _ID.pack(*entry_id)


def i64_bytes(value: int) -> bytes:
    """Return a time as 8 bytes."""
    return _I64.pack(value)


def string_bytes(text: bytes, compressing: bool) -> bytes:
    """Return the stored form of a string.

    compressing -- whether long ones are packed, where that helps
    """
    size = len(text)
    if size <= 11 and is_canonical_integer(text):
        number = int(text)
        if -(2**7) <= number < 2**7:
            return b"\xc0" + number.to_bytes(1, "little", signed=True)
        if -(2**15) <= number < 2**15:
            return b"\xc1" + _I16.pack(number)
        if -(2**31) <= number < 2**31:
            return b"\xc2" + _I32.pack(number)
    if compressing and size >= COMPRESS_FROM_BYTES:
        packed = compress(text)
        if packed is not None:
            return b"\xc3" + length_bytes(len(packed)) + length_bytes(size) + packed
    return length_bytes(size) + text


def is_canonical_integer(text: bytes) -> bool:
    """Tell whether this is how an integer is written: no sign but ``-``, no leading zero."""
    digits = text[1:] if text[:1] == b"-" else text
    return digits.isdigit() and (digits[0] != 48 or text == b"0")
