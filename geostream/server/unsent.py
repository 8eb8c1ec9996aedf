"""Replies on their way to a socket: put together, and kept where it does not take them.

What is small is put together, because one piece is sent more cheaply than many. What is large
is not copied, and what is long is sent ``TURN_BYTES`` at a time, whatever the socket would
take, so that the other clients have their turns. A ``Later`` among the pieces is made when it
comes to the front, a piece at a time, so it never takes more memory than that.
"""

from __future__ import annotations

from collections import deque
from itertools import groupby

from geostream.reply import Later
from geostream.server.turn import Ready, Sender

GATHER_BYTES = 64 * 1024  # replies of this size are sent without being joined first ...
GATHER_PIECES = 64  # ... if they are in no more pieces than this
JOINED_PIECES = 1024  # at most so many small pieces of a long reply become one
TURN_BYTES = 1024 * 1024  # sent to one client in one turn of the hub

# The same as numbers in C, see unsent.pxd.
_GATHER_BYTES, _GATHER_PIECES, _TURN_BYTES = GATHER_BYTES, GATHER_PIECES, TURN_BYTES

Piece = Ready | Later


def gathered(out: list[Piece]) -> list[Piece]:
    """Return pieces as they are best sent, perhaps the same list. O(bytes of small ones)."""
    total_bytes = size_bytes(out)
    if total_bytes < _TURN_BYTES:  # there is no Later in so little
        is_joined = len(out) > 1 and (len(out) > _GATHER_PIECES or total_bytes < _GATHER_BYTES)
        return [b"".join(out)] if is_joined else out  # type: ignore[arg-type]
    pieces: list[Piece] = []
    for is_large, run in groupby(out, key=_is_large):
        if is_large:
            pieces += run
            continue
        small = list(run)
        for start in range(0, len(small), JOINED_PIECES):
            some = small[start : start + JOINED_PIECES]
            pieces.append(b"".join(some))  # type: ignore[arg-type]
    return pieces


def size_bytes(pieces: list[Piece]) -> int:
    """Return how long pieces are together."""
    total_bytes = 0
    for piece in pieces:
        if type(piece) is bytes:  # most are, and the compiler knows where they say so
            reply = piece
            total_bytes += len(reply)
        else:
            total_bytes += len(piece)
    return total_bytes


def _is_large(piece: Piece) -> bool:
    return len(piece) >= _GATHER_BYTES


class Unsent:
    """What one socket did not take yet, in its order."""

    __slots__ = ("_pieces", "_sender", "size_bytes")

    def __init__(self, sender: Sender) -> None:
        """Send by this connection."""
        self._sender = sender
        self._pieces: deque[bytearray | memoryview | Later] = deque()
        self.size_bytes = 0

    def __len__(self) -> int:
        return len(self._pieces)

    def is_empty(self) -> bool:
        """Tell whether everything is sent."""
        return not self._pieces

    def hand_over(self, pieces: list[Piece]) -> bool:
        """Send pieces behind what is here, and keep what is not taken; False: the peer is gone."""
        total_bytes = size_bytes(pieces)
        is_long = total_bytes >= _TURN_BYTES or len(pieces) > _GATHER_PIECES
        sent = 0
        if not self._pieces and not is_long:
            sent = self._sender.send(pieces)  # type: ignore[arg-type]  # a Later is longer
            if sent == total_bytes:
                return True
        if sent < 0:
            return False
        for piece in pieces:
            if sent >= len(piece):
                sent -= len(piece)
            else:
                self._keep(piece if type(piece) is Later else memoryview(piece)[sent:])
                sent = 0
        return True

    def _keep(self, piece: memoryview | Later) -> None:
        self.size_bytes += len(piece)
        last = self._pieces[-1] if self._pieces else None
        if type(piece) is Later or len(piece) >= _GATHER_BYTES:
            self._pieces.append(piece)
        elif type(last) is bytearray and len(last) < _GATHER_BYTES:
            last += piece
        else:
            self._pieces.append(bytearray(piece))

    def send_on(self) -> bool:
        """Send what may be sent in one turn; False: the peer is gone."""
        left_bytes = _TURN_BYTES
        while self._pieces and left_bytes:
            data = self._pieces[0]
            if type(data) is Later:
                self._make_piece(data)
                continue
            offered = data if len(data) <= left_bytes else data[:left_bytes]
            sent = self._sender.send((offered,))
            if sent < 0:
                return False
            self.size_bytes -= sent
            left_bytes -= sent
            if sent < len(data):
                self._pieces[0] = data[sent:]
            else:
                self._pieces.popleft()
            if sent < len(offered):  # the socket is full
                break
        return True

    def _make_piece(self, later: Later) -> None:
        """Put the next of the pieces to be made in front of the rest."""
        piece = later.next_piece()
        if piece is not None:
            self._pieces.appendleft(memoryview(piece))
        else:
            self._pieces.popleft()

    def close(self) -> None:
        """Forget everything, the connection too: it and this would be a cycle."""
        self._pieces.clear()
        self.size_bytes = 0
        self._sender = Sender()
