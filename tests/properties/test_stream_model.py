"""Streams that are copied, changed apart and sent meanwhile, beside plain lists.

Segments are sealed after a few entries and sliced as views of any size, so that copies
share segments, deletions make holes and rewrite what is hollow, and replies that wait to
be sent still point into all of it. None of that may ever show.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple
from unittest.mock import patch

import hypothesis.strategies as st
from hiredis import pack_command
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from geostream.store import effects as fx
from geostream.store import segment, tail
from geostream.store.ids import MAX_ID, MIN_ID, StreamId, id_bytes
from geostream.store.keyspace import Keyspace
from geostream.store.segment import Piece
from geostream.store.stream import Stream
from geostream.store.wire import pack_entry, unpack_fields

MAX_STREAMS = 4

IDS = st.tuples(st.integers(0, 30), st.integers(0, 2))
FIELDS = st.lists(st.sampled_from([b"", b"f", b"long" * 9]), min_size=1, max_size=2).map(
    lambda texts: [text for text in texts for _ in range(2)]
)


class Entry(NamedTuple):
    """One entry of a model."""

    id: StreamId
    fields: list[bytes]


def wire(entries: list[Entry]) -> bytes:
    """Return the bytes a client gets for these entries."""
    forms = []
    for entry in entries:
        shown = b"%d-%d" % entry.id
        forms.append(
            b"*2\r\n$%d\r\n%b\r\n%b" % (len(shown), shown, pack_command(tuple(entry.fields)))
        )
    return b"".join(forms)


class StreamsMachine(RuleBasedStateMachine):
    """Some keys of one database and a list of entries for each."""

    def __init__(self) -> None:
        super().__init__()
        self.patches = [
            patch.object(tail, "SEAL_ENTRIES", 4),
            patch.object(tail, "SEAL_BYTES", 300),
            patch.object(segment, "VIEW_BYTES", 1),
        ]
        for each in self.patches:
            each.start()
        self.keyspace = Keyspace(1)
        self.models: dict[bytes, list[Entry]] = {}
        self.unsent: list[tuple[list[Piece], bytes]] = []  # what a reply holds, what it is to say
        self.create(b"0")

    def teardown(self) -> None:
        for each in self.patches:
            each.stop()

    def create(self, key: bytes) -> None:
        self.keyspace.commit(fx.StreamCreated(0, key, 100, 100))
        self.models[key] = []

    def stream(self, key: bytes) -> Stream:
        value = self.keyspace.databases[0].stream(key)
        assert value is not None
        return value

    def draw_key(self, data: st.DataObject) -> bytes:
        return data.draw(st.sampled_from(sorted(self.models)))

    @rule(data=st.data(), entries=st.lists(FIELDS, min_size=1, max_size=9), step=IDS)
    def append(self, data: st.DataObject, entries: list[list[bytes]], step: StreamId) -> None:
        key = self.draw_key(data)
        for fields in entries:
            ms, seq = self.stream(key).last_id
            entry_id = (ms + 1, step[1]) if step[0] % 2 else (ms, seq + 1)
            starts_node = self.stream(key).nodes.wants_new(0, self.keyspace.node_limits)
            entry = pack_entry(id_bytes(entry_id), fields)
            self.keyspace.commit(fx.EntryAdded(0, key, entry_id, entry, starts_node))
            self.models[key].append(Entry(entry_id, fields))

    @rule(data=st.data(), keeps=st.sampled_from([0, 1, 3]))
    def delete_many(self, data: st.DataObject, keeps: int) -> None:
        key = self.draw_key(data)
        ids = [entry.id for entry in self.models[key]]
        low, high = sorted(data.draw(st.tuples(*[st.integers(0, len(ids))] * 2)))
        gone = [entry_id for n, entry_id in enumerate(ids[low:high]) if not keeps or n % 4 < keeps]
        gone = data.draw(st.permutations(gone))
        if gone:
            self.keyspace.commit(fx.EntriesDeleted(0, key, gone, max(gone), by_trimming=False))
            self.models[key] = [entry for entry in self.models[key] if entry.id not in gone]

    @rule(data=st.data())
    def trim(self, data: st.DataObject) -> None:
        key = self.draw_key(data)
        count = data.draw(st.integers(0, len(self.models[key])))
        nodes, left = 0, count
        for node in self.stream(key).nodes.all:
            if node.live > left:
                break
            left -= node.live
            nodes += 1
        if count:
            self.keyspace.commit(fx.EntriesTrimmed(0, key, count, nodes, MAX_ID, 0))
            del self.models[key][:count]

    @precondition(lambda self: len(self.models) < MAX_STREAMS)
    @rule(data=st.data())
    def copy_and_diverge(self, data: st.DataObject) -> None:
        key, other = self.draw_key(data), b"%d" % len(self.models)
        self.keyspace.commit(fx.KeyCopied(0, key, 0, other))
        self.models[other] = self.models[key][:]

    @rule(data=st.data(), start=IDS, end=IDS, count=st.integers(-1, 9))
    def read(self, data: st.DataObject, start: StreamId, end: StreamId, count: int) -> None:
        key = self.draw_key(data)
        stream = self.stream(key)
        wanted = [entry for entry in self.models[key] if start <= entry.id <= end]
        first = wanted if count < 0 else wanted[:count]
        selection = stream.select(start, end, count)
        assert selection.ids() == [entry.id for entry in first]
        assert list(selection.sizes()) == [len(wire([entry])) for entry in first]
        self.hold(selection.pieces(), first)
        last = wanted if count < 0 else wanted[max(0, len(wanted) - count) :]
        selection = stream.select_last(start, end, count)
        assert selection.ids() == [entry.id for entry in last]
        self.hold(selection.pieces_reversed(), last[::-1])

    def hold(self, pieces: list[Piece] | list[bytes | bytearray], entries: list[Entry]) -> None:
        self.unsent.append((list(pieces), wire(entries)))

    @rule()
    def send(self) -> None:
        self.unsent.clear()

    @invariant()
    def replies_say_what_they_said(self) -> None:
        for pieces, expected in self.unsent:
            assert b"".join(pieces) == expected

    @invariant()
    def every_stream_is_its_list(self) -> None:
        for key, model in self.models.items():
            stream = self.stream(key)
            everything = stream.select(MIN_ID, MAX_ID)
            assert everything.ids() == [entry.id for entry in model]
            assert b"".join(everything.pieces()) == wire(model)
            assert [unpack_of(each) for each in everything.entries()] == [
                entry.fields for entry in model
            ]
            assert stream.length == len(model) == sum(node.live for node in stream.nodes.all)
            assert stream.first_id == (model[0].id if model else MIN_ID)
            assert stream.last_entry_id == (model[-1].id if model else MIN_ID)
            held = sum(each.size_bytes for each in stream._segments)
            assert stream._wire_bytes == held

    @invariant()
    def sealed_segments_are_at_most_half_hole(self) -> None:
        for key in self.models:
            for each in self.stream(key)._segments:
                _, _, starts, ends, held = each.content()
                assert each.live_bytes == sum(ends) - sum(starts)
                if type(each) is segment.Segment:
                    assert len(held) <= 2 * each.live_bytes


def unpack_of(entry: bytes | bytearray) -> list[bytes]:
    """Return the fields of an entry's wire form."""
    read: Callable[[bytes], list[bytes]] = unpack_fields
    return read(bytes(entry).split(b"\r\n", 3)[3])


TestStreams = StreamsMachine.TestCase
