"""A raw client: requests out, replies back with nothing of the wire blurred.

Client libraries turn replies into comfortable values and lose, on the way, what
the tests must compare: a null array and a null bulk string both become None, a
simple string and a bulk string both bytes, a push a list. The parser here keeps
them apart:

====================  =============================================
on the wire           value
====================  =============================================
bulk string           ``bytes``
integer               ``int``
array                 ``list``
simple string         ``Simple``
error                 ``Error``
``$-1`` ``*-1`` ``_`` ``NULL_BULK``, ``NULL_ARRAY``, ``NULL``
map                   ``Map``: pairs in their order, keys may repeat
set, push             ``SetOf``, ``Push``
double                ``Double``: the text, not the number
boolean               ``Boolean``; Python's own equals 1 and 0
big number            ``BigNumber``
verbatim string       ``Verbatim``
====================  =============================================

A reply that does not come within the limit is a failure, never a wait for ever.
"""

from __future__ import annotations

import select
import socket
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any, Final

LIMIT_S: Final = 20.0

Arg = bytes | str | int


class _Null:
    __slots__ = ("_name",)

    def __init__(self, name: str) -> None:
        self._name = name

    def __repr__(self) -> str:
        return self._name


NULL_BULK: Final = _Null("NULL_BULK")
NULL_ARRAY: Final = _Null("NULL_ARRAY")
NULL: Final = _Null("NULL")


@dataclass(frozen=True, slots=True)
class Simple:
    """``+text``."""

    text: bytes


@dataclass(frozen=True, slots=True)
class Error:
    """``-line``."""

    line: bytes


@dataclass(frozen=True, slots=True)
class Double:
    """``,text``."""

    text: bytes


@dataclass(frozen=True, slots=True)
class Boolean:
    """``#t`` or ``#f``."""

    value: bool


@dataclass(frozen=True, slots=True)
class BigNumber:
    """``(digits``."""

    digits: bytes


@dataclass(frozen=True, slots=True)
class Verbatim:
    """``=n txt:text``."""

    kind: bytes
    text: bytes


@dataclass(frozen=True, slots=True)
class Map:
    """``%n``."""

    pairs: list[tuple[Any, Any]]

    def __getitem__(self, wanted: bytes) -> Any:
        for key, value in self.pairs:
            if key == wanted:
                return value
        raise KeyError(wanted)


@dataclass(frozen=True, slots=True)
class SetOf:
    """``~n``, in the order sent."""

    items: list[Any]


@dataclass(frozen=True, slots=True)
class Push:
    """``>n``."""

    items: list[Any]


class ConnectionLost(Exception):
    """The server hung up."""


class NoReply(AssertionError):
    """Nothing came within the limit."""


def as_bytes(arg: Arg) -> bytes:
    """Return an argument as it is sent."""
    if isinstance(arg, bytes):
        return arg
    return str(arg).encode()


def pack(args: Iterable[Arg]) -> bytes:
    """Return a request in multibulk form."""
    words = [as_bytes(arg) for arg in args]
    parts = [b"*%d\r\n" % len(words)]
    parts += [b"$%d\r\n%b\r\n" % (len(word), word) for word in words]
    return b"".join(parts)


_ESCAPES = {"n": b"\n", "r": b"\r", "t": b"\t", "b": b"\b", "a": b"\a"}


def words(line: str) -> list[bytes]:
    r"""Split a line as redis-cli does: ``"..."`` may hold ``\x00`` escapes, ``'...'`` may not."""
    found: list[bytes] = []
    at = 0
    while at < len(line):
        if line[at].isspace():
            at += 1
            continue
        word, at = _word(line, at)
        found.append(word)
    return found


def _word(line: str, at: int) -> tuple[bytes, int]:
    quote = line[at] if line[at] in "\"'" else ""
    if not quote:
        end = at
        while end < len(line) and not line[end].isspace():
            end += 1
        return line[at:end].encode(), end
    word = b""
    at += 1
    while line[at] != quote:
        if line[at] == "\\" and quote == '"' and line[at + 1] == "x":
            word += bytes([int(line[at + 2 : at + 4], 16)])
            at += 4
        elif line[at] == "\\" and (quote == '"' or line[at + 1] == "'"):
            word += _ESCAPES.get(line[at + 1], line[at + 1].encode())
            at += 2
        else:
            word += line[at].encode()
            at += 1
    return word, at + 1


#: Replies that are one line.
_LINES: dict[bytes, Callable[[bytes], Any]] = {
    b"+": Simple,
    b"-": Error,
    b":": int,
    b"_": lambda _: NULL,
    b",": Double,
    b"#": lambda text: Boolean({b"t": True, b"f": False}[text]),
    b"(": BigNumber,
}


class Client:
    """One connection. ``call`` asks and answers; ``send`` and ``read`` do half of it each."""

    def __init__(self, port: int, protocol: int = 2, limit_s: float = LIMIT_S) -> None:
        self.port = port
        self.protocol = protocol
        self.limit_s = limit_s
        self._buffer = b""
        self._at = 0
        self._socket = socket.create_connection(("127.0.0.1", port), timeout=limit_s)
        self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        if protocol != 2:
            hello = self.call("HELLO", protocol)
            assert isinstance(hello, Map), hello

    def call(self, *args: Arg) -> Any:
        """Send one request and return its reply. One ``str`` alone is split into words."""
        self.send(*args)
        return self.read()

    def pipeline(self, lines: Iterable[str | Iterable[Arg]]) -> list[Any]:
        """Send all requests at once and return their replies."""
        requests = [words(line) if isinstance(line, str) else list(line) for line in lines]
        self.send_raw(b"".join(map(pack, requests)))
        return [self.read() for _ in requests]

    def send(self, *args: Arg) -> None:
        """Send one request."""
        if len(args) == 1 and isinstance(args[0], str):
            args = tuple(words(args[0]))
        self.send_raw(pack(args))

    def send_raw(self, data: bytes) -> None:
        """Send bytes as they are."""
        self._socket.sendall(data)

    def read(self) -> Any:
        """Return the next reply or push."""
        deadline_s = time.monotonic() + self.limit_s
        line = self._line(deadline_s)
        kind, text = line[:1], line[1:]
        if kind in _LINES:
            return _LINES[kind](text)
        if kind in (b"$", b"=") and text != b"-1":
            body = self._body(int(text), deadline_s)
            return body if kind == b"$" else Verbatim(body[:3], body[4:])
        if text == b"-1":
            return {b"$": NULL_BULK, b"*": NULL_ARRAY}[kind]
        if kind in (b"%", b"|"):
            pairs = Map([(self.read(), self.read()) for _ in range(int(text))])
            return pairs if kind == b"%" else [Simple(b"attribute"), pairs, self.read()]
        items = [self.read() for _ in range(int(text))]
        return {b"*": list, b"~": SetOf, b">": Push}[kind](items)

    def read_raw(self, size: int) -> bytes:
        """Return the next bytes as they came."""
        deadline_s = time.monotonic() + self.limit_s
        while len(self._buffer) < self._at + size:
            self._fill(deadline_s)
        data = self._buffer[self._at : self._at + size]
        self._at += size
        return data

    def has_data(self) -> bool:
        """Say whether anything has arrived that was not read yet."""
        if self._at < len(self._buffer):
            return True
        return bool(select.select([self._socket], [], [], 0)[0])

    def is_closed(self) -> bool:
        """Wait for the server to hang up; say whether it did within the limit."""
        try:
            self.read()
        except ConnectionLost:
            return True
        except NoReply:
            return False
        return False

    def client_id(self) -> int:
        """Return the server's number for this connection."""
        return int(self.call("CLIENT", "ID"))

    def close(self) -> None:
        """Hang up."""
        self._socket.close()

    def _line(self, deadline_s: float) -> bytes:
        while (end := self._buffer.find(b"\r\n", self._at)) < 0:
            self._fill(deadline_s)
        line = self._buffer[self._at : end]
        self._at = end + 2
        return line

    def _body(self, size: int, deadline_s: float) -> bytes:
        while len(self._buffer) < self._at + size + 2:
            self._fill(deadline_s)
        body = self._buffer[self._at : self._at + size]
        assert self._buffer[self._at + size : self._at + size + 2] == b"\r\n", "bulk without CRLF"
        self._at += size + 2
        return body

    def _fill(self, deadline_s: float) -> None:
        self._socket.settimeout(max(deadline_s - time.monotonic(), 0.001))
        try:
            data = self._socket.recv(1 << 18)
        except TimeoutError:
            raise NoReply(f"no reply within {self.limit_s} s") from None
        except ConnectionResetError:
            raise ConnectionLost("reset") from None
        if not data:
            raise ConnectionLost("closed")
        self._buffer = self._buffer[self._at :] + data
        self._at = 0


def plain(value: Any) -> Any:
    """Return a reply without its wire types: maps as dicts or pairs, text and nulls as Python's."""
    match value:
        case list(items) | SetOf(items) | Push(items):
            return [plain(item) for item in items]
        case Map(pairs):
            return {plain(key): plain(item) for key, item in pairs}
        case Simple(text) | Double(text) | Verbatim(_, text):
            return text
        case _Null():
            return None
        case _:
            return value


def fields(value: Any) -> dict[bytes, Any]:
    """Return a record (a map, or RESP2's flat array) as a dict of raw values."""
    if isinstance(value, Map):
        return dict(value.pairs)
    return dict(zip(value[::2], value[1::2], strict=True))


def text_of(value: Any) -> bytes:
    """Return the text of a bulk or verbatim string: INFO and its kind."""
    return value.text if isinstance(value, Verbatim) else value
