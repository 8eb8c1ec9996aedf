"""Copies of stores, to be read without touching the originals.

A plugin that opens its files may change them: it cuts a torn end off, deletes history, takes
locks, creates what SQLite wants beside a database. So tools that only look let it open a copy
in a temporary directory. It takes room there (TMPDIR says where), and in return it works beside
a running server and on a medium that cannot be written to.

A SQLite file that a server has open is copied through SQLite, as one more reader; nothing is
created or changed beside it, not even when a server died and left its log. An append-only
file only grows between two rewrites; if one came in between, the copy is made again.
"""

from __future__ import annotations

import shutil
import sqlite3
from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from geostream.tools.errors import Misuse, ToolError
from geostream.tools.places import MANIFEST, NAME_OPTION, FilePlace

TRIES = 10  # of a copy while rewrites come in between
BUSY_S = 10.0
NOT_DATA = ("temp-*", "*.tail-*", "*.lock")


@dataclass(frozen=True, slots=True)
class Shadow:
    """A copy and how to open it."""

    directory: Path
    options: Mapping[str, Any]
    path: Path  # of the copy ...
    stands_for: Path  # ... and of what it is a copy of

    def original(self, path: Path | str) -> Path:
        """Return the path of the original of a file of the copy."""
        try:
            return self.stands_for / Path(path).relative_to(self.path)
        except ValueError:
            return self.stands_for


@contextmanager
def shadow_of(place: FilePlace) -> Iterator[Shadow]:
    """Copy a store, and remove the copy in the end. Raises ToolError, Misuse."""
    if not place.path.exists():
        raise ToolError(f"{place.path}: No such file or directory")
    try:
        with TemporaryDirectory(prefix="geostream-") as name:
            directory = Path(name)
            yield (
                _copy_sqlite(place, directory)
                if place.kind == "sqlite"
                else _copy_aof(place, directory)
            )
    except shutil.Error as error:
        raise ToolError(str(error)) from error


def _copy_sqlite(place: FilePlace, directory: Path) -> Shadow:
    path = place.path
    if not path.is_file():
        raise ToolError(f"{path}: not a file")
    copy = directory / "copy.db"
    if not beside(path, "-shm").exists() or not _copied_by_sqlite(path, copy):
        shutil.copyfile(path, copy)
        if beside(path, "-wal").exists():
            shutil.copyfile(beside(path, "-wal"), beside(copy, "-wal"))
    return Shadow(directory, {"file": copy.name}, copy, path)


def beside(path: Path, suffix: str) -> Path:
    """Return the path of a file that belongs to a database: -wal or -shm."""
    return path.with_name(path.name + suffix)


def _copied_by_sqlite(path: Path, copy: Path) -> bool:
    """Copy a database that somebody has open; False if it is too damaged for that."""
    # readonly_shm: or SQLite would begin by mending what a dead server left
    uri = f"{path.absolute().as_uri()}?mode=ro&readonly_shm=1"
    try:
        with (
            closing(sqlite3.connect(uri, uri=True, timeout=BUSY_S)) as source,
            closing(sqlite3.connect(copy)) as target,
        ):
            source.backup(target)
    except sqlite3.OperationalError as error:
        raise ToolError(f"{path}: it is open elsewhere and cannot be copied: {error}") from error
    except sqlite3.DatabaseError:
        copy.unlink(missing_ok=True)
        return False
    return True


def manifest_in(place: FilePlace) -> Path | None:
    """Return the manifest of an append-only file. Raises Misuse if there are several."""
    if not place.path.is_dir():
        return None
    wanted = place.options.get("appendfilename")
    found = sorted(place.path.glob("*" + MANIFEST))
    if wanted is not None and place.path / f"{wanted}{MANIFEST}" in found:
        return place.path / f"{wanted}{MANIFEST}"
    found = [path for path in found if not path.name.startswith("temp-")]
    if len(found) > 1:
        names = ", ".join(path.name for path in found)
        raise Misuse(f"{place.path}: more than one manifest: {names}")
    return found[0] if found else None


def _copy_aof(place: FilePlace, directory: Path) -> Shadow:
    copy = directory / NAME_OPTION["aof"][1]
    copy.mkdir()
    options = {"appenddirname": copy.name}
    if place.path.is_file():  # the old layout: this file and no other
        name = "appendonly.aof"
        shutil.copyfile(place.path, copy / name)
        (copy / f"{name}{MANIFEST}").write_text(f"file {name} seq 1 type b\n")
        return Shadow(directory, {**options, "appendfilename": name}, copy / name, place.path)
    manifest = manifest_in(place)
    if manifest is None:
        raise ToolError(f"{place.path}: there is no manifest (*{MANIFEST}) in it")
    for _ in range(TRIES):
        if _copied_between_rewrites(manifest, copy):
            stem = manifest.name.removesuffix(MANIFEST)
            return Shadow(directory, {**options, "appendfilename": stem}, copy, place.path)
    raise ToolError(f"{place.path}: it is rewritten faster than it can be copied")


def _copied_between_rewrites(manifest: Path, copy: Path) -> bool:
    before = manifest.read_bytes()
    try:
        for path in manifest.parent.iterdir():
            if path.is_file() and not any(map(path.match, NOT_DATA)):
                shutil.copyfile(path, copy / path.name)
        return manifest.read_bytes() == before == (copy / manifest.name).read_bytes()
    except FileNotFoundError:  # deleted by a rewrite meanwhile
        return False
