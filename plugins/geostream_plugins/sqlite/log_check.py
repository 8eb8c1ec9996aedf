"""Whether the write-ahead log lost something in its middle, asked before SQLite uses it.

SQLite takes from a log what is whole up to the last commit, by checksums that go on from frame
to frame, and drops the rest without a word. That is right for what a crash left unfinished.
But when a byte in the middle is damaged, all transactions behind it go too.

Those can still be seen: their frames bear the two salts of the log, which change whenever it
is begun anew, and a last frame with a commit mark whose checksum goes on from the frame before
it. A process that is killed never leaves that behind a frame that is not whole, because it
writes frames in order and the system keeps what was written. A power cut may: what was not
synced reaches the disk in any order, and dropping it is right. To tell the two apart, each sync
leaves a ``Mark`` in the lock file: in which log, how many frames are safe, and since which
start of the system. It is not synced itself, but for a new log; an old one says too little
and never too much. So

* fewer whole frames than the mark says: refused, what is missing was safe;
* transactions behind the damage, and the system runs since before the last mark: refused;
* the same after the system was started again: dropped, with a remark;
* the same without a mark (somebody copied the files): refused.

Where it is refused, ``damaged_log: drop`` in config.yaml goes on without what is lost. What
is dropped is cut off, so that it is not met again behind newer frames. What cannot be seen is
damage in the last frame of all when it was never synced: it looks like one not finished.

How many frames SQLite takes stands in the -shm file once it has read the log; a connection
that cannot write is used for that, because the last one that can, removes the log.
Formats: https://www.sqlite.org/fileformat2.html#the_write_ahead_log and
https://www.sqlite.org/walformat.html
"""

from __future__ import annotations

import errno
import os
import sqlite3
import sys
from array import array
from contextlib import closing
from pathlib import Path
from struct import Struct, error
from typing import NamedTuple
from zlib import crc32

from geostream.persistence.api import Corrupt

HEADER_BYTES = 32
FRAME_HEADER_BYTES = 24
INDEX_HEADER_BYTES = 48  # of -shm; it is there twice
BOOT_ID = Path("/proc/sys/kernel/random/boot_id")
ADVICE = "restore it from a copy, or go on without what is lost with damaged_log: drop"
BUSY_S = 5.0

_HEADER = Struct(">II II 8s II")
_FRAME = Struct(">II 8s II")
_MARK = Struct("<8s I 36s")
_CRC = Struct("<I")
NO_MARK = bytes(_MARK.size + _CRC.size)
_MAGIC = 0x377F0682  # the lowest bit: checksums of big-endian words
_MASK = 0xFFFFFFFF


class Mark(NamedTuple):
    """How far a log is safe on disk."""

    salts: bytes
    frames: int
    boot: bytes  # tells one run of the system from another

    def packed(self) -> bytes:
        """Return it as ``unpacked`` takes it."""
        packed = _MARK.pack(*self)
        return packed + _CRC.pack(crc32(packed))

    @classmethod
    def unpacked(cls, data: bytes) -> Mark | None:
        """Return the mark, or None if this is none."""
        try:
            (crc,) = _CRC.unpack(data[_MARK.size :])
        except error:
            return None
        packed = data[: _MARK.size]
        return cls(*_MARK.unpack(packed)) if any(packed) and crc32(packed) == crc else None


def boot_id() -> bytes:
    """Return what tells this run of the system from others; empty where nothing does."""
    try:
        return BOOT_ID.read_bytes()[:36]
    except OSError:
        return b""


def index_says(header: bytes) -> tuple[bytes, int] | None:
    """Return salts and number of frames from the head of -shm; None if it is being written."""
    one, two = header[:INDEX_HEADER_BYTES], header[INDEX_HEADER_BYTES : 2 * INDEX_HEADER_BYTES]
    if len(two) < INDEX_HEADER_BYTES or one != two:
        return None
    return one[32:40], int.from_bytes(one[16:20], sys.byteorder)


def check_log(database: Path, mark: Mark | None, drops: bool) -> str | None:
    """Refuse a log that lost something; return a remark if something was dropped.

    mark  -- what the last sync left
    drops -- go on without what is lost

    Raises Corrupt, sqlite3.Error, OSError. O(frames), and SQLite reads the log once more.
    """
    path = database.with_name(database.name + "-wal")
    if not path.exists() or path.stat().st_size <= HEADER_BYTES:
        return None
    if not database.exists() or not database.stat().st_size:
        raise Corrupt(database, None, f"it is not there, but its log {path.name} is", ADVICE)
    whole = _whole_frames(database)
    with path.open("rb") as file:
        log = _Log(file.fileno())
        behind = log.commits_behind(whole)
        is_same = mark is not None and mark.salts == log.salts
    lost = mark.frames - whole if mark is not None and is_same else 0
    if not behind and lost <= 0:
        return None
    offset = HEADER_BYTES + whole * log.frame_bytes
    reason = f"the log is damaged here, and {behind} transactions behind that would be lost"
    if not behind:
        reason = "the log is damaged here, and what is missing was safe on disk"
    was_power_cut = mark is not None and mark.boot != boot_id() and log.is_whole_header
    if not drops and (lost > 0 or not was_power_cut):
        raise Corrupt(path, offset, reason, ADVICE)
    os.truncate(path, offset if log.is_whole_header else 0)
    why = "are lost" if drops else "were not synced when the system stopped, and are lost"
    return f"{path.name} was cut at byte {offset}: {behind} transactions behind that {why}"


def _whole_frames(database: Path) -> int:
    """Return how many frames of the log SQLite takes."""
    uri = f"{database.absolute().as_uri()}?mode=ro"
    with closing(sqlite3.connect(uri, uri=True, timeout=BUSY_S)) as connection:
        connection.execute("SELECT count(*) FROM sqlite_master").fetchone()
        # Closing a descriptor drops locks of ours on the file: not before the connection goes.
        index = database.with_name(database.name + "-shm").open("rb")
        with index:
            said = index_says(index.read(2 * INDEX_HEADER_BYTES))
            connection.close()
    if said is None:
        raise OSError(errno.EBUSY, "another program is recovering the log", str(database))
    return said[1]


class _Log:
    """The frames of a log."""

    def __init__(self, fd: int) -> None:
        self._fd = fd
        header = os.pread(fd, HEADER_BYTES, 0)
        magic, _, page_bytes, _, self.salts, *sums = _HEADER.unpack(header)
        self._is_big = bool(magic & 1)
        self.is_whole_header = magic & ~1 == _MAGIC and _sums(
            header[:24], (0, 0), self._is_big
        ) == tuple(sums)
        if not 512 <= page_bytes <= 65536 or page_bytes & (page_bytes - 1):
            page_bytes = 8192
        self.frame_bytes = FRAME_HEADER_BYTES + page_bytes

    def commits_behind(self, whole: int) -> int:
        """Return how many transactions end behind so many frames and the next."""
        commits = 0
        size_bytes = os.fstat(self._fd).st_size
        first = HEADER_BYTES + whole * self.frame_bytes
        before: tuple[bytes, int, int] | None = None
        for at in range(first, size_bytes - self.frame_bytes + 1, self.frame_bytes):
            header = os.pread(self._fd, FRAME_HEADER_BYTES, at)
            _, database_pages, salts, *sums = _FRAME.unpack(header)
            is_ours = salts == self.salts if self.is_whole_header else True
            if database_pages and is_ours and before is not None and before[0] == salts:
                frame = os.pread(self._fd, self.frame_bytes, at)
                found = _sums(frame[:8], before[1:], self._is_big)
                found = _sums(frame[FRAME_HEADER_BYTES:], found, self._is_big)
                commits += found == tuple(sums)
            before = (salts, *sums)
        return commits


def _sums(data: bytes, before: tuple[int, int], is_big: bool) -> tuple[int, int]:
    words = array("I", data)
    if is_big != (sys.byteorder == "big"):
        words.byteswap()
    one, two = before
    values = iter(words)
    for first, second in zip(values, values, strict=True):
        one = (one + first + two) & _MASK
        two = (two + second + one) & _MASK
    return one, two
