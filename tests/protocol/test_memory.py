"""No peer makes the server reserve memory for what it did not send."""

from __future__ import annotations

import os
import tracemalloc
from collections.abc import Iterator
from pathlib import Path

import pytest
from hiredis import pack_command

from geostream.resp.reader import RequestReader
from tests.protocol.framing import PING, one_by_one

KIB = 1024
ALLOWED_BYTES = 1024 * KIB
PIECE_BYTES = 64 * KIB  # a connection receives no more at once

BILLION = b"*1000000000\r\n"
DEEP = {
    "an array of a billion": BILLION,
    "another behind a request": PING + BILLION,
    "nested in an array": b"*2\r\n$4\r\nECHO\r\n" + BILLION,
    "nested at the front": b"*1\r\n" + BILLION,
    "many of them": BILLION * 1000,
    "a thousand, nested": b"*999\r\n" * (PIECE_BYTES // 6),
    "ten, nested": b"*10\r\n" * (PIECE_BYTES // 5),
    "one, nested": b"*1\r\n" * (PIECE_BYTES // 4),
    "nested behind arguments": b"*99\r\n$0\r\n\r\n" * (PIECE_BYTES // 11),
    "a map": b"%1000000000\r\n",
    "a map in an array": b"*1\r\n%1000000000\r\n",
    "a set in an array": b"*1\r\n~1000000000\r\n",
    "a push": b">1000000000\r\n",
    "an attribute in an array": b"*1\r\n|1000000000\r\n",
    "a long argument": b"*2\r\n$4\r\nECHO\r\n$536870912\r\n",
    "a long verbatim string": b"*2\r\n$4\r\nECHO\r\n=536870912\r\n",
    "a long line of digits": b"*" + b"1" * (60 * KIB) + b"\r\n",
}
every_announcement = pytest.mark.parametrize("data", DEEP.values(), ids=DEEP.keys())


@pytest.fixture
def peak() -> Iterator[tracemalloc]:
    tracemalloc.start()
    yield tracemalloc
    tracemalloc.stop()


def _address_space_bytes() -> int:
    pages = int(Path("/proc/self/statm").read_text().split()[0])
    return pages * os.sysconf("SC_PAGE_SIZE")


@pytest.mark.parametrize("authenticated", [True, False], ids=["logged in", "not logged in"])
@every_announcement
def test_an_announcement_reserves_nothing(peak, data: bytes, authenticated: bool) -> None:
    for pieces in (
        [data],
        [data[: len(data) // 2], data[len(data) // 2 :]],
        [data[:-1], data[-1:]],
    ):
        reader = RequestReader()
        reader.authenticated = authenticated
        peak.reset_peak()
        before = peak.get_traced_memory()[0]
        for piece in pieces:
            reader.feed(piece)
        assert peak.get_traced_memory()[1] - before < ALLOWED_BYTES


@pytest.mark.skipif(not Path("/proc/self/statm").exists(), reason="needs Linux' /proc")
@every_announcement
def test_an_announcement_takes_no_address_space(data: bytes) -> None:
    reader = RequestReader()
    reader.feed(PING)
    before = _address_space_bytes()
    for piece in one_by_one(data) if len(data) < KIB else [data]:
        reader.feed(piece)
    assert _address_space_bytes() - before < ALLOWED_BYTES


def test_an_argument_takes_little_more_than_what_came_of_it(peak) -> None:
    reader = RequestReader()
    reader.feed(b"*2\r\n$4\r\nECHO\r\n$500000000\r\n")
    before = peak.get_traced_memory()[0]
    for _ in range(100):
        reader.feed(b"x" * PIECE_BYTES)
    assert reader.pending_bytes > 100 * PIECE_BYTES
    assert peak.get_traced_memory()[0] - before < 130 * PIECE_BYTES


def test_an_argument_in_tiny_pieces_takes_no_more(peak) -> None:
    reader = RequestReader()
    reader.feed(b"*2\r\n$4\r\nECHO\r\n$500000000\r\n")
    before = peak.get_traced_memory()[0]
    for _ in range(PIECE_BYTES):
        reader.feed(b"xy")
    assert peak.get_traced_memory()[0] - before < 3 * PIECE_BYTES


def test_what_was_read_is_not_kept(peak) -> None:
    reader = RequestReader()
    data = pack_command((b"ECHO", b"a" * 200 * KIB))
    reader.feed(data)
    before = peak.get_traced_memory()[0]
    for _ in range(10):
        reader.feed(data + data[:5])
        reader.feed(data[5:])
    assert peak.get_traced_memory()[0] - before < 300 * KIB
