"""Turns of the hub: who is flushed, and by whom the turn is ended."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from geostream.engine.gate import Gate
from geostream.server.turn import IDLE_TURNS, Sender, Turn


class Watcher:
    """Called by the loop before it sleeps, while it is started."""

    def __init__(self) -> None:
        self.callback: Callable[[], None] | None = None

    def start(self, callback: Callable[[], None]) -> None:
        self.callback = callback

    def stop(self) -> None:
        self.callback = None


class Loop:
    """As much of gevent's loop as a turn needs. ``pendingcnt``: sockets still to be seen to."""

    def __init__(self) -> None:
        self.pendingcnt = 0
        self.watcher = Watcher()

    def prepare(self, **_: Any) -> Watcher:
        return self.watcher

    def timer(self, _: float) -> Watcher:
        return Watcher()

    def sleep(self) -> None:
        if self.watcher.callback is not None:
            self.watcher.callback()


class Peer(Sender):
    """Notes with which numbers it is flushed."""

    def __init__(self) -> None:
        self.flushed: list[int] = []
        self.on_flush: Callable[[], None] | None = None

    def send_or_keep(self, number: int) -> None:
        self.flushed.append(number)
        if self.on_flush is not None:
            self.on_flush()


class Numbered(Gate):
    """Everything waits for the number of the turn."""

    def __init__(self) -> None:
        self.number = 0

    def waits_for(self) -> int:
        return self.number

    def end_turn(self) -> None:
        self.number += 1


@pytest.fixture
def loop() -> Loop:
    return Loop()


@pytest.fixture
def turn(loop: Loop) -> Turn:
    return Turn(loop)


def serve(turn: Turn, *peers: Peer) -> bool:
    """Do what a connection does when its socket is readable; tell whether it ended the turn."""
    is_alone = turn.begin()
    for peer in peers:
        turn.enter(peer)
    if is_alone:
        turn.end()
    return is_alone


def test_who_is_alone_in_a_turn_ends_it_and_needs_no_watcher(turn: Turn, loop: Loop) -> None:
    peer = Peer()
    assert serve(turn, peer)
    assert peer.flushed == [0]
    assert loop.watcher.callback is None


def test_all_that_are_readable_are_flushed_together_before_the_loop_sleeps(
    turn: Turn, loop: Loop
) -> None:
    first, second = Peer(), Peer()
    loop.pendingcnt = 1
    assert not serve(turn, first)
    loop.pendingcnt = 0
    assert not serve(turn, second)
    assert first.flushed == second.flushed == []
    loop.sleep()
    assert first.flushed == second.flushed == [0]


def test_what_is_to_be_sent_without_a_request_is_sent_before_the_loop_sleeps(
    turn: Turn, loop: Loop
) -> None:
    peer = Peer()
    turn.enter(peer)
    assert peer.flushed == []
    loop.sleep()
    assert peer.flushed == [0]


def test_the_watcher_goes_when_nobody_needed_it_for_a_while_and_comes_back(
    turn: Turn, loop: Loop
) -> None:
    turn.enter(Peer())
    for _ in range(IDLE_TURNS):
        loop.sleep()
    assert loop.watcher.callback is not None
    loop.sleep()
    assert loop.watcher.callback is None
    peer = Peer()
    turn.enter(peer)
    loop.sleep()
    assert peer.flushed == [0]


def test_whoever_others_have_woken_is_flushed_in_the_same_turn(turn: Turn) -> None:
    woken = Peer()
    peer = Peer()
    peer.on_flush = lambda: turn.enter(woken)
    assert serve(turn, peer)
    assert woken.flushed == [0]


def test_replies_wait_for_the_number_of_the_batch_that_their_turn_handed_over(turn: Turn) -> None:
    turn.gate = Numbered()
    peer = Peer()
    serve(turn, peer)
    serve(turn, peer)
    assert peer.flushed == [1, 2]


def test_a_turn_that_ended_says_nothing_about_the_next(turn: Turn, loop: Loop) -> None:
    serve(turn, Peer())
    late = Peer()
    turn.enter(late)  # nobody is being served
    loop.sleep()
    assert late.flushed == [0]
