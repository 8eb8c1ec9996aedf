"""What each argument that is an ID accepts: streams.md's table, cell by cell."""

from __future__ import annotations

import pytest

from tests.support.both import Both
from tests.support.servers import VALKEY

pytestmark = pytest.mark.real_redis

MAX = 2**64 - 1

SPELLINGS = [
    "2",
    "2-0",
    "2-1",
    "-",
    "+",
    "(2",
    "(2-1",
    "(-",
    "(+",
    "(",
    "2-*",
    "*",
    "$",
    ">",
    '""',
    "-5",
    "1-",
    "1--5",
    "0x10",
    "1-0x1",
    "9-1-1",
    '"7 -2"',
    '"7- 2"',
    '" 3-0"',
    "01-05",
    "+1-1",
    "1-+2",
    "1.5",
    "1e3",
    "0",
    "0-0",
    "(0",
    "(0-0",
    f"{MAX}",
    f"{MAX}-{MAX}",
    f"({MAX}-{MAX}",
    f"({MAX}",
    f"{MAX + 1}",
    f"1-{MAX + 1}",
    "abc",
    "a-1",
    "1-a",
    '"1-1 "',
    '"1-1\\n"',
    "(2-1-1",
    "((2",
    "0" * 120 + "2-1",
    "0" * 130 + "2-1",
]

#: Where the real servers give away how they work inside. A NUL ends an ID there, too.
SLIPS = {
    ("XREADGROUP", f"{MAX}-{MAX}"),  # their own mark for > in a parsed request
}

COMMANDS = {
    "xadd": ["XADD s {} f v", "XADD t {} f v"],
    "xadd minid": ["XADD s MINID {} 50-0 f v", "XRANGE s - +"],
    "xtrim minid": ["XTRIM s MINID {}", "XRANGE s - +"],
    "xrange start": ["XRANGE s {} +", "XRANGE missing {} +"],
    "xrange end": ["XRANGE s - {}", "XRANGE missing - {}"],
    "xrevrange start": ["XREVRANGE s + {}", "XREVRANGE missing + {}"],
    "xrevrange end": ["XREVRANGE s {} -", "XREVRANGE missing {} -"],
    "xpending start": ["XPENDING s g {} + 10"],
    "xpending end": ["XPENDING s g - {} 10"],
    "xautoclaim": ["XAUTOCLAIM s g d 0 {}", "XPENDING s g"],
    "xread": ["XREAD STREAMS s {}", "XREAD STREAMS missing {}", "XREAD STREAMS s s 0 {}"],
    "xreadgroup": ["XREADGROUP GROUP g c STREAMS s {}", "XREADGROUP GROUP g n STREAMS s {}"],
    "xgroup create": ["XGROUP CREATE s n {}", "XGROUP CREATE t n {} MKSTREAM", "EXISTS t"],
    "xgroup setid": ["XGROUP SETID s g {}", "XGROUP SETID missing g {}"],
    "xdel": ["XDEL s {}", "XDEL s 1-1 {}", "XDEL missing {}", "XRANGE s - +"],
    "xack": ["XACK s g {}", "XACK s g 1-1 {}", "XACK missing g {}", "XACK s missing {}"],
    "xclaim": ["XCLAIM s g d 0 {}", "XCLAIM s g d 0 1-1 {}", "XPENDING s g - + 10"],
    "xclaim lastid": ["XCLAIM s g d 0 1-1 LASTID {}"],
    "xsetid": ["XSETID s {}", "XSETID missing {}"],
    "xsetid maxdeletedid": ["XSETID s 60-0 MAXDELETEDID {}"],
}

NEW_COMMANDS = {
    "xdelex": ["XDELEX s IDS 1 {}", "XDELEX s IDS 2 1-1 {}", "XDELEX missing IDS 1 {}"],
    "xackdel": ["XACKDEL s g IDS 1 {}", "XACKDEL s g IDS 2 1-1 {}", "XACKDEL s no IDS 1 {}"],
}

SETUP = """
    XADD s 1-1 a 1
    XADD s 2-0 a 2
    XADD s 2-1 a 3
    XADD s 3-0 a 4
    XADD s 40-0 a 5
    XGROUP CREATE s g 0
    XREADGROUP GROUP g c COUNT 4 STREAMS s >
"""


def _try_every_spelling(both: Both, lines: list[str]) -> None:
    for spelling in SPELLINGS:
        if (lines[0].split()[0], spelling) in SLIPS:
            continue
        if lines[0].startswith("XADD s {}") and spelling == "*":
            continue  # the server's clock decides; see test_xadd.py
        asked = "\n".join(line.format(spelling) for line in lines)
        both.run_at_once(f"FLUSHALL\n{SETUP}\n{asked}\nXINFO STREAM s\nXINFO GROUPS s")


@pytest.mark.parametrize("where", COMMANDS)
def test_an_id_is_accepted_as_redis_accepts_it(both: Both, where: str) -> None:
    _try_every_spelling(both, COMMANDS[where])


@pytest.mark.lacks(VALKEY)
@pytest.mark.parametrize("where", NEW_COMMANDS)
def test_an_id_of_a_new_command_is_accepted_as_redis_accepts_it(both: Both, where: str) -> None:
    _try_every_spelling(both, NEW_COMMANDS[where])
