"""IDs and bounds as clients write them."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from geostream.commands.stream_ids import parse_high_bound, parse_id, parse_low_bound
from geostream.errors import CommandError
from geostream.store.ids import MAX_ID, MIN_ID, U64_MAX, StreamId, predecessor, successor

HALVES = st.one_of(st.integers(0, U64_MAX), st.sampled_from([0, 10**19 - 1, 10**19, U64_MAX]))
IDS = st.tuples(HALVES, HALVES)


@given(IDS, st.sampled_from([b"", b" ", b"\t+", b"00"]))
def test_an_id_is_read_however_it_is_written(entry_id: StreamId, before: bytes) -> None:
    text = before + b"%d-" % entry_id[0] + before + b"%d" % entry_id[1]
    assert parse_id(text) == parse_low_bound(text) == parse_high_bound(text) == entry_id


@given(HALVES)
def test_what_a_missing_half_means_depends_on_the_place(ms: int) -> None:
    text = b"%d" % ms
    assert (parse_id(text), parse_id(text, 7)) == ((ms, 0), (ms, 7))
    assert (parse_low_bound(text), parse_high_bound(text)) == ((ms, 0), (ms, U64_MAX))


@given(IDS)
def test_a_bound_may_leave_its_id_out(entry_id: StreamId) -> None:
    text = b"(%d-%d" % entry_id
    if entry_id < MAX_ID:
        assert parse_low_bound(text) == successor(entry_id)
    if entry_id > MIN_ID:
        assert parse_high_bound(text) == predecessor(entry_id)


def test_the_ends_have_signs() -> None:
    assert parse_low_bound(b"-") == parse_high_bound(b"-") == MIN_ID
    assert parse_low_bound(b"+") == parse_high_bound(b"+") == MAX_ID


@pytest.mark.parametrize(
    "text",
    [
        b"",
        b"a",
        b"1-",
        b"-1",
        b"1-1-1",
        b"1-1 ",
        b"18446744073709551616-0",
        b"0" * 128,
        b"(",
        b"(-",
    ],
)
def test_what_is_no_id_is_refused(text: bytes) -> None:
    for parse in (parse_id, parse_low_bound, parse_high_bound):
        with pytest.raises(CommandError):
            parse(text)


@pytest.mark.parametrize(
    ("parse", "text"),
    [
        (parse_low_bound, b"(18446744073709551615-18446744073709551615"),
        (parse_high_bound, b"(0-0"),
    ],
)
def test_nothing_is_beyond_the_ends(parse, text: bytes) -> None:
    with pytest.raises(CommandError):
        parse(text)
