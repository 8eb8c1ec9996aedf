"""The time: Unix milliseconds for what clients see, monotonic seconds for waiting.

The core never looks at a clock; whoever calls it reads one of these once for a
batch of requests and passes the number on. Tests put a manual clock in its place
(tests/support/clock.py).
"""

from __future__ import annotations

from time import monotonic

from geostream import ticks


class Clock:
    """The machine's own clocks."""

    def now_ms(self) -> int:
        """Return Unix time in milliseconds."""
        return ticks.unix_ms()

    def monotonic_s(self) -> float:
        """Return seconds since some fixed point; never goes back."""
        return monotonic()
