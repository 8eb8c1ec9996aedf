"""Places to move data between, and what is in them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from click.testing import CliRunner, Result

from geostream.cli import main
from geostream.store.capture import image_at_once
from geostream.store.keyspace import Keyspace
from geostream.tools.items import Item, items_of
from geostream.tools.new_stores import FileTarget
from geostream.tools.places import FilePlace, place_of
from geostream.tools.stores import read_store
from geostream.tools.tally import Tally
from tests.persistence.formats.stored import kept
from tests.persistence.scripts import EVERY_EFFECT, HARD, NOW_MS, Source

NAMES = {"sqlite": "store.db", "rdb": "dump.rdb", "aof": "log.aof"}
KEEPS_ALL = {"rdb_version": 14}
DATABASES = 1024


def run(*arguments: object) -> Result:
    """Run a verb of geostream."""
    return CliRunner().invoke(main, [str(one) for one in arguments], catch_exceptions=False)


def rich() -> Keyspace:
    """Return a keyspace with a bit of everything."""
    source = Source()
    source.run(EVERY_EFFECT)
    source.run(["SELECT 9", *HARD])
    return source.keyspace


def items(keyspace: Keyspace) -> list[Item]:
    """Return everything in a keyspace."""
    return list(items_of(image_at_once(keyspace)))


def keyspace_of(some: list[Item]) -> Keyspace:
    """Return a keyspace that holds some items."""
    keyspace = Keyspace(DATABASES)
    keyspace.replay(effect for item in some for effect in item.effects())
    return keyspace


def write(path: Path, keyspace: Keyspace) -> FilePlace:
    """Make a new store; of RDB the version that keeps everything."""
    place = place_of(str(path))
    assert isinstance(place, FilePlace)
    options = KEEPS_ALL if place.kind == "rdb" else {}
    target = FileTarget(place, NOW_MS, replaces=False, options=options)
    target.put(items(keyspace), Tally())
    return place


def everything(source: Path | Keyspace, version: int = 14) -> dict[int, Any]:
    """Return what a store or keyspace holds, as far as an RDB version can hold it."""
    if isinstance(source, Keyspace):
        return kept(source, version)
    place = place_of(str(source))
    assert isinstance(place, FilePlace)
    contents = read_store(place, NOW_MS, takes_torn=False)
    assert contents.damage is None
    return kept(keyspace_of(contents.items), version)


def listing(directory: Path) -> dict[str, tuple[int, int, bytes]]:
    """Return all files below a directory, with size, time of change and bytes."""
    return {
        str(path.relative_to(directory)): (
            path.stat().st_ino,
            path.stat().st_mtime_ns,
            path.read_bytes() if path.is_file() else b"",
        )
        for path in sorted(directory.rglob("*"))
    }
