"""Clients that change data, and remember what they asked and what they were told.

A worker has one connection and keys of its own, so what the server holds after a crash must be
what the worker's requests make, carried out in their order up to some place: behind the last
one that was answered, or at one that was sent and not answered. What requests make is asked
of an engine in this process, which has done the same as far as is known (``Expected``).

All workers also add to one stream, with IDs that the server chooses; there it is looked whether
everything acknowledged is there once, and nothing that nobody sent.
"""

from __future__ import annotations

import random
import threading
import time
from dataclasses import dataclass, field
from typing import Any

import hiredis

from geostream.resp.writer import ENCODERS
from tests.support.engines import make_engine
from tests.support.wire import Client, ConnectionLost, Error, pack, plain

Request = list[bytes]

RECENT = 40  # IDs a request may be about
MOST_AT_ONCE = 8  # requests in a pipeline


@dataclass(slots=True)
class Unit:
    """What is done as a whole or not at all: a request, or all from MULTI to EXEC."""

    requests: list[Request]
    shared: bytes = b""  # what it adds to the shared stream, if it does
    reply: Any = None  # the last one; None: not answered
    answered_s: float = 0.0


@dataclass
class Worker:
    """One client; ``run`` in a thread until the server is gone or ``stop`` is set."""

    name: str
    random: random.Random
    shared_key: bytes = b"shared"
    number: int = 0  # of the last entry
    units: list[Unit] = field(default_factory=list)  # sent since the last check
    answered: int = 0  # how many of them were
    saved: int = 0  # how many were answered before the last SAVE that succeeded
    stop: threading.Event = field(default_factory=threading.Event)

    @property
    def key(self) -> bytes:
        """Its stream."""
        return self.name.encode()

    def run(self, client: Client) -> None:
        """Send and read; return when the server is gone."""
        try:
            while not self.stop.is_set():
                self._exchange(client)
        except (ConnectionLost, OSError):
            return
        finally:
            client.close()

    def _exchange(self, client: Client) -> None:
        """Send a pipeline and read its replies."""
        sent = [self._unit() for _ in range(self.random.randint(1, MOST_AT_ONCE))]
        self.units += sent
        client.send_raw(b"".join(pack(request) for unit in sent for request in unit.requests))
        for unit in sent:
            replies = [client.read() for _ in unit.requests]
            unit.answered_s = time.monotonic()
            unit.reply = replies[-1]
            self.answered += 1

    def _unit(self) -> Unit:
        chosen = self.random.random()
        if chosen < 0.1:
            self.number += 1
            payload = f"{self.name} {self.number}".encode()
            return Unit([[b"XADD", self.shared_key, b"*", b"from", payload]], shared=payload)
        if chosen < 0.2:
            inner = [self._request() for _ in range(3)]
            return Unit([[b"MULTI"], *inner, [b"EXEC"]])
        return Unit([self._request()])

    def _request(self) -> Request:
        kind = self.random.choice(
            ("add", "add", "add", "read", "read", "ack", "claim", "delete", "trim", "count")
        )
        return [word if isinstance(word, bytes) else str(word).encode() for word in self._of(kind)]

    def _of(self, kind: str) -> tuple[object, ...]:
        key, rng = self.key, self.random
        match kind:
            case "add":
                self.number += 1
                value = bytes([self.number % 256]) * rng.choice((1, 10, 200))
                return "XADD", key, f"{self.number}-0", self.name, value
            case "read":
                consumer = rng.choice("ab")
                return "XREADGROUP", "GROUP", "g", consumer, "COUNT", 3, "STREAMS", key, ">"
            case "ack":
                return "XACK", key, "g", self._recent(), self._recent()
            case "claim":
                return "XCLAIM", key, "g", rng.choice("bc"), 0, self._recent(), self._recent()
            case "delete":
                return "XDEL", key, self._recent()
            case "trim":
                return "XTRIM", key, "MAXLEN", "=", RECENT
            case _:
                return "INCR", key + b":count"

    def _recent(self) -> str:
        return f"{self.random.randint(max(1, self.number - RECENT), self.number + 1)}-0"


class Expected:
    """What a worker's keys should hold."""

    def __init__(self, key: bytes) -> None:
        """Start as ``prepare`` leaves the server."""
        self._bench = make_engine()
        self._key = key
        for request in preparation(key):
            self._bench.execute(*request)

    def apply(self, unit: Unit) -> None:
        """Do what a unit asks for."""
        if not unit.shared:
            for request in unit.requests:
                self._bench.execute(*request)

    def state(self) -> Any:
        """Return it as ``state_of`` does."""
        return [self._ask(request) for request in questions(self._key)]

    def is_state(self, held: Any) -> bool:
        """Tell whether this is it; most states are told apart by the first answers."""
        return all(
            self._ask(request) == reply
            for request, reply in zip(questions(self._key), held, strict=True)
        )

    def _ask(self, request: Request) -> Any:
        pieces: list[bytes] = []
        ENCODERS[2](self._bench.execute(*request), pieces)
        reader = hiredis.Reader()
        reader.feed(b"".join(pieces))
        return _comparable(request, reader.gets())


def preparation(key: bytes) -> list[Request]:
    """Return what makes a worker's keys."""
    return [[b"XGROUP", b"CREATE", key, b"g", b"0", b"MKSTREAM"]]


def questions(key: bytes) -> list[Request]:
    """Return what is asked to know all that a worker's keys hold."""
    return [
        [b"GET", key + b":count"],
        [b"XINFO", b"STREAM", key],
        [b"XRANGE", key, b"-", b"+"],
        [b"XINFO", b"GROUPS", key],
        [b"XINFO", b"CONSUMERS", key, b"g"],
        [b"XPENDING", key, b"g", b"-", b"+", b"100000"],
    ]


def state_of(client: Client, key: bytes) -> Any:
    """Return what a server holds of a worker, without times and sizes."""
    return [
        _comparable(request, plain(reply))
        for request, reply in zip(questions(key), client.pipeline(questions(key)), strict=True)
    ]


def _comparable(request: Request, reply: Any) -> Any:
    if request[0] == b"XPENDING":
        return [(entry_id, consumer, count) for entry_id, consumer, _, count in reply]
    if request[:2] == [b"XINFO", b"CONSUMERS"]:
        return sorted((one[1], one[3]) for one in reply)
    if request[:2] == [b"XINFO", b"STREAM"]:
        told = dict(zip(reply[::2], reply[1::2], strict=True))
        return [value for name, value in told.items() if not name.startswith(b"radix-tree")]
    return reply


def check_worker(worker: Worker, expected: Expected, held: Any, at_least: int) -> None:
    """Fail unless a server holds what the first units make, ``at_least`` so many of them.

    Afterwards the worker is as if only those had been sent.
    """
    for unit in worker.units[: worker.answered]:
        assert not isinstance(unit.reply, Error) or b"smaller" in unit.reply.line, unit
    for number, unit in enumerate([None, *worker.units]):
        if unit is not None:
            expected.apply(unit)
        if number >= at_least and expected.is_state(held):
            worker.units.clear()
            worker.answered = worker.saved = 0
            return
    raise AssertionError(
        f"{worker.name}: {len(worker.units)} units were sent and {worker.answered} answered; what"
        f" is there is the outcome of none of the first {at_least} to {len(worker.units)}:\n"
        f"  {held}\n  all of them: {expected.state()}"
    )


def check_shared(workers: list[Worker], entries: Any, *, all_acknowledged: bool = True) -> None:
    """Fail unless the shared stream has everything acknowledged once, and nothing else."""
    held = {fields[1]: entry_id for entry_id, fields in plain(entries)}
    assert len(held) == len(entries), "something is there twice"
    for worker in workers:
        sent = [unit for unit in worker.units if unit.shared]
        if all_acknowledged:
            for unit in sent:
                assert unit.reply is None or held.get(unit.shared) == unit.reply, unit
        ours = [payload for payload in held if payload.startswith(worker.key + b" ")]
        unknown = set(ours) - {unit.shared for unit in sent}
        assert not unknown, f"nobody sent {unknown}"
        in_order = [unit.shared for unit in sent if unit.shared in held]
        assert ours == in_order, f"{ours} are not in the order of {in_order}"
