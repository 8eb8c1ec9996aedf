"""Counters. The engine and the server count; INFO and others read."""

from __future__ import annotations

from array import array

from geostream.engine import steps
from geostream.engine.rates import Rate
from geostream.store.effects import Effect
from geostream.store.effects.delivered import Delivered
from geostream.store.effects.entry_added import EntryAdded
from geostream.store.effects.pending_removed import PendingRemoved

BUCKETS = 40  # of a latency histogram: up to 1, 2, 4, ... microseconds
_BUCKET_OF = [us.bit_length() for us in range(1024)]
ERROR_CODES = 128  # told apart; further ones are counted as ERR


class CommandStats:
    """What is known about the calls of one command."""

    __slots__ = ("_buckets", "calls", "failed", "rejected", "ticks_ns")

    def __init__(self) -> None:
        """Start at zero."""
        self.calls = 0
        self.ticks_ns = 0
        self.rejected = 0  # refused before it ran
        self.failed = 0  # ran and answered with an error
        self._buckets = array("Q", bytes(8 * BUCKETS))

    @property
    def buckets(self) -> list[int]:
        """How many calls took less than 2**i microseconds."""
        return self._buckets.tolist()

    def record(self, elapsed_ns: int) -> None:
        """Count a call."""
        self.calls += 1
        self.ticks_ns += elapsed_ns
        us = elapsed_ns // 1000
        bucket = _BUCKET_OF[us] if 0 <= us < 1024 else int(us).bit_length()
        steps.count_up(self._buckets, bucket)


class Stats:
    """Counters of the whole server."""

    def __init__(self) -> None:
        """Start at zero."""
        self.changes_since_save = 0  # not reset by CONFIG RESETSTAT
        self.started_ms = 0
        self.reset()

    def reset(self) -> None:
        """Start anew, as CONFIG RESETSTAT does."""
        self.commands: dict[str, CommandStats] = {}
        self._last_name = self._name_before = ""  # of the two commands that were asked for last
        self._last = self._before = CommandStats()
        self.errors: dict[str, int] = {}
        self.error_replies = 0
        self.connections_received = 0
        self.connections_rejected = 0
        self.clients_dropped_unread = 0  # they left more replies unread than they may
        self.bytes_in = 0
        self.bytes_out = 0
        self.faults = 0  # our own mistakes
        self.commands_rate = Rate()
        self.in_rate = Rate()
        self.out_rate = Rate()

    @property
    def commands_processed(self) -> int:
        """How many commands ran."""
        return sum(counters.calls for counters in self.commands.values())

    def sample(self, now_ms: int) -> None:
        """Note where the counters stand, for the rates; some ten times a second."""
        self.commands_rate.sample(now_ms, self.commands_processed)
        self.in_rate.sample(now_ms, self.bytes_in)
        self.out_rate.sample(now_ms, self.bytes_out)

    def note(self, effects: list[Effect]) -> None:
        """Count what changed."""
        for effect in effects:  # most are of few kinds, and counting these needs no look
            if type(effect) is EntryAdded or type(effect) is Delivered:
                self.changes_since_save += 1
            elif type(effect) is PendingRemoved:
                removed = effect
                self.changes_since_save += removed.changes
            else:
                self.changes_since_save += effect.changes

    def of(self, name: str) -> CommandStats:
        """Return the counters of a command, new ones if need be."""
        if name is self._last_name:  # most often: no need to look
            return self._last
        if name is self._name_before:
            return self._before
        found = self.commands.get(name)
        if found is None:
            found = self.commands[name] = CommandStats()
        self._name_before, self._before = self._last_name, self._last
        self._last_name, self._last = name, found
        return found

    def count_error(self, line: bytes) -> None:
        """Count an error reply under its first word; a word alone is no code."""
        self.error_replies += 1
        word, blank, _ = line.partition(b" ")
        code = word.decode("latin-1") if blank else "ERR"
        if code not in self.errors and len(self.errors) >= ERROR_CODES:
            code = "ERR"
        self.errors[code] = self.errors.get(code, 0) + 1
