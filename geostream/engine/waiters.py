"""Requests that wait, by the keys they wait for, first come first served.

A handler that finds nothing returns ``Block``; dispatch files the parsed request here as
a ``Ticket`` with one absolute deadline. When effects touch a key, the tickets under it
are run again, oldest first, before any other client's next command. A ticket that is
still not served keeps its place and its deadline. Of those that stand in line for the same,
as the workers of one group do, the ones behind it are then not run. When the client hangs
up, is killed or unblocked, or time is up, the ticket is withdrawn.

Time runs outside: whoever owns the connection wakes the engine at ``Ticket.wake_ms``.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Iterable, Iterator
from typing import Any

from geostream.engine.client import Client
from geostream.engine.command import Command
from geostream.reply import Block, Reply
from geostream.store.effects import (
    Claimed,
    DatabaseFlushed,
    DatabasesSwapped,
    Effect,
    KeyCopied,
    KeyMoved,
)
from geostream.store.effects.entry_added import EntryAdded
from geostream.store.keyspace import Keyspace
from geostream.store.stream import Stream

PlacedKey = tuple[int, bytes]  # database and key
Line = OrderedDict["Ticket", None]  # has a first one in O(1), however many went before


class Ticket:
    """One waiting request."""

    __slots__ = (
        "asked",
        "client",
        "database",
        "deadline_ms",
        "is_silent",
        "keys",
        "line",
        "needs_keys",
        "on_timeout",
        "recheck_ms",
        "request",
        "row",
    )

    def __init__(
        self, client: Client, row: Command, request: list[bytes], block: Block, now_ms: int
    ) -> None:
        """Wait for what ``block`` says, from now on."""
        self.client = client
        self.row = row
        self.request = request
        self.asked: Any = block.again
        self.database = client.database
        keys = block.keys
        self.keys = list(keys) if len(keys) == 1 else list(dict.fromkeys(keys))
        self.line = block.line
        self.needs_keys = block.needs_keys
        self.deadline_ms = now_ms + block.timeout_ms if block.timeout_ms else None
        self.recheck_ms = block.recheck_ms
        self.is_silent = False  # CLIENT REPLY: nobody wants the answer
        self.on_timeout: Reply = block.on_timeout

    @property
    def wake_ms(self) -> int | None:
        """When to look at it even if nothing happens; None is never."""
        if self.recheck_ms is None or self.deadline_ms is None:
            return self.recheck_ms if self.deadline_ms is None else self.deadline_ms
        return min(self.recheck_ms, self.deadline_ms)


class Waiters:
    """All tickets."""

    def __init__(self) -> None:
        """Start empty."""
        self.by_key: dict[PlacedKey, dict[bytes | None, Line]] = {}
        self.tickets: dict[Ticket, None] = {}
        self._ready: dict[PlacedKey, bool] = {}  # True: only those that need the key
        self._to_recheck: dict[Ticket, None] = {}  # what it may claim is due at another time

    def __len__(self) -> int:
        return len(self.tickets)

    def park(self, ticket: Ticket) -> None:
        """File a ticket behind those already waiting for its keys."""
        self.tickets[ticket] = None
        ticket.client.ticket = ticket
        for key in ticket.keys:
            lines = self.by_key.setdefault((ticket.database, key), {})
            lines.setdefault(ticket.line, OrderedDict())[ticket] = None

    def withdraw(self, ticket: Ticket) -> None:
        """Take a ticket away; its client waits no more."""
        del self.tickets[ticket]
        self._to_recheck.pop(ticket, None)
        ticket.client.ticket = None
        for key in ticket.keys:
            placed = (ticket.database, key)
            lines = self.by_key[placed]
            line = lines[ticket.line]
            del line[ticket]
            if not line:
                del lines[ticket.line]
            if not lines:
                del self.by_key[placed]

    def has_ready(self) -> bool:
        """Tell whether something changed that somebody waits for."""
        return bool(self._ready or self._to_recheck)

    def take_ready(self, keyspace: Keyspace) -> Iterator[tuple[Iterator[Ticket], bool]]:
        """Yield the tickets under each key that changed, and whether only those that need it.

        Keys in the order in which they changed, tickets of a line in the order in which they
        came. Of a line those behind one that is still there after its turn are left out. What
        a key holds by now counts: a stream that came and went in one transaction is no news.
        """
        ready = [
            (line, name is not None, only_needing or not _is_stream(placed, keyspace))
            for placed, only_needing in self._ready.items()
            for name, line in self.by_key.get(placed, _NO_LINES).items()
        ]
        self._ready.clear()
        for line, goes_in_turn, only_needing in ready:
            yield (_in_turn(line) if goes_in_turn else iter(list(line))), only_needing

    def take_rechecks(self) -> list[Ticket]:
        """Return the tickets that have to find out anew when there is something to claim."""
        tickets = list(self._to_recheck)
        self._to_recheck.clear()
        return tickets

    def note(self, effects: Iterable[Effect], keyspace: Keyspace) -> None:
        """Find out which keys somebody waits for have changed."""
        for effect in effects:
            if type(effect) is EntryAdded:
                self._mark((effect.db, effect.key), False)
                continue
            if effect.wakes or effect.wakes_groups:
                self._mark((effect.db, effect.key), not effect.wakes)
            if isinstance(effect, KeyMoved | KeyCopied):
                self._mark_replaced((effect.to_db, effect.to_key), keyspace)
            elif isinstance(effect, DatabaseFlushed):
                self._mark_databases({effect.db}, keyspace)
            elif isinstance(effect, DatabasesSwapped):
                self._mark_databases({effect.db, effect.other_db}, keyspace)
            elif isinstance(effect, Claimed):
                self._mark_to_recheck(effect, keyspace.now_ms)

    def _mark(self, placed: PlacedKey, only_needing: bool) -> None:
        if placed in self.by_key:
            self._ready[placed] = only_needing and self._ready.get(placed, True)

    def _mark_to_recheck(self, effect: Claimed, now_ms: int) -> None:
        """Mark who waits for something to claim, if entries were given a time gone by."""
        if any(time_ms < now_ms for _, time_ms, _ in effect.records):
            line = self.by_key.get((effect.db, effect.key), _NO_LINES).get(None, ())
            for ticket in line:  # who wants to claim stands in no other
                if ticket.recheck_ms is not None:
                    self._to_recheck[ticket] = None

    def _mark_replaced(self, placed: PlacedKey, keyspace: Keyspace) -> None:
        """Mark a key that holds something else now; only a stream is news for XREAD."""
        self._mark(placed, not _is_stream(placed, keyspace))

    def _mark_databases(self, databases: set[int], keyspace: Keyspace) -> None:
        for placed in self.by_key:
            if placed[0] in databases:
                self._mark_replaced(placed, keyspace)


_NO_LINES: dict[bytes | None, Line] = {}


def _in_turn(line: Line) -> Iterator[Ticket]:
    """Yield the first of a line, as long as those before it have left."""
    while line:
        first = next(iter(line))
        yield first
        if first in line:
            return


def _is_stream(placed: PlacedKey, keyspace: Keyspace) -> bool:
    number, key = placed
    return type(keyspace.databases[number].values.get(key)) is Stream
