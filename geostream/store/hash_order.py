"""The keys of a database in an order that never changes: that of their hashes.

SCAN and RANDOMKEY go by it. A key's place follows from the key alone, so one that is
written, replaced or even deleted and put back while somebody scans stands where it
stood: it is neither passed over nor met for ever. A cursor is the smallest hash not yet
visited; a number a client makes up does for one too.

Hashes are salted, so nobody can choose keys that share one, and have 48 bits, because
some clients keep a cursor in a floating point number. Keys are kept in runs of at
most ``RUN_KEYS``; adding and dropping one moves what comes behind it in its run.
"""

from __future__ import annotations

from array import array
from bisect import bisect_left, bisect_right

RUN_KEYS = 512
_MASK = 2**48 - 1


class HashOrder:
    """A set of keys."""

    __slots__ = ("_firsts", "_runs")

    def __init__(self) -> None:
        """Start empty."""
        self._runs: list[tuple[array[int], list[bytes]]] = []  # hashes, ascending, and their keys
        self._firsts: list[int] = []  # the lowest hash each run is for

    def add(self, key: bytes) -> None:
        """Add a key that is not there. O(RUN_KEYS)."""
        if not self._runs:
            self._runs.append((array("Q"), []))
            self._firsts.append(0)
        number = hash(key) & _MASK
        run = bisect_right(self._firsts, number) - 1
        hashes, keys = self._runs[run]
        place = bisect_right(hashes, number)
        hashes.insert(place, number)
        keys.insert(place, key)
        if len(keys) > RUN_KEYS:
            self._split(run)

    def _split(self, run: int) -> None:
        """Make two runs of one; equal hashes stay together."""
        hashes, keys = self._runs[run]
        middle = bisect_left(hashes, hashes[len(hashes) // 2])
        if middle == 0:
            return
        self._runs[run : run + 1] = [
            (hashes[:middle], keys[:middle]),
            (hashes[middle:], keys[middle:]),
        ]
        self._firsts.insert(run + 1, hashes[middle])

    def drop(self, key: bytes) -> None:
        """Take away a key that is there. O(RUN_KEYS)."""
        run = bisect_right(self._firsts, hash(key) & _MASK) - 1
        hashes, keys = self._runs[run]
        place = keys.index(key, bisect_left(hashes, hash(key) & _MASK))
        del hashes[place], keys[place]
        if not keys and run:
            del self._runs[run], self._firsts[run]

    def page(self, cursor: int, count: int) -> tuple[int, list[bytes]]:
        """Return the next cursor, 0 at the end, and about count keys. O(log n + count)."""
        found: list[bytes] = []
        run = max(bisect_right(self._firsts, cursor) - 1, 0)
        while run < len(self._runs):
            hashes, keys = self._runs[run]
            start = bisect_left(hashes, cursor)
            stop = start + count - len(found)
            if stop < len(keys):
                stop = bisect_right(hashes, hashes[stop - 1])
            found += keys[start:stop]
            if stop < len(keys):
                return hashes[stop], found
            run += 1
            if len(found) >= count and run < len(self._runs):
                return self._firsts[run], found
        return 0, found

    def random(self) -> bytes:
        """Return any key, each as likely as another. There must be one. O(1) on average."""
        # Imported here: it brings the library of all hashes, which a start need not wait for.
        from random import randrange  # noqa: PLC0415

        while True:
            _, keys = self._runs[randrange(len(self._runs))]
            place = randrange(RUN_KEYS)
            if place < len(keys):
                return keys[place]
