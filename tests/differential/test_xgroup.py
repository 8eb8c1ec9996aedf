"""XGROUP and XSETID."""

from __future__ import annotations

import pytest

from tests.support.both import Both
from tests.support.servers import VALKEY

pytestmark = pytest.mark.real_redis

STATE = "\nXINFO STREAM s FULL COUNT 0\nXINFO GROUPS s\nEXISTS missing\nEXISTS n"


@pytest.fixture
def a_group(both: Both) -> None:
    both.run_at_once(
        """
        XADD s 1-0 f 1
        XADD s 2-0 f 2
        XADD s 3-0 f 3
        XGROUP CREATE s g 0
        XREADGROUP GROUP g c COUNT 2 STREAMS s >
        XGROUP CREATECONSUMER s g idle
        SET t x
        """
    )


LINES = [
    "XGROUP",
    "XGROUP FOO",
    "XGROUP foo bar baz",
    "XGROUP CREATE",
    "XGROUP CREATE s",
    "XGROUP CREATE s n",
    "XGROUP CREATE s n 0",
    "XGROUP create s n $",
    "XGROUP CREATE s n 2-0",
    "XGROUP CREATE s n 99",
    "XGROUP CREATE s n x",
    "XGROUP CREATE s g 0",
    "XGROUP CREATE s g x",
    "XGROUP CREATE s n 0 MKSTREAM",
    "XGROUP CREATE s n 0 mkstream",
    "XGROUP CREATE missing n 0",
    "XGROUP CREATE missing n $",
    "XGROUP CREATE missing n x",
    "XGROUP CREATE missing n x MKSTREAM",
    "XGROUP CREATE missing n $ MKSTREAM",
    "XGROUP CREATE missing n 5-5 MKSTREAM",
    "XGROUP CREATE s n 0 ENTRIESREAD 2",
    "XGROUP CREATE s n 0 ENTRIESREAD 0",
    "XGROUP CREATE s n 0 ENTRIESREAD -1",
    "XGROUP CREATE s n 0 ENTRIESREAD -2",
    "XGROUP CREATE s n 0 ENTRIESREAD x",
    "XGROUP CREATE s n 0 ENTRIESREAD",
    "XGROUP CREATE s n x ENTRIESREAD x",
    "XGROUP CREATE missing n 0 ENTRIESREAD x",
    "XGROUP CREATE s n 0 MKSTREAM ENTRIESREAD 2",
    "XGROUP CREATE s n 0 ENTRIESREAD 2 MKSTREAM",
    "XGROUP CREATE s n 0 MKSTREAM MKSTREAM",
    "XGROUP CREATE s n 0 MKSTREAM MKSTREAM MKSTREAM",
    "XGROUP CREATE s n 0 MKSTREAM MKSTREAM MKSTREAM MKSTREAM",
    "XGROUP CREATE s n 0 ENTRIESREAD 1 ENTRIESREAD 2",
    "XGROUP CREATE s n 0 FOO",
    "XGROUP CREATE s n 0 FOO BAR BAZ BOO",
    "XGROUP cReAtE s n 0 FOO",
    "XGROUP CREATE t n 0",
    "XGROUP CREATE t n 0 FOO",
    "XGROUP CREATE t n x",
    'XGROUP CREATE s "" 0',
    'XGROUP CREATE s "\\xff\\x00" 0',
    "XGROUP SETID",
    "XGROUP SETID s g",
    "XGROUP SETID s g 0",
    "XGROUP SETID s g $",
    "XGROUP SETID s g 2-0",
    "XGROUP SETID s g 99",
    "XGROUP SETID s g x",
    "XGROUP SETID s g -",
    "XGROUP SETID s g +",
    "XGROUP SETID s g 2-0 ENTRIESREAD 2",
    "XGROUP SETID s g 2-0 ENTRIESREAD 0",
    "XGROUP SETID s g 2-0 ENTRIESREAD -1",
    "XGROUP SETID s g 2-0 ENTRIESREAD -2",
    "XGROUP SETID s g 2-0 ENTRIESREAD x",
    "XGROUP SETID s g 2-0 ENTRIESREAD",
    "XGROUP SETID s g 2-0 FOO 2",
    "XGROUP SETID s g 2-0 MKSTREAM",
    "XGROUP SETID s g 2-0 ENTRIESREAD 2 FOO",
    "XGROUP SETID s g 2-0 ENTRIESREAD 2 ENTRIESREAD 1",
    "XGROUP SETID s no 0",
    "XGROUP SETID s no x",
    "XGROUP SETID missing g 0",
    "XGROUP SETID missing g 0 ENTRIESREAD x",
    "XGROUP SETID t g 0",
    "XGROUP DESTROY",
    "XGROUP DESTROY s",
    "XGROUP DESTROY s g",
    "XGROUP DESTROY s no",
    "XGROUP DESTROY missing g",
    "XGROUP DESTROY t g",
    "XGROUP DESTROY s g g",
    "XGROUP CREATECONSUMER",
    "XGROUP CREATECONSUMER s g",
    "XGROUP CREATECONSUMER s g n",
    "XGROUP CREATECONSUMER s g c",
    "XGROUP CREATECONSUMER s no n",
    "XGROUP CREATECONSUMER missing g n",
    "XGROUP CREATECONSUMER t g n",
    "XGROUP DELCONSUMER",
    "XGROUP DELCONSUMER s g c",
    "XGROUP DELCONSUMER s g idle",
    "XGROUP DELCONSUMER s g no",
    "XGROUP DELCONSUMER s no c",
    "XGROUP DELCONSUMER missing g c",
    "XGROUP DELCONSUMER t g c",
    'XGROUP DELCONSUMER s "n\\ro" c',
    "XGROUP HELP",
    "XGROUP help",
    "XGROUP HELP x",
    "XSETID",
    "XSETID s",
    "XSETID s 3-0",
    "XSETID s 3-1",
    "XSETID s 99",
    "XSETID s 2-0",
    "XSETID s 0",
    "XSETID s x",
    "XSETID s $",
    "XSETID missing 5-0",
    "XSETID missing x",
    "XSETID missing 5-0 ENTRIESADDED x",
    "XSETID missing 5-0 FOO",
    "XSETID t 5-0",
    "XSETID t x",
    "XSETID s 5-0 ENTRIESADDED 10",
    "XSETID s 5-0 ENTRIESADDED 3",
    "XSETID s 5-0 ENTRIESADDED 2",
    "XSETID s 5-0 ENTRIESADDED -1",
    "XSETID s 5-0 ENTRIESADDED x",
    "XSETID s 5-0 ENTRIESADDED",
    "XSETID s 5-0 MAXDELETEDID 2-0",
    "XSETID s 5-0 MAXDELETEDID 5-0",
    "XSETID s 5-0 MAXDELETEDID 5-1",
    "XSETID s 5-0 MAXDELETEDID 0-0",
    "XSETID s 5-0 MAXDELETEDID x",
    "XSETID s 5-0 MAXDELETEDID",
    "XSETID s 5-0 ENTRIESADDED 10 MAXDELETEDID 4-0",
    "XSETID s 5-0 MAXDELETEDID 4-0 ENTRIESADDED 10",
    "XSETID s 5-0 MAXDELETEDID 9-0 MAXDELETEDID 4-0",
    "XSETID s 5-0 ENTRIESADDED 10 ENTRIESADDED 12",
    "XSETID s 2-0 ENTRIESADDED 1",
    "XSETID s 5-0 FOO",
    "XSETID s 5-0 entriesadded 10",
]


@pytest.mark.usefixtures("a_group")
@pytest.mark.parametrize("line", LINES)
def test_one_command(both: Both, line: str) -> None:
    both.run_many(line + STATE)


@pytest.mark.usefixtures("a_group")
@pytest.mark.lacks(VALKEY)  # it keeps counters above entries-added as they are
def test_entries_read_is_clamped(both: Both) -> None:
    both.run_many(
        """
        XGROUP CREATE s n 0 ENTRIESREAD 99
        XGROUP SETID s g 2-0 ENTRIESREAD 99
        XGROUP CREATE missing n 0 ENTRIESREAD 7 MKSTREAM
        XINFO GROUPS missing
        """
        + STATE
    )


def test_xsetid_after_deletions(both: Both) -> None:
    both.run_many(
        """
        XADD s 1-0 f 1
        XADD s 2-0 f 1
        XADD s 3-0 f 1
        XDEL s 3-0
        XSETID s 2-5
        XSETID s 3-0
        XSETID s 3-0 MAXDELETEDID 1-0
        XSETID s 2-5
        XSETID s 4-0 ENTRIESADDED 1
        XDEL s 1-0 2-0
        XSETID s 2-0
        XSETID s 3-0
        XSETID s 3-0 ENTRIESADDED 0
        XADD s 3-0 f 1
        XADD s 3-1 f 1
        """
        + STATE
    )


def test_groups_and_consumers_are_listed_by_name(both: Both) -> None:
    both.run_many("XADD s 1-0 f v")
    names = ["b", "B", "a", "aa", "", "10", "9", "\\xff", "z\\x00", "Z"]
    for name in names:
        both.run_many(f'XGROUP CREATE s "{name}" 0')
    for name in names:
        both.run_many(f'XGROUP CREATECONSUMER s a "{name}"')
    both.run_many("XINFO GROUPS s\nXINFO CONSUMERS s a\nXINFO STREAM s FULL")


@pytest.mark.usefixtures("a_group")
def test_a_group_survives_an_emptied_stream(both: Both) -> None:
    both.run_many("XDEL s 1-0 2-0 3-0\nXTRIM s MAXLEN 0" + STATE + "\nXADD s 4-0 f v" + STATE)
    both.run_many("XREADGROUP GROUP g c STREAMS s >\nXREADGROUP GROUP g c STREAMS s 0" + STATE)


@pytest.mark.usefixtures("a_group")
def test_a_destroyed_group_takes_its_pending_entries_along(both: Both) -> None:
    both.run_many("XGROUP DESTROY s g\nXGROUP CREATE s g $\nXPENDING s g" + STATE)


@pytest.mark.usefixtures("a_group")
def test_a_deleted_consumer_takes_its_pending_entries_along(both: Both) -> None:
    both.run_many(
        "XREADGROUP GROUP g d STREAMS s >\nXGROUP DELCONSUMER s g c\nXPENDING s g" + STATE
    )
