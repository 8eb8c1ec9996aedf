"""What OBJECT and MEMORY tell."""

from __future__ import annotations

import pytest

from geostream.errors import CommandError
from geostream.reply import OK
from tests.support.engines import make_engine


@pytest.mark.parametrize(
    ("lines", "encoding"),
    [
        (["SET k 12"], b"int"),
        (["SET k 012"], b"embstr"),
        (["SET k " + "x" * 44], b"embstr"),
        (["SET k " + "x" * 45], b"raw"),
        (["APPEND k 12"], b"int"),
        (["SET k 12", "APPEND k 3"], b"raw"),
        (["SETRANGE k 0 12"], b"raw"),
        (["SET k 12", "INCR k"], b"int"),
        (["SET k 12", "INCRBYFLOAT k 1"], b"embstr"),
        (["SETRANGE j 0 12", "COPY j k"], b"raw"),
        (["XADD k 1-1 f v"], b"stream"),
    ],
)
def test_the_encoding_is_what_redis_would_choose(lines: list[str], encoding: bytes) -> None:
    bench = make_engine()
    for line in lines:
        bench.execute(line)
    assert bench.execute("OBJECT ENCODING k") == encoding


def test_a_key_is_idle_until_a_command_uses_it() -> None:
    bench = make_engine()
    bench.execute("SET k 1")
    bench.clock.advance(5500)
    bench.execute("TTL k")
    bench.execute("TYPE k")
    bench.execute("EXISTS k")
    assert bench.execute("OBJECT IDLETIME k") == 5
    bench.execute("GET k")
    assert bench.execute("OBJECT IDLETIME k") == 0


def test_a_missing_key_has_nothing_to_tell() -> None:
    bench = make_engine()
    for line in ("ENCODING", "REFCOUNT", "IDLETIME", "FREQ"):
        assert bench.execute("OBJECT", line, "missing") is None
    assert bench.execute("MEMORY USAGE missing") is None
    assert bench.execute("MEMORY USAGE missing FOO").line == b"ERR syntax error"


def test_frequency_is_refused_for_a_key_that_is_there() -> None:
    bench = make_engine()
    bench.execute("SET k 1")
    reply = bench.execute("OBJECT FREQ k")
    assert isinstance(reply, CommandError)
    assert reply.line.startswith(b"ERR An LFU maxmemory policy is not selected")


def test_usage_grows_with_the_value() -> None:
    bench = make_engine()
    bench.execute("SET", "small", "x")
    bench.execute("SET", "large", "x" * 10_000)
    small, large = (
        bench.execute("MEMORY USAGE small"),
        bench.execute("MEMORY USAGE large SAMPLES 0"),
    )
    assert large - small == 9_999


def test_statistics_add_up() -> None:
    bench = make_engine()
    bench.execute("SET a 1")
    bench.execute("COPY a b DB 2")
    stats = bench.execute("MEMORY STATS")
    assert stats[b"keys.count"] == 2
    assert stats[b"overhead.total"] + stats[b"dataset.bytes"] == stats[b"total.allocated"]
    assert {b"db.0", b"db.2"} <= stats.keys()
    assert b"db.1" not in stats


def test_the_doctor_speaks_of_data_that_went_away() -> None:
    bench = make_engine()
    assert b"too little data" in bench.execute("MEMORY DOCTOR").text
    for key in "abc":
        bench.execute("SET", key, "x" * 6_000_000)
        assert bench.execute("MEMORY DOCTOR").text.startswith(b"Nothing is wrong")
    bench.execute("DEL a b")
    assert b"Peak: 18" in bench.execute("MEMORY DOCTOR").text
    assert bench.execute("MEMORY PURGE") is OK
    assert b"Allocated blocks" in bench.execute("MEMORY MALLOC-STATS").text


def test_a_client_that_touches_again_leaves_no_trace_of_having_been_no_touch() -> None:
    bench = make_engine()
    for ending in ("CLIENT NO-TOUCH OFF", "RESET"):
        bench.execute("CLIENT NO-TOUCH ON")
        bench.execute(ending)
        bench.execute("SET k 1")
        bench.clock.advance(5000)
        bench.execute("GET k")
        assert bench.execute("OBJECT IDLETIME k") == 0
