"""XPENDING, XCLAIM and XAUTOCLAIM, where replies alone do not tell everything."""

import pytest

from geostream import errors
from geostream.reply import NULL_ARRAY
from geostream.store.effects import Claimed, ConsumerSeen, GroupMoved, PendingRemoved
from tests.support.engines import make_engine

NOW_MS = 1_000_000


@pytest.fixture
def bench():
    made = make_engine(now_ms=NOW_MS)
    for ms in range(1, 6):
        made.execute(f"XADD s {ms}-0 f v")
    made.execute("XGROUP CREATE s g 0")
    made.execute("XREADGROUP GROUP g a STREAMS s >")
    made.execute("XGROUP CREATECONSUMER s g b")
    return made


@pytest.fixture
def effects(bench):
    """What the commands after this change, without who was seen when."""
    noted = []
    bench.engine.listeners.append(
        lambda journal: noted.extend(each for each in journal if type(each) is not ConsumerSeen)
    )
    return noted


def test_one_consumers_pending_ids_are_a_list(bench):
    bench.execute("XCLAIM s g b 0 2-0 4-0")
    assert bench.execute("XPENDING s g a") == [b"1-0", b"3-0", b"5-0"]
    assert bench.execute("XPENDING s g nobody") == []
    assert bench.execute("XPENDING s g IDLE").line.decode() == errors.SYNTAX


def test_an_empty_summary_has_nulls_of_two_kinds(bench):
    bench.execute("XACK s g 1 2 3 4 5")
    assert bench.execute("XPENDING s g") == [0, None, None, NULL_ARRAY]


def test_released_entries_have_no_consumer_and_pass_the_idle_filter(bench):
    bench.execute("XNACK s g FAIL IDS 2 2-0 4-0")
    assert bench.execute("XPENDING s g IDLE 1000 - + 10") == [
        [b"2-0", b"", -1, 1],
        [b"4-0", b"", -1, 1],
    ]
    assert bench.execute("XPENDING s g")[3] == [[b"a", b"3"]]


def test_an_id_claimed_twice_counts_twice_and_is_one_record(bench, effects):
    assert bench.execute("XCLAIM s g b 0 1-0 2-0 1-0 JUSTID") == [b"1-0", b"2-0", b"1-0"]
    assert effects == [
        Claimed(0, b"s", b"g", b"b", [((2, 0), NOW_MS, 1), ((1, 0), NOW_MS, 1)]),
    ]
    assert effects[0].changes == 3


def test_a_claim_cleans_up_what_has_no_entry(bench, effects):
    bench.execute("XDEL s 2-0")
    effects.clear()
    assert bench.execute("XCLAIM s g b 0 2-0 FORCE JUSTID") == []
    assert effects == [PendingRemoved(0, b"s", b"g", [(2, 0)])]
    assert effects[0].changes == 1


@pytest.mark.parametrize("claimed, changes", [("1-0", 0), ("9-0", 1)])
def test_lastid_counts_only_where_nothing_is_claimed(bench, effects, claimed, changes):
    bench.execute(f"XCLAIM s g b 0 {claimed} LASTID 7-0 JUSTID")
    assert effects[0] == GroupMoved(0, b"s", b"g", (7, 0), 5, told=False)
    assert effects[0].changes == changes


def test_autoclaim_goes_on_behind_what_it_looked_at(bench, effects):
    bench.execute("XDEL s 2-0")
    bench.execute("XCLAIM s g a 0 1-0 3-0 5-0 IDLE 100 JUSTID")
    effects.clear()
    assert bench.execute("XAUTOCLAIM s g b 100 0 COUNT 3 JUSTID") == [
        b"4-0",
        [b"1-0", b"3-0"],
        [b"2-0"],
    ]
    assert [effect.changes for effect in effects] == [1, 2]
    assert bench.execute("XAUTOCLAIM s g b 100 4-0 JUSTID") == [b"0-0", [b"5-0"], []]


def test_autoclaim_looks_at_ten_entries_for_each_it_may_claim(bench):
    for ms in range(6, 20):
        bench.execute(f"XADD s {ms}-0 f v")
    bench.execute("XREADGROUP GROUP g a STREAMS s >")
    assert bench.execute("XAUTOCLAIM s g b 1 0 COUNT 1 JUSTID") == [b"11-0", [], []]


def test_a_refused_claim_changes_nothing(bench, effects):
    bench.execute("XCLAIM s g new 0 1-0 IDLE x")
    bench.execute("XCLAIM s g new 0 1-0 FOO")
    bench.execute("XAUTOCLAIM s g new 0 0 COUNT 0")
    assert effects == []
