"""What all connections share in one turn of the hub: who has something to send, and the gate.

Connections enter themselves when they are given a first reply to send, and are flushed
together when the hub has seen to all sockets that were readable. Sent one by one, each
reply would wake a peer that then finds a single one.
"""

from __future__ import annotations

from typing import Protocol

from geostream.server.gate import Gate


class Sender(Protocol):
    """A connection, as far as its turn goes."""

    def flush(self) -> None:
        """Hand what there is to the socket."""


class Turn:
    """See the module docstring.

    gate -- replies wait for it, where changes are kept on disk; None: they need not
    """

    __slots__ = ("_senders", "gate")

    def __init__(self) -> None:
        """Begin with nobody."""
        self.gate: Gate | None = None
        self._senders: list[Sender] = []

    def enter(self, sender: Sender) -> None:
        """Flush a connection at the end of this turn. It enters once."""
        self._senders.append(sender)

    def end(self) -> None:
        """Hand over what changed, and flush those that entered; also who enters meanwhile."""
        if self.gate is not None:
            self.gate.end_turn()
        while self._senders:
            senders, self._senders = self._senders, []
            for sender in senders:
                sender.flush()

    def waits_for(self) -> int:
        """Return what replies made now have to wait for; 0: nothing."""
        return self.gate.waits_for() if self.gate is not None else 0
