"""The exact reader by itself: where it stops, what it keeps."""

from __future__ import annotations

import pytest
from hiredis import pack_command

from geostream.errors import ProtocolError
from geostream.resp.walker import HTTP_WORDS, Walker
from tests.protocol.framing import PING

MIB = 2**20


@pytest.fixture
def walker() -> Walker:
    return Walker(MIB, MIB)


def test_it_can_stop_after_one_request(walker: Walker) -> None:
    data = b"*0\r\n\r\n" + PING * 3
    requests: list[list[bytes]] = []
    stop = walker.walk(data, 0, requests, True)
    assert (requests, stop) == ([[b"PING"]], len(data) - 2 * len(PING))
    stop = walker.walk(data, stop, requests, False)
    assert (requests, stop) == ([[b"PING"]] * 3, len(data))


def test_it_stops_after_the_request_it_had_begun(walker: Walker) -> None:
    requests: list[list[bytes]] = []
    walker.walk(PING[:6], 0, requests, True)
    assert walker.walk(PING[6:] + PING, 0, requests, True) == len(PING) - 6
    assert requests == [[b"PING"]]
    assert walker.pending_bytes == 0


def test_requests_before_an_error_are_there_when_it_is_raised(walker: Walker) -> None:
    requests: list[list[bytes]] = []
    with pytest.raises(ProtocolError) as raised:
        walker.walk(PING + b"*1\r\n!\r\n", 0, requests, False)
    assert raised.value.line == b"ERR Protocol error: expected '$', got '!'"
    assert requests == [[b"PING"]]


@pytest.mark.parametrize("size_bytes", [0, 1, 1022, 1023, 1024, 1025, 70_000])
def test_an_argument_of_any_length_is_read_in_any_two_pieces(
    walker: Walker, size_bytes: int
) -> None:
    request = [b"ECHO", b"\r" * size_bytes]
    data = pack_command(tuple(request))
    places = {*range(40), *range(len(data) - 10, len(data) + 1)}
    for cut in places:
        requests: list[list[bytes]] = []
        walker.walk(data[:cut], 0, requests, False)
        walker.walk(data[cut:], 0, requests, False)
        assert requests == [request]


def test_http_words_are_known_in_any_case() -> None:
    assert {b"POST", b"post", b"PosT", b"Host:", b"HOST:", b"host:"} <= HTTP_WORDS
    assert len(HTTP_WORDS) == 2**4 + 2**4


def test_a_word_that_comes_again_is_not_made_again(walker: Walker) -> None:
    words = [[b"XADD", b"stream", b"15"], [b"XADD", b"streak", b"15"], [b"XLEN", b"streak"]]
    words += [[b"x" * 33] * 2, [b"", b"15", b"15"], [b"word"] * 20, [b"word"] * 20]
    data = b"".join(pack_command(tuple(each)) for each in words)
    requests: list[list[bytes]] = []
    walker.walk(data, 0, requests, False)
    assert requests == words
    assert requests[1][0] is requests[0][0]
    assert requests[2][1] is requests[1][1]
    assert requests[6][15] is requests[5][15]
