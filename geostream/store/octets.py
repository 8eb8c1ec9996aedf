"""Bytes in a buffer: the few steps that loops over entries and elements are made of.

Those loops (rdb/node_reader.py, rdb/node_writer.py, store/runs.py and the walk through a log)
are compiled where a C compiler was there. What costs one machine instruction or one call of the
C library in C must not make objects then, so these steps alone are there twice: here for the
interpreter, in ``octets.pxd`` for the compiler. Nothing is decided in them, and no bounds are
checked: whoever calls has looked. ``data`` is bytes, ``out`` a bytearray; positions are in bytes.
"""

from __future__ import annotations

from re import compile as compiled
from struct import Struct

_U64 = Struct("@Q")
_U32 = Struct("@I")
_DIGITS = compiled(rb"[0-9]*")
_ESCAPED = b"\n\r\t"
_ESCAPABLE = compiled(rb'[\n\r\t"\\]')
_ESCAPES = {b"\n": b"\\n", b"\r": b"\\r", b"\t": b"\\t", b'"': b'\\"', b"\\": b"\\\\"}


def put(out: bytearray, at: int, data: bytes | bytearray, start: int, size: int) -> int:
    """Copy so many bytes of ``data`` to a place; return the place behind."""
    out[at : at + size] = data[start : start + size]
    return at + size


def put_32(out: bytearray, at: int, data: bytes | bytearray, start: int) -> None:
    """Copy 32 bytes to a place, in less time than a size that is not known before."""
    out[at : at + 32] = data[start : start + 32]


def is_same(data: bytes, at: int, other: bytes, start: int, size: int) -> bool:
    """Tell whether so many bytes are the same at both places."""
    return data[at : at + size] == other[start : start + size]


def part(data: bytes, at: int, end: int) -> bytes:
    """Return the bytes from a place to another."""
    return data[at:end]


def array_of(data: bytes) -> bytearray:
    """Return a copy that can be changed."""
    return bytearray(data)


def place_of(data: bytes, at: int, end: int, one: int) -> int:
    """Return the first place from ``at`` on that has this byte; ``end`` if none has."""
    found = data.find(one, at, end)
    return found if found >= 0 else end


def same_size(data: bytes, at: int, other: int, most: int) -> int:
    """Return how many bytes are the same from two places on, ``most`` at the utmost."""
    if data[at : at + most] == data[other : other + most]:
        return most
    same, step = 0, 4
    while step:  # doubles while it fits, then halves
        end = same + step
        if end <= most and data[at + same : at + end] == data[other + same : other + end]:
            same = end
            step *= 2
        else:
            step //= 2
    return same


def put_json(out: bytearray, at: int, data: bytes, start: int, size: int) -> int:
    """Write bytes as they stand between the quotes of a JSON string; return the place behind.

    That is -1, and anything may be written, if there are characters that JSON writes as numbers.
    """
    text = data[start : start + size].translate(None, _ESCAPED)
    if text and min(text) < 32:
        return -1
    text = _ESCAPABLE.sub(lambda found: _ESCAPES[found[0]], data[start : start + size])
    return put(out, at, text, 0, len(text))


def text(data: bytearray, at: int, end: int) -> str:
    """Return the UTF-8 from a place to another as text. Raises UnicodeDecodeError."""
    return data[at:end].decode()


def put_decimal(out: bytearray, at: int, value: int) -> int:
    """Write a number, 0 to 2^64-1, as text; return the place behind."""
    text = b"%d" % value
    out[at : at + len(text)] = text
    return at + len(text)


def put_head(out: bytearray, at: int, mark: int, number: int) -> int:
    """Write a line of RESP, a mark and a number from 0 up; return the place behind."""
    head = b"%c%d\r\n" % (mark, number)
    return put(out, at, head, 0, len(head))


def put_line(out: bytearray, at: int, text: bytes) -> int:
    """Write bytes and a line end; return the place behind."""
    return put(out, at, text + b"\r\n", 0, len(text) + 2)


def decimal_size(value: int) -> int:
    """Return how many digits a number from 0 to 2^64-1 has."""
    return len(str(value))


def digits_end(data: bytes, at: int, end: int) -> int:
    """Return the place behind the digits that stand here; none do from ``end`` on."""
    found = _DIGITS.match(data, at, end) if at < end else None
    return found.end() if found else at


def decimal(data: bytes, at: int, end: int) -> int:
    """Return the number whose digits stand here, modulo 2^64; 0 if there are none."""
    return int(data[at:end] or b"0") % 2**64


def id_dash(text: bytes) -> int:
    """Return the place of the dash between two numbers of 1 to 19 digits each; -1: not all."""
    ms, _, seq = text.partition(b"-")
    if ms.isdigit() and len(ms) < 20 and (seq.isdigit() and len(seq) < 20):
        return len(ms)
    return -1


def id_halves(text: bytes) -> tuple[int, int] | None:
    """Return the two numbers, of 1 to 19 digits each, around a dash; None if that is not all."""
    dash = id_dash(text)
    return (int(text[:dash]), int(text[dash + 1 :])) if dash > 0 else None


def id_text(ms: int, seq: int) -> bytes:
    """Return the two numbers with a dash between them."""
    return b"%d-%d" % (ms, seq)


def small_number(text: bytes) -> int:
    """Return the number of 1 to 18 digits, no zero leading, that this is; else -1."""
    if text.isdigit() and len(text) < 19 and (text[0] != 48 or len(text) == 1):
        return int(text)
    return -1


def little(data: bytes, at: int, size: int) -> int:
    """Return a signed integer of 1 to 8 bytes, little endian."""
    return int.from_bytes(data[at : at + size], "little", signed=True)


def big(data: bytes, at: int) -> int:
    """Return an unsigned integer of 8 bytes, big endian."""
    return int.from_bytes(data[at : at + 8], "big")


def put_little(out: bytearray, at: int, value: int, size: int) -> int:
    """Write a signed integer of 1 to 8 bytes, little endian; return the place behind."""
    out[at : at + size] = value.to_bytes(size, "little", signed=True)
    return at + size


def put_u64(out: bytearray, place: int, value: int) -> None:
    """Write the item of an ``array("Q")`` at this place."""
    _U64.pack_into(out, 8 * place, value)


def u32_at(data: bytearray, place: int) -> int:
    """Return the item of an ``array("I")`` at this place."""
    value: int = _U32.unpack_from(data, 4 * place)[0]
    return value


def put_u32(out: bytearray, place: int, value: int) -> None:
    """Write the item of an ``array("I")`` at this place."""
    _U32.pack_into(out, 4 * place, value)


def difference(one: int, other: int) -> int:
    """Return what leads from the other number to the one, modulo 2^64, as a signed integer."""
    steps = one - other & 2**64 - 1
    return steps - 2**64 if steps >> 63 else steps
