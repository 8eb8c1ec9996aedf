"""Moves between files: each format to each other, nothing lost and nothing half done."""

from __future__ import annotations

from contextlib import nullcontext
from itertools import pairwise
from pathlib import Path
from tempfile import TemporaryDirectory

import hypothesis.strategies as st
import pytest
from hypothesis import given, settings

from geostream.store.keyspace import Keyspace
from geostream.tools.errors import ToolError
from geostream.tools.moving import Move, Wishes
from geostream.tools.new_stores import FileTarget
from geostream.tools.places import place_of
from geostream.tools.tally import Tally
from tests.persistence.formats.golden_files import GOLDEN, SERVERS
from tests.persistence.scripts import NOW_MS, Source
from tests.properties.test_replay import commands
from tests.tools.places import NAMES, everything, items, listing, rich, run, write

KINDS = sorted(NAMES)


def silent(some, _):
    return nullcontext(some)


def move(source, target, **wishes):
    done = Move(place_of(str(source)), place_of(str(target)), Wishes(**wishes), NOW_MS)
    done.run(silent)
    return done.tally


@pytest.mark.parametrize("to", KINDS)
@pytest.mark.parametrize("origin", KINDS)
def test_each_format_moves_to_each_other_with_all_there_is(origin, to, tmp_path):
    keyspace = rich()
    source, target = tmp_path / "from" / NAMES[origin], tmp_path / "to" / NAMES[to]
    write(source, keyspace)
    before = listing(tmp_path / "from")
    version = ["--version", 14] if to == "rdb" else []
    result = run("import", source, "--into", target, *version)
    assert result.exit_code == 0, result.output
    assert everything(target) == everything(keyspace)
    assert listing(tmp_path / "from") == before
    assert [path.name for path in target.parent.iterdir()] == [target.name]
    assert result.stdout.splitlines()[2].startswith(f"moved {len(items(keyspace))} keys")


@settings(max_examples=15)
@given(st.lists(st.tuples(commands, st.integers(0, 20)), max_size=60))
def test_any_store_comes_back_equal_from_a_round_through_all_formats(requests):
    source = Source()
    for request, passing_ms in requests:
        source.pass_time(passing_ms)
        source.execute(*request)
    with TemporaryDirectory() as name:
        route = [Path(name, place) for place in ("a.db", "b.rdb", "c.aof", "d.db")]
        write(route[0], source.keyspace)
        for one, other in pairwise(route):
            version = 14 if other.suffix == ".rdb" else None
            # The latest time there is: none of the keys has expired
            done = Move(
                place_of(str(one)), place_of(str(other)), Wishes(rdb_version=version), now_ms=0
            )
            done.run(silent)
        assert everything(route[-1]) == everything(source.keyspace)


def test_an_rdb_file_of_the_usual_version_says_what_it_cannot_hold(tmp_path):
    keyspace = rich()
    write(tmp_path / "a.db", keyspace)
    result = run("import", tmp_path / "a.db", "--into", tmp_path / "b.rdb")
    assert result.exit_code == 0
    assert everything(tmp_path / "b.rdb", 11) == everything(keyspace, 11)
    assert "the target cannot hold: 1 messages of producers" in result.stdout
    assert "pending entries of nobody, which were given to a consumer" in result.stdout


@pytest.mark.parametrize("kind", KINDS)
def test_a_dry_run_writes_nothing_and_says_the_same(kind, tmp_path):
    write(tmp_path / "a.db", rich())
    before = listing(tmp_path)
    target = tmp_path / NAMES[kind]
    planned = run("import", tmp_path / "a.db", "--into", target, "--dry-run")
    assert planned.exit_code == 0
    assert listing(tmp_path) == before
    version = ["--version", 14] if kind == "rdb" else []
    done = run("import", tmp_path / "a.db", "--into", target, *version)
    assert planned.stdout.replace("would move", "moved") == done.stdout


def small(**values):
    source = Source()
    for key, value in values.items():
        source.run([f"SET {key} {value}", f"XADD stream-{key} 1-1 f {value}"])
    return source.keyspace


@pytest.mark.parametrize("kind", KINDS)
def test_keys_that_the_target_has_are_left_alone_and_reported(kind, tmp_path):
    write(tmp_path / "a.db", small(one="new", two="new"))
    target = tmp_path / "to" / NAMES[kind]
    write(target, small(one="old", three="old"))
    tally = move(tmp_path / "a.db", target)
    assert (tally.total, tally.kept.some) == (2, ["one", "stream-one"])
    assert everything(target) == everything(small(one="old", three="old", two="new"))


@pytest.mark.parametrize("kind", KINDS)
def test_with_replace_they_are_replaced(kind, tmp_path):
    write(tmp_path / "a.db", small(one="new", two="new"))
    target = tmp_path / "to" / NAMES[kind]
    write(target, small(one="old", three="old"))
    planned = move(tmp_path / "a.db", target, replaces=True, dry_run=True)
    tally = move(tmp_path / "a.db", target, replaces=True)
    assert (tally.total, tally.replaced, tally.kept.count) == (4, 2, 0)
    tally.remarks.clear()  # opening the target says something
    assert planned == tally
    assert everything(target) == everything(small(one="new", three="old", two="new"))


def test_a_replaced_key_loses_its_old_expiry(tmp_path):
    write(tmp_path / "a.db", small(one="new"))
    old = Source()
    old.run(["SET one old PX 100000", "XADD s 1-1 f v"])
    write(tmp_path / "b.db", old.keyspace)
    move(tmp_path / "a.db", tmp_path / "b.db", replaces=True)
    assert everything(tmp_path / "b.db")[0][b"one"] == (b"new", None)


def test_only_keys_and_databases_that_were_asked_for_are_moved(tmp_path):
    source = Source()
    source.run(["SET a1 v", "SET a2 v", "SET b1 v", "SELECT 3", "SET a3 v", "SET b3 v"])
    write(tmp_path / "a.db", source.keyspace)
    tally = move(tmp_path / "a.db", tmp_path / "b.rdb", key=b"a*")
    assert (tally.total, tally.databases) == (3, {0, 3})
    tally = move(tmp_path / "a.db", tmp_path / "c.rdb", db=3)
    assert {key for keys in everything(tmp_path / "c.rdb").values() for key in keys} == {
        b"a3",
        b"b3",
    }


def test_keys_whose_time_has_come_are_not_moved(tmp_path):
    source = Source()
    source.run(["SET short v PX 10", "SET long v"])
    write(tmp_path / "a.db", source.keyspace)
    done = Move(
        place_of(str(tmp_path / "a.db")), place_of(str(tmp_path / "b.db")), Wishes(), NOW_MS + 100
    )
    done.run(silent)
    assert (done.tally.expired, done.tally.total) == (1, 1)
    assert list(everything(tmp_path / "b.db")[0]) == [b"long"]


class Unreadable(Exception):
    """The source breaks in the middle."""


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("is_there", [False, True])
def test_a_source_that_breaks_in_the_middle_leaves_the_target_as_it_was(kind, is_there, tmp_path):
    target = tmp_path / NAMES[kind]
    if is_there:
        write(target, small(one="old"))
    before = everything(target) if is_there else None

    def breaking():
        yield from items(small(two="new"))
        raise Unreadable

    with pytest.raises(Unreadable):
        FileTarget(place_of(str(target)), NOW_MS, replaces=True).put(breaking(), Tally())
    if is_there:
        assert everything(target) == before
    else:
        assert list(tmp_path.iterdir()) == []


def test_nothing_is_put_into_a_file_that_would_lose_what_it_holds(tmp_path):
    write(tmp_path / "a.db", small(one="new"))
    golden = GOLDEN / "redis-8.2.3/mixed.rdb"
    target = tmp_path / "mixed.rdb"
    target.write_bytes(golden.read_bytes())
    for wishes in ({"dry_run": True}, {}):
        with pytest.raises(ToolError, match="hash"):
            move(tmp_path / "a.db", target, **wishes)
    assert target.read_bytes() == golden.read_bytes()


@pytest.mark.parametrize("server", SERVERS)
def test_golden_files_move_with_their_left_outs_named(server, tmp_path):
    source = GOLDEN / server / "mixed.rdb"
    result = run("import", source, "--into", tmp_path / "a.aof")
    assert result.exit_code == 0, result.output
    assert "moved 4 keys (2 streams, 2 strings) in 2 databases" in result.stdout
    assert "not kept here: list: 3" in result.stdout
    assert "among them: 'skip:" in result.stdout
    assert everything(tmp_path / "a.aof") == everything(source)


def test_an_empty_directory_becomes_an_append_only_file(tmp_path):
    write(tmp_path / "a.db", small(one="new"))
    (tmp_path / "log").mkdir()
    result = run("import", tmp_path / "a.db", "--into", f"aof:{tmp_path / 'log'}")
    assert result.exit_code == 0, result.output
    assert everything(tmp_path / "log") == everything(small(one="new"))


def test_an_empty_store_moves_too(tmp_path):
    write(tmp_path / "a.db", Keyspace())
    assert move(tmp_path / "a.db", tmp_path / "b.rdb").total == 0
    assert everything(tmp_path / "b.rdb") == {}
