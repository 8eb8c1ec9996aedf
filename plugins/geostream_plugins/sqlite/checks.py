"""Checksums of the rows of the small tables, because SQLite has none.

The column ``crc`` of a row is the CRC-32 of its other columns, as MessagePack, but for those
that are only for people. In rows that are copied or swapped by SQL the numbers of owners
(stream, group, consumer, database) are left out of that, and their sum stands in the bits
above: there SQL can change it by ``shift``. NULL instead says that somebody edited the row;
it is then only looked at for sense.

A checksum says nothing of rows that are not there any more. For the entries of a stream the
column ``length`` says how many there must be; the small tables are looked over with SQLite's
``integrity_check``, which knows of every byte of a page what it belongs to.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any
from zlib import crc32

import msgspec

from geostream.persistence.api import Corrupt

ADVICE = "undo what was changed in the file by hand, or restore it from a copy"
DAMAGED = "it is damaged, or was edited and its crc not set to NULL"
MOST_OWNERS = 2**30

_packed = msgspec.msgpack.Encoder().encode


def crc_of(*values: Any) -> int:
    """Return the checksum of what a row holds."""
    return crc32(_packed(values))


def shift(owners: int) -> int:
    """Return what the sum of owners' numbers adds to a checksum."""
    return (owners % MOST_OWNERS) << 32


def check(path: Path, place: str, crc: Any, values: tuple[Any, ...], *owners: Any) -> None:
    """Compare a row with its checksum. Raises Corrupt, which names the place.

    owners -- their numbers, or None
    """
    if crc is None:
        return
    try:
        is_right = crc == crc_of(*values) + shift(sum(filter(None, owners)))
    except (TypeError, OverflowError):  # what is damaged may be of any type
        is_right = False
    if not is_right:
        raise Corrupt(path, None, f"{place}: {DAMAGED}", ADVICE)
