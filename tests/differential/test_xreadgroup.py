"""XREADGROUP without waiting: new entries, history, NOACK, counters, errors."""

from __future__ import annotations

import pytest

from tests.support.both import Both

pytestmark = pytest.mark.real_redis

STATE = "\nXINFO STREAM s FULL COUNT 0\nXINFO GROUPS s\nXPENDING s g\nXPENDING s g - + 100"


@pytest.fixture
def a_group(both: Both) -> None:
    both.run_at_once(
        """
        XADD s 1-0 f 1
        XADD s 2-0 f 2 g 3
        XADD s 3-0 f 3
        XADD s 4-0 f 4
        XADD r 1-1 f 1
        XADD r 2-1 f 1
        XGROUP CREATE s g 0
        XGROUP CREATE r g 0
        XGROUP CREATE empty g 0 MKSTREAM
        SET t x
        """
    )


@pytest.mark.usefixtures("a_group")
@pytest.mark.parametrize(
    "lines",
    [
        "XREADGROUP GROUP g c STREAMS s >",
        "XREADGROUP GROUP g c COUNT 2 STREAMS s > \n XREADGROUP GROUP g d COUNT 1 STREAMS s >",
        "XREADGROUP GROUP g c COUNT 0 STREAMS s >",
        "XREADGROUP GROUP g c COUNT -1 STREAMS s >",
        "XREADGROUP GROUP g c NOACK STREAMS s >",
        "XREADGROUP GROUP g c NOACK COUNT 1 STREAMS s > \n XREADGROUP GROUP g c STREAMS s >",
        "XREADGROUP GROUP g c STREAMS s r > >",
        "XREADGROUP GROUP g c STREAMS s r empty > > >",
        "XREADGROUP GROUP g c COUNT 1 STREAMS s s > >",
        "XREADGROUP GROUP g c STREAMS s s > 0",
        "XREADGROUP GROUP g c STREAMS s s 0 >",
        "XREADGROUP GROUP g c STREAMS empty >",
        "XREADGROUP GROUP g c STREAMS empty 0",
        "XREADGROUP GROUP g c STREAMS s 0",
        "XREADGROUP GROUP g c STREAMS s 99",
        "XREADGROUP GROUP g c STREAMS s r 0 0",
        "XREADGROUP GROUP g c STREAMS s empty 0 >",
        "XREADGROUP COUNT 1 GROUP g c STREAMS s >",
        "XREADGROUP GROUP x y GROUP g c STREAMS s >",
        "XREADGROUP NOACK NOACK GROUP g c COUNT 1 STREAMS s >",
        'XREADGROUP GROUP g "" STREAMS s >',
        'XREADGROUP GROUP g "b\\x00\\xff" STREAMS s >',
    ],
)
def test_what_is_served(both: Both, lines: str) -> None:
    both.run_many(lines + STATE)


@pytest.mark.usefixtures("a_group")
def test_history(both: Both) -> None:
    both.run_many(
        """
        XREADGROUP GROUP g c COUNT 3 STREAMS s >
        XREADGROUP GROUP g d COUNT 1 STREAMS s >
        XREADGROUP GROUP g c STREAMS s 0
        XREADGROUP GROUP g c STREAMS s 1
        XREADGROUP GROUP g c STREAMS s 1-0
        XREADGROUP GROUP g c COUNT 1 STREAMS s 0
        XREADGROUP GROUP g c NOACK STREAMS s 0
        XREADGROUP GROUP g c BLOCK 0 STREAMS s 99
        XREADGROUP GROUP g unknown STREAMS s 0
        XREADGROUP GROUP g d STREAMS s 0
        XDEL s 2-0 4-0
        XREADGROUP GROUP g c STREAMS s 0
        XREADGROUP GROUP g c COUNT 2 STREAMS s 0
        XREADGROUP GROUP g d STREAMS s 0
        XPENDING s g - + 10
        XACK s g 2-0
        XREADGROUP GROUP g c STREAMS s 0
        """
        + STATE
    )


@pytest.mark.usefixtures("a_group")
def test_delivery_counters(both: Both) -> None:
    both.run_many(
        """
        XREADGROUP GROUP g c COUNT 2 STREAMS s >
        XREADGROUP GROUP g c STREAMS s 0
        XREADGROUP GROUP g c STREAMS s 0
        XPENDING s g - + 10
        XGROUP SETID s g 0
        XREADGROUP GROUP g d COUNT 1 STREAMS s >
        XPENDING s g - + 10
        XREADGROUP GROUP g c NOACK STREAMS s >
        XPENDING s g - + 10
        XGROUP SETID s g 1-0
        XREADGROUP GROUP g d STREAMS s >
        XPENDING s g - + 10
        XDEL s 1-0
        XREADGROUP GROUP g d STREAMS s 0
        XPENDING s g - + 10
        """
        + STATE
    )


@pytest.mark.usefixtures("a_group")
@pytest.mark.parametrize(
    "line",
    [
        "XREADGROUP",
        "XREADGROUP GROUP g c STREAMS s",
        "XREADGROUP GROUP g c STREAMS s s >",
        "XREADGROUP GROUP g c COUNT 1 STREAMS s s >",
        "XREADGROUP GROUP g c COUNT 1 BLOCK 1",
        "XREADGROUP GROUP g c COUNT 1 BLOCK STREAMS",
        "XREADGROUP COUNT 1 BLOCK 1 STREAMS s >",
        "XREADGROUP COUNT 1 BLOCK 1 STREAMS s x >",
        "XREADGROUP COUNT 1 FOO 1 STREAMS s >",
        "XREADGROUP GROUP g STREAMS s > x >",
        "XREADGROUP COUNT 1 STREAMS s > GROUP g",
        "XREADGROUP COUNT 1 COUNT 2 GROUP g",
        "XREADGROUP GROUP g c COUNT x STREAMS s >",
        "XREADGROUP GROUP g c BLOCK x STREAMS s >",
        "XREADGROUP GROUP g c BLOCK -1 STREAMS s >",
        "XREADGROUP GROUP g c BLOCK 1.0 STREAMS s >",
        "XREADGROUP GROUP g c BLOCK 9223372036854775807 STREAMS s >",
        "XREADGROUP GROUP g c FOO STREAMS s >",
        "XREADGROUP GROUP g c STREAMS missing >",
        "XREADGROUP GROUP g c STREAMS missing 0",
        "XREADGROUP GROUP g c STREAMS missing x",
        "XREADGROUP GROUP no c STREAMS s >",
        "XREADGROUP GROUP no c STREAMS s 0",
        "XREADGROUP GROUP no c STREAMS s $",
        'XREADGROUP GROUP "n\\r\\no" c STREAMS "m\\nk" >',
        "XREADGROUP GROUP g c STREAMS t >",
        "XREADGROUP GROUP g c STREAMS t x",
        "XREADGROUP GROUP no c STREAMS t >",
        "XREADGROUP GROUP g c STREAMS s $",
        "XREADGROUP GROUP g c STREAMS s +",
        "XREADGROUP GROUP g c STREAMS s -",
        "XREADGROUP GROUP g c STREAMS s x",
        "XREADGROUP GROUP g c STREAMS s t > >",
        "XREADGROUP GROUP g c STREAMS s missing > >",
        "XREADGROUP GROUP g c STREAMS s r > x",
        "XREADGROUP GROUP g c STREAMS s r > $",
        "XREADGROUP GROUP g c STREAMS missing t > >",
        "XREADGROUP GROUP g c STREAMS t missing > >",
    ],
)
def test_errors_deliver_nothing(both: Both, line: str) -> None:
    both.run_many(line + STATE + "\nXINFO CONSUMERS s g")


@pytest.mark.usefixtures("a_group")
def test_consumers_appear_and_age(both: Both) -> None:
    both.run_many(
        """
        XREADGROUP GROUP g c STREAMS empty >
        XINFO CONSUMERS empty g
        XREADGROUP GROUP g noack NOACK COUNT 1 STREAMS s >
        XREADGROUP GROUP g history STREAMS s 0
        XREADGROUP GROUP g reader COUNT 1 STREAMS s >
        XREADGROUP GROUP g B STREAMS s 0
        XREADGROUP GROUP g a STREAMS s 0
        XINFO CONSUMERS s g
        XINFO STREAM s FULL
        """
    )


def test_read_counters_through_deletions_and_trims(both: Both) -> None:
    both.run_many("\n".join(f"XADD s {n}-0 f v" for n in range(1, 21)))
    both.run_many(
        """
        XGROUP CREATE s g 0
        XGROUP CREATE s known 0 ENTRIESREAD 0
        XGROUP CREATE s mid 10-0
        XREADGROUP GROUP g c COUNT 3 STREAMS s >
        XREADGROUP GROUP known c COUNT 3 STREAMS s >
        XREADGROUP GROUP mid c COUNT 1 STREAMS s >
        XINFO GROUPS s
        XDEL s 5-0
        XINFO GROUPS s
        XREADGROUP GROUP g c COUNT 1 STREAMS s >
        XINFO GROUPS s
        XREADGROUP GROUP g c COUNT 1 STREAMS s >
        XINFO GROUPS s
        XREADGROUP GROUP known c COUNT 10 STREAMS s >
        XINFO GROUPS s
        XTRIM s MAXLEN 5
        XINFO GROUPS s
        XREADGROUP GROUP g c COUNT 2 STREAMS s >
        XREADGROUP GROUP mid c COUNT 2 STREAMS s >
        XREADGROUP GROUP known c COUNT 2 STREAMS s >
        XINFO GROUPS s
        XREADGROUP GROUP g c STREAMS s >
        XREADGROUP GROUP mid c STREAMS s >
        XINFO GROUPS s
        XDEL s 20-0
        XINFO GROUPS s
        XADD s 21-0 f v
        XINFO GROUPS s
        XINFO STREAM s FULL
        """
    )
