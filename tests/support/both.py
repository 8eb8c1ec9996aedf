"""One request to geostream and to a real server; the replies must be equal.

``run`` compares raw values (tests/support/wire.py), so a null of the wrong kind
or a bulk string that should be a simple one is a failure. What may differ is
listed in tests/differential/differences.py and nowhere else.

A ``Both`` is a pair of connections, one to each server. ``another`` opens a
second pair, for what needs two clients. Waiting is seen from a third pair that
asks CLIENT LIST: nobody sleeps in the hope that something has happened.
"""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Iterable, Sequence
from typing import Any

from tests.differential import differences
from tests.support.wire import Arg, Client, Error, as_bytes, pack, text_of, words

POLL_LIMIT_S = 20.0
POLL_S = 0.002


def in_lines(text: str) -> list[str]:
    """Return the words of a text of several lines."""
    return text.split()


def _lines(script: str) -> list[str]:
    """Return the requests of a script: a line each, blank lines and comments left out."""
    lines = [line.strip() for line in script.splitlines()]
    return [line for line in lines if line and not line.startswith("#")]


class Mismatch(AssertionError):
    """The replies differ."""


def until(is_so: Callable[[], bool], what: str, limit_s: float = POLL_LIMIT_S) -> None:
    """Ask again and again until it is so; fail after the limit."""
    deadline_s = time.monotonic() + limit_s
    while not is_so():
        assert time.monotonic() < deadline_s, f"not within {limit_s} s: {what}"
        time.sleep(POLL_S)


class Both:
    """A connection to geostream and one to a real server."""

    def __init__(self, ports: tuple[int, int], server: str, protocol: int) -> None:
        self.ports = ports
        self.server = server
        self.protocol = protocol
        self.changed_settings: set[bytes] = set()
        self._others: list[Both] = []
        self._control: Both | None = None
        self._sent: list[list[bytes]] = []
        self.client_ids: tuple[int, int] = (0, 0)
        self.ours = Client(ports[0], protocol)
        self.theirs = Client(ports[1], protocol)

    def another(self, protocol: int | None = None) -> Both:
        """Open one more connection to each server; it is closed with this one."""
        pair = Both(self.ports, self.server, protocol or self.protocol)
        pair.changed_settings = self.changed_settings
        self._others.append(pair)
        return pair

    def run(self, *args: Arg) -> Any:
        """Send one request to both, compare the replies, return geostream's.

        A single ``str`` is split into words as redis-cli would.
        """
        self.send(*args)
        return self.read()

    def run_many(self, script: str) -> list[Any]:
        """Run each line of a script; report every mismatch at the end, not only the first."""
        replies, wrong = [], []
        for line in _lines(script):
            self.send(line)
            request = self._sent.pop(0)
            ours, theirs = self.ours.read(), self.theirs.read()
            replies.append(ours)
            if complaint := self._complaint(request, ours, theirs):
                wrong.append(complaint)
        if wrong:
            raise Mismatch("\n".join(wrong))
        return replies

    def run_at_once(self, script: str | Iterable[Sequence[Arg]]) -> None:
        """As ``run_many``, but all requests are on their way before the first reply is read.

        That costs less than half. Not for what waits, or depends on the time that passes.
        """
        asked = map(words, _lines(script)) if isinstance(script, str) else script
        requests = [[as_bytes(word) for word in request] for request in asked]
        for request in requests:
            self._note_settings(request)
        data = b"".join(map(pack, requests))
        self.ours.send_raw(data)
        self.theirs.send_raw(data)
        replies = [(self.ours.read(), self.theirs.read()) for _ in requests]
        complaints = [
            self._complaint(request, ours, theirs)
            for request, (ours, theirs) in zip(requests, replies, strict=True)
        ]
        if any(complaints):
            raise Mismatch("\n".join(filter(None, complaints)))

    def run_loosely(self, *args: Arg) -> Any:
        """As ``run``, but numbers the servers chose (IDs, times) are compared by shape."""
        self.send(*args)
        request = self._sent.pop(0)
        ours, theirs = self.ours.read(), self.theirs.read()
        if shape(ours) != shape(theirs):
            raise Mismatch(self._text(request, shape(ours), shape(theirs)))
        return ours

    def send(self, *args: Arg) -> None:
        """Send one request to both; ``read`` fetches and compares the replies."""
        if len(args) == 1 and isinstance(args[0], str):
            args = tuple(words(args[0]))
        request = [as_bytes(arg) for arg in args]
        self._note_settings(request)
        self._sent.append(request)
        self.ours.send(*request)
        self.theirs.send(*request)

    def _note_settings(self, request: list[bytes]) -> None:
        if [word.upper() for word in request[:2]] == [b"CONFIG", b"SET"]:
            self.changed_settings.update(name.lower() for name in request[2::2])

    def read(self) -> Any:
        """Read the next reply of both, compare, return geostream's."""
        request = self._sent.pop(0) if self._sent else []
        ours, theirs = self.ours.read(), self.theirs.read()
        if complaint := self._complaint(request, ours, theirs):
            raise Mismatch(complaint)
        return ours

    def ask(self, *args: Arg) -> tuple[Any, Any]:
        """Send one request to both and return both replies, not compared."""
        self.send(*args)
        self._sent.pop()
        return self.ours.read(), self.theirs.read()

    def ask_many(self, script: str) -> None:
        """Send each line of a script to both and forget the replies."""
        for line in script.strip().splitlines():
            self.ask(line.strip())

    # Waiting

    def wait_with(self, *args: Arg) -> Both:
        """Send a blocking request on a new pair and return the pair once both servers hold it."""
        waiter = self.another()
        waiter.learn_ids()
        waiter.send(*args)
        self.until_waits(waiter)
        return waiter

    def until_waits(self, waiter: Both) -> None:
        """Return once both servers list the waiter as blocked."""
        until(lambda: self.is_blocked(waiter) == (True, True), "both clients blocked")

    def assert_waits(self, *waiters: Both) -> None:
        """Fail unless the waiters are blocked at both servers and have been sent nothing."""
        for waiter in waiters:
            assert self.is_blocked(waiter) == (True, True)
            assert not waiter.ours.has_data()
            assert not waiter.theirs.has_data()

    def is_settled(self, waiter: Both) -> bool:
        """Return whether the waiter blocked, once each server has either held or answered it."""

        def settled() -> bool:
            ours, theirs = self.is_blocked(waiter)
            return (ours or waiter.ours.has_data()) and (theirs or waiter.theirs.has_data())

        until(settled, "the request was held or answered")
        return self.is_blocked(waiter) == (True, True)

    def is_blocked(self, waiter: Both) -> tuple[bool, bool]:
        """Return for each server whether it lists the waiter as blocked."""
        if self._control is None:
            self._control = self.another(protocol=2)
        ours, theirs = (
            re.search(rb" flags=(\w+)", text_of(client.call("CLIENT", "LIST", "ID", number)))
            for client, number in zip(
                (self._control.ours, self._control.theirs), waiter.client_ids, strict=True
            )
        )
        return b"b" in ours[1] if ours else False, b"b" in theirs[1] if theirs else False

    def learn_ids(self) -> None:
        """Ask for the client IDs while the connection is free."""
        self.client_ids = (self.ours.client_id(), self.theirs.client_id())

    def close(self) -> None:
        """Close this pair and those opened from it."""
        for other in self._others:
            other.close()
        self.ours.close()
        self.theirs.close()

    def _complaint(self, request: list[bytes], ours: Any, theirs: Any) -> str:
        case = differences.Case(self.server, self.protocol, request, ours, theirs, self.ask)
        ours_left, theirs_left = differences.forgive(case)
        if ours_left == theirs_left:
            return ""
        return self._text(request, ours, theirs)

    def _text(self, request: list[bytes], ours: Any, theirs: Any) -> str:
        sent = b" ".join(word if word else b'""' for word in request)
        return (
            f"\n  {sent[:300]!r} (RESP{self.protocol})\n"
            f"    geostream: {ours!r}\n    {self.server}: {theirs!r}"
        )


def shape(value: Any) -> Any:
    """Return a reply with every number in it replaced by ``#``."""
    match value:
        case int():
            return "#"
        case bytes():
            return re.sub(rb"\d+", b"#", value)
        case Error(line):
            return Error(re.sub(rb"\d+", b"#", line))
        case list():
            return [shape(item) for item in value]
    if hasattr(value, "pairs"):
        return type(value)([(key, shape(item)) for key, item in value.pairs])
    if hasattr(value, "items"):
        return type(value)([shape(item) for item in value.items])
    if hasattr(value, "text"):
        return type(value), shape(value.text)
    return value
