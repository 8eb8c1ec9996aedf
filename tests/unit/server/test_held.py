"""Replies that wait for the disk."""

from __future__ import annotations

from geostream.reply import NO_REPLY, Push
from geostream.server.held import HeldReplies


def turn(held, number, *pieces, replies=1, tells_change=False, has_messages=False):
    held.replies, held.tells_change, held.has_messages = replies, tells_change, has_messages
    held.keep(number, list(pieces))


def test_what_waits_comes_back_in_its_order_and_not_before_its_number():
    held = HeldReplies()
    turn(held, 1, b"a")
    turn(held, 2, b"b", b"c")
    turn(held, 4, b"d")
    assert held.size_bytes == 4
    assert held.take(0) == []
    assert [turn.pieces for turn in held.take(3)] == [[b"a"], [b"b", b"c"]]
    assert (len(held), held.size_bytes) == (1, 1)
    assert [turn.pieces for turn in held.take(4)] == [[b"d"]]
    assert (len(held), held.size_bytes) == (0, 0)


def test_when_the_disk_fails_a_reader_gets_its_reply_and_a_writer_as_many_errors():
    held = HeldReplies()
    turn(held, 1, b"+read\r\n")
    turn(held, 1, b"+1\r\n+2\r\n+3\r\n", replies=3, tells_change=True)
    refused = [turn.with_errors(b"MISCONF x") for turn in held.take_all()]
    assert refused == [[b"+read\r\n"], [b"-MISCONF x\r\n" * 3]]
    assert (len(held), held.size_bytes) == (0, 0)


def test_when_messages_stand_among_such_replies_the_client_has_to_go():
    held = HeldReplies()
    turn(held, 1, b"x", tells_change=True, has_messages=True)
    turn(held, 1, b"y", has_messages=True)
    refused = [turn.with_errors(b"MISCONF x") for turn in held.take_all()]
    assert refused == [None, [b"y"]]


def test_what_is_pushed_counts_as_a_reply_unless_it_is_a_message():
    held = HeldReplies()
    held.note_pushed([b"delivery"])
    held.note_pushed(NO_REPLY)
    assert (held.replies, held.tells_change, held.has_messages) == (1, True, False)
    held.note_pushed(Push([b"message"]))
    assert (held.replies, held.has_messages) == (1, True)
    held.end_turn()
    assert (held.replies, held.tells_change, held.has_messages) == (0, False, False)
