"""Bytes of memory per entry, for three kinds of data in one stream each.

Two readings before and after: resident memory from /proc, and what the server itself reports as
used_memory. The server is a fresh one, so that memory freed by an earlier load is not used again.

Then nobody reads for ``IDLE_S``, on all servers alike: geostream packs what was not read for
``stream-pack-after``, and begins after one to two times that.
"""

from __future__ import annotations

import time
from dataclasses import dataclass

from bench.entries import adds_of_kind
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
        entries = max(int(ENTRIES * scale.requests), 10_000)
        with Connection(target.port) as connection:
            connection.fill(adds_of_kind(self.kind, KEY, WARM_UP))
            connection.fill([pack("DEL", KEY)])
            used_before = _used_bytes(connection)
            rss_before = rss_bytes(target.pid)
            connection.fill(adds_of_kind(self.kind, KEY, entries))
            rss_after = _settled_rss(target.pid, max(IDLE_S, scale.settle_s))
            used_after = _used_bytes(connection)
        return {
            RSS_BYTES: (rss_after - rss_before) / entries,
            USED_BYTES: (used_after - used_before) / entries,
        }


def _used_bytes(connection: Connection) -> int:
    return int(connection.info("memory").get("used_memory", 0))


def _settled_rss(pid: int, quiet_s: float) -> int:
    """Wait until resident memory stands still for ``quiet_s``, and return it."""
    give_up_s = time.monotonic() + quiet_s + SETTLE_LIMIT_S
    rss, since_s = rss_bytes(pid), time.monotonic()
    while since_s + quiet_s > time.monotonic() < give_up_s:
        time.sleep(min(0.1, quiet_s))
        now = rss_bytes(pid)
        if abs(now - rss) > STEADY_BYTES:
            rss, since_s = now, time.monotonic()
    return rss_bytes(pid)


_TITLES = {"constant": "constant fields", "log": "a log line", "json": "JSON with random parts"}

WORKLOADS = tuple(
    Workload(
        f"memory-{kind}",
        f"memory, {title}",
        Memory(kind),
        metrics=(RSS_BYTES, USED_BYTES),
        fresh_server=True,
    )
    for kind, title in _TITLES.items()
)
