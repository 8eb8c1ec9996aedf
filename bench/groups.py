"""XREADGROUP and XACK in batches: one consumer that reads, acknowledges, reads on.

IDs are chosen here, so every XACK is made in advance, and padded, so every reply's length is
known. At the end of the stream the group is set back to the start; by then nothing is pending.
One operation is one message, delivered and acknowledged.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from bench.entries import entry_id, fixed_width_adds
from bench.wire import Connection, empty, pack
from bench.workload import Meter, Sample, Scale, Target, Workload

KEY = b"bench:groups"
GROUP = b"workers"
CONSUMER = b"worker-1"
BATCHES = (1, 10, 100)
MESSAGES = {1: 10_000, 10: 20_000, 100: 40_000}  # of one pass, by batch
MAX_PASSES = 50
BUFFER_BYTES = 1 << 20


def read_of(key: bytes, batch: int) -> bytes:
    """Return a request for so many new messages."""
    return pack("XREADGROUP", "GROUP", GROUP, CONSUMER, "COUNT", batch, "STREAMS", key, ">")


@dataclass(frozen=True, slots=True)
class Consume:
    """Read and acknowledge ``batch`` messages at a time."""

    batch: int

    def __call__(self, target: Target, scale: Scale) -> Sample:
        messages = MESSAGES[self.batch]
        read = read_of(KEY, self.batch)
        acks = [
            pack("XACK", KEY, GROUP, *map(entry_id, range(start, start + self.batch)))
            for start in range(0, messages, self.batch)
        ]
        with Connection(target.port) as connection:
            empty(connection)
            connection.fill(fixed_width_adds(KEY, messages))
            connection.call("XGROUP", "CREATE", KEY, GROUP, "0")
            read_bytes = connection.reply_size(read)
            ack_bytes = connection.reply_size(acks[0])
            exchange = _exchanger(connection)
            passes = 0
            meter = Meter(target)
            while meter.elapsed_s() < scale.seconds and passes < MAX_PASSES:
                connection.call("XGROUP", "SETID", KEY, GROUP, "0")
                for ack in acks:
                    exchange(read, read_bytes)
                    exchange(ack, ack_bytes)
                passes += 1
            return meter.sample(passes * messages)


def _exchanger(connection: Connection) -> Callable[[bytes, int], None]:
    """Return a function that sends a request and takes in a reply of known length."""
    send = connection.sock.sendall
    receive_into = connection.sock.recv_into
    buffer = memoryview(bytearray(BUFFER_BYTES))

    def exchange(request: bytes, reply_bytes: int) -> None:
        send(request)
        while reply_bytes:
            received = receive_into(buffer, reply_bytes)
            if not received:
                raise ConnectionResetError("the server closed the connection")
            reply_bytes -= received

    return exchange


WORKLOADS = tuple(
    Workload(
        f"xreadgroup-{batch}",
        f"XREADGROUP + XACK, batches of {batch} (per message)",
        Consume(batch),
    )
    for batch in BATCHES
)
