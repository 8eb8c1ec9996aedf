"""Whether a SQLite log (the -wal file) lost something in its middle.

SQLite takes from a log what is whole up to the last commit, by checksums that go on from frame
to frame, and passes over the rest without a word. After a crash that is right: what stands at
the end was not finished. But when a frame in the middle is damaged, everything behind it is
passed over too. That shows in finished transactions behind the first frame that does not fit,
which belong to the same log: its two salts are in every frame, and change whenever SQLite
starts the log anew.

Format: https://www.sqlite.org/fileformat2.html#the_write_ahead_log
"""

from __future__ import annotations

import sys
from array import array
from dataclasses import dataclass
from pathlib import Path
from struct import Struct

HEADER_BYTES = 32
FRAME_HEADER_BYTES = 24
_MAGIC = 0x377F0682  # the lowest bit: checksums of big-endian words
_HEADER = Struct(">8I")
_FRAME = Struct(">6I")
_MASK = 0xFFFFFFFF


@dataclass(frozen=True, slots=True)
class Gap:
    """Where a log stops making sense, and what is behind."""

    offset: int
    commits: int  # transactions that end behind it


def gap_in(path: Path) -> Gap | None:
    """Return what a log lost in its middle; None if nothing, or there is no log. O(bytes)."""
    try:
        log = path.read_bytes()
    except FileNotFoundError:
        return None
    if len(log) < HEADER_BYTES:
        return None
    magic, _, page_bytes, _, *salts, sum_0, sum_1 = _HEADER.unpack_from(log)
    is_big = bool(magic & 1)
    if magic & ~1 != _MAGIC or not 512 <= page_bytes <= 65536:
        return Gap(0, 0)
    sums = _sums(log[:24], (0, 0), is_big)
    if sums != (sum_0, sum_1):
        return Gap(0, _commits(log, HEADER_BYTES, page_bytes, salts))
    size_bytes = FRAME_HEADER_BYTES + page_bytes
    for at in range(HEADER_BYTES, len(log) - size_bytes + 1, size_bytes):
        _, _, *frame_salts, frame_0, frame_1 = _FRAME.unpack_from(log, at)
        if frame_salts != salts:
            break  # of an older log, or damaged: what follows tells
        sums = _sums(log[at : at + 8], sums, is_big)
        sums = _sums(log[at + FRAME_HEADER_BYTES : at + size_bytes], sums, is_big)
        if sums != (frame_0, frame_1):
            break
    else:
        return None
    commits = _commits(log, at, page_bytes, salts)
    return Gap(at, commits) if commits else None


def _commits(log: bytes, start: int, page_bytes: int, salts: list[int]) -> int:
    count = 0
    size_bytes = FRAME_HEADER_BYTES + page_bytes
    for at in range(start, len(log) - size_bytes + 1, size_bytes):
        _, database_pages, *frame_salts, _, _ = _FRAME.unpack_from(log, at)
        count += frame_salts == salts and database_pages > 0
    return count


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
