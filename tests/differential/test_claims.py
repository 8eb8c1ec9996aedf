"""XCLAIM, XAUTOCLAIM, XPENDING."""

from __future__ import annotations

import pytest

from tests.support.both import Both

pytestmark = pytest.mark.real_redis

STATE = "\nXPENDING s g\nXPENDING s g - + 100\nXINFO GROUPS s\nXINFO CONSUMERS s g"
LATER = 99999999999999


@pytest.fixture
def pending(both: Both) -> None:
    """Eight entries, the first six pending: c has four, d has two; 2-0 and 5-0 are deleted."""
    both.run_at_once("\n".join(f"XADD s {n}-0 f {n}" for n in range(1, 9)))
    both.run_at_once(
        """
        XGROUP CREATE s g 0
        XREADGROUP GROUP g c COUNT 4 STREAMS s >
        XREADGROUP GROUP g d COUNT 2 STREAMS s >
        XCLAIM s g c 0 1-0 IDLE 100000 JUSTID
        XCLAIM s g d 0 6-0 IDLE 200000 RETRYCOUNT 7 JUSTID
        XDEL s 2-0 5-0
        SET t x
        """
    )


CLAIMS = [
    "XCLAIM",
    "XCLAIM s g c 0",
    "XCLAIM s g e 0 1-0",
    "XCLAIM s g e 0 1-0 3-0 4-0",
    "XCLAIM s g e 0 4-0 1-0 4-0",
    "XCLAIM s g e 0 1",
    "XCLAIM s g c 0 1-0",
    "XCLAIM s g e 50000 1-0 3-0 6-0",
    "XCLAIM s g e 150000 1-0 6-0 2-0",
    "XCLAIM s g e -1 1-0",
    "XCLAIM s g e x 1-0",
    "XCLAIM s g e 0 2-0",
    "XCLAIM s g e 0 2-0 5-0 1-0",
    "XCLAIM s g e 999999 2-0",
    "XCLAIM s g e 0 2-0 FORCE",
    "XCLAIM s g e 0 7-0",
    "XCLAIM s g e 0 7-0 FORCE",
    "XCLAIM s g e 50000 7-0 8-0 FORCE",
    "XCLAIM s g e 0 7-0 FORCE JUSTID",
    "XCLAIM s g e 0 7-0 FORCE RETRYCOUNT 5",
    "XCLAIM s g e 0 9-9 FORCE",
    "XCLAIM s g e 0 1-0 JUSTID",
    "XCLAIM s g e 0 1-0 2-0 9-9 JUSTID",
    "XCLAIM s g e 0 1-0 RETRYCOUNT 9",
    "XCLAIM s g e 0 1-0 RETRYCOUNT 0",
    "XCLAIM s g e 0 1-0 RETRYCOUNT -1",
    "XCLAIM s g e 0 1-0 RETRYCOUNT 9 JUSTID",
    "XCLAIM s g e 0 1-0 RETRYCOUNT x",
    "XCLAIM s g e 0 1-0 RETRYCOUNT",
    "XCLAIM s g e 0 1-0 IDLE 70000",
    "XCLAIM s g e 0 1-0 IDLE -5",
    f"XCLAIM s g e 0 1-0 IDLE {LATER}",
    "XCLAIM s g e 0 1-0 IDLE x",
    "XCLAIM s g e 0 1-0 IDLE",
    "XCLAIM s g e 0 1-0 TIME 5",
    "XCLAIM s g e 0 1-0 TIME 0",
    "XCLAIM s g e 0 1-0 TIME -5",
    f"XCLAIM s g e 0 1-0 TIME {LATER}",
    "XCLAIM s g e 0 1-0 TIME x",
    "XCLAIM s g e 0 1-0 TIME 5 IDLE 7000",
    "XCLAIM s g e 0 1-0 IDLE 7000 TIME 5",
    "XCLAIM s g e 0 1-0 LASTID 7-0",
    "XCLAIM s g e 0 1-0 LASTID 1-0",
    "XCLAIM s g e 999999 1-0 LASTID 7-0",
    "XCLAIM s g e 0 1-0 LASTID x",
    "XCLAIM s g e 0 1-0 LASTID",
    "XCLAIM s g e 0 1-0 LASTID 6-0 LASTID 8-0",
    "XCLAIM s g e 0 1-0 FOO",
    'XCLAIM s g e 0 1-0 "F\\r\\nO"',
    "XCLAIM s g e 0 1-0 FORCE 3-0",
    "XCLAIM s g e 0 JUSTID",
    "XCLAIM s g e 0 FOO",
    "XCLAIM s g e 0 x",
    "XCLAIM s g e 0 1-0 -",
    "XCLAIM s g c 0 1-0 justid force",
    "XCLAIM missing g e 0 1-0",
    "XCLAIM missing g e x FOO",
    "XCLAIM s no e 0 1-0",
    "XCLAIM s no e x 1-0",
    "XCLAIM t g e 0 1-0",
    "XCLAIM t g e x FOO",
    "XCLAIM s g e x 1-0 FOO",
    "XCLAIM s g e 0 1-0 IDLE x FOO",
    "XCLAIM s g e 0 1-0 FOO IDLE x",
    'XCLAIM "m\\nx" "g\\ry" e 0 1-0',
    "XAUTOCLAIM",
    "XAUTOCLAIM s g e 0",
    "XAUTOCLAIM s g e 0 0",
    "XAUTOCLAIM s g e 0 0 JUSTID",
    "XAUTOCLAIM s g e 0 0 COUNT 1",
    "XAUTOCLAIM s g e 0 0 COUNT 2",
    "XAUTOCLAIM s g e 0 0 COUNT 3",
    "XAUTOCLAIM s g e 0 0 COUNT 2 JUSTID",
    "XAUTOCLAIM s g e 0 0 count 2 justid",
    "XAUTOCLAIM s g e 0 0 COUNT 2 COUNT 1",
    "XAUTOCLAIM s g e 0 0 COUNT 0",
    "XAUTOCLAIM s g e 0 0 COUNT -1",
    "XAUTOCLAIM s g e 0 0 COUNT x",
    "XAUTOCLAIM s g e 0 0 COUNT",
    "XAUTOCLAIM s g e 0 0 COUNT 576460752303423488",
    "XAUTOCLAIM s g e 0 0 FOO",
    "XAUTOCLAIM s g e 0 3-0",
    "XAUTOCLAIM s g e 0 (3-0",
    "XAUTOCLAIM s g e 0 - COUNT 1",
    "XAUTOCLAIM s g e 0 +",
    "XAUTOCLAIM s g e 0 99",
    "XAUTOCLAIM s g e 0 x",
    "XAUTOCLAIM s g e 50000 0",
    "XAUTOCLAIM s g e 150000 0",
    "XAUTOCLAIM s g e 50000 0 COUNT 1",
    "XAUTOCLAIM s g e 999999 0",
    "XAUTOCLAIM s g e -1 0",
    "XAUTOCLAIM s g e x 0",
    "XAUTOCLAIM s g c 0 0",
    "XAUTOCLAIM missing g e 0 0",
    "XAUTOCLAIM s no e 0 0",
    "XAUTOCLAIM t g e 0 0",
    "XAUTOCLAIM t g e x x COUNT x",
    "XAUTOCLAIM t g e 0 x COUNT x",
    "XAUTOCLAIM t g e 0 0 COUNT x",
    "XAUTOCLAIM missing g e 0 0 FOO",
    "XPENDING",
    "XPENDING s",
    "XPENDING s g",
    "XPENDING s no",
    "XPENDING missing g",
    "XPENDING t g",
    "XPENDING s g -",
    "XPENDING s g - +",
    "XPENDING s g - + 10",
    "XPENDING s g - + 2",
    "XPENDING s g - + 0",
    "XPENDING s g - + -1",
    "XPENDING s g - + x",
    "XPENDING s g - + 10 c",
    "XPENDING s g - + 10 d",
    "XPENDING s g - + 10 nobody",
    "XPENDING s g - + 10 c extra",
    "XPENDING s g - + 10 c extra more",
    "XPENDING s g - + 10 c extra more too",
    "XPENDING s g 2 4 10",
    "XPENDING s g (2 (6 10",
    "XPENDING s g 4 2 10",
    "XPENDING s g x + 10",
    "XPENDING s g - x 10",
    "XPENDING s g x y z",
    "XPENDING s g IDLE",
    "XPENDING s g IDLE 5",
    "XPENDING s g IDLE 5 -",
    "XPENDING s g IDLE 5 - +",
    "XPENDING s g IDLE x - +",
    "XPENDING s g IDLE x - + 10",
    "XPENDING s g IDLE 50000 - + 10",
    "XPENDING s g IDLE 150000 - + 10",
    "XPENDING s g idle 50000 - + 10 c",
    "XPENDING s g IDLE 50000 - + 10 d",
    "XPENDING s g IDLE 50000 - + 1 d",
    "XPENDING s g IDLE -1 - + 10",
    "XPENDING s g IDLE 50000 - + 10 nobody",
    "XPENDING s g IDLE 5 - + 10 c extra",
    "XPENDING s g FOO 5 - + 10",
    "XPENDING missing g - + x",
    "XPENDING missing g x + 10",
    "XPENDING t g x + 10",
    "XPENDING t no - + 10",
    "XPENDING s no - + 10",
]


@pytest.mark.usefixtures("pending")
@pytest.mark.parametrize("line", CLAIMS)
def test_one_command(both: Both, line: str) -> None:
    both.run_many(line + STATE + "\nXINFO STREAM s FULL COUNT 0")


@pytest.mark.usefixtures("pending")
def test_the_ids_of_one_consumer(both: Both) -> None:
    both.run_many("XPENDING s g c\nXPENDING s g d\nXPENDING s g nobody")
    both.run_many("XACK s g 5-0 6-0\nXPENDING s g d\nXINFO CONSUMERS s g")


def test_an_empty_pel(both: Both) -> None:
    both.run_many(
        """
        XGROUP CREATE s g $ MKSTREAM
        XPENDING s g
        XPENDING s g - + 10
        XGROUP CREATECONSUMER s g c
        XPENDING s g
        XPENDING s g - + 10 c
        XAUTOCLAIM s g e 0 0
        XCLAIM s g e 0 1-0
        XINFO CONSUMERS s g
        """
    )


def test_an_autoclaim_looks_at_ten_times_its_count(both: Both) -> None:
    both.run_many("\n".join(f"XADD s {n}-0 f v" for n in range(1, 61)))
    both.run_many(
        """
        XGROUP CREATE s g 0
        XREADGROUP GROUP g a STREAMS s >
        XCLAIM s g a 0 15-0 25-0 60-0 IDLE 100000 JUSTID
        XAUTOCLAIM s g b 50000 0 COUNT 1 JUSTID
        XAUTOCLAIM s g b 50000 11-0 COUNT 1 JUSTID
        XAUTOCLAIM s g b 50000 16-0 COUNT 2
        XAUTOCLAIM s g b 50000 26-0 COUNT 3
        XAUTOCLAIM s g b 50000 56-0 COUNT 3
        XDEL s 2-0 3-0 30-0
        XAUTOCLAIM s g b 0 0 COUNT 2
        XAUTOCLAIM s g b 50000 3-0 COUNT 2
        XAUTOCLAIM s g b 0 (59-0
        XAUTOCLAIM s g b 0 0 JUSTID
        """
        + STATE
    )


def test_an_autoclaim_takes_a_hundred_by_default(both: Both) -> None:
    both.run_many("\n".join(f"XADD s {n}-0 f v" for n in range(1, 131)))
    both.run_many(
        """
        XGROUP CREATE s g 0
        XREADGROUP GROUP g a STREAMS s >
        XAUTOCLAIM s g b 0 0 JUSTID
        XAUTOCLAIM s g b 0 101-0
        XPENDING s g
        """
    )
