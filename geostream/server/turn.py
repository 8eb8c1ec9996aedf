"""What all connections share in one turn of the hub: who has something to send, and the gate.

Connections enter themselves when they are given a first reply to send, and are flushed
together when the hub has seen to all sockets that were readable. Sent one by one, each
reply would wake a peer that then finds a single one.

The hub tells when it is about to sleep, by a watcher. A client that is alone in its turn does
not wait for that: it ends the turn itself, while all that this takes is in the processor's cache.
When this was so for a while, the watcher is taken away until somebody needs it.

Replies that have to wait for the gate stay with their connection, and it is remembered here
until the gate says that what they wait for is reached, or never will be.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from geostream.engine.gate import Gate
from geostream.server.pace import Pace
from geostream.store import lists

IDLE_TURNS = 100  # ended without the watcher, before it is taken away

Ready = bytes | bytearray | memoryview


class Sender:
    """A connection, as far as its replies go."""

    def send(self, pieces: Sequence[Ready]) -> int:
        """Return how many bytes the socket took; -1: the peer is gone, as after its end."""
        return -1

    def send_or_keep(self, number: int) -> None:
        """Hand what there is to the socket, or keep it until a number is reached; 0: hand over."""
        raise NotImplementedError

    def release(self, number: int) -> bool:
        """Send what waited for this number or one before; tell whether nothing waits any more."""
        raise NotImplementedError

    def refuse_held(self, line: bytes) -> None:
        """Send what waits, errors in place of replies that tell of a change."""
        raise NotImplementedError

    def note_taken(self, is_all: bool) -> None:
        """Hear that the socket takes what it did not take before, and whether that was all."""


class Turn:
    """See the module docstring.

    gate    -- replies wait for it
    flushed -- how many connections ever were; a number that changed tells that others are served
    pace    -- of long replies
    """

    __slots__ = (
        "_idle_turns",
        "_is_alone",
        "_is_watched",
        "_kept",
        "_loop",
        "_senders",
        "_watcher",
        "flushed",
        "gate",
        "pace",
    )

    def __init__(self, loop: Any) -> None:
        """Begin with nobody; the loop is that of gevent's hub."""
        self.gate = Gate()
        self.flushed = 0
        self.pace = Pace(loop)
        self._senders: list[Sender] = []
        self._kept: dict[Sender, None] = {}  # who has replies that wait
        self._loop = loop
        self._watcher = loop.prepare(ref=False, priority=-2)  # after gevent's own callbacks
        self._is_watched = False
        self._idle_turns = 0  # since somebody needed the watcher
        self._is_alone = False  # who is served now

    def begin(self) -> bool:
        """Tell whether who is served now is alone: then it is to end this turn."""
        self._is_alone = not self._senders and not self._loop.pendingcnt
        return self._is_alone

    def enter(self, sender: Sender) -> None:
        """Flush a connection at the end of this turn. It enters once."""
        self._senders.append(sender)
        if not (self._is_alone or self._is_watched):
            self._is_watched = True
            self._watcher.start(self._on_sleep)

    def _on_sleep(self) -> None:
        """End the turn; runs in the hub when all else is done."""
        if self._senders:
            self._idle_turns = 0
            self.end()
            return
        self._idle_turns += 1
        if self._idle_turns >= IDLE_TURNS:
            self._idle_turns = 0
            self._is_watched = False
            self._watcher.stop()

    def end(self) -> None:
        """Hand over what changed, and flush those that entered; also who enters meanwhile."""
        self._is_alone = False
        gate, senders = self.gate, self._senders
        gate.end_turn()
        place = 0
        while place < len(senders):
            sender = senders[place]
            place += 1
            sender.send_or_keep(gate.waits_for())
        self.flushed += place
        lists.empty(senders)

    # Waiting for the disk

    def note_kept(self, sender: Sender) -> None:
        """Remember a connection that keeps replies."""
        self._kept[sender] = None

    def forget(self, sender: Sender) -> None:
        """Forget a connection that is closed."""
        self._kept.pop(sender, None)

    def release(self, number: int) -> None:
        """Let the replies go that wait for this number or one before it."""
        for sender in list(self._kept):
            if sender.release(number):
                self._kept.pop(sender, None)

    def refuse_held(self, line: bytes) -> None:
        """Give up waiting: see Sender.refuse_held."""
        kept, self._kept = self._kept, {}
        for sender in kept:
            sender.refuse_held(line)
