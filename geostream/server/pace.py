"""How fast long replies leave while other clients are served: not as fast as they could.

Sent without a pause, a reply of a hundred megabytes keeps one core busy here and another where
it is read. Whoever sends requests from the same machine hardly gets to run then, and is behind
for long after. So when others were served lately, a long reply goes on in smaller pieces and
waits after each of them. One reply goes on each ``PAUSE_S``, however many there are. Where nobody
else has requests, none waits.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from typing import Any

PAUSE_S = 0.001
PACED_BYTES = 512 * 1024  # sent before each pause
PACED_PIECES = 16  # so many pauses after others were served: who is held up sends nothing
FREE_BYTES = 4 * 2**20  # of a reply that leave without: what is no longer than this never waits


class Pace:
    """Long replies that wait, in the order in which they came."""

    def __init__(self, loop: Any) -> None:
        """Begin with none; the loop is that of gevent's hub."""
        self._waiting: deque[Callable[[], None]] = deque()
        self._loop = loop
        self._timer = loop.timer(PAUSE_S)

    def wait(self, go_on: Callable[[], None]) -> None:
        """Call this when it is its turn."""
        self._waiting.append(go_on)
        if len(self._waiting) == 1:
            self._start()

    def _start(self) -> None:
        self._timer = self._loop.timer(PAUSE_S)  # one that has rung would ring at once
        self._timer.start(self._on_time, update=True)

    def _on_time(self) -> None:
        """Let the first go on; runs in the hub."""
        go_on = self._waiting.popleft()
        go_on()
        if self._waiting:
            self._start()
