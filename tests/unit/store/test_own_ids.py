"""What a consumer has: beside a set, whatever else the group gives to whom."""

from itertools import islice

import hypothesis.strategies as st
import pytest
from hypothesis import given

from geostream.store.deliveries import packed
from geostream.store.group import Group

RUNS = st.builds(
    lambda first, count, step: [(ms, 0) for ms in range(first, first + count * step, step)],
    st.integers(0, 2_000),
    st.integers(1, 1_200),
    st.integers(1, 3),
)
CHANGES = st.lists(
    st.tuples(st.sampled_from(["a", "b", "remove", "claim"]), RUNS), min_size=1, max_size=12
)


@given(CHANGES, st.integers(0, 2_000))
def test_it_agrees_with_a_set(changes, start):
    group, model = Group((0, 0), None), {"a": set(), "b": set()}
    owners = {name: group.add_consumer(name.encode(), 0) for name in model}
    for change, ids in changes:
        for theirs in model.values():
            theirs.difference_update(ids)
        if change == "remove":
            group.remove(packed(ids))
        elif change == "claim":
            for entry_id in ids[:70]:
                group.assign(entry_id, owners["a"], 5, 2)
            group.remove(packed(ids[70:]))
            model["a"].update(ids[:70])
        else:
            group.deliver(packed(ids), owners[change], 5)
            model[change].update(ids)
        for name, theirs in model.items():
            assert len(owners[name].pending) == len(theirs)
            assert list(owners[name].pending) == sorted(theirs)
            assert list(owners[name].pending.from_id((start, 0))) == sorted(
                each for each in theirs if each >= (start, 0)
            )


@pytest.mark.parametrize("batch", [1, 7, 100, 100_000])
def test_what_went_away_in_any_order_is_not_walked_over_for_ever(batch):
    group = Group((0, 0), None)
    owner = group.add_consumer(b"a", 0)
    ids = [(ms, 0) for ms in range(50_000)]
    for first in range(0, len(ids), batch):
        group.deliver(packed(ids[first : first + batch]), owner, 5)
    for place in range(0, len(ids), 100):
        group.remove(packed(ids[place : place + 99]))
    kept = ids[99::100]
    assert list(owner.pending) == kept
    assert list(islice(owner.pending.after_id((25_000, 0)), 3)) == kept[250:253]
    assert owner.pending.places <= 2 * len(kept) + 256 + 512
