"""One connection's replies while they wait for the disk.

Replies are counted while they are made, and it is noted whether they may tell of a change.
At the end of a turn they leave, or they are kept here with the number that the gate gives
(gate.py). When the disk fails, those that tell of a change are replaced by as many errors:
the client gets an answer to each request, and none that is not true.
"""

from __future__ import annotations

from geostream.reply import NO_REPLY, Push, Reply, Several
from geostream.server.unsent import Piece, size_bytes


class HeldTurn:
    """The replies of one turn of the hub.

    number       -- what they wait for
    has_messages -- there are messages among them that nobody asked for
    """

    __slots__ = ("has_messages", "number", "pieces", "replies", "size_bytes", "tells_change")

    def __init__(
        self, number: int, pieces: list[Piece], replies: int, tells_change: bool, has_messages: bool
    ) -> None:
        self.number = number
        self.pieces = pieces
        self.size_bytes = size_bytes(pieces)
        self.replies = replies
        self.tells_change = tells_change
        self.has_messages = has_messages

    def with_errors(self, line: bytes) -> list[Piece] | None:
        """Return what to send when the disk has failed; None: hang up.

        Where messages stand among replies that tell of a change nobody could tell which is which.
        """
        if not self.tells_change:
            return self.pieces
        return None if self.has_messages else [b"-%b\r\n" % line * self.replies]


class HeldReplies:
    """See the module docstring."""

    __slots__ = ("_turns", "has_messages", "replies", "size_bytes", "tells_change")

    def __init__(self) -> None:
        """Start with nothing."""
        self._turns: list[HeldTurn] = []
        self.size_bytes = 0  # of what waits
        self.replies = 0  # made in this turn
        self.tells_change = False  # one of them does, or may
        self.has_messages = False

    def __len__(self) -> int:
        return len(self._turns)

    def is_empty(self) -> bool:
        """Tell whether nothing waits."""
        return not self._turns

    def note_pushed(self, reply: Reply) -> None:
        """Count something that came out of turn; it may be a delivery."""
        if type(reply) is Push or type(reply) is Several:
            self.has_messages = True
        elif reply is not NO_REPLY:
            self.replies += 1
            self.tells_change = True

    def end_turn(self) -> None:
        """Count anew: what was made so far has left."""
        self.replies = 0
        self.tells_change = self.has_messages = False

    def keep(self, number: int, pieces: list[Piece]) -> None:
        """Keep what was made in this turn until a number is reached."""
        turn = HeldTurn(number, pieces, self.replies, self.tells_change, self.has_messages)
        self._turns.append(turn)
        self.size_bytes += turn.size_bytes
        self.end_turn()

    def take(self, number: int) -> list[HeldTurn]:
        """Give back what waited for this number or one before it. O(turns held)."""
        turns, count = self._turns, 0
        for turn in turns:
            if turn.number > number:
                break
            self.size_bytes -= turn.size_bytes
            count += 1
        if count == len(turns):
            self._turns = []
            return turns
        self._turns = turns[count:]
        return turns[:count]

    def take_all(self) -> list[HeldTurn]:
        """Give back everything."""
        turns, self._turns = self._turns, []
        self.size_bytes = 0
        return turns

    def clear(self) -> None:
        """Forget what waits."""
        self._turns.clear()
        self.size_bytes = 0
