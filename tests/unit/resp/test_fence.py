"""What hiredis is trusted with, and that it starts afresh after everything else."""

from __future__ import annotations

import pytest
from hiredis import pack_command

from geostream.resp.fence import Fence
from tests.protocol.framing import CASES, INLINE, PING, Case


def pack(*args: bytes) -> bytes:
    return pack_command(args)


@pytest.fixture
def fence() -> Fence:
    return Fence()


@pytest.mark.parametrize(
    "requests",
    [
        [[b"PING"]],
        [[b"PING"]] * 100,
        [[b"XADD", b"s", b"MAXLEN", b"~", b"10", b"*", b"f", b"v"]],
        [[b"XREADGROUP", b"GROUP", b"g", b"c", b"STREAMS", b"s", b">"]],
        [[b"XRANGE", b"s", b"-", b"+"], [b"XRANGE", b"s", b"(1-1", b"(2"]],
        [[b"XACK", b"s", b"g", *[b"1-%d" % i for i in range(1000)]], [b"PING"]],
        [[b"SET", b"k", b"a=b+c(d\r\n"], [b"SET", b"k", b"=5\r\n+x\r\n(1\r\n"]],
        [[b"SET", b"k", b"*5\r\n*4\r\n\r\n\n$1\r\n" + b"x" * 60]],
        [[b"", b""]],
    ],
    ids=repr,
)
def test_whole_requests_of_plain_arguments_are_read(fence: Fence, requests) -> None:
    for _ in range(2):
        assert fence.read(b"".join(pack(*request) for request in requests)) == requests


@pytest.mark.parametrize(
    "data",
    [
        PING[:-1],
        PING + b"*1\r\n",
        PING + b"*2\r\n$4\r\nECHO\r\n",
        PING + b"*1\r\n$3\r\n",
        PING + b"*1\r\n$1000\r\nabc\r\n",
        PING + b"_\r\n",
        PING + b"_\r\n" + PING,
        PING + b"#f\r\n",
        PING + b"$-1\r\n",
        PING + b"+OK\r\n",
        PING + b":1\r\n",
        PING + b"PING\r\n",
        PING + b"*0\r\n",
        b"*1\r\n*1\r\n" + PING,
        b"*1\r\n" * 5000 + b"$30000\r\n" + b"x" * 30000 + b"\r\n",
        pack(b"ECHO", b"*999999\r\n"),
        pack(b"ECHO", b">1\r\n"),
        pack(b"ECHO", b"%1\r\n"),
    ],
    ids=lambda data: repr(data[:40]),
)
def test_anything_else_is_left_to_the_walker(fence: Fence, data: bytes) -> None:
    assert fence.read(data) is None
    assert fence.read(PING) == [[b"PING"]]


@pytest.mark.parametrize("case", [*CASES, *INLINE], ids=lambda case: case.name)
def test_what_was_left_over_does_not_stay(fence: Fence, case: Case) -> None:
    for end in range(1, len(case.data) + 1):
        fence.read(case.data[:end])
        assert fence.read(PING) == [[b"PING"]]


def test_being_interrupted_leaves_nothing_behind(fence: Fence) -> None:
    class Interrupted(BaseException):
        pass

    def interrupt() -> None:
        raise Interrupted

    fence._gets = interrupt
    with pytest.raises(Interrupted):
        fence.read(PING * 2)
    assert fence.read(PING) == [[b"PING"]]
