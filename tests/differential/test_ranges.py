"""XLEN, XRANGE, XREVRANGE."""

from __future__ import annotations

import itertools

import pytest

from tests.support.both import Both

pytestmark = pytest.mark.real_redis

BOUNDS = ["-", "+", "2", "(2", "2-1", "(2-1", "3-0", "0", "99", "(3-9"]


@pytest.fixture
def some_entries(both: Both) -> None:
    both.run_at_once(
        """
        XADD s 1-1 a 1
        XADD s 2-1 a 2
        XADD s 2-2 a 3 b 4 a 5
        XADD s 3-9 "" ""
        XADD s 4-0 x y
        XDEL s 4-0
        SET t x
        """
    )


@pytest.mark.usefixtures("some_entries")
@pytest.mark.parametrize("command", ["XRANGE", "XREVRANGE"])
def test_any_two_bounds(both: Both, command: str) -> None:
    lines = [f"{command} s {a} {b}" for a, b in itertools.product(BOUNDS, repeat=2)]
    both.run_many("\n".join(lines))
    both.run_many("\n".join(f"{line} COUNT 1" for line in lines))


@pytest.mark.usefixtures("some_entries")
@pytest.mark.parametrize("command", ["XRANGE s - +", "XREVRANGE s + -"])
def test_options(both: Both, command: str) -> None:
    both.run_many(
        f"""
        {command} COUNT 2
        {command} count 2
        {command} COUNT 2 COUNT 3
        {command} COUNT 0
        {command} COUNT -1
        {command} COUNT
        {command} COUNT x
        {command} COUNT 2 FOO
        {command} FOO 2
        {command} FOO
        {command} COUNT 99
        """
    )


@pytest.mark.usefixtures("some_entries")
@pytest.mark.parametrize("command", ["XRANGE", "XREVRANGE"])
def test_missing_keys_wrong_types_and_the_first_error(both: Both, command: str) -> None:
    both.run_many(
        f"""
        {command} missing - +
        {command} missing - + COUNT 0
        {command} missing - + COUNT x
        {command} missing x y COUNT z
        {command} missing - y COUNT z
        {command} missing x + COUNT z
        {command} t - +
        {command} t - + COUNT 0
        {command} t x +
        {command} t - + COUNT x
        {command} t - + FOO
        {command}
        {command} s
        {command} s -
        """
    )


def test_an_emptied_stream_has_an_empty_range(both: Both) -> None:
    both.run_many(
        """
        XADD s 1-1 a 1
        XDEL s 1-1
        XRANGE s - +
        XREVRANGE s + -
        XRANGE s - + COUNT 0
        XLEN s
        """
    )


def test_long_ranges_over_many_nodes(both: Both) -> None:
    both.run_many("\n".join(f"XADD s {n}-{n % 7} f {n} g x" for n in range(1, 350)))
    both.run_many("\n".join(f"XDEL s {n}-{n % 7}" for n in range(5, 350, 9)))
    both.run_many("XRANGE s - +\nXREVRANGE s + -\nXRANGE s 99 201\nXREVRANGE s 333 (7")
    both.run_many("XRANGE s 150 + COUNT 120\nXREVRANGE s 222 - COUNT 130")


def test_xlen(both: Both) -> None:
    both.run_many(
        """
        XLEN missing
        XADD s 1-1 a 1
        XLEN s
        SET t x
        XLEN t
        XLEN
        XLEN s s
        """
    )
