"""XREAD without waiting: options, IDs, shapes, the order of its errors."""

from __future__ import annotations

import pytest

from tests.support.both import Both
from tests.support.servers import VALKEY

pytestmark = pytest.mark.real_redis


@pytest.fixture
def three_streams(both: Both) -> None:
    both.run_at_once(
        """
        XADD a 1-1 f 1
        XADD a 2-1 f 2 g 3
        XADD a 2-2 f 3
        XADD b 5-0 f 1
        XADD e 1-0 f 1
        XDEL e 1-0
        SET t x
        XGROUP CREATE a g 0
        """
    )


@pytest.mark.usefixtures("three_streams")
def test_ids_and_shapes(both: Both) -> None:
    both.run_many(
        """
        XREAD STREAMS a 0
        XREAD STREAMS a 0-0
        XREAD STREAMS a 2
        XREAD STREAMS a 2-1
        XREAD STREAMS a 2-2
        XREAD STREAMS a 99
        XREAD STREAMS a $
        XREAD STREAMS a b 0 0
        XREAD STREAMS a b 9 0
        XREAD STREAMS b a 0 0
        XREAD STREAMS a missing e b 0 0 0 0
        XREAD STREAMS a a 0 2-1
        XREAD STREAMS a a a 0 9 2-1
        XREAD STREAMS missing 0
        XREAD STREAMS missing $
        XREAD STREAMS e 0
        XREAD STREAMS e $
        XREAD COUNT 1 STREAMS a b 0 0
        XREAD COUNT 0 STREAMS a 0
        XREAD COUNT -3 STREAMS a 0
        XREAD COUNT 2 COUNT 1 STREAMS a 0
        xread count 2 streams a 0
        """
    )


@pytest.mark.usefixtures("three_streams")
def test_the_last_entry(both: Both) -> None:
    both.run_many(
        """
        XREAD STREAMS a +
        XREAD STREAMS a b + +
        XREAD COUNT 5 STREAMS a +
        XREAD STREAMS missing +
        XREAD STREAMS e +
        XREAD STREAMS e a + 0
        """
    )


@pytest.mark.lacks(VALKEY)  # it goes by the last ID, which may be of a deleted entry
@pytest.mark.usefixtures("three_streams")
def test_the_last_entry_is_a_live_one(both: Both) -> None:
    both.run_many("XDEL a 2-2\nXREAD STREAMS a +\nXDEL a 1-1\nXREAD STREAMS a +\nXDEL a 2-1")
    both.run("XREAD STREAMS a +")


@pytest.mark.usefixtures("three_streams")
@pytest.mark.parametrize(
    "line",
    [
        "XREAD",
        "XREAD STREAMS",
        "XREAD STREAMS a",
        "XREAD COUNT 1 STREAMS a",
        "XREAD STREAMS a b 0",
        "XREAD STREAMS a b c 0 0",
        "XREAD COUNT 1 STREAMS",
        "XREAD COUNT 1 BLOCK",
        "XREAD COUNT 1 BLOCK 1",
        "XREAD FOO STREAMS a 0",
        "XREAD FOO BAR BAZ",
        "XREAD COUNT STREAMS a 0",
        "XREAD COUNT x STREAMS a 0",
        "XREAD BLOCK STREAMS a 0",
        "XREAD BLOCK x STREAMS a 0",
        "XREAD BLOCK 1.5 STREAMS a 0",
        "XREAD BLOCK -1 STREAMS a 0",
        "XREAD BLOCK 9223372036854775807 STREAMS a 0",
        "XREAD BLOCK 0 BLOCK x STREAMS a 0",
        "XREAD GROUP g c STREAMS a >",
        "XREAD GROUP g c STREAMS a 0",
        "XREAD GROUP g STREAMS a 0",
        "XREAD GROUP STREAMS a 0",
        "XREAD GROUP a 0",
        "XREAD NOACK STREAMS a 0",
        "XREAD STREAMS a >",
        "XREAD STREAMS missing >",
        "XREAD STREAMS t 0",
        "XREAD STREAMS t x",
        "XREAD STREAMS t >",
        "XREAD STREAMS a t 0 0",
        "XREAD STREAMS a t x 0",
        "XREAD STREAMS t a 0 x",
        "XREAD STREAMS a t > 0",
        "XREAD COUNT x STREAMS t x",
        "XREAD COUNT x STREAMS a b 0",
        "XREAD BLOCK 0 STREAMS a a 0 x",
        "XREAD STREAMS STREAMS 0",
        "XREAD STREAMS STREAMS a 0 0",
        "XREAD BLOCK 10 STREAMS a 0",
        "XREAD STREAMS a (1",
    ],
)
def test_errors(both: Both, line: str) -> None:
    both.run(line)


@pytest.mark.usefixtures("three_streams")
def test_blocking_in_a_transaction_is_a_timeout(both: Both) -> None:
    both.run_many(
        """
        MULTI
        XREAD BLOCK 0 STREAMS a $
        XREAD BLOCK 0 STREAMS missing 0
        XREAD BLOCK 0 STREAMS a 2-1
        XREADGROUP GROUP g c BLOCK 0 STREAMS a >
        XREADGROUP GROUP g c BLOCK 0 STREAMS a >
        EXEC
        """
    )


def test_a_short_wait_ends_in_a_null(both: Both) -> None:
    both.run("XREAD BLOCK 1 STREAMS missing 0")
    both.run("XREAD BLOCK 1 STREAMS missing $")
    both.run("XREAD BLOCK 1 COUNT 3 STREAMS missing other $ 5")
