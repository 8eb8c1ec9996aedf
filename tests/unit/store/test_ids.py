"""Stream IDs: neighbours, and choosing the next."""

import pytest

from geostream.store.errors import IdNotIncreasing, IdsExhausted
from geostream.store.ids import (
    AUTO_ID,
    MAX_ID,
    MIN_ID,
    U64_MAX,
    IdRequest,
    choose_id,
    id_bytes,
    predecessor,
    successor,
)


def test_an_id_is_written_as_two_plain_numbers():
    assert id_bytes((5, 1)) == b"5-1"
    assert id_bytes(MAX_ID) == b"18446744073709551615-18446744073709551615"


@pytest.mark.parametrize("low, high", [((5, 1), (5, 2)), ((5, U64_MAX), (6, 0))])
def test_neighbours_carry_between_the_halves(low, high):
    assert successor(low) == high
    assert predecessor(high) == low


def test_there_is_nothing_beyond_the_ends():
    with pytest.raises(IdsExhausted):
        successor(MAX_ID)
    with pytest.raises(IdsExhausted):
        predecessor(MIN_ID)


@pytest.mark.parametrize(
    "asked, last_id, chosen",
    [
        (AUTO_ID, (99, 7), (100, 0)),
        (AUTO_ID, (100, 7), (100, 8)),
        (AUTO_ID, (200, 7), (200, 8)),  # the clock was set back
        (AUTO_ID, (200, U64_MAX), (201, 0)),
        (IdRequest(5, None), (4, 9), (5, 0)),
        (IdRequest(5, None), (5, 9), (5, 10)),
        (IdRequest(0, None), MIN_ID, (0, 1)),
        (IdRequest(5, 3), (5, 2), (5, 3)),
    ],
)
def test_the_next_id_is_above_the_last(asked, last_id, chosen):
    assert choose_id(asked, last_id, now_ms=100) == chosen


@pytest.mark.parametrize(
    "asked, last_id",
    [
        (IdRequest(5, 2), (5, 2)),
        (IdRequest(4, None), (5, 2)),
        (IdRequest(5, None), (5, U64_MAX)),
    ],
)
def test_an_id_that_is_not_above_the_last_is_refused(asked, last_id):
    with pytest.raises(IdNotIncreasing):
        choose_id(asked, last_id, now_ms=100)


@pytest.mark.parametrize("asked", [AUTO_ID, IdRequest(1, 1), IdRequest(1, None)])
def test_after_the_largest_id_there_is_none_whatever_is_asked(asked):
    with pytest.raises(IdsExhausted):
        choose_id(asked, MAX_ID, now_ms=100)
