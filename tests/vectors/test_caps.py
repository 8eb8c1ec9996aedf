"""MAXCOUNT and MAXSIZE (8.10): caps over all streams of a read."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from tests.support.conversation import assert_replies, block
from tests.support.wire import NULL, NULL_ARRAY, Client, Error, Map, fields


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
    block(client, waiter, "XREAD MAXCOUNT 1 BLOCK 0 STREAMS a b $ $")
    client.pipeline(["MULTI", "XADD a 1-0 f v", "XADD b 1-0 f v", "EXEC"])
    assert waiter.read() == [[b"a", [[b"1-0", [b"f", b"v"]]]]]
