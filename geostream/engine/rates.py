"""How much is going on just now: operations and bytes a second, over the last second or two.

A counter that only grows is sampled some ten times a second; the rate is what it grew by
between the oldest sample kept and the newest. Nobody has to count anything twice.
"""

from __future__ import annotations

from collections import deque

SAMPLES = 16


class Rate:
    """The speed of one counter."""

    __slots__ = ("_samples",)

    def __init__(self) -> None:
        """Start without samples: the rate is 0."""
        self._samples: deque[tuple[int, int]] = deque(maxlen=SAMPLES)  # Unix ms and count

    def sample(self, now_ms: int, count: int) -> None:
        """Note where the counter stands. A counter or clock set back starts it anew."""
        if self._samples and (count < self._samples[-1][1] or now_ms < self._samples[-1][0]):
            self._samples.clear()
        self._samples.append((now_ms, count))

    @property
    def per_second(self) -> float:
        """The average over the samples kept."""
        if not self._samples:
            return 0.0
        (first_ms, first), (last_ms, last) = self._samples[0], self._samples[-1]
        return (last - first) * 1000 / (last_ms - first_ms) if last_ms > first_ms else 0.0
