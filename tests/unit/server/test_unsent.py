"""Replies on their way: nothing is lost, copied without need, or sent for too long at a time."""

from collections.abc import Iterator, Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from geostream.reply import Later
from geostream.server.turn import Ready, Sender
from geostream.server.unsent import GATHER_BYTES, TURN_BYTES, Piece, Unsent, gathered


class Peer(Sender):
    """A socket that takes so many bytes at a time."""

    def __init__(self, takes: Sequence[int]) -> None:
        self.received = b""
        self.sizes: list[int] = []
        self._takes = list(takes)

    def send(self, pieces: Sequence[Ready]) -> int:
        data = b"".join(pieces)
        taken = min(len(data), self._takes.pop(0)) if self._takes else len(data)
        self.received += data[:taken]
        self.sizes.append(taken)
        return taken


def later(*pieces: bytes) -> Later:
    return Later(sum(map(len, pieces)), iter(pieces))


def deliver(out: list[Piece], peer: Peer) -> None:
    unsent = Unsent(peer)
    assert unsent.hand_over(gathered(out))
    while unsent:
        assert unsent.send_on()
    assert unsent.size_bytes == 0


small = st.binary(max_size=40)
large = st.integers(GATHER_BYTES - 1, GATHER_BYTES + 1).map(lambda size: b"L" * size)
replies = st.lists(
    st.one_of(small, large, st.lists(large, max_size=20).map(tuple)), min_size=1, max_size=12
)


@given(replies, st.lists(st.integers(0, 2 * GATHER_BYTES), max_size=40))
def test_all_bytes_arrive_in_order_whatever_the_socket_takes(replies, takes):
    made = [later(*one, b"x" * TURN_BYTES) if isinstance(one, tuple) else one for one in replies]
    expected = b"".join(
        b"".join(one) + b"x" * TURN_BYTES if isinstance(one, tuple) else one for one in replies
    )
    peer = Peer(takes)
    deliver(made, peer)
    assert peer.received == expected


def test_no_turn_sends_more_than_its_share():
    peer = Peer([])
    unsent = Unsent(peer)
    unsent.hand_over([b"x" * (5 * TURN_BYTES // 2)])
    assert not peer.received  # long: nothing is sent out of turn
    assert unsent.send_on()
    assert len(peer.received) == TURN_BYTES
    unsent.send_on()
    unsent.send_on()
    assert len(peer.received) == 5 * TURN_BYTES // 2
    assert not unsent


def test_pieces_are_made_when_their_turn_comes_and_not_before():
    made = []

    def making() -> Iterator[bytes]:
        for number in range(8):
            made.append(number)
            yield bytes(TURN_BYTES // 2)

    unsent = Unsent(Peer([]))
    unsent.hand_over([b"head", Later(4 * TURN_BYTES, making()), b"end"])
    assert made == []
    unsent.send_on()
    assert made in ([0, 1], [0, 1, 2])
    assert unsent.size_bytes == 3 * TURN_BYTES + len(b"head") + len(b"end")


def test_a_full_socket_ends_the_turn():
    peer = Peer([0, 10, 0])
    unsent = Unsent(peer)
    unsent.hand_over([b"x" * 100])
    assert unsent.size_bytes == 100
    unsent.send_on()
    assert (peer.sizes, unsent.size_bytes) == ([0, 10], 90)


def test_a_peer_that_is_gone_is_told():
    unsent = Unsent(Sender())
    assert not unsent.hand_over([b"x"])
    unsent.hand_over([b"x" * (TURN_BYTES + 1)])
    assert not unsent.send_on()


@pytest.mark.parametrize("count", [1, 2, 64])
def test_few_large_pieces_are_not_copied(count):
    pieces = [bytes(GATHER_BYTES) for _ in range(count)]
    assert all(one is other for one, other in zip(gathered(pieces), pieces, strict=True))


def test_many_small_pieces_become_few():
    assert gathered([b"ab"] * 100) == [b"ab" * 100]
    assert len(gathered([bytes(100)] * 100_000)) == 98
