"""INCRBYFLOAT's arithmetic; the sums were computed by a real server."""

from __future__ import annotations

import pytest

from geostream.commands.long_double import NotANumber, TooLarge, add

SUMS = [
    (b"0.1", b"0.2", b"0.3"),
    (b"10.50", b"0.1", b"10.6"),
    (b"5.6", b"5.0e3", b"5005.60000000000000009"),
    (b"10.6", b"-5", b"5.6"),
    (b"3.0e3", b"200", b"3200"),
    (b"-0", b"0", b"0"),
    (b"0", b"-0.0", b"0"),
    (b"123456789012345678901234567890", b"1", b"123456789012345678899921813504"),
    (b"0.00000000000000000049", b"0", b"0"),
    (b".5", b"5.", b"5.5"),
    (b"-9223372036854775808", b"1", b"-9223372036854775807"),
]


@pytest.mark.parametrize(("left", "right", "total"), SUMS)
def test_a_sum_has_all_the_digits_redis_gives_it(left: bytes, right: bytes, total: bytes) -> None:
    assert add(left, right) == total


@pytest.mark.parametrize(
    "text",
    [
        b"",
        b"x",
        b" 1",
        b"1 ",
        b"1e",
        b".",
        b"nan",
        b"1e5000",
        b"1e-5000",
        b"1e999999999999",
        b"1_0",
    ],
)
def test_what_is_no_number_is_refused(text: bytes) -> None:
    with pytest.raises(NotANumber):
        add(b"0", text)


@pytest.mark.parametrize(("left", "right"), [(b"1", b"inf"), (b"-Infinity", b"1")])
def test_a_sum_is_finite_or_refused(left: bytes, right: bytes) -> None:
    with pytest.raises(TooLarge):
        add(left, right)


def test_the_largest_numbers_do_not_overflow_in_silence() -> None:
    with pytest.raises(TooLarge):
        add(b"1.1e4932", b"1.1e4932")
