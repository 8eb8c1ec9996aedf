"""Keys of any type: deleting, renaming, copying, moving."""

from __future__ import annotations

import pytest

from geostream.errors import CommandError
from geostream.reply import OK, Simple
from geostream.store.effects import Effect
from geostream.store.keyspace import Keyspace
from tests.support.engines import Bench, make_engine

STORY = """
    SET a 1 EX 100
    SET b 2
    APPEND b x
    SET c 3 EX 5
    RENAME a c
    COPY c d
    COPY b d REPLACE
    MOVE d 1
    SET e 4
    FLUSHDB
    SET f 5
    INCRBYFLOAT f 1
    XADD s 1-1 f v
    COPY s t
    SWAPDB 0 2
    SET g 6 PX 50
""".strip().splitlines()


def changes(bench: Bench, line: str) -> int:
    """Run a command; return how much it added to rdb_changes_since_last_save."""
    before = bench.engine.stats.changes_since_save
    assert not isinstance(bench.execute(line), CommandError)
    return bench.engine.stats.changes_since_save - before


def test_deleting_counts_each_key_once() -> None:
    bench = make_engine()
    bench.execute("MSET a 1 b 2")
    assert bench.execute("DEL a missing b a") == 2
    assert bench.execute("EXISTS a b") == 0


def test_a_key_named_twice_exists_twice() -> None:
    bench = make_engine()
    bench.execute("SET a 1")
    assert bench.execute("EXISTS a a missing") == 2
    assert bench.execute("TOUCH a missing") == 1
    assert bench.execute("TYPE a") == Simple(b"string")
    assert bench.execute("TYPE missing") == Simple(b"none")


def test_a_renamed_key_takes_its_expiry_along_and_replaces_another() -> None:
    bench = make_engine()
    bench.execute("SET a 1 EX 100")
    bench.execute("SET b 2 EX 5")
    assert bench.execute("RENAME a b") is OK
    assert (bench.execute("GET b"), bench.execute("TTL b")) == (b"1", 100)
    bench.execute("SET c 3")
    bench.execute("RENAME c b")
    assert (bench.execute("GET b"), bench.execute("TTL b")) == (b"3", -1)


def test_renaming_to_a_taken_name_is_refused_by_renamenx() -> None:
    bench = make_engine()
    bench.execute("MSET a 1 b 2")
    assert bench.execute("RENAMENX a b") == 0
    assert bench.execute("RENAMENX a a") == 0
    assert bench.execute("RENAMENX a c") == 1
    assert bench.execute("RENAME missing missing").line == b"ERR no such key"


def test_a_copied_stream_lives_its_own_life() -> None:
    bench = make_engine()
    bench.execute("XADD s 1-1 f v")
    bench.execute("XGROUP CREATE s g 0")
    assert bench.execute("COPY s t") == 1
    bench.execute("XADD s 2-1 f v")
    bench.execute("XGROUP DESTROY s g")
    assert bench.execute("XLEN t") == 1
    assert bench.execute("XGROUP CREATE t g 0").line.startswith(b"BUSYGROUP")
    assert bench.execute("COPY s t") == 0
    assert bench.execute("COPY s t REPLACE") == 1
    assert bench.execute("XLEN t") == 2


@pytest.mark.parametrize(
    ("line", "error"),
    [
        ("COPY a a", b"ERR source and destination objects are the same"),
        ("COPY a b DB 16 FOO", b"ERR DB index is out of range"),
        ("COPY a b FOO DB 16", b"ERR syntax error"),
        ("COPY a b DB", b"ERR syntax error"),
        ("MOVE a 0", b"ERR source and destination objects are the same"),
        ("MOVE a x", b"ERR value is not an integer or out of range"),
        (
            "MOVE a 99999999999",
            b"ERR value is out of range, value must between -2147483648 and 2147483647",
        ),
    ],
)
def test_the_first_mistake_is_told(line: str, error: bytes) -> None:
    assert make_engine().execute(line).line == error


def test_a_key_is_moved_only_where_there_is_room() -> None:
    bench = make_engine()
    bench.execute("SET a 1 EX 100")
    assert bench.execute("MOVE a 1") == 1
    bench.execute("SET a 2")
    assert bench.execute("MOVE a 1") == 0
    bench.execute("SELECT 1")
    assert (bench.execute("GET a"), bench.execute("TTL a")) == (b"1", 100)


def test_each_change_counts_once_however_many_effects_it_has() -> None:
    bench = make_engine()
    assert changes(bench, "SET a 1 EX 100") == 1
    assert changes(bench, "SET a 1") == 1
    assert changes(bench, "EXPIRE a 100") == 1
    assert changes(bench, "PERSIST a") == 1
    assert changes(bench, "MSET b 2 c 3") == 2
    assert changes(bench, "RENAME b c") == 1
    assert changes(bench, "RENAME c c") == 0
    assert changes(bench, "COPY a c REPLACE") == 1
    assert changes(bench, "MOVE c 1") == 1
    assert changes(bench, "SWAPDB 0 0") == 1
    assert changes(bench, "DEL a missing") == 1
    assert changes(bench, "FLUSHDB") == 0
    assert changes(bench, "FLUSHALL") == 1


def test_replaying_what_happened_to_keys_gives_the_same_keys() -> None:
    bench = make_engine()
    journal: list[Effect] = []
    bench.engine.listeners.append(journal.extend)
    for line in STORY:
        assert not isinstance(bench.execute(line), CommandError)
    bench.advance(60)
    bench.execute("GET g")
    again = Keyspace()
    again.replay(journal)
    for ours, theirs in zip(bench.engine.keyspace.databases, again.databases, strict=True):
        assert list(ours.values) == list(theirs.values)
        assert ours.expiries == theirs.expiries
        assert sorted(ours.scan(0, 100)[1]) == sorted(theirs.scan(0, 100)[1])
