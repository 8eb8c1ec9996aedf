"""What a peer may send at most, and what it is told when it sends more."""

from __future__ import annotations

import pytest
from hiredis import pack_command

from geostream.resp.reader import RequestReader
from tests.protocol.framing import BAD_LENGTH, PING, one_by_one, outcome

KIB = 1024
LINE = 64 * KIB

TOO_BIG_INLINE = b"ERR Protocol error: too big inline request"
TOO_BIG_COUNT = b"ERR Protocol error: too big mbulk count string"
TOO_BIG_LENGTH = b"ERR Protocol error: too big bulk count string"
TOO_BIG_REQUEST = b"ERR Protocol error: request too big"
MANY_ARGS = b"ERR Protocol error: unauthenticated multibulk length"
LONG_ARG = b"ERR Protocol error: unauthenticated bulk length"

HOW = {
    "whole": lambda data: [data],
    "byte by byte": one_by_one,
    "in two": lambda data: [data[:LINE], data[LINE:]],
    "with a late end": lambda data: [data[:-1], data[-1:]],
}
in_pieces = pytest.mark.parametrize("cut", HOW.values(), ids=HOW.keys())

LINES = {
    "inline": (b"", TOO_BIG_INLINE),
    "count": (b"*", TOO_BIG_COUNT),
    "length": (b"*1\r\n$", TOO_BIG_LENGTH),
    "something else": (b"*1\r\nX", TOO_BIG_LENGTH),
}
of_a_line = pytest.mark.parametrize(("start", "error"), LINES.values(), ids=LINES.keys())


def _line(start: bytes, size_bytes: int) -> bytes:
    """Return the start of a request whose last line is so long, without its end."""
    before, mark = start[:-1], start[-1:]
    return before + mark + b"1" * (size_bytes - len(mark))


@in_pieces
@of_a_line
def test_a_line_of_64_kib_is_waited_for(cut, start: bytes, error: bytes) -> None:
    assert outcome(cut(_line(start, LINE))) == ([], None)


@in_pieces
@of_a_line
def test_a_longer_line_is_not_waited_for(cut, start: bytes, error: bytes) -> None:
    assert outcome(cut(_line(start, LINE + 1))) == ([], error)


@in_pieces
@of_a_line
def test_a_longer_line_is_refused_with_its_end_too(cut, start: bytes, error: bytes) -> None:
    assert outcome(cut(_line(start, LINE + 1) + b"\r\n")) == ([], error)


@in_pieces
def test_an_inline_request_of_64_kib_is_read(cut) -> None:
    word = b"a" * LINE
    assert outcome(cut(word + b"\n")) == ([[word]], None)
    assert outcome(cut(word + b"\r\n")) == ([[word]], None)


@pytest.mark.parametrize("cut", [HOW["whole"], HOW["byte by byte"]], ids=["whole", "byte by byte"])
class TestPeersThatHaveNotLoggedIn:
    def peer(self) -> RequestReader:
        reader = RequestReader()
        reader.authenticated = False
        return reader

    def test_may_send_ten_arguments(self, cut) -> None:
        request = [b"HELLO"] * 10
        assert outcome(cut(pack_command(tuple(request))), self.peer()) == ([request], None)

    def test_may_not_announce_eleven(self, cut) -> None:
        assert outcome(cut(PING + b"*11\r\n" + PING), self.peer()) == ([[b"PING"]], MANY_ARGS)

    def test_may_send_an_argument_of_16_kib(self, cut) -> None:
        request = [b"HELLO", b"a" * 16 * KIB]
        assert outcome(cut(pack_command(tuple(request))), self.peer()) == ([request], None)

    def test_may_not_announce_a_longer_one(self, cut) -> None:
        data = b"*2\r\n$5\r\nHELLO\r\n$16385\r\n" + PING
        assert outcome(cut(data), self.peer()) == ([], LONG_ARG)

    def test_get_the_same_errors_as_others(self, cut) -> None:
        data = b"*2147483648\r\n"
        assert outcome(cut(data), self.peer()) == outcome([data])

    def test_may_send_more_right_behind_the_request_that_logs_them_in(self, cut) -> None:
        requests = [[b"PING"], [b"AUTH", b"secret"], [b"DEL"] * 11, [b"ECHO", b"a" * 17 * KIB]]
        data = b"".join(pack_command(tuple(request)) for request in requests)
        assert outcome(cut(data), self.peer()) == (requests, None)

    def test_may_not_send_more_behind_one_that_does_not(self, cut) -> None:
        requests = [[b"PING"], [b"AUTH", b"wrong"], [b"DEL"] * 11]
        data = b"".join(pack_command(tuple(request)) for request in requests)
        got = outcome(cut(data), self.peer(), logs_in=b"nothing")
        assert got == (requests[:2], MANY_ARGS)


def test_what_is_held_back_is_pending_and_comes_before_what_is_fed_next() -> None:
    reader = RequestReader()
    reader.authenticated = False
    assert reader.feed(PING + b"ECHO a\r\n") == [[b"PING"]]
    assert reader.held_back
    assert reader.pending_bytes == len(b"ECHO a\r\n")
    reader.authenticated = True
    assert reader.feed(b"ECHO b\r\n" + PING) == [[b"ECHO", b"a"], [b"ECHO", b"b"], [b"PING"]]
    assert not reader.held_back
    assert reader.pending_bytes == 0


SMALL = {"max_bulk_bytes": 8, "max_pending_bytes": 50}


@pytest.mark.parametrize("cut", [HOW["whole"], HOW["byte by byte"]], ids=["whole", "byte by byte"])
class TestSettings:
    def test_an_argument_as_long_as_the_limit_is_read(self, cut) -> None:
        data = pack_command((b"ECHO", b"a" * 8))
        assert outcome(cut(data), RequestReader(**SMALL)) == ([[b"ECHO", b"a" * 8]], None)

    def test_a_longer_argument_is_refused_when_announced(self, cut) -> None:
        data = b"*2\r\n$4\r\nECHO\r\n$9\r\n"
        assert outcome(cut(data), RequestReader(**SMALL)) == ([], BAD_LENGTH)

    def test_a_longer_argument_is_refused_when_all_of_it_is_there(self, cut) -> None:
        data = PING + pack_command((b"ECHO", b"a" * 9))
        assert outcome(cut(data), RequestReader(**SMALL)) == ([[b"PING"]], BAD_LENGTH)

    def test_a_request_as_big_as_the_limit_is_read(self, cut) -> None:
        args = (b"DEL", b"12345678", b"12345678", b"123")
        data = pack_command(args)
        assert len(data) == SMALL["max_pending_bytes"]
        assert outcome(cut(data), RequestReader(**SMALL)) == ([list(args)], None)

    def test_a_bigger_request_is_refused(self, cut) -> None:
        data = PING + pack_command((b"DEL", b"12345678", b"12345678", b"1234"))
        assert outcome(cut(data), RequestReader(**SMALL)) == ([[b"PING"]], TOO_BIG_REQUEST)

    def test_many_requests_may_be_bigger_together(self, cut) -> None:
        assert outcome(cut(PING * 20), RequestReader(**SMALL)) == ([[b"PING"]] * 20, None)


@pytest.mark.slow
def test_a_request_may_have_a_million_arguments() -> None:
    args = [b"DEL"] + [b"k"] * 1_048_577
    data = pack_command(tuple(args))
    pieces = [data[i : i + 64 * KIB] for i in range(0, len(data), 64 * KIB)]
    assert outcome(pieces) == ([args], None)


def test_a_long_argument_in_many_pieces_is_copied_only_once_more() -> None:
    # copying all of it with each piece would take longer than a test may
    arg = bytes(range(256)) * 4 * KIB * 16
    data = pack_command((b"ECHO", arg))
    pieces = [data[i : i + 500] for i in range(0, len(data), 500)]
    assert outcome(pieces) == ([[b"ECHO", arg]], None)
