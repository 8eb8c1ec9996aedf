"""Nothing shows whether segments are packed, whenever that happens.

The machines and the random commands are those of the other properties; here segments are
packed between any two steps, some of them or all, and what is kept unpacked is much, little
or nothing.
"""

from __future__ import annotations

from array import array
from threading import Event, Thread

import hypothesis.strategies as st
import pytest
from hypothesis import given
from hypothesis.stateful import invariant, rule

from geostream.reply import PairArrays
from geostream.resp.writer import ENCODERS
from geostream.store.effects import Effect
from geostream.store.ids import MAX_ID, MIN_ID, StreamId
from geostream.store.keyspace import Keyspace
from geostream.store.packed import Packed
from geostream.store.segment import Segment
from geostream.store.tail import Tail
from geostream.store.unpacked import Unpacked
from tests.properties.test_replay import commands, through_a_capture
from tests.properties.test_stream_model import IDS, StreamsMachine, wire
from tests.support.contents import contents
from tests.support.engines import make_engine
from tests.support.no_switch import no_switch
from tests.support.packing import pack, pack_all, short_segments

LIMITS = st.sampled_from([0, 500, 2**20])


class SometimesPacked(StreamsMachine):
    """Some segments are packed, some not, some unpacked again."""

    def __init__(self) -> None:
        self.cache = Unpacked(500)
        super().__init__()

    @rule(data=st.data())
    def pack_some(self, data: st.DataObject) -> None:
        stream = self.stream(self.draw_key(data))
        for each in stream.plain_segments():
            if data.draw(st.booleans()):
                pack(each, self.cache)
                stream.note_packed(each)

    @rule(limit=LIMITS)
    def keep_more_or_less(self, limit: int) -> None:
        self.cache.max_bytes = limit
        self.cache.shrink()

    @rule()
    def let_unused_go(self) -> None:
        self.cache.release_unused()

    @rule(data=st.data(), start=IDS, end=IDS, count=st.integers(-1, 9))
    def select_then_pack(
        self, data: st.DataObject, start: StreamId, end: StreamId, count: int
    ) -> None:
        key = self.draw_key(data)
        selection = self.stream(key).select(start, end, count)
        model = [entry for entry in self.models[key] if start <= entry.id <= end]
        model = model if count < 0 else model[:count]
        for _ in range(2):
            assert selection.ids() == [entry.id for entry in model]
            assert b"".join(selection.pieces()) == wire(model)
            assert b"".join(selection.pieces_reversed()) == wire(model[::-1])
            assert b"".join(selection.first(2).entries()) == wire(model[:2])
            pack_all(self.keyspace, self.cache)

    @invariant()
    def what_is_saved_is_accounted_for(self) -> None:
        for key in self.models:
            stream = self.stream(key)
            assert len(stream._saved) == len(stream._segments)
            assert stream.saved_bytes == sum(stream._saved)
            for each, saved in zip(stream._segments, stream._saved, strict=True):
                assert saved in (0, each.saved_bytes)  # 0: packed with another stream

    @invariant()
    def what_is_unpacked_is_accounted_for(self) -> None:
        kept = self.cache._segments
        assert self.cache.size_bytes == sum(kept.values()) <= self.cache.max_bytes
        for key in self.models:
            for each in self.stream(key)._segments:
                assert each.is_unpacked == (each in kept)


class AlwaysPacked(StreamsMachine):
    """Every sealed segment is packed after every step."""

    def __init__(self) -> None:
        self.cache = Unpacked(0)
        super().__init__()

    @invariant()
    def everything_is_packed(self) -> None:
        pack_all(self.keyspace, self.cache)
        for key in self.models:
            for each in self.stream(key)._segments:
                assert each.packed is not None or type(each) is Tail


TestSometimesPacked = SometimesPacked.TestCase
TestAlwaysPacked = AlwaysPacked.TestCase


@given(st.lists(st.tuples(commands, st.integers(0, 20)), max_size=40), LIMITS)
def test_replaying_the_effects_of_any_commands_gives_an_equal_store_if_all_is_packed(
    requests, limit
):
    journal: list[Effect] = []
    subject, plain = make_engine(now_ms=1_000), make_engine(now_ms=1_000)
    subject.engine.listeners.append(journal.extend)
    cache = Unpacked(limit)
    for each in (subject, plain):
        each.engine.keyspace.node_limits.max_entries = 3
    with no_switch(), short_segments():
        for request, passing_ms in requests:
            replies = []
            for each in (subject, plain):
                each.advance(passing_ms)
                each.engine.unblock(each.client)
                replies.append(said(each.execute(*request)))
            assert replies[0] == replies[1]
            pack_all(subject.engine.keyspace, cache)
    replayed = Keyspace()
    replayed.replay(journal)
    assert contents(replayed) == contents(subject.engine.keyspace)
    assert contents(through_a_capture(subject.engine.keyspace)) == contents(replayed)


def said(reply: object) -> object:
    """Return a reply in a form that does not show how it was cut into pieces."""
    if isinstance(reply, Exception):
        return str(reply)
    if isinstance(reply, list | tuple):
        return [said(item) for item in reply]
    if isinstance(reply, dict):
        return [(said(name), said(value)) for name, value in reply.items()]
    if isinstance(reply, PairArrays):
        out: list[bytes] = []
        ENCODERS[2](reply, out)
        return b"".join(out)
    pieces = getattr(reply, "pieces", None)
    return reply if pieces is None else b"".join(pieces)


HALVES = st.one_of(st.integers(0, 3), st.integers(0, 2**64 - 1))


@given(
    st.lists(st.tuples(HALVES, HALVES), min_size=1, unique=True).map(sorted),
    st.lists(st.sampled_from([b"", b"short", b"x" * 300, b"y" * 70_000]), min_size=1),
    st.sets(st.integers(0, 40)),
)
def test_any_entries_are_unpacked_as_they_were_packed(ids, texts, gone):
    entries = [b"<%d>" % n + texts[n % len(texts)] for n in range(len(ids))]
    ms, seq = zip(*ids, strict=True)
    segment = Segment.of(array("Q", ms), array("Q", seq), entries)
    gone = sorted(place for place in gone if place < len(ids))[: len(ids) - 1]
    if gone:
        segment = segment.without(gone)
    left = [(ids[n], entries[n]) for n in range(len(ids)) if n not in gone]
    segment.pack(Packed(segment.plain().content()), Unpacked(0))
    for reader in (segment, segment.plain()):
        size = len(reader)
        assert list(zip(reader.ids(0, size), reader.entries(0, size), strict=True)) == left
        assert b"".join(reader.pieces(0, size)) == b"".join(entry for _, entry in left)
        assert [reader.find(entry_id) for entry_id, _ in left] == list(range(size))
        assert (reader.index(MIN_ID), reader.index(MAX_ID)) == (
            0,
            reader.index(left[-1][0]) + (left[-1][0] < MAX_ID),
        )


@pytest.mark.parametrize("limit", [0, 2**20])
def test_a_thread_reads_the_same_while_segments_are_packed_and_unpacked(limit):
    cache = Unpacked(limit)
    entries = [b"<entry %d>" % n for n in range(300)]
    ids = [(n, n % 3) for n in range(300)]
    ms, seq = zip(*ids, strict=True)
    expected = (b"".join(entries), ids, entries[150])
    segments = [Segment.of(array("Q", ms), array("Q", seq), entries) for _ in range(200)]
    wrong: list[object] = []
    is_over = Event()

    def read() -> None:
        while not is_over.is_set():
            for each in segments:
                place = each.find((150, 0))
                found = (b"".join(each.pieces(0, 300)), list(each.ids(0, 300)), each.entry(place))
                plain = each.plain()
                copied = (b"".join(plain.pieces(0, 300)), list(plain.ids(0, 300)), entries[150])
                if found != expected or copied != expected:
                    wrong.append(found)

    threads = [Thread(target=read) for _ in range(2)]
    for thread in threads:
        thread.start()
    for each in segments:
        pack(each, cache)
    for each in segments:
        assert each.entry(7) == entries[7]
        cache.release_unused()
    is_over.set()
    for thread in threads:
        thread.join()
    assert not wrong
