"""Requests by the clock: at full load to find the rate, then at a given rate.

Half of the clients add entries to the large stream, the others read ten from its middle. Replies
are told apart by counting line ends. The collector of garbage is off meanwhile: its pauses would
be taken for the server's.
"""

from __future__ import annotations

import gc
import select
import socket
import time
from array import array
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager

from bench.entries import entry_id
from bench.filling import KEY
from bench.wire import HOST, Connection, ServerSaidNo, pack

CLIENTS = 32
READ_ENTRIES = 10
PLACES = 64  # where reads begin
RECV_BYTES = 1 << 16
LEAD_S = 0.02  # until the first request is due
STALL_LIMIT_S = 30.0


class Client:
    """One connection that sends the same kind of request again and again."""

    def __init__(self, port: int, number: int, entries: int) -> None:
        self.sock = socket.create_connection((HOST, port))
        self.sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.due_s: deque[float] = deque()  # when what is not answered yet was due
        self._missing_lines = 0
        if number % 2:
            place = entries * (number % PLACES) // PLACES
            self._request = pack("XRANGE", KEY, entry_id(place), "+", "COUNT", READ_ENTRIES)
        else:
            self._request = pack("XADD", KEY, "*", "level", "INFO", "msg", "half as much as can be")
        with Connection(port) as connection:
            self._lines = _count_lines(connection, self._request)

    def send(self, due_s: float) -> None:
        if not self.due_s:
            self._missing_lines = self._lines
        self.due_s.append(due_s)
        self.sock.sendall(self._request)

    def receive(self) -> list[float]:
        """Take what is there; return the due times of the requests it answers."""
        data = self.sock.recv(RECV_BYTES)
        if not data:
            raise ConnectionResetError("the server closed a connection")
        lines = data.count(b"\n")
        answered = []
        while lines >= self._missing_lines and self.due_s:
            lines -= self._missing_lines
            self._missing_lines = self._lines
            answered.append(self.due_s.popleft())
        self._missing_lines -= lines
        return answered


def _count_lines(connection: Connection, request: bytes) -> int:
    """Return the number of line ends in the reply to a request."""
    size_bytes = connection.reply_size(request)
    connection.sock.sendall(request)
    data = bytearray()
    while len(data) < size_bytes - 8:  # an ID of the server's may be some digits shorter
        data += connection.sock.recv(RECV_BYTES)
    return data.count(b"\n")


class Load:
    """All clients of one server."""

    def __init__(self, port: int, entries: int) -> None:
        self._clients = [Client(port, number, entries) for number in range(CLIENTS)]
        self._by_fd = {client.sock.fileno(): client for client in self._clients}

    def close(self) -> None:
        for client in self._clients:
            client.sock.close()

    def full_rate(self, seconds: float) -> float:
        """Return the requests a second if every client waits for its reply and sends again."""
        begun_s = time.perf_counter()
        done = 0
        with self._polling() as poll:
            for client in self._clients:
                client.send(begun_s)
            while (now_s := time.perf_counter()) - begun_s < seconds:
                for client in self._ready(poll, STALL_LIMIT_S):
                    answered = client.receive()
                    done += len(answered)
                    if answered:
                        client.send(now_s)
            rate = done / (time.perf_counter() - begun_s)
            self._finish(poll)
        return rate

    def latencies_s(self, rate: float, seconds: float) -> array[float]:
        """Send requests at a rate; return how long each took from when it was due, ascending."""
        clients, total = self._clients, int(rate * seconds)
        took_s = array("d")
        with self._polling() as poll:
            begun_s = time.perf_counter() + LEAD_S
            sent = 0
            while len(took_s) < total:
                now_s = time.perf_counter()
                while sent < total and begun_s + sent / rate <= now_s:
                    clients[sent % CLIENTS].send(begun_s + sent / rate)
                    sent += 1
                wait_s = STALL_LIMIT_S if sent == total else begun_s + sent / rate - now_s
                for client in self._ready(poll, wait_s, must=sent == total):
                    answered = client.receive()
                    now_s = time.perf_counter()
                    took_s.extend(now_s - due_s for due_s in answered)
        return array("d", sorted(took_s))

    @contextmanager
    def _polling(self) -> Iterator[list[socket.socket]]:
        gc.collect()
        gc.disable()
        try:
            yield [client.sock for client in self._clients]
        finally:
            gc.enable()

    def _ready(self, socks: list[socket.socket], wait_s: float, must: bool = True) -> list[Client]:
        """Return the clients with something to receive. select waits by the microsecond."""
        ready, _, _ = select.select(socks, (), (), max(wait_s, 0))
        if must and not ready:
            raise ServerSaidNo(f"no reply for {STALL_LIMIT_S} s")
        return [self._by_fd[sock.fileno()] for sock in ready]

    def _finish(self, socks: list[socket.socket]) -> None:
        """Take the replies that are still to come."""
        while any(client.due_s for client in self._clients):
            for client in self._ready(socks, STALL_LIMIT_S):
                client.receive()
