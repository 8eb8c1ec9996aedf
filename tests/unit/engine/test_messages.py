"""Messages of producers are forgotten in time, and only where some are due does anybody look."""

from unittest import mock

import hypothesis.strategies as st
from hypothesis import given

from geostream.store.idempotency import Idempotency
from tests.support.engines import make_engine

STEPS = st.lists(
    st.tuples(
        st.sampled_from(["add", "rename", "copy", "delete", "configure", "wait", "flush", "swap"]),
        st.sampled_from([b"a", b"b", b"c"]),
        st.sampled_from([b"a", b"b", b"c"]),
        st.integers(1, 3),
    ),
    max_size=40,
)


@given(STEPS)
def test_after_a_second_nothing_is_there_that_is_too_old(steps):
    bench = make_engine()
    for number, (step, key, other, amount) in enumerate(steps):
        if step == "add":
            bench.execute("XADD", key, "IDMP", other, b"m%d" % number, "*", "f", "v")
        elif step == "configure":
            bench.execute("XCFGSET", key, "IDMP-DURATION", amount)
        elif step == "wait":
            bench.advance(amount * 700)
        elif step == "swap":
            bench.execute("SWAPDB", 0, amount)
        else:
            words = {"rename": ("RENAME", key, other), "copy": ("COPY", key, other, "REPLACE")}
            bench.execute(*words.get(step, ("FLUSHDB",) if step == "flush" else ("DEL", key)))
    bench.advance(1_000)
    now_ms = bench.clock.now_ms()
    for database in bench.engine.keyspace.databases:
        for stream in database.values.values():
            memory = stream.idempotency
            if memory.producers:
                assert memory.oldest_ms() > now_ms - memory.duration_s * 1000


def test_streams_with_nothing_due_are_left_alone():
    bench = make_engine()
    for number in range(200):
        bench.execute("XADD", f"k{number}", "IDMP", "p", "m", "*", "f", "v")
    bench.advance(1_000)
    with mock.patch.object(Idempotency, "oldest_ms", side_effect=AssertionError):
        for _ in range(20):
            bench.advance(1_000)


def test_each_message_of_a_stream_goes_in_its_own_time():
    bench = make_engine()
    bench.execute("XADD k 1-0 f v")
    bench.execute("XCFGSET k IDMP-DURATION 10")
    memory = bench.engine.keyspace.databases[0].values[b"k"].idempotency
    left = []
    for second in range(40):
        if second in (0, 4, 8, 20):
            bench.execute("XADD", "k", "IDMP", "p", f"m{second}", "*", "f", "v")
        bench.advance(1_000)
        left.append(memory.iids_tracked)
    assert left == [1] * 4 + [2] * 4 + [3] + [2] * 4 + [1] * 4 + [0] * 3 + [1] * 9 + [0] * 11
