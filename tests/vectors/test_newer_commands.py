"""What only newer versions than the ones at hand know, from the specification's prose.

XNACK and the NACK zone (8.8), MAXCOUNT and MAXSIZE (8.10), CLAIM (8.4), idempotent
production, XCFGSET and XIDMPRECORD (8.6). The recorded sessions beside this file cover
the common paths; here are the corners.
"""

from __future__ import annotations

import time
from collections.abc import Callable

import pytest

from tests.support.both import until
from tests.support.conversation import assert_replies
from tests.support.servers import GEOSTREAM, SUBJECT
from tests.support.wire import NULL, NULL_ARRAY, Client, Error, Map, Simple, fields

pytestmark = pytest.mark.skipif(SUBJECT != GEOSTREAM, reason="no real server here knows it")

MAX_COUNT = 2**63 - 1


@pytest.fixture
def pending(client: Client) -> Client:
    """Five entries; g's consumer a has 1-0 to 3-0, b has 4-0."""
    assert_replies(
        client,
        *(f"XADD s {n}-0 f v{n}" for n in range(1, 6)),
        "XGROUP CREATE s g 0",
        "XREADGROUP GROUP g a COUNT 3 STREAMS s >",
        "XREADGROUP GROUP g b COUNT 1 STREAMS s >",
    )
    return client


# XNACK


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
        'XREADGROUP GROUP g c CLAIM 0 COUNT 1 STREAMS s > => [["s" [["2-0" ["f" "v2"] (0..5000) (1)]]]]',
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
    number = waiter.client_id()
    waiter.send("XREADGROUP GROUP g b BLOCK 0 CLAIM 60000 STREAMS s >")
    until(lambda: b"flags=b" in client.call("CLIENT", "LIST", "ID", number), "blocked")
    assert_replies(client, "XNACK s g FAIL IDS 1 1-0 => (1)")
    ((_, (entry,)),) = waiter.read()
    assert entry[:2] == [b"1-0", [b"f", b"v"]]
    assert entry[3] == 1


# XREADGROUP CLAIM


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


def _blocked(client: Client, waiter: Client, line: str) -> None:
    number = waiter.client_id()
    waiter.send(line)
    until(lambda: b"flags=b" in client.call("CLIENT", "LIST", "ID", number), "blocked")


def test_a_reader_wakes_when_an_entry_has_idled_long_enough(
    connect: Callable[..., Client],
) -> None:  # A.11, 21
    client, waiter = connect(), connect()
    assert_replies(
        client, "XADD s 1-0 f v1", "XGROUP CREATE s g 0", "XREADGROUP GROUP g a STREAMS s >"
    )
    started_s = time.monotonic()
    _blocked(client, waiter, "XREADGROUP GROUP g b BLOCK 3000 CLAIM 300 STREAMS s >")
    ((_, (entry,)),) = waiter.read()
    assert 0.28 < time.monotonic() - started_s < 0.6
    assert entry[:2] == [b"1-0", [b"f", b"v1"]]
    assert 300 <= entry[2] < 600
    assert entry[3] == 1


def test_new_entries_wake_a_reader_that_claims(connect: Callable[..., Client]) -> None:  # 22
    client, waiter = connect(), connect()
    assert_replies(
        client, "XADD s 1-0 f v", "XGROUP CREATE s g 0", "XREADGROUP GROUP g a STREAMS s >"
    )
    _blocked(client, waiter, "XREADGROUP GROUP g b BLOCK 2000 CLAIM 5000 STREAMS s >")
    assert_replies(client, "XADD s 2-0 f v")
    assert waiter.read() == [[b"s", [[b"2-0", [b"f", b"v"], 0, 0]]]]


def test_the_timeout_wins_over_a_later_claim(connect: Callable[..., Client]) -> None:
    client, waiter = connect(), connect()
    assert_replies(
        client, "XADD s 1-0 f v", "XGROUP CREATE s g 0", "XREADGROUP GROUP g a STREAMS s >"
    )
    _blocked(client, waiter, "XREADGROUP GROUP g b BLOCK 100 CLAIM 60000 STREAMS s >")
    assert waiter.read() is NULL_ARRAY


# MAXCOUNT and MAXSIZE


@pytest.fixture
def three(client: Client) -> Client:
    for key in "abc":
        assert_replies(
            client,
            *(f"XADD {key} {n}-0 f {key * 10}" for n in range(1, 4)),
            f"XGROUP CREATE {key} g 0",
        )
    return client


def ids(reply: object) -> dict[bytes, list[bytes]]:
    assert isinstance(reply, list), reply
    return {key: [entry[0] for entry in entries] for key, entries in reply}


READS = ["XREAD {} STREAMS a b c 0 0 0", "XREADGROUP GROUP g r {} STREAMS a b c > > >"]


@pytest.mark.parametrize("read", READS)
@pytest.mark.parametrize(
    ("caps", "expected"),
    [
        ("COUNT 2 MAXCOUNT 3", {b"a": 2, b"b": 1}),
        ("MAXCOUNT 3 COUNT 2", {b"a": 2, b"b": 1}),
        ("maxcount 1", {b"a": 1}),
        ("MAXCOUNT 3", {b"a": 3}),
        ("MAXCOUNT 7", {b"a": 3, b"b": 3, b"c": 1}),
        ("MAXCOUNT 100", {b"a": 3, b"b": 3, b"c": 3}),
        ("COUNT 1 MAXCOUNT 2", {b"a": 1, b"b": 1}),
        ("MAXSIZE 1", {b"a": 1}),
        ("MAXSIZE 1000000", {b"a": 3, b"b": 3, b"c": 3}),
        ("COUNT 1 MAXSIZE 1000000", {b"a": 1, b"b": 1, b"c": 1}),
        ("MAXCOUNT 5 MAXSIZE 1", {b"a": 1}),
    ],
)
def test_caps_count_over_all_streams(
    three: Client, read: str, caps: str, expected: dict[bytes, int]
) -> None:
    found = ids(three.call(read.format(caps)))
    assert {key: len(entries) for key, entries in found.items()} == expected


@pytest.mark.parametrize("read", READS)
def test_a_size_cap_is_of_the_reply_in_bytes(three: Client, read: str) -> None:
    def read_capped(size: int) -> int:
        three.pipeline([f"XGROUP SETID {key} g 0" for key in "abc"])
        found = ids(three.call(read.format(f"MAXSIZE {size}")))
        return sum(map(len, found.values()))

    entry = len(b"*2\r\n$3\r\n1-0\r\n*2\r\n$1\r\nf\r\n$10\r\n" + b"a" * 10 + b"\r\n")
    counts = [read_capped(size) for size in range(1, 12 * entry, 7)]
    assert counts == sorted(counts)
    assert counts[0] == 1
    assert counts[-1] == 9
    for count, size in zip(counts, range(1, 12 * entry, 7), strict=True):
        assert count == 1 or count * entry <= size


def test_what_a_cap_leaves_out_is_not_delivered(three: Client) -> None:
    three.call("XREADGROUP GROUP g r COUNT 2 MAXCOUNT 3 STREAMS a b c > > >")
    assert_replies(
        three,
        'XPENDING a g => [(2) "1-0" "2-0" [["r" "2"]]]',
        'XPENDING b g => [(1) "1-0" "1-0" [["r" "1"]]]',
        "XPENDING c g => [(0) nil nil nil*]",
    )
    (group,) = three.call("XINFO GROUPS b")
    assert fields(group)[b"last-delivered-id"] == b"1-0"


def test_claimed_entries_count_too(three: Client) -> None:
    three.call("XREADGROUP GROUP g r COUNT 2 STREAMS a >")
    found = ids(three.call("XREADGROUP GROUP g q CLAIM 0 MAXCOUNT 3 STREAMS a b > >"))
    assert found == {b"a": [b"1-0", b"2-0", b"3-0"]}


def test_an_empty_reply_stays_empty(three: Client) -> None:
    assert three.call("XREAD MAXCOUNT 1 MAXSIZE 1 STREAMS a b $ $") is NULL_ARRAY


def test_capped_replies_are_maps_in_resp3(connect: Callable[..., Client]) -> None:
    client = connect(3)
    client.pipeline(["XADD a 1-0 f v", "XADD b 1-0 f v"])
    reply = client.call("XREAD MAXCOUNT 1 STREAMS a b 0 0")
    assert reply == Map([(b"a", [[b"1-0", [b"f", b"v"]]])])
    assert client.call("XREAD MAXCOUNT 1 STREAMS a $") is NULL


@pytest.mark.parametrize("read", READS)
@pytest.mark.parametrize(
    "caps",
    [
        "MAXCOUNT 0",
        "MAXCOUNT -1",
        "MAXCOUNT x",
        "MAXCOUNT 1.5",
        "MAXSIZE 0",
        "MAXSIZE -5",
        "MAXSIZE x",
        "COUNT 5 MAXCOUNT 4",
        "MAXCOUNT 4 COUNT 5",
        "MAXCOUNT",
    ],
)
def test_bad_caps(three: Client, read: str, caps: str) -> None:
    reply = three.call(read.format(caps))
    assert isinstance(reply, Error)
    assert reply.line.startswith(b"ERR ")


def test_a_capped_read_may_wait(connect: Callable[..., Client]) -> None:
    client, waiter = connect(), connect()
    _blocked(client, waiter, "XREAD MAXCOUNT 1 BLOCK 0 STREAMS a b $ $")
    client.pipeline(["MULTI", "XADD a 1-0 f v", "XADD b 1-0 f v", "EXEC"])
    assert waiter.read() == [[b"a", [[b"1-0", [b"f", b"v"]]]]]


# Idempotent production


FUTURE = 99999999999999


@pytest.fixture
def produced(client: Client) -> Client:
    """A stream whose top ID is in the future, so that * is foreseeable."""
    assert_replies(client, f"XADD s {FUTURE}-0 f v")
    return client


def counters(client: Client, key: str = "s") -> list[int]:
    found = fields(client.call("XINFO", "STREAM", key))
    names = (b"pids-tracked", b"iids-tracked", b"iids-added", b"iids-duplicates")
    return [found[name] for name in names]


def test_a_duplicate_changes_nothing_but_its_counter(produced: Client) -> None:
    assert_replies(
        produced,
        f'XADD s IDMP p i * f v => "{FUTURE}-1"',
        f'XADD s IDMP p i MAXLEN 0 * g w => "{FUTURE}-1"',
        "XLEN s => (2)",
        f"XDEL s {FUTURE}-1 => (1)",
        f'XADD s IDMP p i * f v => "{FUTURE}-1"',
        "XLEN s => (1)",
        "MULTI => +OK",
        "XADD s IDMP p i * f v => +QUEUED",
        f'EXEC => ["{FUTURE}-1"]',
    )
    assert counters(produced) == [1, 1, 1, 3]


def test_a_duplicate_does_not_dirty_a_watched_key(connect: Callable[..., Client]) -> None:
    client, other = connect(), connect()
    assert_replies(client, "XADD s IDMP p i * f v", "WATCH s => +OK")
    assert_replies(other, "XADD s IDMP p i * f v")
    client.pipeline(["MULTI", "PING"])
    assert client.call("EXEC") == [Simple(b"PONG")]
    assert_replies(client, "WATCH s => +OK")
    assert_replies(other, "XADD s IDMP p j * f v")
    assert_replies(client, "MULTI", "PING", "EXEC => nil*")


def test_producers_are_apart_and_the_oldest_is_forgotten(produced: Client) -> None:
    assert_replies(produced, "XCFGSET s IDMP-MAXSIZE 2 => +OK")
    for pid in ("p", "q"):
        for iid in "abc":
            produced.call("XADD", "s", "IDMP", pid, iid, "*", "f", "v")
    assert counters(produced) == [2, 4, 6, 0]
    produced.call("XADD s IDMP p c * f v")
    assert counters(produced) == [2, 4, 6, 1]
    produced.call("XADD s IDMP p a * f v")
    assert counters(produced) == [2, 4, 7, 1]


def test_pairs_may_come_in_any_order_but_belong_together(produced: Client) -> None:
    assert_replies(
        produced,
        f'XADD s IDMPAUTO p * a 1 b 2 c 3 => "{FUTURE}-1"',
        f'XADD s IDMPAUTO p * c 3 a 1 b 2 => "{FUTURE}-1"',
        f'XADD s IDMPAUTO p * a 2 b 1 c 3 => "{FUTURE}-2"',
        f'XADD s IDMPAUTO p * ab 1 => "{FUTURE}-3"',
        f'XADD s IDMPAUTO p * a b1 => "{FUTURE}-4"',
        f'XADD s IDMPAUTO q * a 1 b 2 c 3 => "{FUTURE}-5"',
        f'XADD s IDMPAUTO p * a 1 a 1 => "{FUTURE}-6"',
        f'XADD s IDMPAUTO p * a 1 => "{FUTURE}-7"',
    )


@pytest.mark.parametrize(
    ("line", "error"),
    [
        ("XADD s IDMP p i IDMP p i * f v", "syntax error, IDMP/IDMPAUTO specified multiple times"),
        (
            "XADD s IDMPAUTO p IDMPAUTO p * f v",
            "syntax error, IDMP/IDMPAUTO specified multiple times",
        ),
        ('XADD s IDMP "" i * f v', "syntax error, IDMP requires a non-empty producer ID"),
        ('XADD s IDMPAUTO "" * f v', "syntax error, IDMPAUTO requires a non-empty producer ID"),
        ('XADD s IDMP p "" * f v', "syntax error, IDMP requires a non-empty idempotent ID"),
        (
            "XADD s IDMP p i 5-5 f v",
            "syntax error, IDMP/IDMPAUTO can be used only with auto-generated IDs",
        ),
        (
            "XADD s IDMPAUTO p 5-* f v",
            "syntax error, IDMP/IDMPAUTO can be used only with auto-generated IDs",
        ),
        ("XADD s IDMP p i x f v", "Invalid stream ID specified as stream command argument"),
        ("XADD s IDMP p i * f", "wrong number of arguments for 'xadd' command"),
        ("XADD s IDMP p", "wrong number of arguments for 'xadd' command"),
    ],
)
def test_bad_idempotent_requests(client: Client, line: str, error: str) -> None:
    assert client.call(line) == Error(b"ERR " + error.encode())
    assert client.call("EXISTS s") == 0


def test_nothing_is_made_for_nomkstream(client: Client) -> None:
    assert_replies(client, "XADD s NOMKSTREAM IDMP p i * f v => nil", "EXISTS s => (0)")


def test_copies_and_renames_keep_what_is_remembered(produced: Client) -> None:
    assert_replies(
        produced,
        f'XADD s IDMP p i * f v => "{FUTURE}-1"',
        "COPY s t => (1)",
        f'XADD t IDMP p i * f v => "{FUTURE}-1"',
        "RENAME s u => +OK",
        f'XADD u IDMP p i * f v => "{FUTURE}-1"',
    )
    payload = produced.call("DUMP u")
    produced.call("RESTORE", "v", 0, payload)
    assert_replies(produced, f'XADD v IDMP p i * f v => "{FUTURE}-1"')
    assert counters(produced, "u") == [1, 1, 1, 1]


def test_what_is_remembered_expires(client: Client) -> None:
    first = client.call("XADD s IDMP p i * f v")
    assert client.call("XADD s IDMP p i * f v") == first
    client.call("XCFGSET s IDMP-DURATION 1")
    first = client.call("XADD s IDMP p i * f v")
    until(lambda: counters(client)[:2] == [0, 0], "forgotten")
    assert client.call("XADD s IDMP p i * f v") != first


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("XCFGSET", "-ERR wrong number of arguments for 'xcfgset' command"),
        ("XCFGSET s", "-ERR At least one parameter must be specified"),
        ("XCFGSET missing", "-ERR no such key"),
        ("XCFGSET missing FOO", "-ERR no such key"),
        ("XCFGSET t FOO", "-WRONGTYPE Operation against a key holding the wrong kind of value"),
        ("XCFGSET s FOO", "-ERR syntax error"),
        ("XCFGSET s IDMP-DURATION", "-ERR syntax error"),
        ("XCFGSET s IDMP-DURATION x", "-ERR value is not an integer or out of range"),
        ("XCFGSET s IDMP-DURATION 0", "-ERR IDMP-DURATION must be between 1 and 86400 seconds"),
        ("XCFGSET s IDMP-DURATION 86401", "-ERR IDMP-DURATION must be between 1 and 86400 seconds"),
        ("XCFGSET s IDMP-MAXSIZE 0", "-ERR IDMP-MAXSIZE must be between 1 and 10000 entries"),
        ("XCFGSET s IDMP-MAXSIZE 10001", "-ERR IDMP-MAXSIZE must be between 1 and 10000 entries"),
        (
            "XCFGSET s IDMP-MAXSIZE 5 IDMP-MAXSIZE 5",
            "-ERR IDMP-MAXSIZE specified multiple times",
        ),
        (
            "XCFGSET s IDMP-DURATION 5 IDMP-DURATION 5",
            "-ERR IDMP-DURATION specified multiple times",
        ),
        ("XCFGSET s IDMP-DURATION 5 IDMP-MAXSIZE 7", "+OK"),
        ("xcfgset s idmp-maxsize 7", "+OK"),
    ],
)
def test_xcfgset(produced: Client, line: str, expected: str) -> None:
    produced.call("SET t x")
    assert_replies(produced, f"{line} => {expected}")


def test_only_a_real_change_forgets(produced: Client) -> None:
    produced.call("XADD s IDMP p i * f v")
    assert_replies(produced, "XCFGSET s IDMP-DURATION 100 IDMP-MAXSIZE 100 => +OK")
    assert counters(produced) == [1, 1, 1, 0]
    assert_replies(produced, "XCFGSET s IDMP-DURATION 200 => +OK")
    assert counters(produced) == [0, 0, 1, 0]
    found = fields(produced.call("XINFO STREAM s"))
    assert (found[b"idmp-duration"], found[b"idmp-maxsize"]) == (200, 100)


def test_defaults_of_new_streams_are_settings(client: Client) -> None:
    try:
        assert_replies(
            client,
            "XADD old 1-0 f v",
            "CONFIG SET stream-idmp-duration 7 stream-idmp-maxsize 9 => +OK",
            "XADD new 1-0 f v",
            'CONFIG GET stream-idmp-duration => ["stream-idmp-duration" "7"]',
            "CONFIG SET stream-idmp-duration 0 => -ERR CONFIG SET failed (possibly related to "
            "argument 'stream-idmp-duration') - argument must be between 1 and 86400 inclusive",
        )
        assert fields(client.call("XINFO STREAM old"))[b"idmp-duration"] == 100
        assert fields(client.call("XINFO STREAM new"))[b"idmp-duration"] == 7
        assert fields(client.call("XINFO STREAM new"))[b"idmp-maxsize"] == 9
    finally:
        client.call("CONFIG SET stream-idmp-duration 100 stream-idmp-maxsize 100")


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("XIDMPRECORD s p i", "-ERR wrong number of arguments for 'xidmprecord' command"),
        (
            'XIDMPRECORD missing "" "" x',
            "-ERR Invalid stream ID specified as stream command argument",
        ),
        ('XIDMPRECORD missing "" "" 1-1', "-ERR producer ID must be non-empty"),
        ('XIDMPRECORD missing p "" 1-1', "-ERR idempotent ID must be non-empty"),
        ("XIDMPRECORD missing p i 1-1", "-ERR no such key"),
        (
            "XIDMPRECORD t p i 1-1",
            "-WRONGTYPE Operation against a key holding the wrong kind of value",
        ),
        ("XIDMPRECORD s p i 1-1", "-ERR No such message in stream"),
        (f"XIDMPRECORD s p i {FUTURE}-0", "+OK"),
    ],
)
def test_xidmprecord(produced: Client, line: str, expected: str) -> None:
    produced.call("SET t x")
    assert_replies(produced, f"{line} => {expected}")


def test_a_recorded_mapping_is_a_duplicate_from_then_on(produced: Client) -> None:
    assert_replies(
        produced,
        f"XIDMPRECORD s p i {FUTURE}-0 => +OK",
        f"XIDMPRECORD s p i {FUTURE}-0 => +OK",
        f'XADD s IDMP p i * f v => "{FUTURE}-0"',
        f'XADD s {FUTURE}-5 f v => "{FUTURE}-5"',
        f"XIDMPRECORD s p i {FUTURE}-5 => "
        "-ERR IID already exists for this producer with a different stream ID",
    )
    assert counters(produced) == [1, 1, 1, 1]


# Approximate trims with a policy: exact since 8.6, broken in 8.2


@pytest.mark.parametrize("policy", ["DELREF", "ACKED"])
def test_an_approximate_trim_with_a_policy_is_exact(client: Client, policy: str) -> None:
    assert_replies(
        client,
        *(f"XADD s {n}-0 f v" for n in range(1, 8)),
        f"XTRIM s MAXLEN ~ 5 {policy} => (2)",
        f"XTRIM s MINID ~ 5 {policy} => (2)",
        "XLEN s => (3)",
    )


def test_the_greeting(connect: Callable[..., Client]) -> None:
    client = connect()
    greeting = client.call("HELLO 3")
    assert isinstance(greeting, Map)
    assert [key for key, _ in greeting.pairs] == (
        b"server version proto id mode role modules".split()
    )
    assert greeting[b"server"] == b"redis"
    assert greeting[b"version"] == b"8.10.0"
    assert greeting[b"modules"] == []
    assert client.call("LOLWUT").text.endswith(b"Redis ver. 8.10.0\n")
