"""Bytes a peer may send and what they mean: the table, and how to read it in pieces.

A case is the bytes, the requests in them, and the error line that ends them:
None if there is no error, empty if the connection is closed without a word.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

from geostream.resp.reader import RequestReader

PING = b"*1\r\n$4\r\nPING\r\n"
ECHO_A = b"*2\r\n$4\r\nECHO\r\n$1\r\na\r\n"


class Outcome(NamedTuple):
    """What came out of a reader."""

    requests: list[list[bytes]]
    error: bytes | None


class Case(NamedTuple):
    """Bytes, and what must come out."""

    name: str
    data: bytes
    requests: list[list[bytes]]
    error: bytes | None = None

    @property
    def outcome(self) -> Outcome:
        return Outcome(self.requests, self.error)


def outcome(
    pieces: Iterable[bytes], reader: RequestReader | None = None, *, logs_in: bytes = b"AUTH"
) -> Outcome:
    """Feed the pieces as a connection does; a request named ``logs_in`` logs the peer in."""
    reader = RequestReader() if reader is None else reader
    seen: list[list[bytes]] = []
    for piece in pieces:
        requests = reader.feed(piece)
        while requests:
            seen += requests
            if any(request[0] == logs_in for request in requests):
                reader.authenticated = True
            requests = reader.feed(b"") if reader.held_back else []
        if reader.error is not None:
            break
    return Outcome(seen, None if reader.error is None else reader.error.line)


def one_by_one(data: bytes) -> list[bytes]:
    """Cut data into single bytes."""
    return [data[i : i + 1] for i in range(len(data))]


BAD_COUNT = b"ERR Protocol error: invalid multibulk length"
BAD_LENGTH = b"ERR Protocol error: invalid bulk length"
UNBALANCED = b"ERR Protocol error: unbalanced quotes in request"


def expected_bulk(got: bytes) -> bytes:
    return b"ERR Protocol error: expected '$', got '%b'" % got


_PINGED = [[b"PING"]]

REQUESTS = [
    Case("one request", PING, _PINGED),
    Case("two requests", ECHO_A + PING, [[b"ECHO", b"a"], [b"PING"]]),
    Case("an empty argument", b"*2\r\n$4\r\nECHO\r\n$0\r\n\r\n", [[b"ECHO", b""]]),
    Case(
        "line ends in an argument",
        b"*2\r\n$4\r\nECHO\r\n$4\r\n\r\n\n\r\r\n",
        [[b"ECHO", b"\r\n\n\r"]],
    ),
    Case(
        "a request in an argument",
        b"*2\r\n$4\r\nECHO\r\n$14\r\n*1\r\n$4\r\nPING\r\n\r\n" + PING,
        [[b"ECHO", b"*1\r\n$4\r\nPING\r\n"], [b"PING"]],
    ),
    Case(
        "marks of other types in arguments",
        b"*2\r\n$4\r\nECHO\r\n$15\r\n+=(>1\r\n%1\r\n=5\r\n\r\n" + PING,
        [[b"ECHO", b"+=(>1\r\n%1\r\n=5\r\n"], [b"PING"]],
    ),
    Case("an empty name", b"*1\r\n$0\r\n\r\n", [[b""]]),
    Case("a count of zero", b"*0\r\n" + PING, _PINGED),
    Case("a negative count", b"*-1\r\n" + PING, _PINGED),
    Case("the smallest count", b"*-9223372036854775808\r\n" + PING, _PINGED),
    Case("nothing but a count of zero", b"*0\r\n", []),
    Case("empty lines", b"\r\n\n  \r\n" + PING + b"\r\n" + PING, [[b"PING"], [b"PING"]]),
    Case(
        "any bytes after an argument",
        b"*2\r\n$4\r\nECHOXY$1\r\na\n\n" + PING,
        [[b"ECHO", b"a"], [b"PING"]],
    ),
    Case("any byte after a header's CR", b"*1\rX$4\r\rPING\r\n" + PING, [[b"PING"], [b"PING"]]),
    Case("an unfinished count", PING + b"*1\r", _PINGED),
    Case("an unfinished length", PING + b"*1\r\n$4\r", _PINGED),
    Case("an unfinished argument", PING + b"*1\r\n$4\r\nPIN", _PINGED),
    Case("an unfinished end", PING + b"*1\r\n$4\r\nPING\r", _PINGED),
    Case("the highest count", b"*2147483647\r\n$4\r\nPING\r\n", []),
    Case("a wrong element that is unfinished", b"*1\r\n+PING\r", []),
]

INLINE = [
    Case("an inline request", b"PING\r\n", _PINGED),
    Case("an inline request without CR", b"ECHO a\nPING\n", [[b"ECHO", b"a"], [b"PING"]]),
    Case("blanks around words", b"  ECHO \t a \r\n", [[b"ECHO", b"a"]]),
    Case(
        "inline and not in turn",
        b"ECHO a\r\n" + PING + b"PING\r\n",
        [[b"ECHO", b"a"], [b"PING"], [b"PING"]],
    ),
    Case("double quotes", b'ECHO "a b\\x41\\n\\"\\z"\r\n', [[b"ECHO", b'a bA\n"z']]),
    Case("single quotes", b"ECHO 'a b\\'\\n'\r\n", [[b"ECHO", b"a b'\\n"]]),
    Case("an empty word", b'ECHO ""\r\n', [[b"ECHO", b""]]),
    Case("a line that is not ended", PING + b"ECHO a", _PINGED),
    Case("an element without its request", b"$4\r\nPING\r\n", [[b"$4"], [b"PING"]]),
]

ERRORS = [
    Case("no count", b"*\r\n" + PING, [], BAD_COUNT),
    Case("a count with a plus", b"*+1\r\n" + PING, [], BAD_COUNT),
    Case("a count with a leading zero", b"*01\r\n" + PING, [], BAD_COUNT),
    Case("a count with a blank", b"* 1\r\n" + PING, [], BAD_COUNT),
    Case("a count of minus zero", b"*-0\r\n" + PING, [], BAD_COUNT),
    Case("a count with a fraction", b"*1.0\r\n" + PING, [], BAD_COUNT),
    Case("a count too high by one", b"*2147483648\r\n", [], BAD_COUNT),
    Case("a count of 20 digits", b"*99999999999999999999\r\n", [], BAD_COUNT),
    Case("a count below 64 bits", b"*-9223372036854775809\r\n", [], BAD_COUNT),
    Case("a count ended by LF alone", b"*1\n$4\nPING\n\r\n", [], BAD_COUNT),
    Case("a word for a count", PING + b"*one\r\n", _PINGED, BAD_COUNT),
    Case("no length", b"*1\r\n$\r\n", [], BAD_LENGTH),
    Case("a negative length", b"*1\r\n$-1\r\n", [], BAD_LENGTH),
    Case("a length with a plus", b"*1\r\n$+4\r\nPING\r\n", [], BAD_LENGTH),
    Case("a length with a leading zero", b"*1\r\n$04\r\nPING\r\n", [], BAD_LENGTH),
    Case("a length over the limit", b"*1\r\n$536870913\r\n", [], BAD_LENGTH),
    Case("a length of 20 digits", b"*1\r\n$99999999999999999999\r\n", [], BAD_LENGTH),
    Case("a null for an argument", PING + b"*2\r\n$4\r\nECHO\r\n$-1\r\n", _PINGED, BAD_LENGTH),
    *(
        Case(
            f"{name} for an argument",
            PING + b"*1\r\n" + form + PING,
            _PINGED,
            expected_bulk(form[:1]),
        )
        for name, form in {
            "a simple string": b"+PING\r\n",
            "an error": b"-PING\r\n",
            "an integer": b":1\r\n",
            "an array": b"*1\r\n$4\r\nPING\r\n",
            "an empty array": b"*0\r\n",
            "a null array": b"*-1\r\n",
            "a null": b"_\r\n",
            "a boolean": b"#t\r\n",
            "a false boolean": b"#f\r\n",
            "a double": b",1.5\r\n",
            "a big number": b"(12\r\n",
            "a bulk error": b"!5\r\nERR x\r\n",
            "a verbatim string": b"=8\r\ntxt:PING\r\n",
            "a map": b"%1\r\n$1\r\na\r\n$1\r\nb\r\n",
            "a set": b"~1\r\n$1\r\na\r\n",
            "a push": b">1\r\n$1\r\na\r\n",
            "an attribute": b"|1\r\n$1\r\na\r\n$1\r\nb\r\n",
            "a byte above 127": b"\xff\r\n",
        }.items()
    ),
    Case("an empty line for an argument", b"*1\r\n\r\n", [], expected_bulk(b" ")),
    Case("a line feed for an argument", b"*1\r\n\n\r\n", [], expected_bulk(b" ")),
    Case("a wrong element after others", b"*2\r\n$4\r\nECHO\r\n+a\r\n", [], expected_bulk(b"+")),
    Case("a byte before an argument", b"*1\r\nX$4\r\nPING\r\n", [], expected_bulk(b"X")),
    Case("a quote not closed", PING + b'ECHO "a\r\n' + PING, _PINGED, UNBALANCED),
    Case("a single quote not closed", b"ECHO 'a\\'\r\n", [], UNBALANCED),
    Case("two backslashes before a single quote", b"ECHO 'a\\\\'\r\n", [], UNBALANCED),
    Case("a word right after a quote", b'ECHO "a"b\r\n', [], UNBALANCED),
    Case("a backslash before the end", b'ECHO "\\\r\n', [], UNBALANCED),
    Case("HTTP POST", b"POST / HTTP/1.1\r\nHost: here\r\n\r\nECHO a\r\n", [], b""),
    Case("a Host header", b"GET\r\nHost: here\r\n", [[b"GET"]], b""),
    Case("POST as an array, whatever its case", b"*1\r\n$4\r\npOsT\r\n" + PING, [], b""),
    Case("Host: as an array", b"*2\r\n$5\r\nHOST:\r\n$1\r\nx\r\n" + PING, [], b""),
]

CASES = REQUESTS + INLINE + ERRORS

#: Redis searches for line ends up to the first NUL, and then waits for ever.
NUL = [
    Case("a NUL in an inline request", b"EC\0HO a\r\n", [[b"EC\0HO", b"a"]]),
    Case("a NUL in a count", b"*1\0\r\n", [], BAD_COUNT),
    Case("a NUL in a length", b"*1\r\n$4\0\r\n", [], BAD_LENGTH),
    Case("a NUL for an argument", b"*1\r\n\0\r\n", [], expected_bulk(b"\0")),
]
