"""XGROUP and XINFO, where replies alone do not tell everything."""

import pytest

from geostream import errors
from geostream.reply import OK
from geostream.store.effects import GroupCreated, GroupMoved, StreamCreated
from tests.support.engines import make_engine


@pytest.fixture
def bench():
    made = make_engine()
    made.execute("XADD s 1-0 f v")
    made.execute("XADD s 2-0 f v")
    return made


@pytest.fixture
def effects(bench):
    noted = []
    bench.engine.listeners.append(noted.extend)
    return noted


def test_a_group_on_a_new_key_is_two_changes(bench, effects):
    assert bench.execute("XGROUP CREATE new g $ MKSTREAM ENTRIESREAD 9") == OK
    assert effects == [
        StreamCreated(0, b"new", 100, 100),
        GroupCreated(0, b"new", b"g", (0, 0), 0),
    ]


def test_a_refused_group_makes_no_key(bench, effects):
    assert bench.execute("XGROUP CREATE new g zzz MKSTREAM").line.decode() == errors.ID_INVALID
    assert effects == []


def test_setting_the_position_forgets_the_counter_unless_told(bench, effects):
    bench.execute("XGROUP CREATE s g 0 ENTRIESREAD 1")
    effects.clear()
    bench.execute("XGROUP SETID s g +")
    bench.execute("XGROUP SETID s g - ENTRIESREAD 99")
    assert effects == [
        GroupMoved(0, b"s", b"g", (2**64 - 1, 2**64 - 1), None, told=True),
        GroupMoved(0, b"s", b"g", (0, 0), 2, told=True),
    ]


def test_the_subcommand_is_repeated_as_typed(bench):
    bench.execute("XGROUP CREATE s g 0")
    for words in ("SeTiD s g 0 ENTRIESREAD 1 ENTRIESREAD 2", "SeTiD s g 0 FOO"):
        line = bench.execute(f"XGROUP {words}").line
        assert (
            line == b"ERR unknown subcommand or wrong number of arguments for 'SeTiD'."
            b" Try XGROUP HELP."
        )


def test_a_deleted_consumer_takes_its_pending_entries_along(bench):
    bench.execute("XGROUP CREATE s g 0")
    bench.execute("XREADGROUP GROUP g c STREAMS s >")
    assert bench.execute("XGROUP DELCONSUMER s g c") == 2
    assert bench.execute("XGROUP DELCONSUMER s g c") == 0
    assert bench.execute("XPENDING s g")[0] == 0


def test_full_information_shows_ten_of_each_list_unless_told(bench):
    for ms in range(3, 16):
        bench.execute(f"XADD s {ms}-0 f v")
    bench.execute("XGROUP CREATE s g 0")
    bench.execute("XREADGROUP GROUP g c STREAMS s >")
    for words, count in (("FULL", 10), ("FULL COUNT 3", 3), ("full count 0", 15)):
        about = bench.execute(f"XINFO STREAM s {words}")
        [group] = about[b"groups"]
        assert b"".join(about[b"entries"].pieces).startswith(b"*%d\r\n" % count)
        assert len(group[b"pending"]) == len(group[b"consumers"][0][b"pending"]) == count
        assert group[b"pel-count"] == 15


def test_an_empty_stream_has_no_first_and_last_entry(bench):
    bench.execute("XDEL s 1-0 2-0")
    about = bench.execute("XINFO STREAM s")
    assert (about[b"first-entry"], about[b"last-entry"]) == (None, None)
    assert about[b"max-deleted-entry-id"] == b"2-0"
