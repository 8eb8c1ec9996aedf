"""Who reads what: hiredis the whole requests, the walker the rest."""

from __future__ import annotations

import pytest
from hiredis import pack_command

from geostream.resp import reader as module
from geostream.resp.fence import Fence
from geostream.resp.reader import RequestReader
from tests.protocol.framing import PING, one_by_one

XADD = pack_command((b"XADD", b"s", b"*", b"f", b"v"))
REQUEST = [b"XADD", b"s", b"*", b"f", b"v"]


class Watched:
    """The fence, and how many requests it read."""

    def __init__(self, fence) -> None:
        self._fence = fence
        self.read_requests = 0
        self.attempts = 0

    def read(self, data: bytes):
        requests = self._fence.read(data)
        self.attempts += 1
        self.read_requests += len(requests or ())
        return requests


@pytest.fixture
def fence(monkeypatch) -> Watched:
    watched = Watched(Fence())  # as in plain Python, also where we are compiled
    monkeypatch.setattr(module, "_FENCE", watched)
    return watched


def test_whole_requests_go_through_hiredis(fence: Watched) -> None:
    assert RequestReader().feed(XADD * 50) == [REQUEST] * 50
    assert fence.read_requests == 50


@pytest.mark.parametrize("cut", range(1, len(XADD)))
def test_only_the_torn_request_is_walked(fence: Watched, cut: int) -> None:
    reader = RequestReader()
    got = reader.feed(XADD * 20 + XADD[:cut])
    got += reader.feed(XADD[cut:] + XADD * 20)
    assert got == [REQUEST] * 41
    # where the piece ends in "\r\n*" the star may be an ID: one request more is walked
    assert fence.read_requests >= 39
    assert fence.attempts <= 3


def test_inline_requests_do_not_trouble_hiredis(fence: Watched) -> None:
    RequestReader().feed(b"PING\r\n" * 10)
    assert fence.attempts == 0


def test_single_bytes_do_not_trouble_hiredis(fence: Watched) -> None:
    reader = RequestReader()
    for byte in one_by_one(PING):
        reader.feed(byte)
    assert fence.attempts == 0


def test_data_full_of_what_looks_like_starts_is_not_searched_for_ever() -> None:
    class Counting(bytes):
        searches = 0

        def rfind(self, *args) -> int:
            self.searches += 1
            return super().rfind(*args)

    data = Counting(b"*2\r\n$4\r\nECHO\r\n$90000\r\n" + b"\r\n*x" * 10_000)
    assert module._last_start(data) == 0
    assert data.searches < 20


def test_a_wrong_guess_at_the_last_request_does_no_harm(fence: Watched) -> None:
    reader = RequestReader()
    arg = b"\r\n*1\r\n" * 20
    data = XADD + pack_command((b"ECHO", arg))
    assert reader.feed(data[:-5]) == [REQUEST]
    assert reader.feed(data[-5:] + XADD) == [[b"ECHO", arg], REQUEST]
