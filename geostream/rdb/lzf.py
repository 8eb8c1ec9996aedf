"""LZF, the compression of long strings in RDB.

A block is a sequence of items: up to 32 bytes as they are, or a reference to at most 264 bytes
that were already put out, at most 8192 bytes back. A reference may reach into what it puts out
itself: that is how a run is repeated.

Where the library ``lzf`` (PyPI: python-lzf) is there, it does the work, at 200 MB/s. Ours takes
70 to 300 MB a second where this module is compiled (store/octets.py), and the plain file 3 to
100, the better the data compress the faster. For the plain file's sake only strings are compressed
that shrink well: those in whose beginning at most every fourth place begins a sequence of three
bytes that was not there before. (To ask zlib would take a quarter of a megabyte of memory for each
string, and hold up other threads.) Servers read both. Decompressing takes 600 MB a second or 15.
"""

from __future__ import annotations

from importlib import import_module
from typing import Protocol, cast

from geostream.store import octets

MAX_PLAIN_BYTES = 2**30
MOST_BYTES_PER_BYTE = 88  # three bytes stand for 264 at most
SAVES_BYTES = 4  # less is not worth it
SAMPLE_BYTES = 512  # what is tried first, without the library ...
SAMPLE_SHRINKS = 4  # ... and by how much it must shrink

_WINDOW = 8192
_MARKS = 2**13
_SLOTS = 2**12
_LONGEST = 264


class BadLzf(ValueError):
    """What was compressed is damaged; the text says how."""


class _Library(Protocol):
    """What is used of the library."""

    def compress(self, plain: bytes, most_bytes: int, /) -> bytes | None:
        """Return the packed form, or None if it is longer than that."""

    def decompress(self, packed: bytes, size_bytes: int, /) -> bytes | None:
        """Return the plain form, or None if it is longer; raises ValueError if it is damaged."""


def _find_library() -> _Library | None:
    """Return the library, if it is the one meant: others have its name too."""
    try:
        library: _Library = cast("_Library", import_module("lzf"))
        packed = library.compress(b"a" * 100, 96)
        is_meant = packed is not None and library.decompress(packed, 100) == b"a" * 100
    except (ImportError, AttributeError, TypeError, ValueError):
        return None
    return library if is_meant else None


_library = _find_library()


def decompress(packed: bytes, size_bytes: int) -> bytes:
    """Return the plain form, which must have this size. Raises BadLzf.

    Allocates no more than ``size_bytes``, and that only if so much can come of ``packed``.
    """
    if size_bytes > min(MAX_PLAIN_BYTES, MOST_BYTES_PER_BYTE * len(packed)):
        raise BadLzf("LZF: announces more than it can hold")
    if _library is None or not size_bytes:
        return decompress_in_python(packed, size_bytes)
    try:
        plain = _library.decompress(packed, size_bytes)
    except ValueError:
        raise BadLzf("LZF: damaged") from None
    if plain is None or len(plain) != size_bytes:
        raise BadLzf("LZF: not of the announced length")
    return plain


def compress(plain: bytes) -> bytes | None:
    """Return the packed form, or None if it would not be shorter, or too slow to come by."""
    if _library is not None:
        if len(plain) <= SAVES_BYTES:
            return None
        return _library.compress(plain, len(plain) - SAVES_BYTES)
    if len(plain) > SAMPLE_BYTES and not _shrinks_well(plain[:SAMPLE_BYTES]):
        return None
    packed = compress_in_python(plain)
    return packed if len(packed) <= len(plain) - SAVES_BYTES else None


def decompress_in_python(packed: bytes, size_bytes: int) -> bytes:
    """Return the plain form. Raises BadLzf before anything is allocated, if the size is wrong."""
    found_bytes = plain_size(packed, 0, len(packed))
    if found_bytes < 0:
        raise BadLzf("LZF: a run or a reference is cut off")
    if found_bytes != size_bytes:
        raise BadLzf("LZF: not of the announced length")
    plain = out = bytearray(size_bytes)
    if not put_plain(out, packed, 0, len(packed)):
        raise BadLzf("LZF: refers to what is not there")
    return bytes(plain)


def put_plain(out: bytearray, packed: bytes, at: int, end: int) -> bool:
    """Write the plain form of what lies there; False if it refers to what is not there.

    There must be room for its ``plain_size``, which is no error.
    """
    place = 0
    while at < end:
        control = packed[at]
        if control < 32:
            place = octets.put(out, place, packed, at + 1, control + 1)
            at += control + 2
            continue
        size = control >> 5
        if size == 7:
            at += 1
            size += packed[at]
        size += 2
        distance = ((control & 31) << 8) + packed[at + 1] + 1
        at += 2
        start = place - distance
        if start < 0:
            return False
        while size > distance:  # what is put out is repeated, and twice as much of it each time
            place = octets.put(out, place, out, start, distance)
            size -= distance
            distance *= 2
        place = octets.put(out, place, out, start, size)
    return True


def plain_size(packed: bytes, at: int, end: int) -> int:
    """Return how long the plain form of what lies there is; -1 if an item is cut off."""
    size = 0
    while at < end:
        control = packed[at]
        if control < 32:
            at += control + 2
            size += control + 1
        elif control < 224:
            at += 2
            size += (control >> 5) + 2
        else:
            size += packed[at + 1] + 9 if at + 1 < end else 0
            at += 3
    return size if at == end else -1


def _shrinks_well(sample: bytes) -> bool:
    """Tell whether few places begin three bytes that were not there before, or nearly so."""
    marks = bytearray(_MARKS)
    fresh, at, end = 0, 0, len(sample) - 2
    while at < end:
        mark = (sample[at] << 10 ^ sample[at + 1] << 5 ^ sample[at + 2]) & (_MARKS - 1)
        if not marks[mark]:
            marks[mark] = 1
            fresh += 1
        at += 1
    return fresh * SAMPLE_SHRINKS <= len(sample)


def compress_in_python(plain: bytes) -> bytes:
    """Return the packed form, which may be longer. O(literal bytes + references)."""
    packed = bytearray()
    places = [0] * _SLOTS  # of three bytes that were there, plus 1, by what is made of them
    size = len(plain)
    at = literal = 0  # where we are, and from where on nothing is put out yet
    while at < size - 2:
        word = plain[at] << 16 | plain[at + 1] << 8 | plain[at + 2]
        slot = (word >> 12 ^ word >> 5 ^ word * 3) & (_SLOTS - 1)
        seen = places[slot] - 1
        places[slot] = at + 1
        if seen < 0 or at - seen > _WINDOW or not octets.is_same(plain, at, plain, seen, 3):
            at += 1
            continue
        length = octets.same_size(plain, at, seen, min(size - at, _LONGEST))
        _put_literals(packed, plain, literal, at)
        _put_reference(packed, at - seen - 1, length - 2)
        at += length
        literal = at
    _put_literals(packed, plain, literal, size)
    return bytes(packed)


def _put_literals(packed: bytearray, plain: bytes, start: int, stop: int) -> None:
    while start < stop:
        run = plain[start : min(stop, start + 32)]
        packed.append(len(run) - 1)
        packed += run
        start += 32


def _put_reference(packed: bytearray, offset: int, length: int) -> None:
    if length < 7:
        packed.append(length << 5 | offset >> 8)
    else:
        packed.append(7 << 5 | offset >> 8)
        packed.append(length - 7)
    packed.append(offset & 255)
