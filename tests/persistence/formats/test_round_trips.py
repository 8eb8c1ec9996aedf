"""What any commands leave behind comes back from a file and from a DUMP payload."""

import io

import hypothesis.strategies as st
import pytest
from hypothesis import given, settings

from geostream.rdb import stream_writer
from geostream.rdb.dump import dump_value, restore_value
from geostream.rdb.reader import RdbReader
from geostream.rdb.stream_writer import Losses
from geostream.rdb.writer import write_rdb
from geostream.store.capture import Capture
from geostream.store.effects import ExpirySet, StreamRestored, StringSet
from geostream.store.images import StreamImage
from geostream.store.keyspace import Keyspace
from geostream.store.segment import SEAL_ENTRIES
from tests.persistence.formats.stored import kept, read, written
from tests.properties.test_replay import commands
from tests.support.engines import make_engine

VERSIONS = (9, 10, 11, 12, 13, 14)


def made_by(requests):
    bench = make_engine(now_ms=1_000)
    bench.engine.keyspace.node_limits.max_entries = 3
    for request, passing_ms in requests:
        bench.advance(passing_ms)
        bench.engine.unblock(bench.client)
        bench.execute(*request)
    return bench.engine.keyspace


stores = st.lists(st.tuples(commands, st.integers(0, 20)), max_size=60).map(made_by)


@settings(max_examples=60)
@given(stores, st.sampled_from(VERSIONS), st.booleans())
def test_a_store_comes_back_from_a_file_as_far_as_the_version_keeps_it(keyspace, version, packing):
    data = written(keyspace, version=version, compress=packing)
    assert kept(read(data), version) == kept(keyspace, version)


@settings(max_examples=60)
@given(stores, st.sampled_from(VERSIONS))
def test_a_value_comes_back_from_a_dump(keyspace, version):
    restored = Keyspace()
    for effect in Capture(keyspace):
        if isinstance(effect, StringSet):
            assert restore_value(dump_value(effect.content, version)) == effect.content
        elif isinstance(effect, StreamRestored):
            value = restore_value(dump_value(effect.image, version))
            assert isinstance(value, StreamImage)
            restored.replay([StreamRestored(effect.db, effect.key, value)])
            continue
        restored.replay([effect])
    assert kept(restored, version) == kept(keyspace, version)


@settings(max_examples=40)
@given(stores)
def test_what_is_written_twice_is_the_same(keyspace):
    data = written(keyspace, version=14)
    again = written(read(data), version=14)
    assert len(again) == len(data)
    assert kept(read(again), 14) == kept(keyspace, 14)


texts = st.one_of(st.binary(max_size=40), st.integers(-(2**63), 2**63).map(b"%d".__mod__))
halves = st.one_of(st.integers(0, 5), st.integers(0, 2**64 - 1))


@settings(max_examples=60)
@given(
    st.lists(st.tuples(halves, halves), max_size=12, unique=True),
    st.lists(st.lists(st.tuples(texts, texts), min_size=1, max_size=4), min_size=12, max_size=12),
    st.binary(max_size=30),
)
def test_any_ids_names_and_values_come_back(ids, entries, key):
    bench = make_engine()
    for (ms, seq), pairs in zip(sorted(set(ids) - {(0, 0)}), entries, strict=False):
        fields = [text for pair in pairs for text in pair]
        assert bench.execute(b"XADD", key, f"{ms}-{seq}", *fields) == b"%d-%d" % (ms, seq)
    keyspace = bench.engine.keyspace
    assert kept(read(written(keyspace)), 11) == kept(keyspace, 11)


def test_a_stream_of_many_segments_and_nodes_comes_back_in_usual_pieces():
    bench = make_engine()
    for number in range(1, 5001):
        bench.execute("XADD", "s", f"{number * 7}-{number % 3}", "n", number, "text", "x" * 40)
    keyspace = bench.engine.keyspace
    restored = read(written(keyspace))
    assert kept(restored, 11) == kept(keyspace, 11)
    before, after = (space.databases[0].values[b"s"] for space in (keyspace, restored))
    assert list(after.nodes.first_ids()) == list(before.nodes.first_ids())
    lengths = [len(segment) for segment in after.sealed_segments()]
    assert 5 <= len(lengths) <= 6  # compiled, they end with nodes
    assert max(lengths) < SEAL_ENTRIES + 100


def test_large_values_and_names_told_once_come_back():
    bench = make_engine(settings={"stream-node-max-bytes": "0", "stream-node-max-entries": "0"})
    for number in range(1, 300):
        bench.execute("XADD", "s", f"1-{number}", b"%s %d" * 100, b"v" * (number * 50), b"", b"")
    keyspace = bench.engine.keyspace
    restored = read(written(keyspace))
    assert kept(restored, 11) == kept(keyspace, 11)
    assert len(restored.databases[0].values[b"s"].nodes) == 1
    assert len(restored.databases[0].values[b"s"].sealed_segments()) > 10


def test_a_file_is_the_lowest_version_that_has_its_types_and_says_who_wrote_it():
    bench = make_engine()
    bench.execute("SET", "k", "v", "PXAT", 5_000_000)
    bench.execute("SELECT", "3")
    bench.execute("XADD s 1-1 f v")
    data = written(bench.engine.keyspace, aux={b"ctime": b"17"})
    assert data.startswith(b"REDIS0011")
    reader = RdbReader(data, now_ms=None)
    effects = list(reader)
    assert reader.offset == len(data)
    assert reader.aux[b"ctime"] == b"17"
    assert reader.aux[b"redis-bits"] == b"64"
    assert {b"redis-ver", b"geostream-ver"} <= set(reader.aux)
    assert [(effect.db, effect.key) for effect in effects] == [(0, b"k"), (0, b"k"), (3, b"s")]
    assert effects[1] == ExpirySet(0, b"k", 5_000_000)


def test_what_a_version_cannot_hold_is_counted():
    bench = make_engine()
    bench.execute("XGROUP CREATE s g 0 MKSTREAM")
    entry_id = bench.execute("XADD s IDMP p m * f v").decode()
    bench.execute("XREADGROUP GROUP g c STREAMS s >")
    bench.execute(f"XNACK s g FAIL IDS 1 {entry_id}")
    bench.execute("XGROUP DELCONSUMER s g c")
    for version, released, messages in ((11, 1, 1), (13, 1, 0), (14, 0, 0)):
        losses = Losses()
        keyspace = bench.engine.keyspace
        data = written(keyspace, version=version, losses=losses)
        assert (losses.released_given, losses.messages_left_out) == (released, messages)
        group = read(data).databases[0].values[b"s"].groups[b"g"]
        assert list(group.consumers) == ([b"released"] if released else [])


def test_a_checksum_is_left_out_on_request():
    keyspace = make_engine().engine.keyspace
    data = written(keyspace, checksum=False)
    assert data.endswith(b"\xff" + bytes(8))
    assert not read(data).databases[0].values


def test_an_image_that_makes_no_sense_is_refused():
    with pytest.raises(ValueError, match="cannot be written"):
        write_rdb(io.BytesIO(), [], version=8)
    with pytest.raises(ValueError, match="does not follow its key"):
        write_rdb(io.BytesIO(), [ExpirySet(0, b"k", 5)])


@pytest.mark.parametrize("at_once", [2, 10_000])
def test_pending_entries_delivered_in_any_order_come_back(at_once, monkeypatch):
    monkeypatch.setattr(stream_writer, "_SORTED_AT_ONCE", at_once)
    bench = make_engine(now_ms=1_000_000)
    bench.execute("XGROUP CREATE s g 0 MKSTREAM")
    for number in range(1, 20):
        bench.execute("XADD", "s", f"{number}-0", "f", "v")
    bench.execute("XREADGROUP GROUP g a COUNT 12 STREAMS s >")
    for number in (7, 3, 11, 5, 1):
        bench.advance(10)
        bench.execute("XCLAIM", "s", "g", "b", 0, f"{number}-0")
    keyspace = bench.engine.keyspace
    assert kept(read(written(keyspace)), 11) == kept(keyspace, 11)
