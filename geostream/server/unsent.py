"""Replies on their way to a socket: put together, and kept where it does not take them.

What is small is put together, because one piece is sent more cheaply than many. What is large
is not copied, and what is long is sent ``TURN_BYTES`` at a time, whatever the socket would
take, so that the other clients have their turns; if they use them, with pauses (pace.py). A
``Later`` among the pieces is made when it comes to the front, a piece at a time, so it never
takes more memory than that.
"""

from __future__ import annotations

from collections import deque
from itertools import groupby
from typing import Any

from geostream.reply import Later
from geostream.server.pace import FREE_BYTES, PACED_BYTES, PACED_PIECES
from geostream.server.turn import Ready, Sender, Turn

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

    __slots__ = (
        "_flushed",
        "_pauses_left",
        "_pieces",
        "_row_bytes",
        "_sender",
        "_turn",
        "_watcher",
        "size_bytes",
    )

    def __init__(self, sender: Sender, watcher: Any, turn: Turn) -> None:
        """Send by this connection.

        watcher -- of gevent's loop, for when the socket can be written to; ours from now on
        """
        self._sender = sender
        self._watcher = watcher
        self._turn = turn
        self._pieces: deque[bytearray | memoryview | Later] = deque()
        self._row_bytes = 0  # sent since there was nothing to send
        self._flushed = 0  # of the turn, when something was sent last
        self._pauses_left = 0
        self.size_bytes = 0

    def __len__(self) -> int:
        return len(self._pieces)

    def is_empty(self) -> bool:
        """Tell whether everything is sent."""
        return not self._pieces

    def hand_over(self, pieces: list[Piece]) -> bool:
        """Send pieces behind what is here, and keep what is not taken; False: the peer is gone.

        What is kept is sent when the socket takes it.
        """
        total_bytes = size_bytes(pieces)
        is_long = total_bytes >= _TURN_BYTES or len(pieces) > _GATHER_PIECES
        sent = 0
        is_first = not self._pieces
        if is_first and not is_long:
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
        if is_first and self._pieces:
            self._row_bytes = 0
            self._watcher.start(self._on_writable)
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

    def _on_writable(self) -> None:
        """Send on; runs in the hub."""
        flushed = self._turn.flushed
        if flushed != self._flushed:
            self._flushed = flushed
            self._pauses_left = PACED_PIECES if self._row_bytes else 0  # before, it was ourselves
        is_paced = self._pauses_left > 0 and self._row_bytes >= FREE_BYTES
        if not self.send_on(PACED_BYTES if is_paced else TURN_BYTES):
            return
        if is_paced or not self._pieces:
            self._watcher.stop()
        if is_paced and self._pieces:
            self._pauses_left -= 1
            self._turn.pace.wait(self._go_on)
        self._sender.note_taken(not self._pieces)

    def _go_on(self) -> None:
        """Send on after a pause, if the end has not come meanwhile."""
        if self._pieces:
            self._watcher.start(self._on_writable)

    def send_on(self, most_bytes: int) -> bool:
        """Send what may be sent in one turn; False: the peer is gone."""
        left_bytes = most_bytes
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
            self._row_bytes += sent
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
        self._watcher.stop()
        self._watcher.close()
        self._pieces.clear()
        self.size_bytes = 0
        self._sender = Sender()
