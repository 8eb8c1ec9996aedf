"""RDB files, written.

What is written is the lowest version that has the types asked for, under Redis' magic word,
because that is what every server from then on can read. The records come out in the order of
the image, a SELECTDB before the first key of each database. Hints of how many keys there are
(RESIZEDB) are left out: an image is not counted before it is taken.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import BinaryIO

from geostream import __version__
from geostream.rdb.crc import crc64
from geostream.rdb.dump import STRING_TYPE
from geostream.rdb.stream_types import TYPE_OF_VERSION
from geostream.rdb.stream_writer import Losses, stream_pieces
from geostream.rdb.strings import i64_bytes, length_bytes, string_bytes
from geostream.store.effects import Effect, ExpirySet, StreamRestored, StringSet

BUFFER_BYTES = 2**18  # more would keep the interpreter for longer, and be new memory each time

#: The Redis whose files ours are like; loaders log it.
REDIS_VERSION = b"7.2.0"

_AUX, _EXPIRE_MS, _SELECTDB, _EOF = b"\xfa", b"\xfc", b"\xfe", b"\xff"


class _Sink:
    """A buffer before the file that knows how much went through it, and its checksum."""

    def __init__(self, out: BinaryIO, checksum: bool) -> None:
        self._out = out
        self._pieces: list[bytes] = []
        self._held_bytes = 0
        self._checksum = checksum
        self.crc = 0
        self.size_bytes = 0

    def put(self, piece: bytes) -> None:
        self._pieces.append(piece)
        self._held_bytes += len(piece)
        if self._held_bytes >= BUFFER_BYTES:
            self.flush()

    def flush(self) -> None:
        block = b"".join(self._pieces)
        self._pieces.clear()
        self._held_bytes = 0
        if self._checksum:
            self.crc = crc64(block, self.crc)
        self._out.write(block)
        self.size_bytes += len(block)

    def finish(self) -> int:
        """Put the end mark and the checksum, and return the size of all."""
        self.put(_EOF)
        self.flush()
        footer = self.crc.to_bytes(8, "little")
        self._out.write(footer)
        return self.size_bytes + len(footer)


def write_rdb(
    out: BinaryIO,
    image: Iterable[Effect],
    *,
    version: int = 11,
    compress: bool = True,
    checksum: bool = True,
    aux: Mapping[bytes, bytes] | None = None,
    losses: Losses | None = None,
) -> int:
    """Write an image as an RDB file and return how many bytes it took.

    image    -- a StringSet or StreamRestored for each key, then its ExpirySet if it has one
    version  -- 9, 10, 11, 12, 13 or 14; 14 keeps everything, 9 little but entries
    compress -- pack long strings, where that helps
    aux      -- more of what a file says about itself: ctime, used-mem, aof-base ...
    losses   -- counts what the version cannot hold, if given

    Raises ValueError for another version or something else in the image, and OSError.
    """
    if version not in TYPE_OF_VERSION:
        raise ValueError(f"RDB version {version} cannot be written")
    kind = TYPE_OF_VERSION[version]
    sink = _Sink(out, checksum)
    sink.put(_head(version, aux or {}))
    db: int | None = None
    for effect, expires_at_ms in _with_expiry(image):
        if effect.db != db:
            db = effect.db
            sink.put(_SELECTDB + length_bytes(db))
        if expires_at_ms is not None:
            sink.put(_EXPIRE_MS + i64_bytes(expires_at_ms))
        if isinstance(effect, StringSet):
            sink.put(bytes((STRING_TYPE,)) + string_bytes(effect.key, compress))
            sink.put(string_bytes(effect.content, compress))
        else:
            sink.put(bytes((kind,)) + string_bytes(effect.key, compress))
            for piece in stream_pieces(effect.image, kind, compress, losses):
                sink.put(piece)
    return sink.finish()


def _head(version: int, aux: Mapping[bytes, bytes]) -> bytes:
    says = {b"redis-ver": REDIS_VERSION, b"redis-bits": b"64"}
    says |= {b"geostream-ver": __version__.encode(), **aux}
    records = [_AUX + string_bytes(n, False) + string_bytes(t, False) for n, t in says.items()]
    return b"".join((b"REDIS%04d" % version, *records))


def _with_expiry(
    image: Iterable[Effect],
) -> Iterator[tuple[StringSet | StreamRestored, int | None]]:
    """Yield each key's value with its expiry, which comes behind it in an image."""
    waiting: StringSet | StreamRestored | None = None
    for effect in image:
        if isinstance(effect, ExpirySet):
            if waiting is None or (effect.db, effect.key) != (waiting.db, waiting.key):
                raise ValueError("an expiry that does not follow its key")
            yield waiting, effect.at_ms
            waiting = None
            continue
        if waiting is not None:
            yield waiting, None
        if not isinstance(effect, StringSet | StreamRestored):
            raise ValueError(f"{type(effect).__name__} has no place in an image")
        waiting = effect
    if waiting is not None:
        yield waiting, None
