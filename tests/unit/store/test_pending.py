"""The map by ID that a group and its consumers keep their pending entries in."""

from itertools import islice

import hypothesis.strategies as st
from hypothesis import given

from geostream.store.pending import STALE_ALLOWANCE, IdMap

IDS = st.tuples(st.integers(0, 9), st.integers(0, 3))
RUNS = st.lists(IDS, min_size=1, unique=True).map(sorted)
CHANGES = st.lists(
    st.one_of(
        st.tuples(st.just("put"), IDS),
        st.tuples(st.just("put_run"), RUNS),
        st.tuples(st.just("drop"), IDS),
        st.tuples(st.just("drop_run"), RUNS),
    ),
    max_size=60,
)


@given(CHANGES, IDS)
def test_it_agrees_with_a_plain_dict_in_both_orders(changes, start):
    ids, model = IdMap(), {}
    for number, (change, what) in enumerate(changes, start=1):
        if change.startswith("put"):
            for entry_id in what if change == "put_run" else [what]:
                model.pop(entry_id, None)
                model[entry_id] = number
            getattr(ids, change)(what, number)
        elif change == "drop":
            assert ids.drop_run([what]) == [model.pop(what, None)]
        else:
            assert ids.drop_run(what) == [model.pop(entry_id, None) for entry_id in what]
        assert list(ids.items()) == list(model.items())
        in_order = sorted(model)
        assert list(ids.from_id(start)) == [each for each in in_order if each >= start]
        assert list(ids.after_id(start)) == [each for each in in_order if each > start]
        assert not ids.is_below(start) or all(each < start for each in model)
    assert (ids.first(), ids.last()) == (min(model, default=None), max(model, default=None))
    assert list(ids.from_id((0, 0))) == sorted(model)


def test_ids_that_went_away_do_not_pile_up():
    ids = IdMap()
    for ms in range(10_000):
        ids.put_run([(ms, 0), (ms, 1)], True)
        ids.drop_run([(ms, 0)])
        if ms >= 10:
            ids.drop_run([(ms - 10, 1)])
    assert list(ids.from_id((0, 0))) == [(ms, 1) for ms in range(9_990, 10_000)]
    assert len(ids._order) <= 2 * len(ids) + STALE_ALLOWANCE + 2


def test_another_order_of_values_leaves_the_order_of_ids():
    ids = IdMap()
    ids.put_run([(1, 0), (2, 0), (3, 0)], "v")
    ids.sort_values([((3, 0), "v"), ((1, 0), "v"), ((2, 0), "v")])
    assert list(ids) == [(3, 0), (1, 0), (2, 0)]
    assert list(ids.from_id((0, 0))) == [(1, 0), (2, 0), (3, 0)]


def test_a_walk_from_the_middle_does_not_pass_what_is_before():
    class Unwalkable(list):
        def __iter__(self):
            raise AssertionError

    ids = IdMap()
    ids.put_run([(ms, 0) for ms in range(1, 100)], "v")
    ids._order = Unwalkable(ids._order)
    assert list(islice(ids.from_id((50, 0)), 2)) == [(50, 0), (51, 0)]
    assert next(ids.after_id((50, 0))) == (51, 0)


def test_walks_do_not_pass_many_removed_ids_at_the_front_again_and_again():
    ids = IdMap()
    ids.put_run([(ms, 0) for ms in range(1, 10_000)], "v")
    ids.drop_run([(ms, 0) for ms in range(1, 4_000)])
    assert next(ids.from_id((0, 0))) == (4_000, 0)
    assert ids._order[0] == (4_000, 0)


def test_a_run_below_others_is_put_in_at_once():
    class Uninsertable(list):
        def insert(self, *_):
            raise AssertionError

    ids = IdMap()
    ids.put_run([(ms, 0) for ms in range(100, 200)], "old")
    ids._order = Uninsertable(ids._order)
    ids.put_run([(ms, 0) for ms in range(50, 150, 10)], "new")
    assert list(ids.from_id((0, 0))) == sorted(
        {(ms, 0) for ms in range(100, 200)} | {(ms, 0) for ms in range(50, 150, 10)}
    )
    assert list(ids)[-10:] == [(ms, 0) for ms in range(50, 150, 10)]
