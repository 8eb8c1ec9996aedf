"""LZF, the compression of long strings in RDB.

A block is a sequence of items: up to 32 bytes as they are, or a reference to at most 264 bytes
that were already put out, at most 8192 bytes back. A reference may reach into what it puts out
itself: that is how a run is repeated.

Where the library ``lzf`` (PyPI: python-lzf) is there, it does the work, at 200 MB/s. Ours costs
by literal byte and by reference: 1 to 100 MB/s, the better the data compress the faster. The
20 MB of a million small entries would take it 15 s to bring down to 12, so without the library
only strings are compressed that shrink well: those in whose beginning at most every fourth place
begins a sequence of three bytes that was not there before. (To ask zlib would take a quarter of a
megabyte of memory for each string, and hold up other threads.) Servers read both. Decompressing
those 12 MB takes ours 3 s.
"""

from __future__ import annotations

from importlib import import_module
from typing import Protocol, cast

MAX_PLAIN_BYTES = 2**30
MOST_BYTES_PER_BYTE = 88  # three bytes stand for 264 at most
SAVES_BYTES = 4  # less is not worth it
SAMPLE_BYTES = 512  # what is tried first, without the library ...
SAMPLE_SHRINKS = 4  # ... and by how much it must shrink

_WINDOW = 8192
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
    """Return the plain form. Raises BadLzf. Stops soon after ``size_bytes``."""
    plain = bytearray()
    at, end = 0, len(packed)
    try:
        while at < end:
            control = packed[at]
            if control < 32:
                stop = at + control + 2
                if stop > end:
                    raise BadLzf("LZF: a run ends behind the data")
                plain += packed[at + 1 : stop]
                at = stop
                continue
            length = control >> 5
            if length == 7:
                at += 1
                length += packed[at]
            length += 2
            distance = ((control & 31) << 8) + packed[at + 1] + 1
            at += 2
            start = len(plain) - distance
            if start < 0:
                raise BadLzf("LZF: refers to what is not there")
            if length <= distance:
                plain += plain[start : start + length]
            else:
                plain += (plain[start:] * (length // distance + 1))[:length]
            if len(plain) > size_bytes:
                break
    except IndexError:
        raise BadLzf("LZF: a reference is cut off") from None
    if len(plain) != size_bytes:
        raise BadLzf("LZF: not of the announced length")
    return bytes(plain)


def _shrinks_well(sample: bytes) -> bool:
    sequences = set(zip(sample, sample[1:], sample[2:], strict=False))
    return len(sequences) * SAMPLE_SHRINKS <= len(sample)


def compress_in_python(plain: bytes) -> bytes:
    """Return the packed form, which may be longer. O(literal bytes + references)."""
    packed = bytearray()
    places: dict[bytes, int] = {}
    size = len(plain)
    at = literal = 0  # where we are, and from where on nothing is put out yet
    while at < size - 2:
        word = plain[at : at + 3]
        seen = places.get(word)
        places[word] = at
        if seen is None or at - seen > _WINDOW:
            at += 1
            continue
        length = _match_length(plain, seen, at, min(size - at, _LONGEST))
        _put_literals(packed, plain, literal, at)
        _put_reference(packed, at - seen - 1, length - 2)
        at += length
        literal = at
    _put_literals(packed, plain, literal, size)
    return bytes(packed)


def _match_length(plain: bytes, seen: int, at: int, most: int) -> int:
    """Return how many bytes are the same at both places, ``most`` at the utmost."""
    if plain[seen : seen + most] == plain[at : at + most]:
        return most
    low, step = 3, 4
    while step:  # doubles while it fits, then halves
        if (
            low + step <= most
            and plain[seen + low : seen + low + step] == plain[at + low : at + low + step]
        ):
            low += step
            step *= 2
        else:
            step //= 2
    return low


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
