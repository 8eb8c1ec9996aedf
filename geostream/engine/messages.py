"""Forgetting the messages of producers (XADD IDMP) when they are too old.

A stream is looked at when its oldest message is due and when it got new ones, not every time:
there may be a hundred thousand streams with messages, and few have any due. Redis looks about
once a second, and so do we.
"""

from __future__ import annotations

from heapq import heappop, heappush

from geostream.store.effects import IdmpExpired
from geostream.store.keyspace import Keyspace
from geostream.store.stream import Stream

SWEEP_MS = 1000  # between two looks for messages to forget

PlacedKey = tuple[int, bytes]  # database and key


class Messages:
    """Which streams of a keyspace have messages, and when the oldest of each is due."""

    def __init__(self, keyspace: Keyspace) -> None:
        """Start with a keyspace without any."""
        self._keyspace = keyspace
        self._noted: set[PlacedKey] = set()
        self._due_ms: dict[PlacedKey, int] = {}
        self._heap: list[tuple[int, PlacedKey]] = []  # soonest first; may hold stale ones
        self._swept_ms = 0

    def note(self, placed: PlacedKey) -> None:
        """Remember that a key may hold a stream with other messages than before."""
        self._noted.add(placed)

    def expire(self, now_ms: int) -> None:
        """Commit the forgetting of messages that are too old, once a second.

        O(producers of the streams noted or due).
        """
        if 0 <= now_ms - self._swept_ms < SWEEP_MS:  # below 0: the clock was set back
            return
        self._swept_ms = now_ms
        noted, self._noted = self._noted, set()
        for placed in noted:
            self._schedule(placed)
        while self._heap and self._heap[0][0] <= now_ms:
            due_ms, placed = heappop(self._heap)
            if self._due_ms.get(placed) == due_ms:
                del self._due_ms[placed]
                self._expire(placed, now_ms)
                self._schedule(placed)

    def _stream(self, placed: PlacedKey) -> Stream | None:
        number, key = placed
        value = self._keyspace.databases[number].values.get(key)
        return value if type(value) is Stream and value.idempotency.producers else None

    def _schedule(self, placed: PlacedKey) -> None:
        """Remember when the oldest message of a key is due, if that is sooner than known."""
        stream = self._stream(placed)
        if stream is None:
            self._due_ms.pop(placed, None)
            return
        memory = stream.idempotency
        due_ms = memory.oldest_ms() + memory.duration_s * 1000
        if due_ms < self._due_ms.get(placed, due_ms + 1):
            self._due_ms[placed] = due_ms
            heappush(self._heap, (due_ms, placed))

    def _expire(self, placed: PlacedKey, now_ms: int) -> None:
        stream = self._stream(placed)
        if stream is not None:
            floor_ms = now_ms - stream.idempotency.duration_s * 1000
            if stream.idempotency.oldest_ms() <= floor_ms:  # not if another stream took its place
                self._keyspace.commit(IdmpExpired(*placed, floor_ms))
