"""A small blocking client: enough of the protocol to prepare a load and to check on it.

Measured loops do not go through here. They send bytes made in advance by ``pack`` and count
reply bytes, whose number ``Connection.reply_size`` found out beforehand.
"""

from __future__ import annotations

import socket
from collections.abc import Iterable
from itertools import islice
from types import TracebackType

import hiredis

HOST = "127.0.0.1"
PATIENCE_S = 90.0  # of a connection that may have to wait for a disk
FILL_BATCH = 1_000  # requests sent before their replies are read
RECV_BYTES = 1 << 20


class ServerSaidNo(Exception):
    """The server answered with an error; the text is its own."""


def pack(*args: bytes | str | int) -> bytes:
    """Return one request in wire form."""
    # The stub of hiredis calls for a tuple of exactly one argument.
    packed: bytes = hiredis.pack_command(args)  # type: ignore[arg-type]
    return packed


class Connection:
    """One client connection, used as a context manager."""

    def __init__(self, port: int, timeout_s: float = 20.0) -> None:
        self.sock = socket.create_connection((HOST, port), timeout=timeout_s)
        self.sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._reader = hiredis.Reader(notEnoughData=Ellipsis)

    def __enter__(self) -> Connection:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        tb: TracebackType | None,
    ) -> None:
        self.sock.close()

    def call(self, *args: bytes | str | int) -> object:
        """Send one request and return its reply. Raises ServerSaidNo for an error reply."""
        self.sock.sendall(pack(*args))
        return self.read_reply()

    def info(self, section: str) -> dict[str, str]:
        """Return one section of INFO."""
        text = self.call("INFO", section)
        lines = text.decode(errors="replace").splitlines() if isinstance(text, bytes) else []
        return dict(line.split(":", 1) for line in lines if ":" in line)

    def fill(self, requests: Iterable[bytes]) -> None:
        """Send many requests, pipelined. Raises ServerSaidNo at the first error reply."""
        left = iter(requests)
        while batch := list(islice(left, FILL_BATCH)):
            self.sock.sendall(b"".join(batch))
            for _ in batch:
                self.read_reply()

    def fill_unheard(self, requests: Iterable[bytes]) -> None:
        """Send many requests whose replies nobody wants to hear, errors included.

        Check afterwards that it came out as it should.
        """
        self.sock.sendall(pack("CLIENT", "REPLY", "OFF"))
        left = iter(requests)
        while batch := list(islice(left, FILL_BATCH)):
            self.sock.sendall(b"".join(batch))
        self.call("CLIENT", "REPLY", "ON")

    def reply_size(self, request: bytes) -> int:
        """Send one request and return how many bytes its reply has."""
        self.sock.sendall(request)
        size_bytes = 0
        while (reply := self._reader.gets()) is Ellipsis:
            size_bytes += self._receive()
        _raise_if_error(reply)
        return size_bytes

    def read_reply(self) -> object:
        """Return the next reply. Raises ServerSaidNo for an error reply."""
        while (reply := self._reader.gets()) is Ellipsis:
            self._receive()
        _raise_if_error(reply)
        return reply

    def _receive(self) -> int:
        data = self.sock.recv(RECV_BYTES)
        if not data:
            raise ConnectionResetError("the server closed the connection")
        self._reader.feed(data)
        return len(data)


def _raise_if_error(reply: object) -> None:
    if isinstance(reply, Exception):
        raise ServerSaidNo(str(reply))


def empty(connection: Connection) -> None:
    """Remove all data, waiting until it is freed, so that no later measurement pays for it."""
    connection.call("FLUSHALL", "SYNC")
