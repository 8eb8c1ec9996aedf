"""The table of framing.py is what a real Redis does: the same bytes, the replies compared."""

from __future__ import annotations

import socket

import pytest

from tests.protocol.framing import CASES, Case
from tests.support.servers import REDIS

pytestmark = pytest.mark.real_redis

MAX_SHOWN_BYTES = 128
WAIT_LIMIT_S = 20.0


def _reply(request: list[bytes]) -> bytes:
    """Return what Redis 8.2 replies to one of the table's requests."""
    match request:
        case [b"PING"]:
            return b"+PONG\r\n"
        case [b"ECHO", text]:
            return b"$%d\r\n%b\r\n" % (len(text), text)
        case [b"GET"]:
            return b"-ERR wrong number of arguments for 'get' command\r\n"
    name, *args = request
    shown = b"".join(b"'%b' " % arg for arg in args)
    assert len(shown) < MAX_SHOWN_BYTES
    return b"-ERR unknown command '%b', with args beginning with: %b\r\n" % (name, shown)


def _conversation(port: int, data: bytes) -> bytes:
    """Send, say that this was all, and return everything that comes."""
    with socket.create_connection(("127.0.0.1", port), WAIT_LIMIT_S) as sock:
        sock.sendall(data)
        sock.shutdown(socket.SHUT_WR)
        received = b""
        while piece := sock.recv(2**16):
            received += piece
    return received


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_redis_reads_a_case_as_the_table_says(fleet, case: Case) -> None:
    expected = b"".join(map(_reply, case.requests))
    if case.error:
        expected += b"-%b\r\n" % case.error
    elif case.error is not None:
        expected = b""  # it closes at once; earlier replies are lost
    assert _conversation(fleet[REDIS].port, case.data) == expected
