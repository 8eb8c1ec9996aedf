"""The order of keys that SCAN goes by."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from geostream.store.hash_order import RUN_KEYS, HashOrder

KEYS = st.sets(st.binary(max_size=6), max_size=60)


def filled(count: int) -> tuple[HashOrder, list[bytes]]:
    order, keys = HashOrder(), [b"%d" % number for number in range(count)]
    for key in keys:
        order.add(key)
    return order, keys


def walk(order: HashOrder, count: int) -> list[bytes]:
    """Return what a whole iteration meets."""
    cursor, found = order.page(0, count)
    while cursor:
        cursor, page = order.page(cursor, count)
        found += page
    return found


def test_an_iteration_over_many_runs_meets_every_key_once() -> None:
    order, keys = filled(5 * RUN_KEYS)
    assert sorted(walk(order, 7)) == sorted(keys)
    assert sorted(walk(order, 2 * RUN_KEYS)) == sorted(keys)


@given(stay=KEYS, go=KEYS, come=KEYS, count=st.integers(1, 9))
def test_keys_that_stay_are_met_whatever_comes_and_goes(
    stay: set[bytes], go: set[bytes], come: set[bytes], count: int
) -> None:
    order = HashOrder()
    go -= stay
    come -= stay | go
    for key in stay | go:
        order.add(key)
    cursor, found = order.page(0, count)
    for key in go:
        order.drop(key)
    for key in come:
        order.add(key)
    while cursor:
        cursor, page = order.page(cursor, count)
        found += page
    assert stay <= set(found) <= stay | go | come
    assert len(found) == len(set(found))


def test_writing_back_what_was_met_lets_the_iteration_end() -> None:
    order, keys = filled(300)
    cursor, pages = order.page(0, 10)
    while cursor:
        for key in pages[-10:]:
            order.drop(key)
            order.add(key)
        cursor, page = order.page(cursor, 10)
        pages += page
    assert sorted(pages) == sorted(keys)


def test_a_made_up_cursor_is_a_place_like_any_other() -> None:
    order, keys = filled(50)
    for cursor in (1, 2**47, 2**48, 2**64 - 1):
        after, page = order.page(cursor, 1000)
        assert after == 0
        assert set(page) <= set(keys)
    assert HashOrder().page(5, 10) == (0, [])


def test_a_cursor_fits_into_a_floating_point_number() -> None:
    order, _ = filled(3 * RUN_KEYS)
    cursor, _ = order.page(0, 1)
    while cursor:
        assert cursor <= 2**48
        cursor, _ = order.page(cursor, 100)


def test_any_key_can_be_the_random_one() -> None:
    order, keys = filled(3)
    assert {order.random() for _ in range(500)} == set(keys)
    for key in keys[1:]:
        order.drop(key)
    assert order.random() == keys[0]
