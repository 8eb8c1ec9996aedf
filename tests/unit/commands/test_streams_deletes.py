"""XDEL, XDELEX and XACKDEL: what goes, what stays pending, what is counted."""

import pytest

from geostream.store.effects import EntriesDeleted, PendingRemoved
from tests.support.engines import make_engine


@pytest.fixture
def bench():
    made = make_engine()
    for ms in (1, 2, 3):
        made.execute(f"XADD s {ms}-0 f v")
    for group in ("g", "h"):
        made.execute(f"XGROUP CREATE s {group} 0")
        made.execute(f"XREADGROUP GROUP {group} c STREAMS s >")
    return made


@pytest.fixture
def effects(bench):
    noted = []
    bench.engine.listeners.append(noted.extend)
    return noted


def test_an_entry_is_deleted_once_and_stays_pending(bench, effects):
    assert bench.execute("XDEL s 2-0 2-0 9-9 1-0") == 2
    assert effects == [EntriesDeleted(0, b"s", [(2, 0), (1, 0)], (2, 0), by_trimming=False)]
    assert effects[0].changes == 2
    assert bench.execute("XPENDING s g")[0] == 3


def test_references_go_from_all_groups_even_without_an_entry(bench, effects):
    bench.execute("XDEL s 1-0")
    effects.clear()
    assert bench.execute("XDELEX s DELREF IDS 2 1-0 2-0") == [-1, 1]
    both = [(1, 0), (2, 0)]
    assert effects == [
        PendingRemoved(0, b"s", b"g", both),
        PendingRemoved(0, b"s", b"h", both),
        EntriesDeleted(0, b"s", [(2, 0)], (2, 0), by_trimming=False),
    ]
    assert [effect.changes for effect in effects] == [0, 0, 1]


def test_an_entry_is_kept_until_the_last_group_acknowledges_it(bench, effects):
    assert bench.execute("XACKDEL s g ACKED IDS 2 1-0 1-0") == [2, -1]
    assert bench.execute("XDELEX s ACKED IDS 1 1-0") == [2]
    effects.clear()
    assert bench.execute("XACKDEL s h ACKED IDS 1 1-0") == [1]
    assert effects == [
        PendingRemoved(0, b"s", b"h", [(1, 0)]),
        EntriesDeleted(0, b"s", [(1, 0)], (1, 0), by_trimming=False),
    ]
    assert [effect.changes for effect in effects] == [1, 0]


def test_a_bad_id_among_good_ones_deletes_nothing(bench, effects):
    for words in ("XDEL s 1-0 x", "XDELEX s IDS 2 1-0 x", "XACKDEL s g IDS 2 1-0 x"):
        assert bench.execute(words).line.startswith(b"ERR Invalid stream ID")
    assert effects == []
