"""One stream of a million entries, for what is measured by how much a server holds."""

from __future__ import annotations

from bench.entries import fixed_width_adds
from bench.wire import Connection, ServerSaidNo
from bench.workload import Scale

KEY = b"bench:many"
ENTRIES = 1_000_000
MIN_ENTRIES = 10_000
SYNC_LIMIT_MS = 60_000


def entry_count(scale: Scale, entries: int = ENTRIES) -> int:
    """Return how many entries there are at this scale, of so many at the usual one."""
    return max(int(entries * scale.requests), MIN_ENTRIES)


def fill(connection: Connection, scale: Scale) -> None:
    """Add the entries."""
    connection.fill(fixed_width_adds(KEY, entry_count(scale)))


def wait_until_synced(connection: Connection) -> None:
    """Return when all that is appended to a file is on the disk."""
    reply = connection.call("WAITAOF", 1, 0, SYNC_LIMIT_MS)
    if reply != [1, 0]:
        raise ServerSaidNo(f"not on the disk after {SYNC_LIMIT_MS} ms: WAITAOF says {reply!r}")
