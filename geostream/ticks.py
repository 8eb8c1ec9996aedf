"""Two steps, there twice as those of store/octets.py are: reading the machine's clocks.

In ``ticks.pxd`` they are calls of the C library that make no object.
"""

from __future__ import annotations

from time import perf_counter_ns, time_ns


def ticks_ns() -> int:
    """Return nanoseconds since some fixed point; never goes back."""
    return perf_counter_ns()


def unix_ms() -> int:
    """Return Unix time in milliseconds."""
    return time_ns() // 1_000_000
