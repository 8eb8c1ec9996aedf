"""XRANGE, XREVRANGE and XREAD of 10 to 10,000 entries, by one client in a tight loop.

The client knows how long each reply is and only counts bytes; parsing would cost more than the
server spends. It still leaves the server idle part of the time, so CPU per operation is the
figure to look at. Requests start at different places of the stream.
"""

from __future__ import annotations

from dataclasses import dataclass

from bench.entries import entry_id, fixed_width_adds
from bench.wire import Connection, empty, pack
from bench.workload import Meter, Sample, Scale, Target, Workload

KEY = b"bench:reads"
ENTRIES = 20_000
STARTS = 64  # places a reply may begin at
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
            return _tight_loop(connection, requests, sizes.pop(), target, scale)


def _tight_loop(
    connection: Connection, requests: list[bytes], size_bytes: int, target: Target, scale: Scale
) -> Sample:
    send = connection.sock.sendall
    receive_into = connection.sock.recv_into
    buffer = memoryview(bytearray(BUFFER_BYTES))
    done = 0
    meter = Meter(target)
    while meter.elapsed_s() < scale.seconds and done < MAX_REQUESTS:
        for request in requests:
            send(request)
            missing = size_bytes
            while missing:
                received = receive_into(buffer, missing)
                if not received:
                    raise ConnectionResetError("the server closed the connection")
                missing -= received
        done += len(requests)
    return meter.sample(done)


WORKLOADS = tuple(
    Workload(f"{command.lower()}-{count}", f"{command} of {count:,}", Read(command, count))
    for command in ("XRANGE", "XREVRANGE", "XREAD")
    for count in COUNTS
)
