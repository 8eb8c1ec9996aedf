"""Unsigned 64-bit numbers in SQLite's signed integers.

Both halves of a stream ID are unsigned. They are stored as two's complement: every number
below 2**63, which is every one that is met in practice, is stored as it is, and the rest is
negative. ``printf('%u', ms)`` shows any of them right. What does not hold for the rest is
SQLite's order: ``ranges_below`` says by which signed ranges an unsigned order is asked for.
"""

from __future__ import annotations

from array import array
from collections.abc import Sequence

HALF = 2**63
LARGEST_SIGNED = HALF - 1


def signed(number: int) -> int:
    """Return the form stored."""
    return number - 2**64 if number >= HALF else number


def unsigned(stored: int) -> int:
    """Return the number that was stored."""
    return stored + 2**64 if stored < 0 else stored


def unsigned_array(stored: Sequence[int]) -> array[int]:
    """Return numbers from their stored forms. Raises TypeError or OverflowError. In C."""
    numbers = array("Q")
    numbers.frombytes(array("q", stored).tobytes())
    return numbers


def ranges_below(number: int) -> list[tuple[int, int]]:
    """Return stored ranges, first and last included, that hold all that is below a number."""
    if number == 0:
        return []
    if number <= HALF:
        return [(0, number - 1)]
    return [(0, LARGEST_SIGNED), (-HALF, signed(number) - 1)]
