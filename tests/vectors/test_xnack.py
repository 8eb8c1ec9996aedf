"""XNACK and the NACK zone (8.8), from the specification's prose."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from tests.support.conversation import assert_replies, block
from tests.support.wire import Client, Error, fields

MAX_COUNT = 2**63 - 1


@pytest.mark.parametrize(
    ("mode", "options", "count"),
    [
        ("SILENT", "", 0),
        ("FAIL", "", 1),
        ("FATAL", "", MAX_COUNT),
        ("silent", "RETRYCOUNT 7", 7),
        ("FAIL", "RETRYCOUNT 0", 0),
        ("FATAL", "RETRYCOUNT 3", 3),
    ],
)
def test_a_released_record_has_no_owner(
    pending: Client, mode: str, options: str, count: int
) -> None:
    assert_replies(
        pending,
        f"XNACK s g {mode} {options} IDS 1 2-0 => (1)",
        'XPENDING s g => [(4) "1-0" "4-0" [["a" "2"] ["b" "1"]]]',
        'XREADGROUP GROUP g a STREAMS s 0 => [["s" [["1-0" ["f" "v1"]] ["3-0" ["f" "v3"]]]]]',
    )
    row = pending.call("XPENDING s g 2-0 2-0 10")[0]
    assert row == [b"2-0", b"", -1, count]


def test_silent_does_not_count_below_zero(pending: Client) -> None:
    for _ in range(3):
        assert_replies(pending, "XNACK s g SILENT IDS 1 1-0 => (1)")
    assert pending.call("XPENDING s g 1-0 1-0 1") == [[b"1-0", b"", -1, 0]]


def test_released_records_pass_every_idle_filter_but_no_consumer_filter(pending: Client) -> None:
    assert_replies(
        pending,
        "XNACK s g FAIL IDS 2 1-0 4-0 => (2)",
        'XPENDING s g IDLE 99999999 - + 10 => [["1-0" "" (-1) (1)] ["4-0" "" (-1) (1)]]',
        "XPENDING s g - + 10 b => []",
        'XPENDING s g => [(4) "1-0" "4-0" [["a" "2"]]]',
    )
    consumers = {
        row[b"name"]: row[b"pending"] for row in map(fields, pending.call("XINFO CONSUMERS s g"))
    }
    assert consumers == {b"a": 2, b"b": 0}


def test_a_claim_takes_a_released_record_whatever_its_idle_time(pending: Client) -> None:
    assert_replies(
        pending,
        "XNACK s g FAIL IDS 2 1-0 2-0 => (2)",
        'XCLAIM s g c 99999999 1-0 3-0 => [["1-0" ["f" "v1"]]]',
        'XAUTOCLAIM s g c 99999999 0 => ["0-0" [["2-0" ["f" "v2"]]] []]',
        'XPENDING s g => [(4) "1-0" "4-0" [["a" "1"] ["b" "1"] ["c" "2"]]]',
    )
    assert [row[3] for row in pending.call("XPENDING s g - + 10 c")] == [2, 2]


def test_reading_with_claim_takes_released_records_first_in_the_order_of_release(
    pending: Client,
) -> None:
    assert_replies(
        pending, "XNACK s g FAIL IDS 2 3-0 1-0 => (2)", "XNACK s g SILENT IDS 1 3-0 => (1)"
    )
    ((_, entries),) = pending.call("XREADGROUP GROUP g c CLAIM 99999999 STREAMS s >")
    assert [entry[0] for entry in entries] == [b"1-0", b"3-0", b"5-0"]
    assert entries[0][3] == 1
    assert entries[1][3] == 0
    assert entries[0][2] > 10**12  # idle since 1970
    assert entries[2][2:] == [0, 0]


def test_counters_stop_at_their_highest(pending: Client) -> None:
    assert_replies(
        pending,
        "XNACK s g FATAL IDS 1 1-0 => (1)",
        'XCLAIM s g a 0 1-0 => [["1-0" ["f" "v1"]]]',
        "XREADGROUP GROUP g a STREAMS s 0",
    )
    assert pending.call("XPENDING s g 1-0 1-0 1")[0][3] == MAX_COUNT


def test_forcing_makes_a_record_without_an_owner(pending: Client) -> None:
    assert_replies(
        pending,
        "XNACK s g FAIL IDS 2 5-0 9-9 => (0)",
        "XNACK s g FAIL FORCE IDS 2 5-0 9-9 => (1)",
        'XPENDING s g 5-0 5-0 1 => [["5-0" "" (-1) (0)]]',
        "XNACK s g SILENT IDS 1 1-0 FORCE RETRYCOUNT 4 => (1)",
        'XPENDING s g 1-0 1-0 1 => [["1-0" "" (-1) (4)]]',
        "XGROUP CREATE s h 0",
        "XNACK s h FATAL IDS 1 1-0 FORCE => (1)",
    )
    assert pending.call("XPENDING s h - + 1")[0][3] == MAX_COUNT


def test_a_repeated_id_counts_each_time(pending: Client) -> None:
    assert_replies(pending, "XNACK s g FAIL IDS 3 1-0 1-0 9-9 => (2)")


def test_ghosts_can_be_released(pending: Client) -> None:
    assert_replies(
        pending,
        "XDEL s 1-0 => (1)",
        "XNACK s g FAIL IDS 1 1-0 => (1)",
        'XPENDING s g 1-0 1-0 1 => [["1-0" "" (-1) (1)]]',
        "XREADGROUP GROUP g c CLAIM 0 COUNT 1 STREAMS s > "
        '=> [["s" [["2-0" ["f" "v2"] (0..5000) (1)]]]]',
        'XAUTOCLAIM s g c 0 0 COUNT 1 => ["2-0" [] ["1-0"]]',
    )


def test_deleting_a_consumer_spares_what_it_released(pending: Client) -> None:
    assert_replies(
        pending,
        "XNACK s g FAIL IDS 1 2-0 => (1)",
        "XGROUP DELCONSUMER s g a => (2)",
        'XPENDING s g => [(2) "2-0" "4-0" [["b" "1"]]]',
        "XACK s g 2-0 => (1)",
        'XPENDING s g => [(1) "4-0" "4-0" [["b" "1"]]]',
    )


def test_acknowledging_and_deleting_a_released_record(pending: Client) -> None:
    assert_replies(
        pending,
        "XNACK s g FAIL IDS 1 2-0 => (1)",
        "XACKDEL s g IDS 1 2-0 => [(1)]",
        "XLEN s => (4)",
        "XNACK s g FAIL IDS 1 2-0 => (0)",
    )


def test_a_copy_keeps_what_was_released_and_its_order(pending: Client) -> None:
    assert_replies(pending, "XNACK s g FAIL IDS 3 3-0 1-0 4-0 => (3)", "COPY s t => (1)")
    ((_, entries),) = pending.call("XREADGROUP GROUP g c CLAIM 99999999 COUNT 3 STREAMS t >")
    assert [entry[0] for entry in entries] == [b"3-0", b"1-0", b"4-0"]


def test_a_dump_keeps_what_was_released_and_its_order(pending: Client) -> None:
    assert_replies(pending, "XNACK s g FAIL IDS 3 3-0 1-0 4-0 => (3)")
    payload = pending.call("DUMP s")
    assert isinstance(payload, bytes)
    pending.call("RESTORE", "t", 0, payload)
    ((_, entries),) = pending.call("XREADGROUP GROUP g c CLAIM 99999999 COUNT 3 STREAMS t >")
    assert [entry[0] for entry in entries] == [b"3-0", b"1-0", b"4-0"]


def test_xinfo_counts_released_records(pending: Client) -> None:
    assert_replies(pending, "XNACK s g FAIL IDS 2 1-0 4-0 => (2)")
    (group,) = fields(pending.call("XINFO STREAM s FULL"))[b"groups"]
    names = group[::2]
    assert names[names.index(b"pel-count") + 1] == b"nacked-count"
    assert fields(group)[b"nacked-count"] == 2
    assert [b"1-0", b"", 0, 1] in fields(group)[b"pending"]
    (group,) = pending.call("XINFO GROUPS s")
    assert b"nacked-count" not in group[::2]


def test_no_consumer_comes_or_goes(pending: Client) -> None:
    before = [fields(row)[b"name"] for row in pending.call("XINFO CONSUMERS s g")]
    assert_replies(pending, "XNACK s g FAIL IDS 4 1-0 2-0 3-0 4-0 => (4)")
    assert [fields(row)[b"name"] for row in pending.call("XINFO CONSUMERS s g")] == before


@pytest.mark.parametrize(
    ("line", "error"),
    [
        ("XNACK s g FAIL IDS 1", "ERR wrong number of arguments for 'xnack' command"),
        (
            "XNACK t g FOO IDS 1 x",
            "WRONGTYPE Operation against a key holding the wrong kind of value",
        ),
        ("XNACK s no FOO IDS 1 x", "NOGROUP No such key 's' or consumer group 'no'"),
        ("XNACK no g FOO IDS 1 x", "NOGROUP No such key 'no' or consumer group 'g'"),
        ("XNACK s g FOO IDS 0 x", "ERR mode must be SILENT, FAIL, or FATAL"),
        ("XNACK s g FAIL IDS 0 1-0", "ERR numids must be a positive integer"),
        ("XNACK s g FAIL IDS x 1-0", "ERR numids must be a positive integer"),
        ("XNACK s g FAIL IDS 2147483648 1-0", "ERR numids must be a positive integer"),
        ("XNACK s g FAIL IDS 2 1-0", "ERR number of IDs doesn't match numids"),
        ("XNACK s g FAIL IDS 1 1-0 2-0", "ERR Unrecognized XNACK option '2-0'"),
        ("XNACK s g FAIL FATAL IDS 1 1-0", "ERR Unrecognized XNACK option 'FATAL'"),
        ("XNACK s g FAIL IDS 1 1-0 RETRYCOUNT", "ERR Unrecognized XNACK option 'RETRYCOUNT'"),
        (
            "XNACK s g FAIL RETRYCOUNT x IDS 1 1-0",
            "ERR value is not an integer or out of range",
        ),
        (
            "XNACK s g FAIL RETRYCOUNT -1 IDS 1 1-0",
            "ERR Invalid RETRYCOUNT value, must be >= 0",
        ),
        ("XNACK s g FAIL FORCE RETRYCOUNT 5 FORCE", "ERR syntax error, expected IDS keyword"),
        (
            "XNACK s g FAIL IDS 2 1-0 x",
            "ERR Invalid stream ID specified as stream command argument",
        ),
    ],
)
def test_what_xnack_refuses_changes_nothing(pending: Client, line: str, error: str) -> None:
    pending.call("SET t x")
    before = pending.call("XPENDING s g")
    assert pending.call(line) == Error(error.encode())
    assert pending.call("XPENDING s g") == before


def test_a_release_wakes_a_reader_that_claims(connect: Callable[..., Client]) -> None:
    client, waiter = connect(), connect()
    assert_replies(
        client,
        "XADD s 1-0 f v",
        "XGROUP CREATE s g 0",
        "XREADGROUP GROUP g a STREAMS s >",
    )
    block(client, waiter, "XREADGROUP GROUP g b BLOCK 0 CLAIM 60000 STREAMS s >")
    assert_replies(client, "XNACK s g FAIL IDS 1 1-0 => (1)")
    ((_, (entry,)),) = waiter.read()
    assert entry[:2] == [b"1-0", [b"f", b"v"]]
    assert entry[3] == 1
