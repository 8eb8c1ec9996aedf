"""Listpacks: the flat lists that nodes of a stream are stored as.

Six bytes of header (size and number of elements, little endian), the elements, ``0xff``. An
element says by its first byte how it is stored, and is followed by its own length, written so
that it can be read backwards. A text that is the usual form of an integer is stored as one;
``elements`` gives integers as ``int`` and other text as ``bytes``.

Both directions are loops in Python over every element of every entry, so the two forms nearly
all elements have, small integers and short text, come first in them, and the rest goes
through tables and functions.
"""

from __future__ import annotations

from collections.abc import Sequence
from struct import Struct
from typing import Final

from geostream.rdb.strings import is_canonical_integer

HEADER_BYTES: Final = 6
MAX_BYTES: Final = 2**30  # of a node
_UNCOUNTED: Final = 65535  # in place of the number of elements, from that number on

_HEADER = Struct("<IH")
_U32 = Struct("<I")
_I16 = Struct("<h")
_I32 = Struct("<i")
_I64 = Struct("<q")

_WIDE_INTEGERS = {0xF1: 2, 0xF2: 3, 0xF3: 4, 0xF4: 8}  # first byte: bytes that follow
_SHORT_TEXT = 64  # shorter than this has one byte in front and one behind
_LONG_TEXT = 4096  # from this on the length takes four bytes

Element = int | bytes


class BadListpack(ValueError):
    """Bytes that are no listpack; the text says why."""


# One loop and no calls in it: this is where loading spends most of its time.
def elements(blob: bytes) -> list[Element]:  # noqa: C901
    """Return what a listpack holds. Raises BadListpack. O(bytes); every length is checked."""
    size = len(blob)
    if not HEADER_BYTES < size <= MAX_BYTES:
        raise BadListpack("a listpack is cut off or too long")
    total, count = _HEADER.unpack_from(blob)
    if total != size or blob[-1] != 0xFF:
        raise BadListpack("a listpack's size or end is wrong")
    found: list[Element] = []
    append = found.append
    at, end = HEADER_BYTES, size - 1
    try:
        while at < end:
            first = blob[at]
            if first < 0x80:  # 0 to 127
                append(first)
                if blob[at + 1] != 1:
                    raise BadListpack("an element's length is wrong")
                at += 2
            elif first < 0xC0:  # up to 63 bytes of text
                stop = at + first - 0x7F
                append(blob[at + 1 : stop])
                if blob[stop] != first - 0x7F:
                    raise BadListpack("an element's length is wrong")
                at = stop + 1
            elif first < 0xE0:  # -4096 to 4095
                number = (first & 31) << 8 | blob[at + 1]
                append(number if number < 4096 else number - 8192)
                if blob[at + 2] != 2:
                    raise BadListpack("an element's length is wrong")
                at += 3
            else:
                element, at = _wide_element(blob, at, first)
                append(element)
    except IndexError:
        raise BadListpack("an element is cut off") from None
    if at != end or count not in (len(found), _UNCOUNTED):
        raise BadListpack("a listpack's number of elements or its last one is wrong")
    return found


def _wide_element(blob: bytes, at: int, first: int) -> tuple[Element, int]:
    """Return an element and where the next one begins. Raises IndexError where it is cut off."""
    if first in _WIDE_INTEGERS:
        start, stop = at + 1, at + 1 + _WIDE_INTEGERS[first]
    elif first < 0xF0:
        start = at + 2
        stop = start + ((first & 15) << 8 | blob[at + 1])
    elif first == 0xF0:
        start = at + 5
        if start > len(blob):
            raise BadListpack("an element is cut off")
        stop = start + int.from_bytes(blob[at + 1 : start], "little")
    else:
        raise BadListpack(f"no element begins with byte {first}")
    if stop >= len(blob):
        raise BadListpack("an element is cut off")
    behind = backlen(stop - at)
    following = stop + len(behind)
    if blob[stop:following] != behind:
        raise BadListpack("an element's length is wrong")
    body = blob[start:stop]
    if first > 0xF0:
        return int.from_bytes(body, "little", signed=True), following
    return body, following


def backlen(size: int) -> bytes:
    """Return the length of an element as it stands behind it."""
    if size < 128:
        return b"%c" % size
    groups = [size & 127 | 128]
    size >>= 7
    while size >= 128:
        groups.append(size & 127 | 128)
        size >>= 7
    groups.append(size)
    return bytes(reversed(groups))


def _wide_integer(value: int) -> bytes:
    if -(2**15) <= value < 2**15:
        return b"\xf1" + _I16.pack(value) + b"\x03"
    if -(2**23) <= value < 2**23:
        return b"\xf2" + value.to_bytes(3, "little", signed=True) + b"\x04"
    if -(2**31) <= value < 2**31:
        return b"\xf3" + _I32.pack(value) + b"\x05"
    return b"\xf4" + _I64.pack(value) + b"\x09"


def _small_integer(value: int) -> bytes:
    if value >= 0 and value < 128:
        return b"%c\x01" % value
    value &= 8191
    return b"%c%c\x02" % (0xC0 | value >> 8, value & 255)


#: The elements of integers that take no more than three bytes.
SMALL: Final = {value: _small_integer(value) for value in range(-4096, 4096)}
_SMALL_BY_TEXT = {b"%d" % value: element for value, element in SMALL.items()}
_HEADS = tuple(b"%c" % (0x80 | size) for size in range(_SHORT_TEXT))
_TAILS = tuple(b"%c" % (size + 1) for size in range(_SHORT_TEXT))


def integer_element(value: int) -> bytes:
    """Return the shortest element for an integer of 64 bits, signed."""
    return SMALL.get(value) or _wide_integer(value)


def text_element(text: bytes) -> bytes:
    """Return the shortest element for a text."""
    size = len(text)
    if size < _SHORT_TEXT:
        if 0 < size <= 20 and is_canonical_integer(text):
            value = int(text)
            if -(2**63) <= value < 2**63:
                return SMALL.get(value) or _wide_integer(value)
        return _HEADS[size] + text + _TAILS[size]
    if size < _LONG_TEXT:
        head = b"%c%c" % (0xE0 | size >> 8, size & 255)
    else:
        head = b"\xf0" + _U32.pack(size)
    return head + text + backlen(len(head) + size)


def text_elements(texts: Sequence[bytes]) -> list[bytes]:
    """Return the shortest element for each text."""
    return [
        _HEADS[len(text)] + text + _TAILS[len(text)]
        if len(text) < _SHORT_TEXT and not text.isdigit() and text[:1] != b"-"
        else _SMALL_BY_TEXT.get(text) or text_element(text)
        for text in texts
    ]


def listpack(parts: list[bytes], count: int) -> bytes:
    """Return a listpack of so many elements, which ``parts`` hold one after the other."""
    size = HEADER_BYTES + sum(map(len, parts)) + 1
    return b"".join((_HEADER.pack(size, min(count, _UNCOUNTED)), *parts, b"\xff"))
