"""When keys go away."""

from __future__ import annotations

import pytest

from geostream.store.effects import Effect
from tests.support.engines import make_engine

NOW_MS = 1_000_000


@pytest.mark.parametrize(
    ("setup", "line", "reply", "ttl"),
    [
        ("SET k v", "EXPIRE k 100", 1, 100),
        ("SET k v", "PEXPIRE k 100000", 1, 100),
        ("SET k v", "EXPIREAT k 1100", 1, 100),
        ("SET k v", "PEXPIREAT k 1100000", 1, 100),
        ("SET k v", "EXPIRE k 100 XX", 0, -1),
        ("SET k v", "EXPIRE k 100 GT", 0, -1),
        ("SET k v", "EXPIRE k 100 LT", 1, 100),
        ("SET k v EX 50", "EXPIRE k 100 NX", 0, 50),
        ("SET k v EX 50", "EXPIRE k 100 GT", 1, 100),
        ("SET k v EX 50", "EXPIRE k 50 GT", 0, 50),
        ("SET k v EX 50", "EXPIRE k 100 LT", 0, 50),
        ("SET k v EX 50", "EXPIRE k 10 XX LT", 1, 10),
        ("SET k v EX 50", "EXPIRE k -1 GT", 0, 50),
        ("SET k v EX 50", "EXPIRE k -1 LT", 1, -2),
        ("SET k v", "EXPIRE k 0", 1, -2),
        ("SET k v EX 50", "PERSIST k", 1, -1),
        ("SET k v", "PERSIST k", 0, -1),
        ("SET other v", "EXPIRE k 10", 0, -2),
    ],
)
def test_conditions_decide_about_a_new_time(setup: str, line: str, reply: int, ttl: int) -> None:
    bench = make_engine(NOW_MS)
    bench.execute(setup)
    assert bench.execute(line) == reply
    assert bench.execute("TTL k") == ttl


@pytest.mark.parametrize(
    ("line", "error"),
    [
        ("EXPIRE k x FOO", b"ERR Unsupported option FOO"),
        (
            "EXPIRE k x NX GT",
            b"ERR NX and XX, GT or LT options at the same time are not compatible",
        ),
        ("EXPIRE k x GT LT", b"ERR GT and LT options at the same time are not compatible"),
        ("EXPIRE k x", b"ERR value is not an integer or out of range"),
        ("EXPIRE k 9223372036854775807", b"ERR invalid expire time in 'expire' command"),
        ("PEXPIRE k 9223372036854775807", b"ERR invalid expire time in 'pexpire' command"),
        ("EXPIREAT k -9223372036854775808", b"ERR invalid expire time in 'expireat' command"),
    ],
)
def test_the_first_mistake_is_told(line: str, error: bytes) -> None:
    assert make_engine().execute(line).line == error


def test_remaining_seconds_are_rounded_to_the_nearest() -> None:
    bench = make_engine(NOW_MS)
    bench.execute("SET k v PX 1500")
    assert bench.execute("TTL k") == 2
    assert bench.execute("PTTL k") == 1500
    assert bench.execute("EXPIRETIME k") == 1002
    assert bench.execute("PEXPIRETIME k") == NOW_MS + 1500
    bench.clock.advance(1)
    assert bench.execute("TTL k") == 1


def test_an_expired_key_is_gone_at_once_and_told_as_expired() -> None:
    bench = make_engine()
    journal: list[Effect] = []
    bench.execute("SET k v PX 10")
    bench.engine.listeners.append(journal.extend)
    bench.clock.advance(9)
    assert bench.execute("GET k") == b"v"
    bench.clock.advance(1)
    assert bench.execute("GET k") is None
    assert [effect.event for effect in journal] == ["expired"]
    assert bench.engine.keyspace.expired == 1


def test_a_key_given_the_same_time_twice_expires_once() -> None:
    bench = make_engine(NOW_MS)
    for at_ms in (NOW_MS + 10, NOW_MS + 20, NOW_MS + 10):
        bench.execute("SET", "k", "v", "PXAT", at_ms)
    bench.advance(10)
    assert bench.execute("EXISTS k") == 0
    assert bench.engine.keyspace.expired == 1


def test_a_time_in_the_past_is_told_as_a_deletion() -> None:
    bench = make_engine()
    journal: list[Effect] = []
    bench.execute("SET k v")
    bench.engine.listeners.append(journal.extend)
    bench.execute("EXPIRE k -5")
    assert [effect.event for effect in journal] == ["del"]
