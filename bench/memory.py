"""Bytes of memory per entry, for three kinds of data in one stream each; and per pending entry.

Two readings before and after: resident memory from /proc, and what the server itself reports as
used_memory. The server is a fresh one, so that memory freed by an earlier load is not used again.

Then nobody reads for ``IDLE_S``, on all servers alike: geostream packs what was not read for
``stream-pack-after``, and begins after one to two times that. What is pending costs what memory
grows by from one such quiet time to the next, while one consumer reads all and acknowledges none.
"""

from __future__ import annotations

import time
from dataclasses import dataclass
from itertools import repeat

from bench.entries import adds_of_kind
from bench.filling import entry_count
from bench.groups import GROUP, read_of
from bench.process import rss_bytes
from bench.wire import Connection, pack
from bench.workload import RSS_BYTES, USED_BYTES, Sample, Scale, Target, Workload

KEY = b"bench:memory"
ENTRIES = 200_000
WARM_UP = 1_000  # entries that make the server set up its buffers, then go away
IDLE_S = 11.0
SETTLE_LIMIT_S = 15.0  # on top of the asked quiet time
STEADY_BYTES = 64 << 10


@dataclass(frozen=True, slots=True)
class Memory:
    """Fill one stream with one kind of data."""

    kind: str

    def __call__(self, target: Target, scale: Scale) -> Sample:
        entries = entry_count(scale, ENTRIES)
        with Connection(target.port) as connection:
            connection.fill(adds_of_kind(self.kind, KEY, WARM_UP))
            connection.fill([pack("DEL", KEY)])
            before = _Held.by(connection, target.pid)
            connection.fill(adds_of_kind(self.kind, KEY, entries))
            return _Held.when_quiet(connection, target.pid, scale).since(before, entries)


@dataclass(frozen=True, slots=True)
class Pending:
    """Read one stream for a group, ``batch`` entries at a time, and acknowledge nothing."""

    batch: int

    def __call__(self, target: Target, scale: Scale) -> Sample:
        entries = entry_count(scale, ENTRIES)
        read = read_of(KEY, self.batch)
        with Connection(target.port) as connection:
            connection.fill(adds_of_kind("constant", KEY, entries))
            connection.call("XGROUP", "CREATE", KEY, GROUP, "0")
            before = _Held.when_quiet(connection, target.pid, scale)
            connection.fill(repeat(read, entries // self.batch))
            return _Held.when_quiet(connection, target.pid, scale).since(before, entries)


@dataclass(frozen=True, slots=True)
class _Held:
    """What a server holds at one moment, in bytes: by /proc, and by its own account."""

    rss: int
    used: int

    @classmethod
    def by(cls, connection: Connection, pid: int) -> _Held:
        used = int(connection.info("memory").get("used_memory", 0))
        return cls(rss_bytes(pid), used)

    @classmethod
    def when_quiet(cls, connection: Connection, pid: int, scale: Scale) -> _Held:
        _wait_until_steady(pid, max(IDLE_S, scale.settle_s))
        return cls.by(connection, pid)

    def since(self, before: _Held, entries: int) -> Sample:
        return {
            RSS_BYTES: (self.rss - before.rss) / entries,
            USED_BYTES: (self.used - before.used) / entries,
        }


def _wait_until_steady(pid: int, quiet_s: float) -> None:
    """Wait until resident memory stands still for ``quiet_s``, or a limit is reached."""
    give_up_s = time.monotonic() + quiet_s + SETTLE_LIMIT_S
    rss, since_s = rss_bytes(pid), time.monotonic()
    while since_s + quiet_s > time.monotonic() < give_up_s:
        time.sleep(min(0.1, quiet_s))
        now = rss_bytes(pid)
        if abs(now - rss) > STEADY_BYTES:
            rss, since_s = now, time.monotonic()


_TITLES = {"constant": "constant fields", "log": "a log line", "json": "JSON with random parts"}


def _row(name: str, title: str, run: Memory | Pending) -> Workload:
    return Workload(name, title, run, metrics=(RSS_BYTES, USED_BYTES), fresh_server=True)


WORKLOADS = (
    *(_row(f"memory-{kind}", f"memory, {title}", Memory(kind)) for kind, title in _TITLES.items()),
    *(
        _row(f"memory-pending-{batch}", f"memory, pending, read {how}", Pending(batch))
        for batch, how in ((1, "one by one"), (100, "by the hundred"))
    ),
)
