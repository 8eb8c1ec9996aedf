"""What the engine takes the time of commands with; one that runs is in server/stopwatch.py."""

from __future__ import annotations


class Stopwatch:
    """A count of nanoseconds that stands still. To be subclassed."""

    def read_ns(self) -> int:
        """Return the count."""
        return 0
