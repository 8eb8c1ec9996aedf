"""A stream beside a plain list of entries, and what groups count on it."""

import hypothesis.strategies as st
import pytest
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from geostream.store import progress, tail
from geostream.store.deliveries import packed
from geostream.store.group import Group
from geostream.store.ids import MAX_ID, MIN_ID, id_bytes
from geostream.store.stream import Stream
from geostream.store.wire import pack_entry

FIELDS = [b"f", b"v"]
IDS = st.tuples(st.integers(0, 40), st.integers(0, 2))


def wire_of(entry_id):
    return pack_entry(id_bytes(entry_id), FIELDS)


def add(stream, entry_id):
    stream.append(entry_id, wire_of(entry_id), FIELDS, new_node=not len(stream.nodes))


def stream_of(*ids):
    stream = Stream(100, 100)
    for entry_id in ids:
        add(stream, entry_id)
    return stream


def text(pieces):
    return b"".join(pieces)


def whole_nodes(stream, count):
    """Return how many nodes the oldest entries fill."""
    whole = 0
    for node in stream.nodes.all:
        if node.live > count:
            break
        count -= node.live
        whole += 1
    return whole


class StreamMachine(RuleBasedStateMachine):
    """Segments of three entries, so that everything crosses their borders."""

    def __init__(self):
        super().__init__()
        self.seal_entries = tail.SEAL_ENTRIES
        tail.SEAL_ENTRIES = 3
        self.stream = Stream(100, 100)
        self.ids = []
        self.next_id = (1, 0)

    def teardown(self):
        tail.SEAL_ENTRIES = self.seal_entries

    @rule(step=st.sampled_from([(0, 1), (1, 0), (2, 1)]), count=st.integers(1, 5))
    def append(self, step, count):
        for _ in range(count):
            ms, seq = self.next_id
            self.next_id = (ms + step[0], (0 if step[0] else seq) + step[1])
            add(self.stream, self.next_id)
            self.ids.append(self.next_id)

    @rule(data=st.data())
    def delete(self, data):
        if self.ids:
            gone = data.draw(st.lists(st.sampled_from(self.ids), unique=True, max_size=5))
            self.stream.delete(gone)
            self.ids = [entry_id for entry_id in self.ids if entry_id not in gone]

    @rule(data=st.data())
    def trim(self, data):
        count = data.draw(st.integers(0, len(self.ids)))
        self.stream.remove_first(count, whole_nodes(self.stream, count))
        del self.ids[:count]

    @rule()
    def go_on_with_a_copy(self):
        self.stream = self.stream.copy()

    @rule(start=IDS, end=IDS, count=st.integers(-1, 7))
    def select(self, start, end, count):
        wanted = [entry_id for entry_id in self.ids if start <= entry_id <= end]
        first = wanted if count < 0 else wanted[:count]
        selection = self.stream.select(start, end, count)
        assert selection.ids() == first
        assert text(selection.pieces()) == text(map(wire_of, first))
        assert text(selection.entries()) == text(map(wire_of, first))
        assert list(selection.sizes()) == [len(wire_of(entry_id)) for entry_id in first]
        assert selection.first(2).ids() == first[:2]
        assert len(selection) == len(first)
        last = wanted if count < 0 else wanted[len(wanted) - min(count, len(wanted)) :]
        selection = self.stream.select_last(start, end, count)
        assert selection.ids() == last
        assert text(selection.pieces_reversed()) == text(map(wire_of, reversed(last)))

    @rule(entry_id=IDS)
    def find(self, entry_id):
        assert (entry_id in self.stream) == (entry_id in self.ids)
        expected = wire_of(entry_id) if entry_id in self.ids else None
        assert self.stream.entry(entry_id) == expected

    @invariant()
    def counters_agree(self):
        assert self.stream.length == len(self.ids)
        assert self.stream.first_id == (self.ids[0] if self.ids else MIN_ID)
        assert self.stream.last_entry_id == (self.ids[-1] if self.ids else MIN_ID)
        assert sum(node.live for node in self.stream.nodes.all) == len(self.ids)
        held = sum(part.size_bytes for part in self.stream._segments)
        assert self.stream._wire_bytes == held


TestStreamMachine = StreamMachine.TestCase


@pytest.mark.parametrize(
    "last_id, entries_read, ids, expected",
    [
        ((0, 0), None, [(1, 0)], 1),  # the first entry of all: known from then on
        ((0, 0), None, [(1, 0), (2, 0), (3, 0)], 3),
        ((1, 0), 1, [(2, 0), (3, 0)], 3),
        ((2, 0), None, [(3, 0), (4, 0)], None),
        ((2, 0), None, [(3, 0), (4, 0), (5, 0)], 5),  # the last entry of all
        ((2, 0), 40, [(3, 0), (4, 0), (5, 0)], 43),  # as set by XGROUP SETID ENTRIESREAD
    ],
)
def test_entries_read_counts_on_or_is_estimated(last_id, entries_read, ids, expected):
    stream = stream_of(*((ms, 0) for ms in range(1, 6)))
    assert (
        progress.entries_read_after(stream, Group(last_id, entries_read), packed(ids)) == expected
    )


def test_entries_read_is_unknown_before_a_deleted_entry():
    stream = stream_of(*((ms, 0) for ms in range(1, 6)))
    stream.delete([(3, 0)])
    stream.max_deleted_id = (3, 0)
    assert progress.entries_read_after(stream, Group((1, 0), 1), packed([(2, 0)])) is None
    assert (
        progress.entries_read_after(stream, Group((1, 0), 1), packed([(2, 0), (4, 0), (5, 0)])) == 5
    )
    assert progress.entries_read_after(stream, Group((4, 0), 4), packed([(5, 0)])) == 5


@pytest.mark.parametrize(
    "last_id, entries_read, lag",
    [
        ((0, 0), None, 5),
        ((1, 0), None, 4),
        ((3, 0), None, None),
        ((3, 0), 3, 2),
        ((5, 0), None, 0),
        (MAX_ID, None, None),
    ],
)
def test_lag_is_known_at_the_ends_or_by_counting(last_id, entries_read, lag):
    stream = stream_of(*((ms, 0) for ms in range(1, 6)))
    assert progress.lag(stream, Group(last_id, entries_read)) == lag


def test_an_entry_is_referenced_until_every_group_is_done_with_it():
    stream = stream_of((1, 0), (2, 0))
    assert not stream.is_referenced((1, 0))
    stream.groups.put(b"g", Group((0, 0), None))
    assert stream.is_referenced((1, 0))
    group = stream.groups.changing(b"g")
    group.last_id = (1, 0)
    group.deliver(packed([(1, 0)]), group.add_consumer(b"c", 0), 0)
    assert stream.is_referenced((1, 0))
    stream.groups.changing(b"g").remove(packed([(1, 0)]))
    assert not stream.is_referenced((1, 0))
    assert stream.is_referenced((2, 0))


def test_a_copy_goes_its_own_way():
    stream = stream_of((1, 0), (2, 0))
    copy = stream.copy()
    add(stream, (3, 0))
    stream.remove_first(1, 0)
    assert copy.select(MIN_ID, MAX_ID).ids() == [(1, 0), (2, 0)]
    assert (copy.length, copy.last_id, copy.entries_added) == (2, (2, 0), 2)
