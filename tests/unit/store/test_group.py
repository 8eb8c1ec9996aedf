"""A group and its consumers never disagree, and the walk by time is right."""

import hypothesis.strategies as st
import pytest
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from geostream.store.deliveries import packed
from geostream.store.group import RELEASED_BYTES, Group
from geostream.store.pending import DELIVERY_BYTES, PENDING_BYTES, STALE_ALLOWANCE

NAMES = [b"a", b"b", b"c"]
IDS = st.tuples(st.integers(0, 6), st.integers(0, 1))
RUNS = st.lists(IDS, min_size=1, unique=True).map(sorted)
TIMES = st.integers(0, 5)


@pytest.fixture
def group():
    made = Group((0, 0), None)
    for name in NAMES:
        made.add_consumer(name, 0)
    return made


def walk(group):
    return [
        (entry_id, held.consumer.name if held.consumer else None, held.time_ms, held.delivery_count)
        for entry_id, held in group.oldest_first()
    ]


class GroupMachine(RuleBasedStateMachine):
    """Beside a list of records in the order in which they were last put."""

    def __init__(self):
        super().__init__()
        self.group = Group((0, 0), None)
        self.model = []  # ID, consumer's name or None, time, count

    def put(self, entry_id, name, time_ms, count):
        self.forget([entry_id])
        self.model.append((entry_id, name, time_ms, count))

    def forget(self, ids):
        self.model = [record for record in self.model if record[0] not in ids]

    @rule(name=st.sampled_from(NAMES))
    def create(self, name):
        if name not in self.group.consumers:
            self.group.add_consumer(name, 0)

    @precondition(lambda self: self.group.consumers)
    @rule(data=st.data(), ids=RUNS, time_ms=TIMES)
    def deliver(self, data, ids, time_ms):
        consumer = self.group.consumers[data.draw(st.sampled_from(sorted(self.group.consumers)))]
        self.group.deliver(packed(ids), consumer, time_ms)
        for entry_id in ids:
            self.put(entry_id, consumer.name, time_ms, 1)

    @precondition(lambda self: self.group.consumers)
    @rule(data=st.data(), entry_id=IDS, time_ms=TIMES, count=st.integers(0, 9))
    def assign(self, data, entry_id, time_ms, count):
        consumer = self.group.consumers[data.draw(st.sampled_from(sorted(self.group.consumers)))]
        self.group.assign(entry_id, consumer, time_ms, count)
        self.put(entry_id, consumer.name, time_ms, count)

    @rule(entry_id=IDS, count=st.integers(0, 9))
    def release(self, entry_id, count):
        self.group.release(entry_id, count)
        self.put(entry_id, None, 0, count)

    @rule(ids=RUNS)
    def remove(self, ids):
        self.group.remove(packed(ids))
        self.forget(ids)

    @precondition(lambda self: self.group.consumers)
    @rule(data=st.data())
    def delete_consumer(self, data):
        name = data.draw(st.sampled_from(sorted(self.group.consumers)))
        self.group.remove_consumer(name)
        self.model = [record for record in self.model if record[1] != name]

    @rule()
    def go_on_with_a_copy(self):
        self.group = self.group.copy()

    @invariant()
    def group_and_consumers_hold_the_same(self):
        assert sorted(self.group.pending) == sorted(record[0] for record in self.model)
        for name, consumer in self.group.consumers.items():
            theirs = sorted(record[0] for record in self.model if record[1] == name)
            assert list(consumer.pending.from_id((0, 0))) == list(consumer.pending) == theirs
            assert list(consumer.pending.after_id((2, 0))) == [
                each for each in theirs if each > (2, 0)
            ]
            assert len(consumer.pending) == len(theirs)

    @rule()
    def the_walk_goes_from_released_to_latest(self):
        released = [record for record in self.model if record[1] is None]
        others = [record for record in self.model if record[1] is not None]
        assert walk(self.group) == released + sorted(others, key=lambda record: record[2])


TestGroupMachine = GroupMachine.TestCase


def test_a_delivery_takes_an_entry_from_whoever_had_it(group):
    a, b = group.consumers[b"a"], group.consumers[b"b"]
    group.deliver(packed([(1, 0), (2, 0)]), a, 10)
    group.release((2, 0), 5)
    group.deliver(packed([(1, 0), (2, 0), (3, 0)]), b, 20)
    assert not a.pending
    assert not group.released
    assert walk(group) == [((ms, 0), b"b", 20, 1) for ms in (1, 2, 3)]


def test_an_entry_released_again_goes_to_the_end_of_the_released(group):
    group.release((1, 0), 1)
    group.release((2, 0), 1)
    group.release((1, 0), 2)
    assert walk(group) == [((2, 0), None, 0, 1), ((1, 0), None, 0, 2)]


def test_a_past_time_is_sorted_in_behind_equal_ones(group):
    group.deliver(packed([(ms, 0) for ms in range(1, 9)]), group.consumers[b"a"], 50)
    group.assign((5, 0), group.consumers[b"b"], 20, 7)
    group.assign((6, 0), group.consumers[b"b"], 50, 7)
    group.assign((7, 0), group.consumers[b"b"], 20, 7)
    assert [entry_id[0] for entry_id, _ in group.oldest_first()] == [5, 7, 1, 2, 3, 4, 8, 6]


def test_deliveries_are_not_remembered_when_they_were_replaced(group):
    group.deliver(packed([(1, 0), (2, 0)]), group.consumers[b"a"], 50)
    for ms in range(10, 5_000):
        group.assign((ms, 0), group.consumers[b"b"], 20, 1)
        group.remove(packed([(ms, 0)]))
    for time_ms in range(5_000):
        group.assign((1, 0), group.consumers[b"b"], time_ms, 1)
    assert len(group.log()) <= 2 * 1 + STALE_ALLOWANCE + 1


def test_one_id_left_of_each_of_many_reads_is_found(group):
    for first in range(0, 10_000, 100):
        group.deliver(packed([(first + ms, 1) for ms in range(100)]), group.consumers[b"a"], 50)
        group.remove(packed([(first + ms, 1) for ms in range(99)]))
    kept = [(first + 99, 1) for first in range(0, 10_000, 100)]
    assert list(group.consumers[b"a"].pending) == list(group.pending) == kept
    assert [entry_id for entry_id, _ in group.oldest_first()] == kept
    assert len(group.log()) == 100


def test_what_two_consumers_were_given_in_turn_is_restored_without_looking_at_the_others(group):
    a, b = group.consumers[b"a"], group.consumers[b"b"]
    ids = [(ms, 0) for ms in range(100)]
    records = [(entry_id, a, 50, 1) for entry_id in ids[::2]]
    records += [(entry_id, b, 50, 1) for entry_id in ids[1:60:2]]
    records += [(entry_id, b, 50, 2) for entry_id in ids[61::2]]
    group.fill(reversed(records))
    assert [entry_id for entry_id, _ in group.oldest_first()] == [
        record[0] for record in reversed(records)
    ]
    assert max(delivery.live for delivery in group.log()) == 1


def test_neighbours_given_at_once_share_what_is_said_of_them_when_restored(group):
    a, b = group.consumers[b"a"], group.consumers[b"b"]
    records = [((ms, 0), a, 50, 1) for ms in range(50)]
    records += [((ms, 0), b, 50, 1) for ms in range(50, 100)]
    records += [((ms, 0), b, 40, 1) for ms in range(100, 150)]
    group.fill(records)
    assert [(each.consumer, each.live) for each in group.log()] == [(b, 50), (a, 50), (b, 50)]


@pytest.mark.parametrize("batch", [1, 10, 100, 1_000])
def test_its_size_grows_with_what_is_pending_and_how_it_was_read(group, batch):
    before_bytes = group.size_bytes
    for first in range(0, 10_000, batch):
        run = packed([(ms, 0) for ms in range(first, first + batch)])
        group.deliver(run, group.consumers[b"a"], first)
    group.release((0, 0), 1)
    grown_bytes = group.size_bytes - before_bytes
    assert grown_bytes == (
        10_000 * PENDING_BYTES + 10_000 // batch * DELIVERY_BYTES + RELEASED_BYTES
    )
    group.remove(packed(list(group.pending)))
    assert group.size_bytes == before_bytes


def test_what_a_consumer_is_given_out_of_order_it_has_in_order(group):
    a, b = group.consumers[b"a"], group.consumers[b"b"]
    group.deliver(packed([(ms, 0) for ms in range(1, 100)]), a, 50)
    for ms in (50, 7, 99, 8, 50):
        group.assign((ms, 0), b, 60, 2)
    group.assign((7, 0), a, 70, 3)
    assert list(b.pending) == [(8, 0), (50, 0), (99, 0)]
    assert list(b.pending.after_id((8, 0))) == [(50, 0), (99, 0)]
    assert list(a.pending.from_id((6, 0)))[:3] == [(6, 0), (7, 0), (9, 0)]
    assert (len(a.pending), len(b.pending)) == (96, 3)
