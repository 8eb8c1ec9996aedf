"""MULTI, EXEC, DISCARD, WATCH: replies, what aborts, what dirties a watched key."""

from __future__ import annotations

import pytest

from tests.support.both import Both
from tests.support.servers import VALKEY

pytestmark = pytest.mark.real_redis


def test_a_transaction(both: Both) -> None:
    both.run_many(
        """
        MULTI
        XADD s 1-1 f v
        XADD s 1-1 f v
        XRANGE s - +
        XLEN s
        EXEC
        EXEC
        DISCARD
        MULTI
        EXEC
        MULTI
        XADD s 2-1 f v
        DISCARD
        XLEN s
        MULTI x
        MULTI
        GET s
        SELECT 3
        XADD s 5-5 f v
        EXEC
        XLEN s
        SELECT 0
        XLEN s
        """
    )


def test_an_error_while_queueing_aborts(both: Both) -> None:
    for wrong in ("FOO x", "XADD s", "XGROUP FOO bar", "XGROUP CREATE s", "XLEN", "EXEC x"):
        both.run_many(f"MULTI\nXADD s 1-1 f v\n{wrong}\nXLEN s\nEXEC\nXLEN s\nEXEC")


def test_an_error_while_executing_does_not(both: Both) -> None:
    both.run_many(
        """
        SET t x
        MULTI
        XADD t 1-1 f v
        XADD s 1-1 f v
        XADD s x f v
        XGROUP CREATE missing g 0
        XREADGROUP GROUP g c STREAMS missing >
        XADD s 2-1 f v
        EXEC
        XLEN s
        """
    )


@pytest.mark.lacks(VALKEY)  # there it aborts the transaction, and says so differently
@pytest.mark.parametrize("line", ["MULTI", "WATCH s"])
def test_what_makes_no_sense_inside_is_refused_and_forgiven(both: Both, line: str) -> None:
    both.run_many(f"MULTI\n{line}\nXADD s 1-1 f v\nEXEC")


@pytest.mark.lacks(VALKEY)  # it names the command
@pytest.mark.parametrize("line", ["SAVE", "SHUTDOWN NOSAVE"])
def test_what_is_not_allowed_inside(both: Both, line: str) -> None:
    both.run_many(f"MULTI\n{line}\nXLEN s\nEXEC")


def test_outside(both: Both) -> None:
    both.run_many(
        "EXEC\nDISCARD\nEXEC x\nDISCARD x\nUNWATCH\nUNWATCH x\nWATCH\nWATCH a b a\nMULTI\nEXEC"
    )


WRITES = {
    "xadd": "XADD s 50-1 f v",
    "xadd in vain": "XADD s 1-1 f v",
    "xadd trims": "XADD s MAXLEN 1 50-1 f v",
    "xtrim": "XTRIM s MAXLEN 1",
    "xtrim nothing": "XTRIM s MAXLEN 100",
    "xdel": "XDEL s 1-0",
    "xdel nothing": "XDEL s 9-9",
    "xsetid": "XSETID s 60-0",
    "group create": "XGROUP CREATE s n 0",
    "group create mkstream": "XGROUP CREATE s n 0 MKSTREAM",
    "group setid": "XGROUP SETID s g 0",
    "group destroy": "XGROUP DESTROY s g",
    "createconsumer": "XGROUP CREATECONSUMER s g n",
    "delconsumer": "XGROUP DELCONSUMER s g c",
    "xreadgroup": "XREADGROUP GROUP g c STREAMS s >",
    "xreadgroup history": "XREADGROUP GROUP g c STREAMS s 0",
    "xreadgroup new consumer": "XREADGROUP GROUP g n STREAMS s >",
    "xack": "XACK s g 1-0",
    "xclaim": "XCLAIM s g d 0 1-0",
    "xautoclaim": "XAUTOCLAIM s g d 0 0",
    "xautoclaim ghost": "XDEL t 1-0",
    "del": "DEL s",
    "unlink": "UNLINK s",
    "expire": "EXPIRE s 100",
    "expire past": "EXPIRE s -1",
    "persist": "PERSIST s",
    "rename away": "RENAME s other",
    "rename over": "RENAME t s",
    "copy over": "COPY t s REPLACE",
    "copy from": "COPY s other",
    "move": "MOVE s 3",
    "set": "SET s x",
    "flushdb": "FLUSHDB",
    "flushall": "FLUSHALL",
    "swapdb": "SWAPDB 0 1",
    "swapdb others": "SWAPDB 2 3",
    "touch": "TOUCH s",
    "xrange": "XRANGE s - +",
    "xinfo": "XINFO STREAM s FULL",
    "create": "XADD missing 1-1 f v",
    "create group": "XGROUP CREATE missing g 0 MKSTREAM",
    "set missing": "SET missing x",
    "delete missing": "DEL missing",
    "failing": "XADD missing NOMKSTREAM 1-1 f v",
    "in vain missing": "XADD missing 0-0 f v",
}
NEW_WRITES = {
    "xdelex": "XDELEX s IDS 1 1-0",
    "xdelex nothing": "XDELEX s IDS 1 9-9",
    "xackdel": "XACKDEL s g IDS 1 1-0",
    "xackdel nothing": "XACKDEL s g IDS 1 9-9",
    "xdelex delref only": "XDELEX s DELREF IDS 1 2-0",
    "xackdel of a ghost": "XACKDEL s g IDS 1 2-0",
}


def _watch_and_write(both: Both, line: str) -> None:
    both.run_many(
        """
        XADD s 1-0 f v
        XADD s 2-0 f v
        XADD s 3-0 f v
        XGROUP CREATE s g 0
        XREADGROUP GROUP g c COUNT 2 STREAMS s >
        XDEL s 2-0
        XADD t 1-0 f v
        """
    )
    writer = both.another()
    for key in ("s", "missing", "t"):
        both.run("WATCH", key)
    writer.run(line)
    both.run_many("MULTI\nPING\nEXEC")
    both.run_many("WATCH s\nMULTI\nPING\nEXEC")
    both.run("WATCH s")
    both.run(line)
    both.run_many("MULTI\nPING\nEXEC")


@pytest.mark.parametrize("case", WRITES)
def test_what_dirties_a_watched_key(both: Both, case: str) -> None:
    _watch_and_write(both, WRITES[case])


@pytest.mark.lacks(VALKEY)
@pytest.mark.parametrize("case", NEW_WRITES)
def test_what_new_commands_dirty(both: Both, case: str) -> None:
    _watch_and_write(both, NEW_WRITES[case])


def test_unwatch_and_discard_forget(both: Both) -> None:
    both.run_many(
        """
        WATCH s
        XADD s 1-1 f v
        UNWATCH
        MULTI
        PING
        EXEC
        WATCH s
        XADD s 2-1 f v
        MULTI
        DISCARD
        MULTI
        PING
        EXEC
        WATCH s
        XADD s 3-1 f v
        MULTI
        XADD s 4-1 f v
        EXEC
        XLEN s
        MULTI
        XADD s 4-1 f v
        EXEC
        """
    )


def test_a_watched_key_that_expires(both: Both) -> None:
    both.run_many("XADD s 1-1 f v\nPEXPIRE s 20\nWATCH s")
    while any(reply == 1 for reply in both.ask("EXISTS s")):
        pass
    both.run_many("MULTI\nPING\nEXEC")
    both.run_many("WATCH s\nMULTI\nPING\nEXEC")


def test_time_stands_still_inside(both: Both) -> None:
    both.run_many("XADD s 99999999999999-0 f v\nMULTI\nXADD s * f v\nXADD s * f v\nEXEC")
    both.run("MULTI")
    for _ in range(3):
        both.run("XADD t * f v")
    replies = both.ask("EXEC")
    for ids in replies:
        first = ids[0].split(b"-")[0]
        assert ids == [first + b"-0", first + b"-1", first + b"-2"]
