"""What all connections share in one turn of the hub: who has something to send, and the gate.

Connections enter themselves when they are given a first reply to send, and are flushed
together when the hub has seen to all sockets that were readable. Sent one by one, each
reply would wake a peer that then finds a single one.

Replies that have to wait for the gate stay with their connection, and it is remembered here
until the gate says that what they wait for is reached, or never will be.
"""

from __future__ import annotations

from collections.abc import Sequence

from geostream.server.gate import Gate

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


class Turn:
    """See the module docstring.

    gate -- replies wait for it, where changes are kept on disk; None: they need not
    """

    __slots__ = ("_kept", "_senders", "gate")

    def __init__(self) -> None:
        """Begin with nobody."""
        self.gate: Gate | None = None
        self._senders: list[Sender] = []
        self._kept: dict[Sender, None] = {}  # who has replies that wait

    def enter(self, sender: Sender) -> None:
        """Flush a connection at the end of this turn. It enters once."""
        self._senders.append(sender)

    def end(self) -> None:
        """Hand over what changed, and flush those that entered; also who enters meanwhile."""
        if self.gate is not None:
            self.gate.end_turn()
        while self._senders:
            senders, self._senders = self._senders, []
            number = self.waits_for()
            for sender in senders:
                sender.send_or_keep(number)

    def waits_for(self) -> int:
        """Return what replies made now have to wait for; 0: nothing."""
        return self.gate.waits_for() if self.gate is not None else 0

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
