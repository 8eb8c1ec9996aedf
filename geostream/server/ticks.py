"""One step, there twice as those of store/octets.py are: reading the machine's stopwatch.

In ``ticks.pxd`` it is a call of the C library that makes no object.
"""

from __future__ import annotations

from time import perf_counter_ns


def ticks_ns() -> int:
    """Return nanoseconds since some fixed point; never goes back."""
    return perf_counter_ns()
