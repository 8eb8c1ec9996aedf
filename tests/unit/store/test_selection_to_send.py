"""What is to be sent of a long range is made later, and is right whatever happens meanwhile."""

import pytest

from geostream.reply import Later, Wire
from tests.support.engines import Bench, make_engine

ENTRIES = 20_000
VALUE = "v" * 100


@pytest.fixture(scope="module")
def filled() -> Bench:
    bench = make_engine()
    for number in range(1, ENTRIES + 1):
        bench.execute("XADD", "k", f"{number}-0", "f", VALUE)
    return bench


def wire(reply: Wire) -> bytes:
    """Make all pieces; each must be as long as was said."""
    data = bytearray()
    for piece in reply.pieces:
        if type(piece) is not Later:
            data += piece
            continue
        before = len(data)
        while (made := piece.next_piece()) is not None:
            data += made
        assert len(data) - before == len(piece)
    return bytes(data)


def entry(number: int) -> bytes:
    shown = b"%d-0" % number
    return b"*2\r\n$%d\r\n%b\r\n*2\r\n$1\r\nf\r\n$100\r\n%b\r\n" % (
        len(shown),
        shown,
        VALUE.encode(),
    )


def is_later(reply: Wire) -> bool:
    return any(type(piece) is Later for piece in reply.pieces)


@pytest.mark.parametrize(("low", "high"), [(1, ENTRIES), (1500, 18_500), (999, 15_001)])
def test_a_long_range_is_made_later_and_complete(filled, low, high):
    expected = [entry(number) for number in range(low, high + 1)]
    forward = filled.execute("XRANGE", "k", f"{low}-0", f"{high}-0")
    backward = filled.execute("XREVRANGE", "k", f"{high}-0", f"{low}-0")
    assert is_later(forward) and is_later(backward)
    head = b"*%d\r\n" % len(expected)
    assert wire(forward) == head + b"".join(expected)
    assert wire(backward) == head + b"".join(reversed(expected))


def test_a_short_range_is_made_at_once(filled):
    assert not is_later(filled.execute("XRANGE", "k", "-", "+", "COUNT", 3000))


@pytest.mark.parametrize(
    "change",
    [
        ["XTRIM k MAXLEN 0"],
        ["XTRIM k MAXLEN 7500", "XADD k 30000-0 f new"],
        [f"XDEL k {number}-0" for number in range(1, ENTRIES + 1, 7)],
        [f"XADD k {number}-0 f new" for number in range(ENTRIES + 1, ENTRIES + 1500)],
        ["DEL k", "XADD k 1-0 f other"],
    ],
    ids=["emptied", "trimmed", "thinned out", "grown", "replaced"],
)
def test_what_changes_meanwhile_does_not_change_the_reply(change):
    bench = make_engine()
    for number in range(1, ENTRIES + 1):
        bench.execute("XADD", "k", f"{number}-0", "f", VALUE)
    replies = bench.execute("XRANGE k - +"), bench.execute("XREVRANGE k + -")
    for request in change:
        assert not isinstance(bench.execute(request), Exception)
    expected = [entry(number) for number in range(1, ENTRIES + 1)]
    head = b"*%d\r\n" % ENTRIES
    assert wire(replies[0]) == head + b"".join(expected)
    assert wire(replies[1]) == head + b"".join(reversed(expected))
