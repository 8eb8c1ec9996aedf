"""The wire form of an entry, in which it is kept and sent; the same in RESP2 and RESP3::

    *2\\r\\n $3\\r\\n5-1\\r\\n *2\\r\\n $1\\r\\nf\\r\\n $1\\r\\nv\\r\\n

An array of the ID and an array of field, value, field, value, ... What stands between the
texts is looked up in tables, and one join makes the whole; a short entry is written into a buffer
step by step, where that is compiled and so the faster of the two.
"""

from __future__ import annotations

from types import FunctionType
from typing import Any

import hiredis

from geostream.store import octets

_SMALL = 1024
_HEAD = b"*2\r\n$"
_ID_HEADS = [b"*2\r\n$%d\r\n" % length for length in range(42)]  # by length of the ID
_FIELDS_HEADS = [b"\r\n*%d" % count for count in range(_SMALL)]
_TEXT_HEADS = [b"\r\n$%d\r\n" % length for length in range(_SMALL)]
_END = b"\r\n"

_COPY = bytearray(_SMALL)  # nothing switches before what is put there is copied out
_ID_ROOM_BYTES = 64  # what an entry takes beside its fields, or more
_HEAD_ROOM_BYTES = 8  # what a short text takes beside itself, or more


def pack_entry(shown_id: bytes, fields: list[bytes], payload: int = -1) -> bytes:
    """Return an entry in wire form.

    shown_id -- the ID as clients see it
    fields   -- field, value, field, value, ...
    payload  -- how long these are together, where that is known
    """
    count = len(fields)
    if payload < 0:
        payload = payload_bytes(fields)
    if payload + _HEAD_ROOM_BYTES * count + _ID_ROOM_BYTES <= _MOST_COPIED_BYTES:
        return _copied(shown_id, fields)
    pieces = [
        _ID_HEADS[len(shown_id)],
        shown_id,
        _FIELDS_HEADS[count] if count < _SMALL else b"\r\n*%d" % count,
    ]
    for text in fields:
        length = len(text)
        pieces.append(_TEXT_HEADS[length] if length < _SMALL else b"\r\n$%d\r\n" % length)
        pieces.append(text)
    pieces.append(_END)
    return b"".join(pieces)


def payload_bytes(fields: list[bytes]) -> int:
    """Return how long fields and values are together."""
    size = 0
    for text in fields:
        size += len(text)
    return size


def _copied(shown_id: bytes, fields: list[bytes]) -> bytes:
    """Return a short entry: see ``pack_entry``."""
    out: Any = _COPY
    at = octets.put_head(out, octets.put_head(out, 0, 42, 2), 36, len(shown_id))
    at = octets.put_line(out, at, shown_id)
    at = octets.put_head(out, at, 42, len(fields))
    for text in fields:
        at = octets.put_head(out, at, 36, len(text))
        at = octets.put_line(out, at, text)
    return octets.part(out, 0, at)


def fields_of(entry: bytes) -> bytes:
    """Return the part of an entry that is a RESP array of field, value, field, value, ..."""
    return entry[entry.index(b"*", len(_HEAD)) :]


def unpack_fields(fields: bytes | bytearray) -> list[bytes]:
    """Return field, value, field, value, ... of their RESP array."""
    reader = hiredis.Reader()
    reader.feed(bytes(fields))
    unpacked: list[bytes] = reader.gets()
    return unpacked


def unpack_entry(entry: bytes | bytearray) -> list[bytes]:
    """Return field, value, field, value, ... of an entry."""
    reader = hiredis.Reader()
    reader.feed(bytes(entry))
    unpacked: Any = reader.gets()
    fields: list[bytes] = unpacked[1]
    return fields


#: Not above the room there is; in plain Python nothing is copied byte by byte.
_MOST_COPIED_BYTES = 0 if isinstance(_copied, FunctionType) else _SMALL
