"""Every option that is an integer, with everything that is nearly one."""

from __future__ import annotations

import pytest

from tests.support.both import Both
from tests.support.servers import VALKEY

pytestmark = pytest.mark.real_redis

NUMBERS = [
    "5",
    "0",
    "1",
    "-0",
    "-1",
    "-5",
    "05",
    "+5",
    "5.0",
    "5.5",
    "1e1",
    "0x5",
    '" 5"',
    '"5 "',
    '""',
    "abc",
    "5a",
    '"5\\x00"',
    "-",
    "--5",
    "9223372036854775807",
    "9223372036854775808",
    "-9223372036854775808",
    "-9223372036854775809",
    "99999999999999999999999",
]

LINES = [
    "XADD s MAXLEN {} 50-0 f v",
    "XADD s MAXLEN ~ {} 50-0 f v",
    "XADD s MAXLEN ~ 3 LIMIT {} 50-0 f v",
    "XADD s LIMIT {} 50-0 f v",
    "XTRIM s MAXLEN {}",
    "XTRIM s MAXLEN = {}",
    "XTRIM s MAXLEN ~ 1 LIMIT {}",
    "XTRIM s MINID ~ 1 LIMIT {}",
    "XRANGE s - + COUNT {}",
    "XRANGE missing - + COUNT {}",
    "XREVRANGE s + - COUNT {}",
    "XREAD COUNT {} STREAMS s 0",
    "XREADGROUP GROUP g c COUNT {} STREAMS s >",
    "XREADGROUP GROUP g c COUNT {} STREAMS s 0",
    "XSETID s 60-0 ENTRIESADDED {}",
    "XGROUP CREATE s n 0 ENTRIESREAD {}",
    "XGROUP SETID s g 0 ENTRIESREAD {}",
    "XCLAIM s g d {} 1-1",
    "XCLAIM s g d 0 1-1 IDLE {} JUSTID",
    "XCLAIM s g d 0 1-1 TIME {} JUSTID",
    "XCLAIM s g d 0 1-1 RETRYCOUNT {} JUSTID",
    "XAUTOCLAIM s g d {} 0",
    "XAUTOCLAIM s g d 0 0 COUNT {}",
    "XPENDING s g - + {}",
    "XPENDING s g IDLE {} - + 10",
    "XINFO STREAM s FULL COUNT {}",
    "CONFIG SET stream-node-max-entries {}",
    "CONFIG SET stream-node-max-bytes {}",
    "SELECT {}",
    "MOVE missing {}",
    "COPY s t DB {}",
    "SCAN 0 COUNT {}",
    "EXPIRE missing {}",
    "CLIENT UNBLOCK {}",
    "WAIT {} 0",
    "SET t x EX {}",
    "INCRBY n {}",
    "DECRBY n {}",
    "MEMORY USAGE missing SAMPLES {}",
]

NEW_LINES = ["XDELEX s IDS {} 1-1 2-0", "XACKDEL s g IDS {} 1-1 2-0"]

SETUP = """
    XADD s 1-1 a 1
    XADD s 2-0 a 2
    XADD s 2-1 a 3
    XADD s 3-0 a 4
    XADD s 40-0 a 5
    XGROUP CREATE s g 0
    XREADGROUP GROUP g c COUNT 4 STREAMS s >
    SET n 10
"""

LOOK = """
    SELECT 0
    XRANGE s - +
    XINFO STREAM s
    XPENDING s g - + 10
    XINFO GROUPS s
"""

NOT_WITH = {  # right answers that two servers cannot share
    "WAIT {} 0": {"5", "1", "9223372036854775807"},  # would wait for replicas for ever
    "SCAN 0 COUNT {}": {"1"},  # one of two keys, which one is a matter of hashing
    "CONFIG SET stream-node-max-bytes {}": {  # the limit is worded differently
        "9223372036854775808",
        "99999999999999999999999",
        '"5\\x00"',
    },
    "XGROUP CREATE s n 0 ENTRIESREAD {}": {"9223372036854775807"},  # Valkey does not clamp it
    "XGROUP SETID s g 0 ENTRIESREAD {}": {"9223372036854775807"},
    "XAUTOCLAIM s g d 0 0 COUNT {}": {"9223372036854775807"},
    "XCLAIM s g d {} 1-1": {"1", "5"},  # a matter of how fast the servers were asked
    "XAUTOCLAIM s g d {} 0": {"1", "5"},
    "XPENDING s g IDLE {} - + 10": {"1", "5"},
}


def _try_every_number(both: Both, line: str) -> None:
    for number in NUMBERS:
        if number in NOT_WITH.get(line, ()):
            continue
        both.run_at_once(f"FLUSHALL\n{SETUP}\n{line.format(number)}\n{LOOK}")


@pytest.mark.parametrize("line", LINES)
def test_a_number_is_accepted_as_redis_accepts_it(both: Both, line: str) -> None:
    _try_every_number(both, line)


@pytest.mark.lacks(VALKEY)
@pytest.mark.parametrize("line", NEW_LINES)
def test_a_number_of_a_new_command_is_accepted_as_redis_accepts_it(both: Both, line: str) -> None:
    _try_every_number(both, line)


@pytest.mark.parametrize(
    "number", ["0", "1", "5", "-1", "1.5", "abc", "-9223372036854775808", "9223372036854775807"]
)
def test_block_accepts_what_redis_accepts(both: Both, number: str) -> None:
    both.run_many(SETUP)
    both.run_many(
        f"""
        XREAD BLOCK {number} STREAMS s 0
        XREADGROUP GROUP g c BLOCK {number} STREAMS s 0
        XREADGROUP GROUP g c BLOCK {number} STREAMS s >
        """
    )
