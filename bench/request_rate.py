"""Many clients, short requests and short replies: PING, XADD, XLEN.

redis-benchmark carries the load where it is installed; connecting its clients is then part of
what is measured. Elsewhere a closed loop over epoll does it: every client sends its batch,
waits for all replies, sends again. Replies are told apart by counting line ends, not parsed.
"""

from __future__ import annotations

import csv
import select
import socket
import subprocess
from dataclasses import dataclass

from bench.wire import HOST, Connection, ServerSaidNo, empty, pack
from bench.workload import CPU_US_PER_OP, OPS_PER_S, Meter, Sample, Scale, Target, Workload

KEY = b"bench:rate"
LIMIT_S = 60.0  # for one measurement
RECV_BYTES = 1 << 16
XADD = (b"XADD", KEY, b"*", b"sensor", b"s-17", b"temperature", b"21.5")
XADD_MAXLEN = (b"XADD", KEY, b"MAXLEN", b"~", b"1000", *XADD[2:])


@dataclass(frozen=True, slots=True)
class RequestRate:
    """One load: ``clients`` connections with ``depth`` requests under way each."""

    args: tuple[bytes, ...]
    reply_lines: int  # line ends in one reply
    clients: int
    depth: int
    requests: int

    def __call__(self, target: Target, scale: Scale) -> Sample:
        with Connection(target.port) as connection:
            empty(connection)
            connection.call(*XADD)  # so that XLEN finds a stream
            connection.call(*self.args)  # raises if the server does not know it
            requests = self.request_count(scale)
            if scale.redis_benchmark:
                return self._redis_benchmark(scale.redis_benchmark, target, requests)
            return self._closed_loop(target, requests)

    def request_count(self, scale: Scale) -> int:
        """Return how many requests there are: the same number for each client."""
        per_client = round(self.requests * scale.requests / self.clients / self.depth)
        return max(per_client, 2) * self.clients * self.depth

    def _redis_benchmark(self, path: str, target: Target, requests: int) -> Sample:
        numbers = ["-c", str(self.clients), "-n", str(requests), "-P", str(self.depth)]
        where = ["-h", HOST, "-p", str(target.port)]
        meter = Meter(target)
        done = subprocess.run(
            [path, *where, *numbers, "--csv", *(arg.decode() for arg in self.args)],
            capture_output=True,
            text=True,
            timeout=LIMIT_S,
            check=False,
        )
        spent = meter.sample(requests)
        rate = _csv_rate(done.stdout)
        if done.returncode or rate is None:
            raise ServerSaidNo(f"redis-benchmark: {(done.stderr or done.stdout).strip()[-300:]}")
        return {OPS_PER_S: rate, CPU_US_PER_OP: spent[CPU_US_PER_OP]}

    def _closed_loop(self, target: Target, requests: int) -> Sample:
        sockets = [socket.create_connection((HOST, target.port)) for _ in range(self.clients)]
        try:
            for sock in sockets:
                sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            meter = Meter(target)
            payload = pack(*self.args) * self.depth
            _exchange_batches(
                sockets, payload, self.reply_lines * self.depth, requests // self.depth
            )
            return meter.sample(requests)
        finally:
            for sock in sockets:
                sock.close()


def _exchange_batches(
    sockets: list[socket.socket], payload: bytes, reply_lines: int, batches: int
) -> None:
    """Keep one batch under way on every socket until so many batches were answered."""
    by_fd = {sock.fileno(): sock for sock in sockets}
    missing_lines = dict.fromkeys(by_fd, reply_lines)
    unsent = batches - len(sockets)
    with select.epoll() as poll:
        for fd, sock in by_fd.items():
            poll.register(fd, select.EPOLLIN)
            sock.sendall(payload)
        while batches:
            for fd, _ in poll.poll():
                data = by_fd[fd].recv(RECV_BYTES)
                if not data:
                    raise ConnectionResetError("the server closed a connection")
                missing_lines[fd] -= data.count(b"\n")
                if missing_lines[fd]:
                    continue
                missing_lines[fd] = reply_lines
                batches -= 1
                if unsent:
                    unsent -= 1
                    by_fd[fd].sendall(payload)


def _csv_rate(output: str) -> float | None:
    """Return the "rps" column; the name in the first column may hold anything."""
    rows = [row for row in csv.reader(output.splitlines()) if len(row) > 1]
    if len(rows) < 2 or rows[-2][1] != "rps":
        return None
    return float(rows[-1][1])


def _rate(
    name: str,
    title: str,
    args: tuple[bytes, ...],
    *,
    clients: int = 50,
    depth: int = 1,
    requests: int,
) -> Workload:
    reply_lines = 2 if args[0] == b"XADD" else 1  # a bulk string has two lines
    run = RequestRate(args, reply_lines, clients, depth, requests)
    return Workload(name, title, run)


WORKLOADS = (
    _rate("ping", "PING, 50 clients", (b"PING",), requests=150_000),
    _rate("ping-p16", "PING, pipelined 16", (b"PING",), depth=16, requests=1_000_000),
    _rate("xadd-1", "XADD, 1 client", XADD, clients=1, requests=30_000),
    _rate("xadd-50", "XADD, 50 clients", XADD, requests=150_000),
    _rate("xadd-500", "XADD, 500 clients", XADD, clients=500, requests=200_000),
    _rate("xadd-p16", "XADD, pipelined 16", XADD, depth=16, requests=600_000),
    _rate("xadd-p100", "XADD, pipelined 100", XADD, depth=100, requests=1_000_000),
    _rate(
        "xadd-maxlen-p16",
        "XADD MAXLEN ~ 1000, pipelined 16",
        XADD_MAXLEN,
        depth=16,
        requests=600_000,
    ),
    _rate("xlen", "XLEN, 50 clients", (b"XLEN", KEY), requests=150_000),
    _rate("xlen-p16", "XLEN, pipelined 16", (b"XLEN", KEY), depth=16, requests=1_000_000),
)
