"""Replies on their way: nothing is lost, copied without need, or sent for too long at a time."""

from collections.abc import Callable, Iterator, Sequence
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from geostream.reply import Later
from geostream.server.pace import FREE_BYTES, PACED_BYTES, PACED_PIECES
from geostream.server.turn import Ready, Sender, Turn
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


class Watcher:
    """Is started and stopped; it rings when a test says so."""

    def __init__(self) -> None:
        self.callback: Callable[[], None] | None = None

    @property
    def active(self) -> bool:
        return self.callback is not None

    def start(self, callback: Callable[[], None], update: bool = False) -> None:
        self.callback = callback

    def stop(self) -> None:
        self.callback = None

    def close(self) -> None:
        self.callback = None

    def ring(self) -> None:
        assert self.callback is not None
        self.callback()


class Timer(Watcher):
    """Rings once; gevent's, started again, would ring at once."""

    has_rung = False

    def start(self, callback: Callable[[], None], update: bool = False) -> None:
        assert not self.has_rung
        super().start(callback)

    def ring(self) -> None:
        self.has_rung = True
        callback, self.callback = self.callback, None
        assert callback is not None
        callback()


class Loop:
    """As much of gevent's loop as is needed."""

    def __init__(self) -> None:
        self.timers: list[Timer] = []

    def prepare(self, **_: Any) -> Watcher:
        return Watcher()

    def timer(self, _: float) -> Timer:
        self.timers.append(Timer())
        return self.timers[-1]


class Hub:
    """Who shares a turn, and rings for them: when a socket is writable, and when time is up."""

    def __init__(self) -> None:
        self.loop = Loop()
        self.turn = Turn(self.loop)

    def unsent(self, peer: Sender) -> tuple[Unsent, Watcher]:
        watcher = Watcher()
        return Unsent(peer, watcher, self.turn), watcher

    def serve_another(self) -> None:
        self.turn.enter(Silent())
        self.turn.end()

    @property
    def timer(self) -> Timer:
        """By which a reply waits."""
        return self.loop.timers[-1]


class Silent(Sender):
    """Has nothing to send."""

    def send_or_keep(self, number: int) -> None:
        pass


def later(*pieces: bytes) -> Later:
    return Later(sum(map(len, pieces)), iter(pieces))


def deliver(out: list[Piece], peer: Peer) -> None:
    unsent, watcher = Hub().unsent(peer)
    assert unsent.hand_over(gathered(out))
    while watcher.active:
        watcher.ring()
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
    unsent, watcher = Hub().unsent(peer)
    unsent.hand_over([b"x" * (5 * TURN_BYTES // 2)])
    assert not peer.received  # long: nothing is sent out of turn
    watcher.ring()
    assert len(peer.received) == TURN_BYTES
    watcher.ring()
    watcher.ring()
    assert len(peer.received) == 5 * TURN_BYTES // 2
    assert not unsent


def test_pieces_are_made_when_their_turn_comes_and_not_before():
    made = []

    def making() -> Iterator[bytes]:
        for number in range(8):
            made.append(number)
            yield bytes(TURN_BYTES // 2)

    unsent, watcher = Hub().unsent(Peer([]))
    unsent.hand_over([b"head", Later(4 * TURN_BYTES, making()), b"end"])
    assert made == []
    watcher.ring()
    assert made in ([0, 1], [0, 1, 2])
    assert unsent.size_bytes == 3 * TURN_BYTES + len(b"head") + len(b"end")


def test_a_full_socket_ends_the_turn():
    peer = Peer([0, 10, 0])
    unsent, watcher = Hub().unsent(peer)
    unsent.hand_over([b"x" * 100])
    assert unsent.size_bytes == 100
    watcher.ring()
    assert (peer.sizes, unsent.size_bytes) == ([0, 10], 90)


def test_a_peer_that_is_gone_is_told():
    unsent, watcher = Hub().unsent(Sender())
    assert not unsent.hand_over([b"x"])
    unsent.hand_over([b"x" * (TURN_BYTES + 1)])
    watcher.ring()
    assert unsent.size_bytes == TURN_BYTES + 1
    unsent.close()
    assert not watcher.active


LONG = FREE_BYTES + (PACED_PIECES + 2) * PACED_BYTES + 3 * TURN_BYTES


def test_a_long_reply_goes_on_without_a_pause_while_nobody_else_is_served():
    peer, hub = Peer([]), Hub()
    unsent, watcher = hub.unsent(peer)
    hub.serve_another()
    unsent.hand_over([b"x" * LONG])
    hub.serve_another()  # in the turn in which the reply came
    while watcher.active:
        watcher.ring()
        assert not hub.timer.active
    assert len(peer.received) == LONG


def test_a_long_reply_pauses_while_others_are_served_and_some_time_longer():
    peer, hub = Peer([]), Hub()
    unsent, watcher = hub.unsent(peer)
    unsent.hand_over([b"x" * LONG])
    while len(peer.received) < FREE_BYTES:
        hub.serve_another()
        watcher.ring()
        assert not hub.timer.active
    for pauses in range(1, PACED_PIECES + 3):
        if pauses <= 3:
            hub.serve_another()
        watcher.ring()
        assert len(peer.received) == FREE_BYTES + pauses * PACED_BYTES
        assert hub.timer.active
        assert not watcher.active
        hub.timer.ring()
    while watcher.active:
        watcher.ring()
        assert not hub.timer.active
    assert peer.sizes[-3:] == [TURN_BYTES] * 3
    assert len(peer.received) == LONG


def test_a_reply_that_ends_does_not_wait():
    peer, hub = Peer([]), Hub()
    unsent, watcher = hub.unsent(peer)
    unsent.hand_over([b"x" * (FREE_BYTES + PACED_BYTES)])
    while len(peer.received) < FREE_BYTES:
        watcher.ring()
    hub.serve_another()
    watcher.ring()
    assert len(peer.received) == FREE_BYTES + PACED_BYTES
    assert not hub.timer.active
    assert not watcher.active


def test_of_several_long_replies_one_goes_on_after_each_pause():
    hub = Hub()
    peers = [Peer([]) for _ in range(3)]
    kept = [hub.unsent(peer) for peer in peers]
    for unsent, watcher in kept:
        unsent.hand_over([b"x" * LONG])
        while unsent.size_bytes > LONG - FREE_BYTES:
            watcher.ring()
    hub.serve_another()
    for _, watcher in kept:
        watcher.ring()
    for _, watcher in kept:
        assert not watcher.active
        hub.timer.ring()
        assert watcher.active
    assert not hub.timer.active


def test_who_is_gone_during_a_pause_holds_up_nobody():
    hub = Hub()
    kept = [hub.unsent(Peer([])) for _ in range(2)]
    for unsent, watcher in kept:
        unsent.hand_over([b"x" * LONG])
        while unsent.size_bytes > LONG - FREE_BYTES:
            watcher.ring()
    hub.serve_another()
    (gone, its_watcher), (_, watcher) = kept
    its_watcher.ring()
    watcher.ring()
    gone.close()
    hub.timer.ring()
    assert not its_watcher.active
    hub.timer.ring()
    assert watcher.active


@pytest.mark.parametrize("count", [1, 2, 64])
def test_few_large_pieces_are_not_copied(count):
    pieces = [bytes(GATHER_BYTES) for _ in range(count)]
    assert all(one is other for one, other in zip(gathered(pieces), pieces, strict=True))


def test_many_small_pieces_become_few():
    assert gathered([b"ab"] * 100) == [b"ab" * 100]
    assert len(gathered([bytes(100)] * 100_000)) == 98
