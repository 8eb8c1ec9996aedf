"""Forgetting producers' messages in time, whatever the clock does."""

from __future__ import annotations

from tests.support.engines import make_engine


def test_messages_are_forgotten_in_time_after_the_clock_was_set_back() -> None:
    bench = make_engine(now_ms=10_000_000)
    bench.advance(0)
    bench.clock.set_back(5_000_000)
    bench.execute("XADD s IDMP p m * f v")
    stream = bench.engine.keyspace.databases[0].stream(b"s")
    assert stream is not None
    bench.advance(stream.idempotency.duration_s * 1000 + 2000)
    assert not stream.idempotency.producers
