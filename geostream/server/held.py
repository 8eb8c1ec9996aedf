"""One connection's replies while they wait for the disk.

Replies are counted while they are made, and it is noted whether they may tell of a change.
At the end of a turn they leave, or they are kept here with the number that the gate gives
(gate.py). When the disk fails, those that tell of a change are replaced by as many errors:
the client gets an answer to each request, and none that is not true.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator
from typing import NamedTuple

from geostream.reply import NO_REPLY, Push, Reply, Several
from geostream.server.unsent import Piece


class _Turn(NamedTuple):
    number: int  # of what they wait for
    pieces: list[Piece]
    replies: int
    tells_change: bool
    has_messages: bool  # there are messages among them that nobody asked for


class HeldReplies:
    """See the module docstring."""

    __slots__ = ("_turns", "has_messages", "replies", "size_bytes", "tells_change")

    def __init__(self) -> None:
        """Start with nothing."""
        self._turns: deque[_Turn] = deque()
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
        turn = _Turn(number, pieces, self.replies, self.tells_change, self.has_messages)
        self._turns.append(turn)
        self.size_bytes += sum(map(len, pieces))
        self.end_turn()

    def take(self, number: int) -> Iterator[list[Piece]]:
        """Give back what waited for this number or one before it."""
        while self._turns and self._turns[0].number <= number:
            turn = self._turns.popleft()
            self.size_bytes -= sum(map(len, turn.pieces))
            yield turn.pieces

    def refuse(self, line: bytes) -> Iterator[list[Piece] | None]:
        """Give back everything, with errors where a change is told; None: hang up.

        Where messages stand among such replies nobody could tell which is which.
        """
        while self._turns:
            turn = self._turns.popleft()
            self.size_bytes -= sum(map(len, turn.pieces))
            if not turn.tells_change:
                yield turn.pieces
            elif turn.has_messages:
                yield None
            else:
                yield [b"-%b\r\n" % line * turn.replies]

    def clear(self) -> None:
        """Forget what waits."""
        self._turns.clear()
        self.size_bytes = 0
