"""One XADD to 500 blocked readers, again and again.

Every reader waits in XREAD BLOCK. A round sends one XADD and ends when all have their entry;
then the readers block again, and two PINGs on the writer's connection make sure that the server
has seen them do it. The rate is one over the median time from XADD to the last reply. The CPU
figure covers the whole round, blocking again included, because the kernel counts in 10 ms.
"""

from __future__ import annotations

import select
import socket
import statistics
import time

from bench.entries import entry_id
from bench.wire import HOST, Connection, empty, pack
from bench.workload import CPU_US_PER_OP, OPS_PER_S, Meter, Sample, Scale, Target, Workload

KEY = b"bench:fanout"
READERS = 500
MAX_ROUNDS = 5_000
STALL_LIMIT_S = 10.0
RECV_BYTES = 1 << 12


def _add(index: int) -> bytes:
    return pack("XADD", KEY, entry_id(index), "level", "INFO", "msg", "to whom it may concern")


def _read_after(index: int) -> bytes:
    return pack("XREAD", "BLOCK", 0, "STREAMS", KEY, entry_id(index))


class Readers:
    """The blocked connections."""

    def __init__(self, port: int) -> None:
        self._poll = select.epoll()
        self._by_fd: dict[int, socket.socket] = {}
        for _ in range(READERS):
            sock = socket.create_connection((HOST, port))
            sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            self._by_fd[sock.fileno()] = sock
            self._poll.register(sock.fileno(), select.EPOLLIN)

    def block(self, request: bytes) -> None:
        for sock in self._by_fd.values():
            sock.sendall(request)

    def take(self, reply_bytes: int) -> None:
        """Return when every reader received that many bytes."""
        missing = dict.fromkeys(self._by_fd, reply_bytes)
        while missing:
            events = self._poll.poll(STALL_LIMIT_S)
            if not events:
                raise TimeoutError(f"{len(missing)} of {READERS} readers got no reply")
            for fd, _ in events:
                received = len(self._by_fd[fd].recv(RECV_BYTES))
                if not received:
                    raise ConnectionResetError("the server closed a reader's connection")
                missing[fd] -= received
                if not missing[fd]:
                    del missing[fd]

    def close(self) -> None:
        self._poll.close()
        for sock in self._by_fd.values():
            sock.close()


def fan_out(target: Target, scale: Scale) -> Sample:
    """Run rounds for the given time."""
    with Connection(target.port) as writer:
        empty(writer)
        writer.fill([_add(1)])
        reply_bytes = writer.reply_size(_read_after(0))
        readers = Readers(target.port)
        try:
            return _rounds(writer, readers, reply_bytes, target, scale)
        finally:
            readers.close()


def _rounds(
    writer: Connection, readers: Readers, reply_bytes: int, target: Target, scale: Scale
) -> Sample:
    latencies_s: list[float] = []
    last = 1
    readers.block(_read_after(last))
    meter = Meter(target)
    while meter.elapsed_s() < scale.seconds and len(latencies_s) < MAX_ROUNDS:
        writer.call("PING")
        writer.call("PING")
        add = _add(last + 1)
        start_s = time.perf_counter()
        writer.sock.sendall(add)
        readers.take(reply_bytes)
        latencies_s.append(time.perf_counter() - start_s)
        writer.read_reply()
        last += 1
        readers.block(_read_after(last))
    cpu_us = meter.sample(len(latencies_s))[CPU_US_PER_OP]
    return {OPS_PER_S: 1 / statistics.median(latencies_s), CPU_US_PER_OP: cpu_us}


WORKLOADS = (Workload("fanout-500", "one XADD to 500 blocked readers (per XADD)", fan_out),)
