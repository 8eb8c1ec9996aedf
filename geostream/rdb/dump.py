"""DUMP payloads: one value, the RDB version it is written in, and a checksum.

``type byte, value, version (2 bytes little endian), CRC-64 (8 bytes little endian)``. A payload
is what clients hand us, so RESTORE reads it as it reads everything: checked in full.
"""

from __future__ import annotations

from struct import Struct

from geostream.rdb.crc import crc64
from geostream.rdb.errors import BadValue, BadVersion
from geostream.rdb.skip import skip_module_data
from geostream.rdb.stream_reader import read_stream
from geostream.rdb.stream_types import STREAM_TYPES, TYPE_OF_VERSION
from geostream.rdb.stream_writer import Losses, stream_pieces
from geostream.rdb.strings import Cursor, string_bytes
from geostream.store.images import StreamImage

STRING_TYPE = 0
_KEY_META = 0xF3
_VALKEY_VERSION = 80
_NEWEST_VERSION = max(TYPE_OF_VERSION)
_FOOTER = Struct("<HQ")


def dump_value(
    value: bytes | StreamImage,
    version: int = 11,
    compress: bool = True,
    losses: Losses | None = None,
) -> bytes:
    """Return the payload of a value. O(its size).

    version -- 9 to 14: which RDB it is for, and so which type of stream is written
    losses  -- counts what that type cannot hold, if given
    """
    if isinstance(value, bytes):
        body = bytes((STRING_TYPE,)) + string_bytes(value, compress)
    else:
        kind = TYPE_OF_VERSION[version]
        body = bytes((kind,)) + b"".join(stream_pieces(value, kind, compress, losses))
    body += version.to_bytes(2, "little")
    return body + crc64(body).to_bytes(8, "little")


def restore_value(payload: bytes) -> bytes | StreamImage:
    """Return the value of a payload. O(its size).

    Raises BadVersion if the version is none we know or the checksum is wrong (0 is no checksum),
    and BadValue if the value cannot be read or is of a type we do not have. Bytes between value
    and footer do no harm, as in Redis.
    """
    end = len(payload) - _FOOTER.size
    if end < 0:
        raise BadVersion("shorter than its footer")
    version, checksum = _FOOTER.unpack_from(payload, end)
    if not 1 <= version <= _NEWEST_VERSION and version != _VALKEY_VERSION:
        raise BadVersion(f"RDB version {version}")
    if checksum and checksum != crc64(memoryview(payload)[: end + 2]):
        raise BadVersion("wrong checksum")
    cursor = Cursor(payload, 0, end)
    kind = cursor.byte()
    if kind == _KEY_META and version != _VALKEY_VERSION:
        skip_key_meta(cursor)
        kind = cursor.byte()
    if kind == STRING_TYPE:
        return cursor.string()
    if kind in STREAM_TYPES:
        return read_stream(cursor, kind)
    raise BadValue(0, f"values of type {kind} are not supported")


def skip_key_meta(cursor: Cursor) -> None:
    """Pass over what modules attached to a key. Raises BadValue."""
    for _ in range(cursor.length()):
        cursor.skip(4)
        skip_module_data(cursor)
