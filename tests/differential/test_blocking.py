"""Blocking reads on live connections: who is served, with what, in which order.

"Waits" means: both servers list the client as blocked and have sent it nothing.
The scenarios are those of streams.md's Annex A.11, by their numbers there.
"""

from __future__ import annotations

import time

import pytest

from tests.support.both import Both, until
from tests.support.servers import VALKEY
from tests.support.wire import NULL, NULL_ARRAY

pytestmark = pytest.mark.real_redis


@pytest.fixture
def group(both: Both) -> None:
    both.run("XGROUP CREATE s g $ MKSTREAM")


def readers(both: Both, count: int, options: str = "BLOCK 0") -> list[Both]:
    """Block as many consumers of group g, in order."""
    return [
        both.wait_with(f"XREADGROUP GROUP g c{n} {options} STREAMS s >")
        for n in range(1, count + 1)
    ]


def transaction(both: Both, *lines: str) -> None:
    both.run_many("\n".join(["MULTI", *lines, "EXEC"]))


@pytest.mark.usefixtures("group")
def test_the_first_to_wait_is_served_first(both: Both) -> None:  # 1, 2
    first, second, third = readers(both, 3)
    both.run("XINFO CONSUMERS s g")
    both.run("XADD s 1-0 f 1")
    first.read()
    both.assert_waits(second, third)
    transaction(both, "XADD s 2-0 f 1", "XADD s 3-0 f 1")
    second.read()
    both.assert_waits(third)
    both.run("XPENDING s g - + 10")
    both.run("XINFO GROUPS s")


@pytest.mark.usefixtures("group")
def test_with_a_count_each_waiter_gets_its_share(both: Both) -> None:  # 3
    first, second = readers(both, 2, "COUNT 1 BLOCK 0")
    transaction(both, "XADD s 1-0 f 1", "XADD s 2-0 f 1")
    first.read()
    second.read()
    both.run("XPENDING s g - + 10")


@pytest.mark.usefixtures("group")
def test_a_fruitless_wake_up_keeps_the_place_in_line(both: Both) -> None:  # 4
    waiters = readers(both, 3)
    transaction(both, "XADD s 1-0 f 1", "XDEL s 1-0")
    both.assert_waits(*waiters)
    waiters.append(both.wait_with("XREADGROUP GROUP g c4 BLOCK 0 STREAMS s >"))
    for n, waiter in enumerate(waiters):
        both.run(f"XADD s {n + 2}-0 f 1")
        waiter.read()
        both.assert_waits(*waiters[n + 1 :])


@pytest.mark.usefixtures("group")
def test_a_fruitless_wake_up_keeps_the_deadline(both: Both) -> None:  # 5
    started_s = time.monotonic()
    waiter = both.wait_with("XREADGROUP GROUP g c BLOCK 400 STREAMS s >")
    until(lambda: time.monotonic() > started_s + 0.2, "half the time is over")
    transaction(both, "XADD s 1-0 f 1", "XDEL s 1-0")
    both.assert_waits(waiter)
    assert waiter.read() in (NULL_ARRAY, NULL)
    assert 0.39 < time.monotonic() - started_s < 0.58


@pytest.mark.usefixtures("group")
@pytest.mark.parametrize(
    "lines",
    [
        ["XGROUP DESTROY s g"],
        ["DEL s"],
        ["UNLINK s"],
        ["FLUSHALL"],
        ["FLUSHDB"],
        ["RENAME s t"],
        ["PEXPIRE s -1"],
        ["SWAPDB 0 1"],
        ["MOVE s 3"],
        ["SET s x"],
        ["SET s x", "DEL s"],
        ["MULTI", "DEL s", "SET s x", "EXEC"],
        ["MULTI", "DEL s", "XADD s 1-0 f v", "EXEC"],
        ["MULTI", "XGROUP DESTROY s g", "XGROUP CREATE s h 0", "EXEC"],
        ["SET other x", "RENAME other s"],
        ["XADD other 1-0 f v", "COPY other s REPLACE"],
    ],
    ids=" ".join,
)
def test_a_reader_whose_key_or_group_goes_away_gets_an_error(both: Both, lines: list[str]) -> None:
    first, second = readers(both, 2)  # 6, 7
    both.run_many("\n".join(lines))
    first.read()
    second.read()


@pytest.mark.usefixtures("group")
def test_a_reader_whose_key_expires_gets_an_error(both: Both) -> None:  # 6
    waiter = both.wait_with("XREADGROUP GROUP g c BLOCK 0 STREAMS s >")
    both.run("PEXPIRE s 30")
    waiter.read()


@pytest.mark.usefixtures("group")
def test_what_counts_is_the_state_after_the_transaction(both: Both) -> None:  # 8
    (waiter,) = readers(both, 1)
    transaction(both, "DEL s", "XGROUP CREATE s g $ MKSTREAM", "XADD s 5-0 f 1")
    waiter.read()
    both.run("XINFO STREAM s FULL")


def test_the_error_names_the_key_that_lost_its_group(both: Both) -> None:  # 9
    both.run_many("XGROUP CREATE x g $ MKSTREAM\nXGROUP CREATE y g $ MKSTREAM")
    waiter = both.wait_with("XREADGROUP GROUP g c BLOCK 0 STREAMS x y > >")
    both.run("XGROUP DESTROY y g")
    waiter.read()


def test_xread_waits_for_a_key_to_come(both: Both) -> None:  # 10
    waiters = [both.wait_with("XREAD BLOCK 0 STREAMS s $") for _ in range(3)]
    for line in ("SET s x", "DEL s", "SET s y", "DEL s"):
        both.run(line)
        both.assert_waits(*waiters)
    both.run("XADD s 1-0 f 1")
    for waiter in waiters:
        waiter.read()


def test_every_stream_with_data_is_in_the_reply(both: Both) -> None:  # 11
    waiter = both.wait_with("XREAD BLOCK 0 STREAMS x y z $ $ $")
    transaction(both, "XADD z 1-0 f 1", "XADD x 1-0 f 1")
    waiter.read()


def test_a_key_named_twice(both: Both) -> None:  # 12
    waiter = both.wait_with("XREAD BLOCK 0 STREAMS x x 5 1")
    both.run("XADD x 2-0 f 1")
    waiter.read()


def test_an_entry_trimmed_at_once_wakes_nobody(both: Both) -> None:  # 13
    waiter = both.wait_with("XREAD BLOCK 0 STREAMS s $")
    both.run("XADD s MAXLEN 0 3-0 f 1")
    both.assert_waits(waiter)
    both.run("XADD s 4-0 f 1")
    waiter.read()


def test_waiting_for_the_last_entry(both: Both) -> None:  # 14
    waiter = both.wait_with("XREAD BLOCK 0 STREAMS s +")
    transaction(both, "XADD s 1-1 f 1", "XADD s 2-1 f 1")
    waiter.read()


def test_a_dollar_is_an_id_once_and_for_all(both: Both) -> None:  # 15
    both.run("XADD s 6-1 f 1")
    waiter = both.wait_with("XREAD BLOCK 0 STREAMS s $")
    both.run("DEL s")
    both.run("XADD s 1-1 f 1")
    both.assert_waits(waiter)
    both.run("XADD s 7-1 f 1")
    waiter.read()


def test_xread_sees_a_wrong_type_when_another_key_wakes_it(both: Both) -> None:  # 16
    waiter = both.wait_with("XREAD BLOCK 0 STREAMS a b $ $")
    both.run("SET b x")
    both.assert_waits(waiter)
    both.run("XADD a 1-0 f 1")
    waiter.read()


def test_xread_sees_a_wrong_type_when_a_group_makes_another_key(both: Both) -> None:
    waiter = both.wait_with("XREAD BLOCK 0 STREAMS a b $ $")
    both.run("SET b x")
    both.assert_waits(waiter)
    both.run("XGROUP CREATE a g $ MKSTREAM")
    waiter.read()


@pytest.mark.parametrize(
    "lines",
    [
        ["XADD s 5-0 f v", "SET s x"],
        ["XADD s 5-0 f v", "COPY text s REPLACE"],
        ["COPY other s REPLACE", "SET s x"],
        ["XADD s 5-0 f v", "RENAME text s"],
        ["XADD s 5-0 f v", "DEL s"],
        ["XADD s 5-0 f v", "RENAME s elsewhere"],
    ],
    ids=" ".join,
)
def test_xread_waits_on_if_what_came_is_gone_again(both: Both, lines: list[str]) -> None:
    both.run_many("XADD s 1-0 f v\nXADD other 9-0 f v\nSET text x")
    waiter = both.wait_with("XREAD BLOCK 0 STREAMS s z $ $")
    transaction(both, *lines)
    both.assert_waits(waiter)
    both.run("XADD z 1-0 f v")
    waiter.read()


@pytest.mark.parametrize(
    "lines",
    ["COPY from d", "RENAME from d", "SELECT 1\nMOVE d 0", "SWAPDB 0 1"],
)
def test_a_stream_that_arrives_under_the_name_serves(both: Both, lines: str) -> None:  # 17
    both.run_many("XADD from 1-0 f 1\nSELECT 1\nXADD d 2-0 f 1\nSELECT 0")
    waiter = both.wait_with("XREAD BLOCK 0 STREAMS d 0")
    both.run_many(lines)
    waiter.read()


def test_a_restored_stream_serves(both: Both) -> None:  # 17
    both.run("XADD from 1-0 f 1")
    waiter = both.wait_with("XREAD BLOCK 0 STREAMS d 0")
    ours, theirs = both.ask("DUMP from")
    assert isinstance(ours, bytes)
    both.ours.send("RESTORE", "d", 0, ours)
    both.theirs.send("RESTORE", "d", 0, theirs)
    both.read()
    waiter.read()


@pytest.mark.usefixtures("group")
def test_readers_of_both_kinds_share_a_key(both: Both) -> None:  # 18
    (consumer,) = readers(both, 1, "BLOCK 0 NOACK")
    reader = both.wait_with("XREAD BLOCK 0 STREAMS s $")
    both.run("XADD s 1-0 f 1")
    consumer.read()
    reader.read()
    both.run("XPENDING s g")


def test_what_is_pipelined_behind_a_blocked_command_waits_too(both: Both) -> None:  # 19
    waiter = both.another()
    waiter.learn_ids()
    waiter.send("XREAD BLOCK 0 STREAMS s $")
    waiter.send("PING")
    waiter.send("XLEN s")
    both.until_waits(waiter)
    both.run("XADD s 1-0 f 1")
    waiter.read()
    waiter.read()
    waiter.read()


def blocked_clients(both: Both) -> tuple[int, int]:
    found = []
    for reply in both.ask("INFO clients"):
        text = reply if isinstance(reply, bytes) else reply.text
        line = next(row for row in text.splitlines() if row.startswith(b"blocked_clients:"))
        found.append(int(line.split(b":")[1]))
    return found[0], found[1]


@pytest.mark.usefixtures("group")
def test_a_client_that_hung_up_is_given_nothing(both: Both) -> None:  # 20
    dead, alive = readers(both, 2)
    dead.close()
    until(lambda: blocked_clients(both) == (1, 1), "the dead client is gone")
    both.run("XADD s 1-0 f 1")
    alive.read()
    both.run("XPENDING s g")
    both.run("XINFO CONSUMERS s g")


@pytest.mark.usefixtures("group")
def test_a_killed_waiter_is_given_nothing(both: Both) -> None:
    dead, alive = readers(both, 2)
    replies = (
        both.ours.call("CLIENT", "KILL", "ID", dead.client_ids[0]),
        both.theirs.call("CLIENT", "KILL", "ID", dead.client_ids[1]),
    )
    assert replies == (1, 1)
    assert dead.ours.is_closed()
    both.run("XADD s 1-0 f 1")
    alive.read()
    both.run("XPENDING s g")


@pytest.mark.usefixtures("group")
@pytest.mark.parametrize(
    "line",
    [
        "XSETID s 9-9",
        "XTRIM s MAXLEN 0",
        "XDEL s 1-0",
        "XGROUP SETID s g 0",
        "XGROUP CREATE s h 0",
        "XGROUP CREATECONSUMER s g other",
        "XACK s g 1-0",
        "XCLAIM s g other 0 1-0",
        "EXPIRE s 100",
        "XGROUP DELCONSUMER s g c1",
        "TOUCH s",
    ],
)
def test_what_adds_nothing_wakes_nobody(both: Both, line: str) -> None:
    both.run_many("XADD s 1-0 f v\nXGROUP SETID s g $")
    waiter = both.wait_with("XREADGROUP GROUP g c1 BLOCK 0 STREAMS s >")
    reader = both.wait_with("XREAD BLOCK 0 STREAMS s $")
    both.run(line)
    both.assert_waits(waiter, reader)


@pytest.mark.usefixtures("group")
def test_a_group_set_back_serves_old_entries_at_the_next_wake_up(both: Both) -> None:
    both.run_many("XADD s 1-0 f v\nXADD s 2-0 f v\nXGROUP SETID s g $")
    (waiter,) = readers(both, 1)
    both.run("XGROUP SETID s g 0")
    both.assert_waits(waiter)
    both.run("XADD s 3-0 f v")
    waiter.read()
    both.run("XINFO GROUPS s")


@pytest.mark.usefixtures("group")
def test_an_entry_taken_by_another_command_leaves_the_waiter_waiting(both: Both) -> None:
    (waiter,) = readers(both, 1)
    transaction(both, "XADD s 1-0 f v", "XREADGROUP GROUP g quick STREAMS s >")
    both.assert_waits(waiter)
    both.run("XADD s 2-0 f v")
    waiter.read()
    both.run("XPENDING s g - + 10")


@pytest.mark.usefixtures("group")
def test_two_groups_are_served_independently(both: Both) -> None:
    both.run("XGROUP CREATE s h $")
    first = both.wait_with("XREADGROUP GROUP g c BLOCK 0 STREAMS s >")
    second = both.wait_with("XREADGROUP GROUP h c BLOCK 0 STREAMS s >")
    third = both.wait_with("XREADGROUP GROUP g d BLOCK 0 STREAMS s >")
    both.run("XADD s 1-0 f v")
    first.read()
    second.read()
    both.assert_waits(third)


def test_a_wait_for_several_keys_of_a_group(both: Both) -> None:
    for key in "xyz":
        both.run(f"XGROUP CREATE {key} g $ MKSTREAM")
    waiter = both.wait_with("XREADGROUP GROUP g c BLOCK 0 STREAMS x y z > > >")
    transaction(both, "XADD z 1-0 f v", "XADD y 1-0 f v", "XADD z 2-0 f v")
    waiter.read()
    both.run_many("XPENDING x g\nXPENDING y g\nXPENDING z g")


@pytest.mark.usefixtures("group")
def test_waiters_in_different_databases_do_not_meet(both: Both) -> None:
    elsewhere = both.another()
    elsewhere.run("SELECT 5")
    elsewhere.learn_ids()
    elsewhere.send("XREAD BLOCK 0 STREAMS s $")
    both.until_waits(elsewhere)
    both.run("XADD s 1-0 f v")
    both.assert_waits(elsewhere)
    both.run_many("SELECT 5\nXADD s 2-0 f v\nSELECT 0")
    elsewhere.read()


@pytest.mark.usefixtures("group")
def test_seen_time_of_a_blocked_consumer(both: Both) -> None:
    (waiter,) = readers(both, 1)
    both.run("XINFO CONSUMERS s g")
    both.run("XADD s 1-0 f v")
    waiter.read()
    both.run("XINFO CONSUMERS s g")
    both.run("XINFO STREAM s FULL")


@pytest.mark.usefixtures("group")
def test_time_is_up(both: Both) -> None:
    waiters = [
        both.wait_with("XREADGROUP GROUP g c BLOCK 120 STREAMS s >"),
        both.wait_with("XREAD BLOCK 120 STREAMS s missing $ 0"),
    ]
    for waiter in waiters:
        waiter.read()
        waiter.run("PING")


@pytest.mark.lacks(VALKEY)
@pytest.mark.usefixtures("group")
def test_acknowledging_and_deleting_wakes_nobody(both: Both) -> None:
    both.run_many("XADD s 1-0 f v\nXREADGROUP GROUP g c STREAMS s >")
    (waiter,) = readers(both, 1)
    both.run_many("XACKDEL s g IDS 1 1-0\nXDELEX s IDS 1 1-0")
    both.assert_waits(waiter)
