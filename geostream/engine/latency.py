"""Latency spikes: commands that took at least latency-monitor-threshold milliseconds.

Each kind of event keeps its last samples, one a second: the worst of that second. There
are two kinds here, ``command`` and ``fast-command``: commands the table calls fast are
not expected to be slow at all.

Behaviour: https://redis.io/docs/latest/operate/oss_and_stack/management/optimization/latency-monitor/
"""

from __future__ import annotations

from collections import deque

from msgspec import Struct, field

from geostream.engine.command import Command, Flag
from geostream.engine.slowlog import NEVER_NS

MAX_SAMPLES = 160  # of each kind of event


class Spikes(Struct):
    """What is known of one kind of event."""

    worst_ms: int = 0
    samples: deque[tuple[int, int]] = field(
        default_factory=lambda: deque(maxlen=MAX_SAMPLES)
    )  # Unix time in s, latency in ms


class LatencyMonitor:
    """Spikes by kind of event."""

    def __init__(self) -> None:
        """Start empty and switched off."""
        self.events: dict[str, Spikes] = {}
        self.threshold_ns = NEVER_NS

    @property
    def is_on(self) -> bool:
        """Whether anything is noted."""
        return self.threshold_ns < NEVER_NS

    def configure(self, threshold_ms: int) -> None:
        """Note what takes at least so long; 0 is nothing."""
        self.threshold_ns = threshold_ms * 1_000_000 if threshold_ms else NEVER_NS

    def add(self, row: Command, elapsed_ns: int, now_ms: int) -> None:
        """Note a slow command."""
        spikes = self.events.setdefault(
            "fast-command" if Flag.FAST in row.flags else "command", Spikes()
        )
        now_s, latency_ms = now_ms // 1000, elapsed_ns // 1_000_000
        spikes.worst_ms = max(spikes.worst_ms, latency_ms)
        if spikes.samples and spikes.samples[-1][0] == now_s:
            latency_ms = max(latency_ms, spikes.samples.pop()[1])
        spikes.samples.append((now_s, latency_ms))

    def reset(self, names: list[str]) -> int:
        """Forget these kinds of events, or all if none is named; return how many there were."""
        return sum(self.events.pop(name, None) is not None for name in (names or list(self.events)))
