"""A clock that moves when a test says so."""

from __future__ import annotations

from geostream.clock import Clock


class ManualClock(Clock):
    """Stands still until ``advance``."""

    def __init__(self, now_ms: int = 1_000_000) -> None:
        self._now_ms = now_ms
        self._monotonic_s = 0.0

    def now_ms(self) -> int:
        return self._now_ms

    def monotonic_s(self) -> float:
        return self._monotonic_s

    def advance(self, milliseconds: int) -> None:
        """Let time pass on both clocks."""
        self._now_ms += milliseconds
        self._monotonic_s += milliseconds / 1000

    def set_back(self, milliseconds: int) -> None:
        """Move the wall clock backwards, as an administrator may; monotonic time stays."""
        self._now_ms -= milliseconds
