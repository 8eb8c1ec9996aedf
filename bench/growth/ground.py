"""What a curve is: a thing that grows, and operations that are measured on it at every size."""

from __future__ import annotations

import random
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import islice

from bench.process import exact_cpu_s
from bench.wire import Connection

DEPTH = 20  # requests sent before their replies are read
ENOUGH_S = 0.25  # CPU time of the server that makes a figure
LIMIT_S = 8.0  # wall time for one figure
MAX_REQUESTS = 40_000

Requests = Iterator[bytes]


class Site:
    """A running server that was filled to a size."""

    def __init__(self, port: int, pid: int, size: int) -> None:
        self.port = port
        self.pid = pid
        self.size = size
        self.chance = random.Random(size)
        self.connection = Connection(port, timeout_s=90)
        self.others: list[Connection] = []  # more clients, where they are what grows

    def close(self) -> None:
        for connection in (self.connection, *self.others):
            connection.sock.close()


Measure = Callable[[Site], float]  # returns microseconds of CPU time for one operation


@dataclass(frozen=True, slots=True)
class Curve:
    """An operation; one panel of the picture."""

    name: str
    title: str
    measure: Measure


@dataclass(frozen=True, slots=True)
class Ground:
    """A thing that grows. Curves are measured in their order; they may change the data."""

    name: str
    title: str  # of the axis
    max_size: int
    prepare: Callable[[Site], None]
    curves: tuple[Curve, ...]


def pipelined(requests: Callable[[Site], Requests]) -> Measure:
    """Return a measure of requests on one connection. Fewer may be made than are wanted."""

    def measure(site: Site) -> float:
        made = requests(site)
        return _cost_us(site, lambda: _exchange(site.connection, list(islice(made, DEPTH))))

    return measure


def _exchange(connection: Connection, batch: list[bytes]) -> int:
    connection.sock.sendall(b"".join(batch))
    for _ in batch:
        connection.read_reply()
    return len(batch)


def by_many(requests: Callable[[Site], Requests]) -> Measure:
    """Return a measure of requests by clients drawn from ``site.others``, one each in a round."""

    def measure(site: Site) -> float:
        made = requests(site)
        return _cost_us(site, lambda: _round(site, list(islice(made, DEPTH))))

    return measure


def _round(site: Site, batch: list[bytes]) -> int:
    chosen = site.chance.sample(site.others, len(batch))
    for connection, request in zip(chosen, batch, strict=True):
        connection.sock.sendall(request)
    for connection in chosen:
        connection.read_reply()
    return len(batch)


def _cost_us(site: Site, exchange: Callable[[], int]) -> float:
    """Call ``exchange`` until that took the server long enough, or it has nothing to send."""
    exchange()  # what comes first may set something up
    done = 0
    begun_s, cpu_begun_s = time.monotonic(), exact_cpu_s(site.pid)
    spent_s = 0.0
    while spent_s < ENOUGH_S and done < MAX_REQUESTS and time.monotonic() - begun_s < LIMIT_S:
        sent = exchange()
        if not sent:
            break
        done += sent
        spent_s = exact_cpu_s(site.pid) - cpu_begun_s
    return spent_s / max(done, 1) * 1e6
