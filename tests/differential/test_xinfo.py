"""XINFO: its shapes, its counters, its errors; the lag of groups."""

from __future__ import annotations

import random

import pytest

from tests.support.both import Both

pytestmark = pytest.mark.real_redis


@pytest.fixture
def much(both: Both) -> None:
    both.run_at_once("\n".join(f"XADD s {n}-0 f {n}" for n in range(1, 16)))
    both.run_at_once(
        """
        XGROUP CREATE s g 0
        XGROUP CREATE s h $
        XGROUP CREATE s a 3-0 ENTRIESREAD 3
        XREADGROUP GROUP g c COUNT 12 STREAMS s >
        XREADGROUP GROUP g d COUNT 1 STREAMS s >
        XREADGROUP GROUP a e STREAMS s 0
        XDEL s 2-0 13-0
        XADD empty 1-0 f v
        XDEL empty 1-0
        XGROUP CREATE made g $ MKSTREAM
        SET t x
        """
    )


@pytest.mark.usefixtures("much")
@pytest.mark.parametrize(
    "line",
    [
        "XINFO",
        "XINFO FOO",
        "XINFO foo s",
        "XINFO STREAM",
        "XINFO STREAM s",
        "XINFO stream s",
        "XINFO STREAM empty",
        "XINFO STREAM made",
        "XINFO STREAM missing",
        "XINFO STREAM t",
        "XINFO STREAM s FOO",
        "XINFO STREAM s FULL",
        "XINFO STREAM s full",
        "XINFO STREAM empty FULL",
        "XINFO STREAM made FULL",
        "XINFO STREAM s FULL COUNT",
        "XINFO STREAM s FULL COUNT 0",
        "XINFO STREAM s FULL COUNT 1",
        "XINFO STREAM s FULL COUNT 3",
        "XINFO STREAM s FULL COUNT 99",
        "XINFO STREAM s FULL COUNT -1",
        "XINFO STREAM s FULL COUNT x",
        "XINFO STREAM s FULL FOO 1",
        "XINFO STREAM s FULL COUNT 1 COUNT 2",
        "XINFO STREAM s COUNT 1",
        "XINFO StReAm s FOO BAR",
        "XINFO STREAM missing FULL COUNT x",
        "XINFO STREAM missing FOO",
        "XINFO STREAM t FULL COUNT x",
        "XINFO GROUPS",
        "XINFO GROUPS s",
        "XINFO GROUPS empty",
        "XINFO GROUPS made",
        "XINFO GROUPS missing",
        "XINFO GROUPS t",
        "XINFO GROUPS s x",
        "XINFO CONSUMERS",
        "XINFO CONSUMERS s",
        "XINFO CONSUMERS s g",
        "XINFO CONSUMERS s h",
        "XINFO CONSUMERS s a",
        "XINFO CONSUMERS s no",
        "XINFO CONSUMERS missing g",
        "XINFO CONSUMERS t g",
        "XINFO CONSUMERS s g x",
        "XINFO HELP",
        "XINFO help",
        "XINFO HELP x",
    ],
)
def test_one_command(both: Both, line: str) -> None:
    both.run(line)


@pytest.mark.usefixtures("much")
def test_first_and_last_entry_follow_deletions(both: Both) -> None:
    for entry in (1, 15, 3, 14, 4, 5, 6, 7, 8, 9, 10, 11, 12):
        both.run_many(f"XDEL s {entry}-0\nXINFO STREAM s\nXINFO STREAM s FULL\nXINFO GROUPS s")


@pytest.mark.protocols(2)
@pytest.mark.parametrize("seed", range(12))
def test_lag_and_entries_read_after_anything(both: Both, seed: int) -> None:
    """Random appends, deletions, trims, reads and moves; the groups are looked at each time."""
    chance = random.Random(seed)
    last = 0
    both.run("XGROUP CREATE s g0 0 MKSTREAM")
    both.run("XGROUP CREATE s g1 0 ENTRIESREAD 0")
    groups = 2
    for _ in range(120):
        some_id = f"{chance.randrange(0, last + 3)}-0"
        group = f"g{chance.randrange(groups)}"
        match chance.randrange(9):
            case 0 | 1 | 2:
                last += chance.randrange(1, 3)
                both.run("XADD", "s", f"{last}-0", "f", "v")
            case 3:
                both.run("XDEL", "s", some_id)
            case 4:
                both.run("XTRIM", "s", "MAXLEN", chance.randrange(0, 12))
            case 5 | 6:
                count = chance.randrange(1, 5)
                both.run("XREADGROUP", "GROUP", group, "c", "COUNT", count, "STREAMS", "s", ">")
            case 7:
                both.run("XGROUP", "SETID", "s", group, chance.choice([some_id, "$", "0"]))
            case 8:
                if groups < 8:
                    both.run("XGROUP", "CREATE", "s", f"g{groups}", chance.choice([some_id, "$"]))
                    groups += 1
        both.run("XINFO GROUPS s")
        both.run("XINFO STREAM s")
