"""Requests in: bytes off the wire to lists of bytes.

Compiled, the walker (walker.py) reads everything. In plain Python two readers do the
work. Almost all data is a number of whole requests, or begins and ends in the middle of
one; the whole ones go through hiredis (fence.py). What is incomplete, inline, wrong or
odd is walked over, and the walker alone decides about errors. hiredis keeps nothing
between two calls, so an incomplete request is kept in one place only.

Both readers make the same requests of the same bytes, whatever the pieces they
come in; tests/protocol compares them.

A peer that has not logged in has narrower limits, and the request that logs it
in may have long ones right behind it. So while ``authenticated`` is False the
requests are handed out one by one, and the rest is held back::

    requests = reader.feed(data)
    while requests:
        ...  # run them
        requests = reader.feed(b"") if reader.held_back else []
    if reader.error is not None:
        ...  # send its line, unless it is empty, and hang up
"""

from __future__ import annotations

from types import FunctionType
from typing import TYPE_CHECKING

from geostream.errors import ProtocolError
from geostream.resp.walker import Walker

if TYPE_CHECKING:
    from geostream.resp.fence import Fence

MAX_BULK_BYTES = 512 * 2**20
MAX_PENDING_BYTES = 2**30

_STAR = ord("*")

#: How often to look for the start of the last request. XADD's own * looks like one at first.
_MAX_LOOKS = 8


class RequestReader:
    """The input of one connection.

    authenticated -- whether the peer has logged in; the connection says so
    error         -- how the peer broke the protocol, or None; nothing is read after it
    held_back     -- whether more may come of what was fed: feed b"" once the requests have been run
    """

    __slots__ = (
        "_held",
        "_held_from",
        "_max_whole_bytes",
        "_walker",
        "authenticated",
        "error",
        "held_back",
    )

    def __init__(
        self, max_bulk_bytes: int = MAX_BULK_BYTES, max_pending_bytes: int = MAX_PENDING_BYTES
    ) -> None:
        """Allow an argument ``max_bulk_bytes`` and a request, as sent, ``max_pending_bytes``."""
        self.authenticated = True
        self.error: ProtocolError | None = None
        self._walker = Walker(max_bulk_bytes, max_pending_bytes)
        self._max_whole_bytes = min(max_bulk_bytes, max_pending_bytes)
        self._held = b""
        self._held_from = 0
        self.held_back = False

    def limit(self, max_bulk_bytes: int, max_pending_bytes: int) -> None:
        """Allow this much from now on."""
        self._walker.max_bulk_bytes = max_bulk_bytes
        self._walker.max_pending_bytes = max_pending_bytes
        self._max_whole_bytes = min(max_bulk_bytes, max_pending_bytes)

    @property
    def pending_bytes(self) -> int:
        """How much is kept: of an incomplete request, and of what is held back."""
        return self._walker.pending_bytes + len(self._held) - self._held_from

    def feed(self, data: bytes | bytearray | memoryview) -> list[list[bytes]]:
        """Take what arrived; return each request that is complete now, none of them empty.

        If the peer broke the protocol, ``error`` says how, and the requests returned
        are those before that. What is fed afterwards is ignored.
        """
        if type(data) is not bytes:
            data = bytes(data)
        walker = self._walker
        if self.authenticated and not (walker.pending_bytes or self._held or self.error):
            whole = self._read_whole(data)
            if whole is not None:
                return whole
        requests: list[list[bytes]] = []
        if self.error is None:
            try:
                self._read_pieces(data, requests)
            except ProtocolError as error:
                self.error = error
                self._hold(b"", 0)
        return requests

    def _hold(self, data: bytes, start: int) -> None:
        """Hold data back from there on; b"": nothing."""
        self._held, self._held_from = data, start
        self.held_back = bool(data)

    def _read_whole(self, data: bytes) -> list[list[bytes]] | None:
        """Return the requests that make up the data; None if it is not that simple."""
        if (
            _FENCE is not None
            and data[-1:] == b"\n"
            and data[0] == _STAR
            and len(data) <= self._max_whole_bytes
        ):
            return _FENCE.read(data)
        return None

    def _read_pieces(self, data: bytes, requests: list[list[bytes]]) -> None:
        """Read data that is not made up of whole requests, or has something before it."""
        walker = self._walker
        walker.authenticated = self.authenticated
        start = 0
        if self._held:
            if data:
                data, start = self._held[self._held_from :] + data, 0
            else:
                data, start = self._held, self._held_from
            self._hold(b"", 0)
        if not self.authenticated:
            stop = walker.walk(data, start, requests, True)
            if stop < len(data):
                self._hold(data, stop)
            return
        if walker.pending_bytes:
            start = walker.walk(data, start, requests, True)
        if _FENCE is None:
            walker.walk(data, start, requests, False)
            return
        if start:
            data = data[start:]
            whole = self._read_whole(data)
            if whole is not None:
                requests += whole
                return
        cut = _last_start(data)
        whole = self._read_whole(data[:cut])
        if whole is None:
            cut = 0
        else:
            requests += whole
        walker.walk(data, cut, requests, False)


def _last_start(data: bytes) -> int:
    """Return where the last request in the data seems to start; 0 if that cannot be seen.

    A guess: it may be inside an argument. hiredis will tell.
    """
    end = len(data)
    for _ in range(_MAX_LOOKS):
        line_end = data.rfind(b"\r\n*", 0, end)
        if line_end < 0:
            break
        if data[line_end + 3 : line_end + 4].isdigit():
            return line_end + 2
        end = line_end + 2
    return 0


def _make_fence() -> Fence:
    # Imported here: compiled, nobody needs it.
    from geostream.resp.fence import Fence  # noqa: PLC0415

    return Fence()


#: One for all connections, see there; None where we are compiled and the walker is faster.
_FENCE = _make_fence() if isinstance(_last_start, FunctionType) else None
