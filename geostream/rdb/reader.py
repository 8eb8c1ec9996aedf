"""RDB files, read: what they hold as effects on an empty keyspace.

A file is a magic word with the version, then records that begin with one byte, up to an end
mark and a checksum. Records have no length, so a byte that is not known ends the reading, with
the place and the key before it; types of values that are known but not kept here are passed
over and counted. The checksum comes last: whoever iterates must take everything before the data
is put to use, and drop it all on an error.

Redis' files and Valkey's differ in the magic word, in type 22 and in record 243.
"""

from __future__ import annotations

import mmap
from collections.abc import Iterator
from typing import Final

from geostream.rdb.crc import crc64
from geostream.rdb.dump import STRING_TYPE, skip_key_meta
from geostream.rdb.errors import BadRdb, BadValue
from geostream.rdb.skip import is_skippable, skip_module_data, skip_value
from geostream.rdb.stream_reader import read_stream
from geostream.rdb.stream_types import STREAM_TYPES
from geostream.rdb.strings import Cursor
from geostream.store.effects import Effect, ExpirySet, StreamRestored, StringSet

NEWEST_VERSION: Final = 15
VALKEY_VERSION: Final = 80
CRC_FROM_VERSION: Final = 5
SKIPPED_KEYS_SHOWN: Final = 20

_MAGIC_BYTES = 9
_CRC_CHUNK_BYTES = 2**20

_SLOT_243, _SLOT_INFO, _FUNCTION, _MODULE_AUX = 243, 244, 245, 247
_IDLE, _FREQ, _AUX, _RESIZEDB = 248, 249, 250, 251
_EXPIRE_MS, _EXPIRE_S, _SELECTDB, _EOF = 252, 253, 254, 255
_FIRST_OPCODE = 234


class RdbReader:
    """Iterate over it, once, to get the effects, grouped by key: the value, then its expiry.

    Raises BadRdb, with the place and the reason. The attributes tell how far it is, and at the
    end what there was: ``aux`` (texts by name), ``skipped`` (left out, by type), ``skipped_keys``
    (the first of them), ``keys_expired``, ``functions`` and ``module_aux`` (how many).
    """

    def __init__(
        self,
        data: bytes | mmap.mmap,
        start: int = 0,
        *,
        now_ms: int | None,
        relaxed: bool = False,
        databases: int = 16,
    ) -> None:
        """Look at the bytes from ``start`` on; what follows the checksum is not looked at.

        now_ms    -- Unix time: keys whose time came before are left out; None: all are kept
        relaxed   -- try files of versions that are not known too
        databases -- a file with others is refused
        """
        self.aux: dict[bytes, bytes] = {}
        self.skipped: dict[str, int] = {}
        self.skipped_keys: list[str] = []
        self.keys_expired = 0
        self.functions = 0
        self.module_aux = 0
        self._cursor = Cursor(data, start)
        self._start = start
        self._now_ms = now_ms
        self._relaxed = relaxed
        self._databases = databases
        self._in_valkey = False
        self._version = 0
        self._db = 0
        self._keys: set[bytes] = set()  # of this database
        self._seen: dict[int, set[bytes]] = {0: self._keys}
        self._key: bytes | None = None  # the latest
        self._expires_at_ms: int | None = None

    @property
    def offset(self) -> int:
        """Where the reading stands; at the end, behind the checksum."""
        return self._cursor.at

    def __iter__(self) -> Iterator[Effect]:
        try:
            self._read_magic()
            cursor = self._cursor
            while (opcode := cursor.byte()) != _EOF:
                if opcode < _FIRST_OPCODE:
                    yield from self._read_key(opcode)
                else:
                    self._read_record(opcode)
            self._check_crc()
        except BadValue as error:
            before = "" if self._key is None else f", at or after key {shown(self._key)}"
            raise BadRdb(error.offset, f"{error.reason}{before}") from error

    def _read_magic(self) -> None:
        start = self._start
        magic = bytes(self._cursor.data[start : start + _MAGIC_BYTES])
        if len(magic) < _MAGIC_BYTES and b"REDIS".startswith(magic[:5]):
            raise BadRdb(start + len(magic), "Short read: no RDB version")
        self._in_valkey = magic.startswith(b"VALKEY")
        word, digits = (magic[:6], magic[6:]) if self._in_valkey else (magic[:5], magic[5:])
        if word not in (b"REDIS", b"VALKEY") or not digits.isdigit():
            raise BadRdb(start, "Wrong signature trying to load DB from file")
        self._version = version = int(digits)
        if self._in_valkey:
            fits = version == VALKEY_VERSION or (self._relaxed and version > VALKEY_VERSION)
        else:
            fits = 1 <= version <= NEWEST_VERSION
            fits = fits or (self._relaxed and NEWEST_VERSION < version < VALKEY_VERSION)
        if not fits:
            raise BadRdb(start, f"Can't handle RDB format version {version}")
        self._cursor.skip(_MAGIC_BYTES)

    def _read_key(self, kind: int) -> Iterator[Effect]:
        cursor = self._cursor
        at = cursor.at
        if kind != STRING_TYPE and kind not in STREAM_TYPES and not is_skippable(kind):
            raise BadValue(at - 1, f"Unknown RDB value type {kind}")
        self._key = key = cursor.string()
        if key in self._keys:
            raise BadValue(at, "RDB has duplicated key")
        self._keys.add(key)
        expires_at_ms, self._expires_at_ms = self._expires_at_ms, None
        effect: Effect
        if kind == STRING_TYPE:
            effect = StringSet(self._db, key, cursor.string(), "set", True)
        elif kind in STREAM_TYPES:
            effect = StreamRestored(self._db, key, read_stream(cursor, kind))
        else:
            name = skip_value(cursor, kind, self._in_valkey)
            self.skipped[name] = self.skipped.get(name, 0) + 1
            if len(self.skipped_keys) < SKIPPED_KEYS_SHOWN:
                self.skipped_keys.append(shown(key))
            return
        if expires_at_ms is None:
            yield effect
        elif self._now_ms is not None and expires_at_ms < self._now_ms:
            self.keys_expired += 1
        else:
            yield effect
            yield ExpirySet(self._db, key, expires_at_ms)

    def _read_record(self, opcode: int) -> None:
        cursor = self._cursor
        at = cursor.at - 1
        if opcode == _AUX:
            name = cursor.string()
            self.aux[name] = cursor.string()
        elif opcode == _SELECTDB:
            self._select(cursor.length(), at)
        elif opcode == _RESIZEDB:
            cursor.length_id()
        elif opcode == _EXPIRE_MS:
            self._expires_at_ms = cursor.i64()
        elif opcode == _EXPIRE_S:
            self._expires_at_ms = 1000 * int.from_bytes(cursor.raw(4), "little", signed=True)
        elif opcode == _FREQ:
            cursor.skip(1)
        elif opcode == _IDLE:
            cursor.length()
        else:
            self._skip_record(opcode, at)

    def _skip_record(self, opcode: int, at: int) -> None:
        cursor = self._cursor
        if opcode == _FUNCTION:
            cursor.skip_string()
            self.functions += 1
        elif opcode == _MODULE_AUX:
            cursor.length_id()
            cursor.length()
            skip_module_data(cursor)
            self.module_aux += 1
        elif opcode == _SLOT_INFO:
            cursor.length_id()
            cursor.length()
        elif opcode == _SLOT_243 and self._in_valkey:
            cursor.skip_string()
            for _ in range(cursor.length()):
                cursor.length_id()
        elif opcode == _SLOT_243:
            skip_key_meta(cursor)
        else:
            raise BadValue(at, f"Unknown RDB opcode {opcode}")

    def _select(self, number: int, at: int) -> None:
        if number >= self._databases:
            raise BadValue(
                at,
                "FATAL: Data file was created with a Redis server configured to handle more than "
                f"{self._databases} databases (database {number})",
            )
        self._db = number
        self._keys = self._seen.setdefault(number, set())

    def _check_crc(self) -> None:
        if self._version < CRC_FROM_VERSION:
            return
        cursor = self._cursor
        end = cursor.at
        expected = int.from_bytes(cursor.raw(8), "little")
        if not expected:
            return
        crc = 0
        with memoryview(cursor.data) as data:
            for at in range(self._start, end, _CRC_CHUNK_BYTES):
                with data[at : min(end, at + _CRC_CHUNK_BYTES)] as chunk:
                    crc = crc64(chunk, crc)
        if crc != expected:
            raise BadRdb(end, f"Wrong RDB checksum expected: ({crc:x}) but got ({expected:x})")


def shown(key: bytes) -> str:
    """Return a key for people: text where it is text, quoted, and not too long."""
    return ascii(key[:100].decode("utf-8", "backslashreplace"))
