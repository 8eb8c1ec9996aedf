"""Whatever commands do is found again, appended or taken as snapshots."""

from __future__ import annotations

import tempfile
from pathlib import Path

import hypothesis.strategies as st
from hypothesis import given, settings

from geostream.store.capture import Capture
from tests.persistence.sqlite.subjects import (
    Writer,
    ask,
    cut,
    effects_of,
    forms,
    loaded,
    opened,
    stored,
    without_nodes,
)
from tests.properties.test_replay import commands

requests = st.lists(st.tuples(commands, st.integers(0, 20)), max_size=60)


def _run(writer: Writer, drawn: list[tuple[list[str], int]]) -> None:
    for request, passing_ms in drawn:
        writer.bench.advance(passing_ms)
        writer.bench.engine.unblock(writer.bench.client)
        writer.run(request)


@settings(max_examples=50)
@given(requests, st.lists(st.integers(0, 8), max_size=30))
def test_the_effects_of_any_commands_are_found_in_any_batches(drawn, sizes):
    writer = Writer()
    _run(writer, drawn)
    with tempfile.TemporaryDirectory() as directory:
        plugin = opened(Path(directory))
        for batch in cut(writer.batch(), sizes):
            plugin.append(batch)
        plugin.close()
        plugin = opened(Path(directory))
        keyspace = loaded(plugin)
        plugin.close()
    assert without_nodes(keyspace) == without_nodes(writer.keyspace)
    assert forms(keyspace) == forms(writer.keyspace)


@settings(max_examples=30)
@given(requests, requests, requests)
def test_a_snapshot_replaces_everything_but_what_was_appended_since(before, meanwhile, after):
    """A reopened file goes on where it was."""
    writer = Writer()
    with tempfile.TemporaryDirectory() as directory:
        plugin = opened(Path(directory))
        plugin.append(effects_of("XADD x 5-1 gone yes", "SET old 1", "XGROUP CREATE x g 0"))
        _run(writer, before)
        writer.batch()
        image = list(Capture(writer.keyspace))
        plugin.begin_snapshot()
        # What was there is not what the image says, so the batches must go to the image.
        plugin.append([])
        plugin.snapshot(image)
        plugin.finish_snapshot(None)
        _run(writer, meanwhile)
        plugin.append(writer.batch())
        plugin.close()
        plugin = opened(Path(directory))
        assert without_nodes(loaded(plugin)) == without_nodes(writer.keyspace)
        _run(writer, after)
        plugin.append(writer.batch())
        plugin.close()
        assert stored(Path(directory)) == without_nodes(writer.keyspace)


@settings(max_examples=30)
@given(requests, requests, st.lists(st.integers(0, 8), max_size=10))
def test_what_is_appended_during_a_snapshot_is_in_it(before, meanwhile, sizes):
    writer = Writer()
    with tempfile.TemporaryDirectory() as directory:
        plugin = opened(Path(directory))
        _run(writer, before)
        plugin.append(writer.batch())
        image = list(Capture(writer.keyspace))
        plugin.begin_snapshot()
        _run(writer, meanwhile)
        first, *batches = cut(writer.batch(), sizes)
        plugin.append(first)

        def interrupted():
            for effect in image:
                yield effect
                if batches:
                    plugin.append(batches.pop(0))

        plugin.snapshot(interrupted())
        for batch in batches:  # after the exchange, before the writer hears of it
            plugin.append(batch)
        plugin.finish_snapshot(None)
        plugin.close()
        assert stored(Path(directory)) == without_nodes(writer.keyspace)


@settings(max_examples=50)
@given(st.lists(requests, min_size=1, max_size=4), st.booleans())
def test_each_snapshot_of_a_store_is_found_again(rounds, reopens):
    writer = Writer()
    with tempfile.TemporaryDirectory() as directory:
        plugin = opened(Path(directory), mode="snapshot")
        for drawn in rounds:
            _run(writer, drawn)
            plugin.begin_snapshot()
            plugin.snapshot(Capture(writer.keyspace))
            plugin.finish_snapshot(None)
            if reopens:
                plugin.close()
                plugin = opened(Path(directory), mode="snapshot")
                assert without_nodes(loaded(plugin)) == without_nodes(writer.keyspace)
        plugin.close()
        assert stored(Path(directory)) == without_nodes(writer.keyspace)


words = st.one_of(st.binary(max_size=6), st.text(max_size=4).map(str.encode))
halves = st.one_of(
    st.integers(0, 3), st.integers(2**63 - 2, 2**63 + 2), st.integers(2**64 - 3, 2**64 - 1)
)
entries = st.tuples(halves, halves, st.lists(st.tuples(words, words), min_size=1, max_size=3))
edits = st.one_of(
    st.tuples(st.just("XTRIM"), st.just("MINID"), halves, halves),
    st.tuples(st.just("XDEL"), halves, halves),
    entries,
)


@settings(max_examples=80)
@given(words, st.lists(edits, max_size=25), st.lists(st.integers(0, 5), max_size=12))
def test_binary_names_repeated_fields_and_ids_up_to_the_largest_survive(key, drawn, sizes):
    writer = Writer()
    for edit in drawn:
        match edit:
            case ("XTRIM", _, ms, seq):
                writer.run([b"XTRIM", key, b"MINID", b"%d-%d" % (ms, seq)])
            case ("XDEL", ms, seq):
                writer.run([b"XDEL", key, b"%d-%d" % (ms, seq)])
            case (ms, seq, pairs):
                flat = [word for pair in pairs for word in pair]
                writer.run([b"XADD", key, b"%d-%d" % (ms, seq), *flat])
    writer.run([b"XGROUP", b"CREATE", key, key, b"0"], [b"SET", key + b"s", key])
    writer.run([b"XREADGROUP", b"GROUP", key, key, b"STREAMS", key, b">"])
    with tempfile.TemporaryDirectory() as directory:
        plugin = opened(Path(directory))
        for batch in cut(writer.batch(), sizes):
            plugin.append(batch)
        plugin.close()
        assert stored(Path(directory)) == without_nodes(writer.keyspace)


def test_rows_of_a_batch_stand_in_its_order_whatever_their_fields_are(tmp_path):
    fields = ["f v", "f w", "g v", "f x f y", "f v h w", "f z"]
    adds = [f"XADD k {ms}-1 {fields[ms % 6]}" for ms in range(1, 1300)]
    writer = Writer()
    writer.run(*adds)
    plugin = opened(tmp_path)
    plugin.append(plugin.gather(writer.batch()))
    plugin.close()
    rows = ask(tmp_path, "SELECT ms, fields, pairs FROM entries ORDER BY rowid")
    assert [row[0] for row in rows] == list(range(1, 1300))
    assert rows[1] == (2, '{"g":"v"}', None)
    assert rows[2] == (3, '{"f":"y"}', '[["f","x"],["f","y"]]')
    assert stored(tmp_path) == without_nodes(writer.keyspace)


def test_what_a_batch_adds_and_takes_away_again_is_not_stored(tmp_path):
    adds = [f"XADD k {ms}-1 f v" for ms in range(1, 400)]
    takes = ["XDEL k 7-1 205-1 399-1", "XADD k 400-1 f v", "XTRIM k MINID 100-1", "XDEL k 100-1"]
    writer = Writer()
    writer.run(*adds, *takes)
    plugin = opened(tmp_path)
    plugin.append(plugin.gather(writer.batch()))
    plugin.close()
    left = ask(tmp_path, "SELECT ms FROM entries ORDER BY rowid")
    assert left == [(ms,) for ms in range(101, 401) if ms not in (205, 399)]
    assert stored(tmp_path) == without_nodes(writer.keyspace)
