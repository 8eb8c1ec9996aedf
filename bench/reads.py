"""XRANGE, XREVRANGE and XREAD of 10 to 10,000 entries, by a few connections in a tight loop.

The client knows how long each reply is and only counts bytes; parsing would cost more than the
server spends. Every connection has a request under way while another's reply is read, so that
the server need not fall asleep between two requests: with a single one, half of what is measured
is the kernel putting it to sleep and waking it. CPU per operation is the figure to look at.
Requests start at different places of the stream.
"""

from __future__ import annotations

import socket
from contextlib import ExitStack
from dataclasses import dataclass
from itertools import cycle

from bench.entries import entry_id, fixed_width_adds
from bench.wire import Connection, empty, pack
from bench.workload import Meter, Sample, Scale, Target, Workload

KEY = b"bench:reads"
ENTRIES = 20_000
STARTS = 64  # places a reply may begin at
CONNECTIONS = 8
COUNTS = (10, 100, 1_000, 10_000)
MAX_REQUESTS = 1_000_000
BUFFER_BYTES = 4 << 20


def _requests(command: str, count: int) -> list[bytes]:
    step = (ENTRIES - count - 1) // STARTS
    made = []
    for start in range(1, 1 + STARTS * step, step):
        first, last = entry_id(start), entry_id(start + count - 1)
        if command == "XRANGE":
            made.append(pack("XRANGE", KEY, first, "+", "COUNT", count))
        elif command == "XREVRANGE":
            made.append(pack("XREVRANGE", KEY, last, "-", "COUNT", count))
        else:
            made.append(pack("XREAD", "COUNT", count, "STREAMS", KEY, entry_id(start - 1)))
    return made


@dataclass(frozen=True, slots=True)
class Read:
    """One reading command with one COUNT."""

    command: str
    count: int

    def __call__(self, target: Target, scale: Scale) -> Sample:
        requests = _requests(self.command, self.count)
        with Connection(target.port) as connection:
            empty(connection)
            connection.fill(fixed_width_adds(KEY, ENTRIES))
            sizes = {connection.reply_size(request) for request in requests}
            if len(sizes) != 1:
                raise RuntimeError(f"{self.command}: replies differ in length: {sorted(sizes)}")
        with ExitStack() as stack:
            opened = [stack.enter_context(Connection(target.port)) for _ in range(CONNECTIONS)]
            socks = [connection.sock for connection in opened]
            return _tight_loop(socks, requests, sizes.pop(), target, scale)


def _tight_loop(
    socks: list[socket.socket], requests: list[bytes], size_bytes: int, target: Target, scale: Scale
) -> Sample:
    buffer = memoryview(bytearray(BUFFER_BYTES))
    following = cycle(requests)
    done = 0
    meter = Meter(target)
    for sock in socks:
        sock.sendall(next(following))
    while meter.elapsed_s() < scale.seconds and done < MAX_REQUESTS:
        for sock in socks:
            _receive(sock, size_bytes, buffer)
            sock.sendall(next(following))
        done += len(socks)
    for sock in socks:
        _receive(sock, size_bytes, buffer)
    return meter.sample(done + len(socks))


def _receive(sock: socket.socket, size_bytes: int, buffer: memoryview) -> None:
    while size_bytes:
        received = sock.recv_into(buffer, size_bytes)
        if not received:
            raise ConnectionResetError("the server closed the connection")
        size_bytes -= received


WORKLOADS = tuple(
    Workload(f"{command.lower()}-{count}", f"{command} of {count:,}", Read(command, count))
    for command in ("XRANGE", "XREVRANGE", "XREAD")
    for count in COUNTS
)
