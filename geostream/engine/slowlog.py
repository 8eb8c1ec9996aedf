"""The slow log: the last commands that took longer than slowlog-log-slower-than.

Arguments are cut when they are logged, so that a large request is not kept alive.

Behaviour: https://redis.io/docs/latest/commands/slowlog-get/
"""

from __future__ import annotations

from collections import deque

from msgspec import Struct

from geostream.engine.client import Client
from geostream.engine.command import Command, Flag
from geostream.engine.redaction import redacted

MAX_ARGUMENTS = 32
MAX_ARGUMENT_BYTES = 128
NEVER_NS = 2**63 - 1


class SlowCommand(Struct):
    """One line of the log."""

    id: int
    at_s: int  # Unix time
    elapsed_us: int
    request: list[bytes]
    address: bytes
    client_name: bytes


class SlowLog:
    """The newest entries, newest first."""

    def __init__(self) -> None:
        """Start empty; the limits are set from the configuration."""
        self.entries: deque[SlowCommand] = deque(maxlen=128)
        self.threshold_ns = 10_000_000
        self._next_id = 0

    def configure(self, slower_than_us: int, max_entries: int) -> None:
        """Log what takes at least so long (negative: nothing), keep so many."""
        self.threshold_ns = slower_than_us * 1000 if slower_than_us >= 0 else NEVER_NS
        self.entries = deque(list(self.entries)[:max_entries], maxlen=max_entries)

    def add(
        self, client: Client, row: Command, request: list[bytes], elapsed_ns: int, now_ms: int
    ) -> None:
        """Log a command."""
        if Flag.SKIP_SLOWLOG in row.flags:
            return
        shown = [_cut(word) for word in redacted(request)[:MAX_ARGUMENTS]]
        if len(request) > MAX_ARGUMENTS:
            shown[-1] = b"... (%d more arguments)" % (len(request) - MAX_ARGUMENTS + 1)
        self.entries.appendleft(
            SlowCommand(
                self._next_id,
                now_ms // 1000,
                elapsed_ns // 1000,
                shown,
                client.address.encode(),
                client.name,
            )
        )
        self._next_id += 1


def _cut(word: bytes) -> bytes:
    if len(word) <= MAX_ARGUMENT_BYTES:
        return word
    return word[:MAX_ARGUMENT_BYTES] + b"... (%d more bytes)" % (len(word) - MAX_ARGUMENT_BYTES)
