"""DEBUG RELOAD: what is read back is what was written, and nobody notices more than on Redis."""

from __future__ import annotations

from typing import Any

import hypothesis.strategies as st
import pytest
from hypothesis import given

from geostream.commands.reload import reload_data
from geostream.engine.command import LOADING_LIMIT
from geostream.engine.context import Context
from geostream.errors import CommandError
from geostream.reply import OK
from geostream.store.capture import Capture
from geostream.store.effects import KeyExpired
from geostream.store.keyspace import Keyspace
from tests.properties.test_replay import commands
from tests.support.contents import contents
from tests.support.engines import Bench, make_engine
from tests.unit.commands.test_dump import without_cuts


def reload(bench: Bench, *words: bytes) -> Any:
    """Do what DEBUG RELOAD does where it is allowed."""
    ctx = Context(bench.engine, bench.engine.keyspace, bench.client)
    ctx.now_ms = bench.engine.keyspace.now_ms = bench.clock.now_ms()
    reply = reload_data(ctx, list(words))
    bench.engine.hand_out()
    return reply


def everything(keyspace: Keyspace) -> Any:
    return {
        (number, key): (without_cuts(value), at_ms)
        for number, values in contents(keyspace).items()
        for key, (value, at_ms) in values.items()
    }


@given(st.lists(commands, max_size=40))
def test_a_reload_changes_nothing(requests: list[list[str]]) -> None:
    bench = make_engine(now_ms=1_000)
    for request in requests:
        bench.advance(1)
        bench.engine.unblock(bench.client)
        bench.execute(*request)
    before = everything(bench.engine.keyspace)
    assert reload(bench) is OK
    assert everything(bench.engine.keyspace) == before
    size_bytes = sum(
        value.size_bytes + len(key)
        for database in bench.engine.keyspace.databases
        for key, value in database.values.items()
    )
    assert bench.engine.memory.data_bytes() == size_bytes


def test_expired_keys_are_told_and_not_read_back() -> None:
    told = []
    bench = make_engine()
    bench.engine.listeners.append(told.extend)
    bench.execute("SET k x")
    bench.execute("SET gone x PX 5")
    bench.clock.advance(10)
    assert reload(bench) is OK
    assert list(bench.engine.keyspace.databases[0].values) == [b"k"]
    assert told[-1] == KeyExpired(0, b"gone")


def test_a_snapshot_that_is_being_taken_is_not_disturbed() -> None:
    bench = make_engine()
    for line in ("XADD s 1-0 f v", "XADD t 1-0 f v", "SET k x"):
        bench.execute(line)
    before = contents(bench.engine.keyspace)
    effects = iter(Capture(bench.engine.keyspace))
    taken = [next(effects)]
    assert reload(bench) is OK
    for line in ("XADD s 2-0 f v", "XADD t 2-0 f v", "DEL k"):
        bench.execute(line)
    taken += effects
    restored = Keyspace()
    restored.replay(taken)
    assert contents(restored) == before


def test_what_was_reloaded_lives_on() -> None:
    bench = make_engine()
    bench.execute("XADD s 1-0 f v")
    bench.execute("SET k x PX 50")
    reload(bench)
    bench.execute("XADD s 2-0 f v")
    assert bench.execute("XLEN s") == 2
    bench.advance(60)
    assert bench.execute("DBSIZE") == 1
    assert bench.execute("SCAN 0") == [b"0", [b"s"]]


@pytest.mark.parametrize(
    ("words", "begin"),
    [
        ([b"FOO"], b"ERR DEBUG RELOAD only supports the MERGE, NOFLUSH and NOSAVE options."),
        ([b"NOSAVE"], b"ERR Error trying to load the RDB dump"),
        ([b"noflush"], b"ERR DEBUG RELOAD NOFLUSH finds every key there already"),
    ],
)
def test_what_cannot_be_done_is_refused_and_changes_nothing(words, begin) -> None:
    bench = make_engine()
    bench.execute("SET k x")
    stream = bench.engine.keyspace.databases[0].values[b"k"]
    with pytest.raises(CommandError) as refused:
        reload(bench, *words)
    assert refused.value.line.startswith(begin)
    assert bench.engine.keyspace.databases[0].values[b"k"] is stream


def test_nothing_is_reloaded_while_the_data_is_being_loaded() -> None:
    bench = make_engine()
    bench.engine.limit(LOADING_LIMIT, True)
    with pytest.raises(CommandError, match="LOADING"):
        reload(bench)
