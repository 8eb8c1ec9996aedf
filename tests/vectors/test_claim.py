"""XREADGROUP CLAIM (8.4): the corners, and waiting."""

from __future__ import annotations

import time
from collections.abc import Callable

from tests.support.conversation import assert_replies, block
from tests.support.wire import NULL_ARRAY, Client, Map


def test_claim_replies_in_resp3(connect: Callable[..., Client]) -> None:
    client = connect(3)
    client.pipeline(["XADD s 1-0 f v", "XGROUP CREATE s g 0"])
    reply = client.call("XREADGROUP GROUP g a CLAIM 0 STREAMS s >")
    assert reply == Map([(b"s", [[b"1-0", [b"f", b"v"], 0, 0]])])


def test_claiming_counts_towards_count_before_new_entries(pending: Client) -> None:
    ((_, entries),) = pending.call("XREADGROUP GROUP g c CLAIM 0 COUNT 3 STREAMS s >")
    assert [entry[0] for entry in entries] == [b"1-0", b"2-0", b"3-0"]
    ((_, entries),) = pending.call("XREADGROUP GROUP g d CLAIM 0 STREAMS s >")
    assert [(entry[0], entry[3]) for entry in entries] == [
        (b"4-0", 1),
        (b"1-0", 2),
        (b"2-0", 2),
        (b"3-0", 2),
        (b"5-0", 0),
    ]


def test_claimed_records_are_kept_in_spite_of_noack(pending: Client) -> None:
    pending.call("XREADGROUP GROUP g c CLAIM 0 NOACK STREAMS s >")
    assert_replies(pending, 'XPENDING s g => [(4) "1-0" "4-0" [["c" "4"]]]')


def test_claim_is_off_after_a_stream_read_by_history(pending: Client) -> None:
    assert_replies(
        pending,
        "XADD t 1-0 f v",
        "XGROUP CREATE t g 0",
        'XREADGROUP GROUP g c CLAIM 0 STREAMS t s 0 > => [["t" []] ["s" [["5-0" ["f" "v5"]]]]]',
        "XREADGROUP GROUP g c CLAIM 0 STREAMS s t > 0",
    )


def test_claim_repeats_and_is_checked(pending: Client) -> None:
    assert_replies(
        pending,
        "XREADGROUP GROUP g c CLAIM 0 CLAIM 99999999 COUNT 9 STREAMS s > "
        '=> [["s" [["5-0" ["f" "v5"] (0) (0)]]]]',
        "XREADGROUP GROUP g c CLAIM 1.5 STREAMS s > "
        "=> -ERR min-idle-time is not an integer or out of range",
        "XREAD CLAIM 5 STREAMS s 0 => "
        "-ERR The CLAIM option is only supported by XREADGROUP. You called XREAD instead.",
    )


def test_a_reader_wakes_when_an_entry_has_idled_long_enough(
    connect: Callable[..., Client],
) -> None:  # A.11, 21
    client, waiter = connect(), connect()
    assert_replies(
        client, "XADD s 1-0 f v1", "XGROUP CREATE s g 0", "XREADGROUP GROUP g a STREAMS s >"
    )
    started_s = time.monotonic()
    block(client, waiter, "XREADGROUP GROUP g b BLOCK 3000 CLAIM 300 STREAMS s >")
    ((_, (entry,)),) = waiter.read()
    assert 0.28 < time.monotonic() - started_s < 3  # and not at the timeout
    assert entry[:2] == [b"1-0", [b"f", b"v1"]]
    assert 300 <= entry[2] < 3000
    assert entry[3] == 1


def test_new_entries_wake_a_reader_that_claims(connect: Callable[..., Client]) -> None:  # 22
    client, waiter = connect(), connect()
    assert_replies(
        client, "XADD s 1-0 f v", "XGROUP CREATE s g 0", "XREADGROUP GROUP g a STREAMS s >"
    )
    block(client, waiter, "XREADGROUP GROUP g b BLOCK 2000 CLAIM 5000 STREAMS s >")
    assert_replies(client, "XADD s 2-0 f v")
    assert waiter.read() == [[b"s", [[b"2-0", [b"f", b"v"], 0, 0]]]]


def test_the_timeout_wins_over_a_later_claim(connect: Callable[..., Client]) -> None:
    client, waiter = connect(), connect()
    assert_replies(
        client, "XADD s 1-0 f v", "XGROUP CREATE s g 0", "XREADGROUP GROUP g a STREAMS s >"
    )
    block(client, waiter, "XREADGROUP GROUP g b BLOCK 100 CLAIM 60000 STREAMS s >")
    assert waiter.read() is NULL_ARRAY


def test_an_entry_given_a_longer_idle_time_wakes_a_reader_that_claims(
    connect: Callable[..., Client],
) -> None:
    client, waiter = connect(), connect()
    assert_replies(
        client, "XADD s 1-0 f v", "XGROUP CREATE s g 0", "XREADGROUP GROUP g a STREAMS s >"
    )
    block(client, waiter, "XREADGROUP GROUP g b BLOCK 0 CLAIM 60000 STREAMS s >")
    assert_replies(client, 'XCLAIM s g a 0 1-0 IDLE 70000 JUSTID => ["1-0"]')
    ((_, (entry,)),) = waiter.read()
    assert entry[:2] == [b"1-0", [b"f", b"v"]]
    assert entry[2] >= 70_000


def test_a_reader_that_claims_is_woken_when_the_new_time_comes(
    connect: Callable[..., Client],
) -> None:
    client, waiter = connect(), connect()
    assert_replies(
        client, "XADD s 1-0 f v", "XGROUP CREATE s g 0", "XREADGROUP GROUP g a STREAMS s >"
    )
    block(client, waiter, "XREADGROUP GROUP g b BLOCK 0 CLAIM 60000 STREAMS s >")
    assert_replies(client, 'XCLAIM s g a 0 1-0 IDLE 59900 JUSTID => ["1-0"]')
    ((_, (entry,)),) = waiter.read()
    assert entry[0] == b"1-0"
