"""The interpreter's lock, given away while nothing but bytes is looked at: steps in C.

Between ``give_away`` and ``take`` stands one call of a function that is declared in C alone and
touches no object. The plain files keep the lock: there is nothing that could run without it.
"""

from __future__ import annotations

from array import array
from mmap import mmap


def start_of(data: bytes | mmap) -> bytes:
    """Return where the bytes lie. They stay there as long as the caller has ``data``, and open."""
    return data  # type: ignore[return-value]  # a map is indexed and cut like bytes


def is_free() -> bool:
    """Tell whether it can be given away, and what is done then costs next to nothing."""
    return False


def give_away() -> int:
    """Let other threads have the interpreter, until ``take``."""
    return 0


def take(given: int) -> None:
    """Wait for the interpreter, with what ``give_away`` returned."""


def parts(data: bytes, starts: array[int], ends: array[int]) -> list[bytes]:
    """Return copies of what lies between places, in ``array("Q")``, made without the lock."""
    return [data[start:end] for start, end in zip(starts, ends, strict=True)]
