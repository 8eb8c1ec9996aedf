"""Whatever commands do, what was appended gives an equal store when it is loaded."""

from __future__ import annotations

import tempfile
from itertools import chain
from pathlib import Path

import hypothesis.strategies as st
from hypothesis import given, settings

from geostream.store.capture import Capture
from geostream.store.effects import Effect
from tests.persistence.aof.files import (
    Recorder,
    known,
    known_as_stored_whole,
    load_and_report,
    opened,
)
from tests.properties.test_replay import commands

histories = st.lists(st.tuples(commands, st.integers(0, 20)), min_size=20, max_size=40)

#: Before what is drawn, which alone seldom comes as far as entries that are pending.
PRELUDE = [
    "XADD s 0-1 f 1",
    "XADD s 0-2 f 2",
    "XADD s 1-1 f 3",
    "XADD t 1-1 f 1",
    "XGROUP CREATE s g 0",
    "XGROUP CREATE s h 0-2",
    "XGROUP CREATE t g 0",
    "XREADGROUP GROUP g a COUNT 2 STREAMS s t > >",
    "XREADGROUP GROUP h b COUNT 1 STREAMS s >",
]


def played(history: list[tuple[list[str], int]]) -> Recorder:
    """Return an engine that has run the commands, many of them wrong on purpose."""
    recorder = Recorder()
    recorder.run(*PRELUDE)
    for request, passing_ms in history:
        recorder.bench.advance(passing_ms)
        recorder.bench.engine.unblock(recorder.bench.client)
        recorder.bench.execute(*request)
    return recorder


def in_batches(effects: list[list[Effect]], size: int) -> list[list[Effect]]:
    """Put so many commands' effects into one batch each."""
    return [list(chain(*effects[at : at + size])) for at in range(0, len(effects), size)]


@settings(max_examples=80, deadline=None)
@given(histories, st.integers(1, 4))
def test_any_commands_are_read_back_as_an_equal_store(
    history: list[tuple[list[str], int]], size: int
) -> None:
    recorder = played(history)
    with tempfile.TemporaryDirectory() as directory:
        plugin = opened(Path(directory))
        for batch in in_batches(recorder.batches, size):
            plugin.append(batch)
        plugin.close()
        keyspace, _, replayer = load_and_report(Path(directory))
    assert replayer.failures == []
    assert known(keyspace) == known(recorder.keyspace)


@settings(max_examples=40, deadline=None)
@given(histories, histories, st.sampled_from(["yes", "no"]), st.sampled_from(["yes", "no"]))
def test_any_store_is_read_back_after_a_rewrite(
    before: list[tuple[list[str], int]],
    after: list[tuple[list[str], int]],
    preamble: str,
    stamps: str,
) -> None:
    options = {"aof_use_rdb_preamble": preamble, "aof_timestamp_enabled": stamps}
    recorder = played(before)
    written = len(recorder.batches)
    with tempfile.TemporaryDirectory() as directory:
        plugin = opened(Path(directory), **options)
        for batch in recorder.batches:
            plugin.append(batch)
        plugin.begin_snapshot()
        plugin.snapshot(list(Capture(recorder.keyspace)))
        plugin.finish_snapshot(None)
        for request, passing_ms in after:
            recorder.bench.advance(passing_ms)
            recorder.bench.engine.unblock(recorder.bench.client)
            recorder.bench.execute(*request)
        for batch in recorder.batches[written:]:
            plugin.append(batch)
        plugin.close()
        keyspace, _, replayer = load_and_report(Path(directory))
    assert replayer.failures == []
    assert known_as_stored_whole(keyspace) == known_as_stored_whole(recorder.keyspace)
