"""IDMP, IDMPAUTO, XCFGSET, XIDMPRECORD (8.6)."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from tests.support.both import until
from tests.support.conversation import assert_replies
from tests.support.wire import Client, Error, Simple, fields

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
    assert counters(produced, "u") == [1, 1, 1, 1]


def test_a_dump_keeps_what_is_remembered(produced: Client) -> None:
    assert_replies(produced, f'XADD s IDMP p i * f v => "{FUTURE}-1"')
    payload = produced.call("DUMP s")
    assert isinstance(payload, bytes)
    produced.call("RESTORE", "t", 0, payload)
    assert_replies(produced, f'XADD t IDMP p i * f v => "{FUTURE}-1"')


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
