"""What a group has pending, by ID: beside a plain dict, with blocks of every size."""

from itertools import islice

import hypothesis.strategies as st
from hypothesis import given

from geostream.store.deliveries import Delivery, packed
from geostream.store.ids import MAX_ID, MIN_ID
from geostream.store.pending import BLOCK_IDS, Pel

IDS = st.tuples(st.integers(0, 300), st.integers(0, 3))
LARGE_IDS = st.sampled_from([MAX_ID, (MAX_ID[0], 0), (2**63, 5), (0, MAX_ID[1])])
RUNS = st.builds(
    lambda first, count, step: [(ms, 0) for ms in range(first, first + count * step, step)],
    st.integers(0, 3_000),
    st.integers(1, 1_500),
    st.integers(1, 3),
)
CHANGES = st.lists(
    st.one_of(
        st.tuples(st.just("put"), st.lists(IDS | LARGE_IDS, min_size=1, max_size=3)),
        st.tuples(st.just("put"), RUNS),
        st.tuples(st.just("drop"), st.lists(IDS | LARGE_IDS, min_size=1, max_size=3)),
        st.tuples(st.just("drop"), RUNS),
        st.tuples(st.just("drop"), RUNS.map(lambda ids: ids[::-1])),
    ),
    max_size=12,
)


def delivery_of(ids):
    return Delivery(None, 0, 1, ids[0], len(ids))


def put(pel, model, ids):
    delivery = delivery_of(ids)
    if ids == sorted(set(ids)) and pel.is_below(*ids[0]):
        assert all(each < ids[0] for each in model)
        pel.put_above(packed(ids), delivery)
        model.update(dict.fromkeys(ids, delivery))
        return
    for entry_id in ids:
        assert pel.put(entry_id, delivery) is model.get(entry_id)
        model[entry_id] = delivery


def drop(pel, ids):
    """Take IDs away, and return what each had."""
    places, dropped = packed(ids), []
    while len(dropped) < len(ids):
        count = pel.run(places, len(dropped))
        dropped += [pel.drop_run(count)] * count if count else [None]
    return dropped


def check(pel, model, start):
    in_order = sorted(model)
    assert list(pel) == in_order
    assert len(pel) == len(model)
    assert bool(pel) == bool(model)
    assert list(pel.from_id(start)) == [each for each in in_order if each >= start]
    assert list(pel.after_id(start)) == [each for each in in_order if each > start]
    assert pel.get(start) is model.get(start)
    assert (start in pel) == (start in model)
    assert (pel.first(), pel.last()) == (min(model, default=None), max(model, default=None))
    assert all(pel[entry_id] is delivery for entry_id, delivery in islice(model.items(), 50))


@given(CHANGES, IDS | LARGE_IDS)
def test_it_agrees_with_a_plain_dict(changes, start):
    pel, model = Pel(), {}
    for change, ids in changes:
        if change == "put":
            put(pel, model, ids)
        else:
            for held, entry_id in zip(drop(pel, ids), ids, strict=True):
                assert held is model.pop(entry_id, None)
        check(pel, model, start)
    filled = Pel()
    filled.fill(sorted(model), model)
    check(filled, model, start)


@given(RUNS, st.data())
def test_a_delivery_is_walked_from_its_first_id_to_the_last_that_is_left(ids, data):
    pel, delivery = Pel(), delivery_of(ids)
    pel.put_above(packed(ids), delivery)
    gone = data.draw(st.lists(st.sampled_from(ids), unique=True))
    for number, entry_id in enumerate(gone):
        if number % 2:
            pel.put(entry_id, delivery_of([entry_id]))
        else:
            drop(pel, [entry_id])
    delivery.live -= len(gone)
    pel.put((10_000, 0), delivery_of([(10_000, 0)]))
    assert list(pel.of(delivery)) == [each for each in ids if each not in gone]


def places(pel):
    return sum(len(held) for _, _, held in pel.pictures())


def test_ids_that_went_away_do_not_pile_up():
    pel = Pel()
    for ms in range(10_000):
        put(pel, {}, [(ms, 0), (ms, 1)])
        assert drop(pel, [(ms, 0)]) != [None]
        if ms >= 10:
            assert drop(pel, [(ms - 10, 1)]) != [None]
    assert list(pel) == [(ms, 1) for ms in range(9_990, 10_000)]
    assert places(pel) <= 2 * BLOCK_IDS


def test_of_many_only_some_are_left_here_and_there_in_few_blocks():
    pel = Pel()
    put(pel, {}, [(ms, 0) for ms in range(100_000)])
    for ms in range(100_000):
        if ms % 100:
            drop(pel, [(ms, 0)])
    assert list(pel) == [(ms, 0) for ms in range(0, 100_000, 100)]
    assert places(pel) <= 4 * 1_000 + BLOCK_IDS
    assert len(pel.pictures()) <= 10


def test_after_all_went_away_lower_ids_are_added_at_the_end():
    pel = Pel()
    put(pel, {}, [(9, 0)])
    drop(pel, [(9, 0)])
    assert pel.is_below(1, 0)
    put(pel, {}, [(1, 0), (2, 0)])
    assert list(pel.from_id(MIN_ID)) == [(1, 0), (2, 0)]


def test_many_ids_in_between_are_cut_into_blocks():
    pel = Pel()
    put(pel, {}, [(0, 0), (9, 0)])
    delivery = delivery_of([(5, 0)])
    for seq in range(5_000):
        pel.put((5, seq * 7 % 5_000), delivery)
    assert max(len(held) for _, _, held in pel.pictures()) < 2 * BLOCK_IDS
    assert list(pel.after_id((0, 0))) == [*((5, seq) for seq in range(5_000)), (9, 0)]


@given(CHANGES, CHANGES)
def test_a_picture_stays_as_it_is(changes, later):
    pel, model = Pel(), {}
    for number, (change, ids) in enumerate(changes + later):
        if number == len(changes):
            pictures = pel.pictures()
            before = [(list(ms), list(seq), list(held)) for ms, seq, held in pictures]
        if change == "put":
            put(pel, model, ids)
        else:
            drop(pel, ids)
            for entry_id in ids:
                model.pop(entry_id, None)
    if later:
        assert [(list(ms), list(seq), list(held)) for ms, seq, held in pictures] == before
    assert list(pel) == sorted(model)
