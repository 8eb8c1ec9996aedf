"""The stopwatch of a server: the machine's, which is read with every command."""

from __future__ import annotations

from geostream import ticks
from geostream.engine.stopwatch import Stopwatch


class RunningStopwatch(Stopwatch):
    """One that runs, whatever is done to the machine's clock."""

    def read_ns(self) -> int:
        """Return nanoseconds since some fixed point."""
        return ticks.ticks_ns()
