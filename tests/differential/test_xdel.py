"""XDEL, XDELEX, XACKDEL, XACK."""

from __future__ import annotations

import pytest

from tests.support.both import Both
from tests.support.servers import VALKEY

pytestmark = pytest.mark.real_redis

STATE = "\nXINFO STREAM s FULL COUNT 0\nXINFO GROUPS s\nXINFO GROUPS s\nXRANGE s - +"


@pytest.fixture
def two_groups(both: Both) -> None:
    both.run_at_once(
        """
        XADD s 1-0 f 1
        XADD s 2-0 f 2
        XADD s 3-0 f 3
        XADD s 4-0 f 4
        XADD s 5-0 f 5
        XGROUP CREATE s g 0
        XGROUP CREATE s h 0
        XREADGROUP GROUP g c COUNT 4 STREAMS s >
        XREADGROUP GROUP h c COUNT 2 STREAMS s >
        XREADGROUP GROUP h d COUNT 1 STREAMS s >
        SET t x
        """
    )


@pytest.mark.usefixtures("two_groups")
@pytest.mark.parametrize(
    "line",
    [
        "XDEL s 1-0",
        "XDEL s 1",
        "XDEL s 3-0",
        "XDEL s 5-0",
        "XDEL s 1-0 1-0 9-9 2-0",
        "XDEL s 1-0 2-0 3-0 4-0 5-0",
        "XDEL s 9-9",
        "XDEL s 1-0 x",
        "XDEL s x 1-0",
        "XDEL missing 1-0",
        "XDEL missing x",
        "XDEL t 1-0",
        "XDEL t x",
        "XDEL",
        "XDEL s",
        "XACK s g 1-0",
        "XACK s g 1-0 1-0 2-0 9-9",
        "XACK s g 5-0",
        "XACK s h 1-0 2-0 3-0",
        "XACK s g 1-0 x",
        "XACK s no x",
        "XACK missing g x",
        "XACK t g 1-0",
        "XACK t g x",
        "XACK",
        "XACK s g",
    ],
)
def test_one_command(both: Both, line: str) -> None:
    both.run_many(line + STATE)


@pytest.mark.lacks(VALKEY)
@pytest.mark.usefixtures("two_groups")
@pytest.mark.parametrize("policy", ["", "KEEPREF", "DELREF", "ACKED"])
@pytest.mark.parametrize(
    "rest",
    [
        "IDS 1 1-0",
        "IDS 2 1-0 2-0",
        "IDS 3 1-0 1-0 1-0",
        "IDS 3 1-0 9-9 2-0",
        "IDS 5 1-0 2-0 3-0 4-0 5-0",
        "IDS 1 5-0",
        "IDS 2 4-0 x",
        "IDS 2 x 4-0",
        "IDS 1 4",
        "IDS 0 4-0",
        "IDS -1 4-0",
        "IDS x 4-0",
        "IDS 3 4-0",
        "IDS 1 4-0 5-0",
        "IDS",
        "IDS 1",
        "IDS 1 4-0 IDS 1 2-0",
        "IDS 1 4-0 IDS",
        "IDS 1 1-0 KEEPREF",
        "IDS 1 1-0 DELREF",
        "IDS 1 1-0 FOO",
        "FOO IDS 1 1-0",
        "FOO BAR BAZ",
        "ids 1 1-0",
    ],
)
def test_deletions_with_a_policy(both: Both, policy: str, rest: str) -> None:
    both.run_many(f"XACK s g 1-0 2-0\nXACK s h 2-0\nXDELEX s {policy} {rest}" + STATE)
    both.run_many(
        f"""
        XDELEX missing {policy} {rest}
        XDELEX t {policy} {rest}
        XACKDEL s g {policy} {rest}
        XACKDEL s h {policy} {rest}
        XACKDEL s no {policy} {rest}
        XACKDEL missing g {policy} {rest}
        XACKDEL t g {policy} {rest}
        """
        + STATE
    )


@pytest.mark.lacks(VALKEY)
@pytest.mark.usefixtures("two_groups")
def test_arity_of_the_new_commands(both: Both) -> None:
    both.run_many(
        """
        XDELEX
        XDELEX s
        XDELEX s IDS
        XDELEX s IDS 1
        XDELEX t IDS 1
        XACKDEL
        XACKDEL s g IDS 1
        XACKDEL s g IDS 1 1-0
        XACKDEL s g IDS 1 1-0
        """
    )


@pytest.mark.lacks(VALKEY)
def test_acknowledged_means_by_every_group(both: Both) -> None:
    both.run_many(
        """
        XADD s 1-0 f v
        XADD s 2-0 f v
        XADD s 3-0 f v
        XDELEX s ACKED IDS 2 1-0 9-9
        XGROUP CREATE s g 0
        XDELEX s ACKED IDS 2 2-0 9-9
        XREADGROUP GROUP g c STREAMS s >
        XDELEX s ACKED IDS 2 2-0 9-9
        XACKDEL s g ACKED IDS 1 2-0
        XGROUP CREATE s h $
        XACKDEL s g ACKED IDS 1 3-0
        XPENDING s g
        XINFO STREAM s FULL
        """
    )


@pytest.mark.lacks(VALKEY)
def test_deleting_references_of_an_entry_that_is_gone(both: Both) -> None:
    both.run_many(
        """
        XADD s 1-0 f v
        XADD s 2-0 f v
        XGROUP CREATE s g 0
        XGROUP CREATE s h 0
        XREADGROUP GROUP g c STREAMS s >
        XREADGROUP GROUP h c STREAMS s >
        XDEL s 1-0
        XDELEX s DELREF IDS 1 1-0
        XPENDING s g
        XPENDING s h
        XDEL s 2-0
        XACKDEL s g DELREF IDS 1 2-0
        XPENDING s g
        XPENDING s h
        XINFO STREAM s FULL
        """
    )


def test_deletions_move_the_first_entry_and_the_highest_deleted(both: Both) -> None:
    both.run_many("\n".join(f"XADD s {n}-0 f v" for n in range(1, 8)))
    for n in (3, 1, 7, 2, 5, 4, 6):
        both.run_many(f"XDEL s {n}-0\nXINFO STREAM s\nXREAD STREAMS s 0\nXREAD STREAMS s $")
    both.run_many("XADD s 7-0 f v\nXADD s 8-0 f v\nXINFO STREAM s")
