"""What is asked about all groups of a stream: the kept answers are those of a look at each."""

import hypothesis.strategies as st
from hypothesis import given

from geostream.store.deliveries import packed
from geostream.store.group import Group
from geostream.store.groups import GROUP_BYTES, Groups
from geostream.store.ids import MAX_ID

NAMES = st.sampled_from([b"a", b"b", b"c", b"d"])
STEPS = st.lists(
    st.tuples(
        st.sampled_from(["put", "drop", "move", "deliver", "acknowledge", "ask"]),
        NAMES,
        st.integers(1, 5),
    ),
    max_size=60,
)


def take_step(groups: Groups, step: str, name: bytes, ms: int) -> None:
    if step == "put":
        groups.put(name, Group((ms, 0), None))
        return
    if name not in groups:
        return
    if step == "drop":
        groups.drop(name)
        return
    group = groups.changing(name)
    consumer = group.consumers.get(b"c") or group.add_consumer(b"c", 0)
    if step == "move":
        group.last_id = (ms, 0)
    elif step == "deliver":
        group.deliver(packed([(ms, 0)]), consumer, ms)
    elif step == "acknowledge":
        group.remove(packed(list(group.pending)[:1]))


def check(groups: Groups) -> None:
    assert groups.size_bytes == sum(GROUP_BYTES + each.size_bytes for each in groups.values())
    assert groups.read_by_all == min((each.last_id for each in groups.values()), default=MAX_ID)
    assert groups.holders == {name: each for name, each in groups.items() if each.pending}


@given(STEPS, st.dictionaries(NAMES, st.integers(1, 5)))
def test_the_answers_are_those_of_a_look_at_each_group(steps, first):
    groups = Groups((name, Group((ms, 0), None)) for name, ms in first.items())
    for step, name, ms in steps:
        if step == "ask":
            check(groups)
        else:
            take_step(groups, step, name, ms)
    check(groups)


def test_only_groups_that_changed_are_looked_at():
    class Untouchable(Group):
        def __getattribute__(self, name):
            if asked and name in ("consumers", "pending", "last_id"):
                raise AssertionError(name)
            return super().__getattribute__(name)

    asked = False
    groups = Groups((b"%d" % number, Untouchable((number + 5, 0), None)) for number in range(100))
    groups.put(b"slow", Group((1, 0), None))
    check(groups)
    asked = True
    slow = groups.changing(b"slow")
    slow.deliver(packed([(1, 0)]), slow.add_consumer(b"c", 0), 1)
    assert list(groups.holders) == [b"slow"]
    assert groups.read_by_all == (1, 0)
    assert groups.size_bytes == 101 * GROUP_BYTES + slow.size_bytes
