"""Redis' CRC-64: polynomial 0xad93d23594c935a9, reflected, starting from 0.

Not the one of XZ nor that of other libraries. A checksum of 0 in a file means that none was
computed.
"""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from anycrc import Model  # type: ignore[import-untyped]


@cache
def _model() -> Model:
    # Imported here: it takes a while, and a file that is loaded is read before it is summed up.
    from anycrc import Model  # noqa: PLC0415

    return Model("CRC64-REDIS")


def crc64(data: bytes | memoryview, crc: int = 0) -> int:
    """Return the checksum of what ``crc`` stands for followed by ``data``. Gigabytes a second."""
    checksum: int = _model().calc(data, crc)
    return checksum
