"""Listpacks: the flat lists that nodes of a stream are stored as.

Six bytes of header (size and number of elements, little endian), the elements, ``0xff``. An
element says by its first byte how it is stored, and is followed by its own length, written so
that it can be read backwards. A text that is the usual form of an integer is stored as one.

Most of what loading and saving take is spent here and in node_reader.py and node_writer.py, so
these are functions over bytes and places in them that make no objects: all four are among the
modules that are compiled (store/octets.py). Reading, every length is checked before it is used:
``element_end`` comes first, and the others may trust what it let pass.
"""

from __future__ import annotations

from struct import Struct
from typing import Final

from geostream.store import octets

HEADER_BYTES: Final = 6
MAX_BYTES: Final = 2**30  # of a node
UNCOUNTED: Final = 65535  # in place of the number of elements, from that number on


_HEADER = Struct("<IH")

_CUT_OFF, _WRONG_LENGTH, _NO_ELEMENT = -1, -2, -3  # in place of where an element ends
_TOLD = {_CUT_OFF: "an element is cut off", _WRONG_LENGTH: "an element's length is wrong"}


class BadListpack(ValueError):
    """Bytes that are no listpack; the text says why."""


# Reading


def check_frame(blob: bytes) -> int:
    """Return the number of elements a listpack announces. Raises BadListpack."""
    size = len(blob)
    if not HEADER_BYTES < size <= MAX_BYTES:
        raise BadListpack("a listpack is cut off or too long")
    if _u32(blob, 0) != size or blob[size - 1] != 0xFF:
        raise BadListpack("a listpack's size or end is wrong")
    return octets.little(blob, 4, 2) & 0xFFFF


def element_end(data: bytes, at: int, end: int) -> int:
    """Return the place behind an element, its own length and all.

    data -- in which all up to ``end`` may be looked at, and one byte more
    at   -- where the element begins, below ``end``

    Raises BadListpack if it is none, or reaches behind ``end``.
    """
    found = end_of(data, at, end)
    if found < 0:
        raise BadListpack(_TOLD.get(found) or f"no element begins with byte {data[at]}")
    return found


def end_of(data: bytes, at: int, end: int) -> int:
    """Return the same as ``element_end``; a number below zero instead of an error."""
    first = data[at]
    if first < 0x80:
        size = 1
    elif first < 0xC0:
        size = first - 0x7F
    elif first < 0xE0:
        size = 2
    else:
        size = _wide_size(data, at, end)
        if size < 0:
            return size
    at += size
    if at >= end:
        return _CUT_OFF
    if size < 128:
        return at + 1 if data[at] == size else _WRONG_LENGTH
    return _backlen_end(data, at, end, size)


def _wide_size(data: bytes, at: int, end: int) -> int:
    """Return the size of an element in one of the rarer forms."""
    first = data[at]
    if first < 0xF0:
        return 2 + ((first & 15) << 8 | data[at + 1])
    if first == 0xF0:
        if end - at < 5:
            return _CUT_OFF
        return 5 + _u32(data, at + 1)
    if first < 0xF4:
        return first - 0xEE
    if first == 0xF4:
        return 9
    return _NO_ELEMENT


def _u32(data: bytes, at: int) -> int:
    return (octets.little(data, at + 2, 2) & 0xFFFF) << 16 | octets.little(data, at, 2) & 0xFFFF


def _backlen_end(data: bytes, at: int, end: int, size: int) -> int:
    """Return the place behind an element's own length, which stands here if it is right."""
    shift = 0
    while size >> shift >= 128:
        shift += 7
    if end - at <= shift // 7:
        return _CUT_OFF
    more = 0
    while shift >= 0:
        if data[at] != (size >> shift & 127 | more):
            return _WRONG_LENGTH
        at += 1
        shift -= 7
        more = 128
    return at


def is_text(data: bytes, at: int) -> bool:
    """Tell whether the element here is text; else it is an integer."""
    first = data[at]
    return 0x80 <= first < 0xC0 or 0xE0 <= first <= 0xF0


def text_start(data: bytes, at: int) -> int:
    """Return where the text of the element here begins."""
    first = data[at]
    if first < 0xC0:
        return at + 1
    return at + 2 if first < 0xF0 else at + 5


def text_size(data: bytes, at: int) -> int:
    """Return how long the text of the element here is."""
    first = data[at]
    if first < 0xC0:
        return first - 0x80
    if first < 0xF0:
        return (first & 15) << 8 | data[at + 1]
    return _u32(data, at + 1)


def integer(data: bytes, at: int) -> int:
    """Return the integer of the element here, of 64 bits, signed."""
    first = data[at]
    if first < 0x80:
        return first
    if first < 0xE0:
        value = (first & 31) << 8 | data[at + 1]
        return value if value < 4096 else value - 8192
    return octets.little(data, at + 1, 8 if first == 0xF4 else first - 0xEF)


# Writing


def put_integer(out: bytearray, at: int, value: int) -> int:
    """Write the shortest element for an integer of 64 bits, signed; return the place behind.

    There must be room for 10 bytes.
    """
    if 0 <= value < 128:
        out[at] = value
        out[at + 1] = 1
        return at + 2
    if -4096 <= value < 4096:
        value &= 8191
        out[at] = 0xC0 | value >> 8
        out[at + 1] = value & 255
        out[at + 2] = 2
        return at + 3
    if -1 <= value >> 15 <= 0:
        form, size = 0xF1, 2
    elif -1 <= value >> 23 <= 0:
        form, size = 0xF2, 3
    elif -1 <= value >> 31 <= 0:
        form, size = 0xF3, 4
    else:
        form, size = 0xF4, 8
    out[at] = form
    at = octets.put_little(out, at + 1, value, size)
    out[at] = size + 1
    return at + 1


def put_text(out: bytearray, at: int, data: bytes, start: int, size: int) -> int:
    """Write the shortest element for a text, so many bytes of ``data``; return the place behind.

    There must be room for 10 bytes more than the text has.
    """
    if 0 < size <= 20 and data[start + size - 1] < 58 and _is_integer(data, start, size):
        if data[start] == 45:
            return put_integer(out, at, -octets.decimal(data, start + 1, start + size))
        return put_integer(out, at, octets.decimal(data, start, start + size))
    if size < 64:
        out[at] = 0x80 | size
        at = octets.put(out, at + 1, data, start, size)
        out[at] = size + 1
        return at + 1
    if size < 4096:
        out[at] = 0xE0 | size >> 8
        out[at + 1] = size & 255
        at = octets.put(out, at + 2, data, start, size)
        return put_backlen(out, at, size + 2)
    out[at] = 0xF0
    octets.put_little(out, at + 1, size, 4)
    at = octets.put(out, at + 5, data, start, size)
    return put_backlen(out, at, size + 5)


def _is_integer(data: bytes, start: int, size: int) -> bool:
    """Tell whether a text of at most 20 bytes is the usual form of an integer of 64 bits."""
    end = start + size
    digits = start + 1 if data[start] == 45 else start
    count = end - digits
    if count == 0 or count > 19 or (data[digits] == 48 and size > 1):
        return False
    if octets.digits_end(data, digits, end) != end:
        return False
    return count < 19 or octets.decimal(data, digits, end) - (digits - start) >> 63 == 0


def put_backlen(out: bytearray, at: int, size: int) -> int:
    """Write the length of an element as it stands behind it; return the place behind."""
    shift = 0
    while size >> shift >= 128:
        shift += 7
    more = 0
    while shift >= 0:
        out[at] = size >> shift & 127 | more
        at += 1
        shift -= 7
        more = 128
    return at


def put_header(out: bytearray, size: int, count: int) -> None:
    """Write the header of a listpack of so many bytes and elements at the beginning."""
    _HEADER.pack_into(out, 0, size, min(count, UNCOUNTED))
