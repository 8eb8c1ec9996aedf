"""Reading a store of any format, without touching it.

RDB files are read where they are. What only a plugin can read is copied first (shadow.py), and
the copy is opened and loaded as the server would. Where the reading stops because of damage,
what came before it is there nonetheless, and ``damage`` tells the place.
"""

from __future__ import annotations

import mmap
import os
import sqlite3
from collections import Counter
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import geostream.commands  # noqa: F401  fills the table of commands, which a log needs
from geostream.config import Config
from geostream.engine.replay import NoSuchDatabase, Replayer, UnknownCommand
from geostream.persistence.api import Additions, Corrupt, Persistence, Request, Stored
from geostream.persistence.registry import UnusablePlugin, find
from geostream.rdb.errors import SHORT, BadRdb
from geostream.rdb.reader import RdbReader
from geostream.store.effects import Effect
from geostream.store.keyspace import Keyspace
from geostream.tools.errors import ToolError
from geostream.tools.foreign import without_foreign
from geostream.tools.items import Item, items_in, items_of, shown
from geostream.tools.pages import fault_in
from geostream.tools.places import MOST_DATABASES, FileOrPlugin, FilePlace
from geostream.tools.shadow import Shadow, beside, shadow_of
from geostream.tools.wal import gap_in

NAMES_KEPT = 20
BY_SQLITE = "SQLite says"  # how reasons begin that are not the plugin's own


@dataclass(frozen=True, slots=True)
class Damage:
    """Where and why a store could not be read further."""

    path: Path | str
    offset: int | None
    reason: str
    size_bytes: int = 0  # of the file

    def __str__(self) -> str:
        place = f"{self.path}" if self.offset is None else f"{self.path}, byte {self.offset}"
        return f"{place}: {self.reason}"


@dataclass(slots=True)
class Contents:
    """What a store holds, or as much of it as could be read."""

    items: list[Item] = field(default_factory=list)
    damage: Damage | None = None
    facts: dict[str, Any] = field(default_factory=dict)  # about the format, for people
    left_out: dict[str, int] = field(default_factory=dict)  # not kept here, by type
    left_out_names: list[str] = field(default_factory=list)  # some of it
    commands: int = 0  # of a log
    failed: int = 0  # of them, and of what else is stored
    remarks: list[str] = field(default_factory=list)


def read_store(place: FileOrPlugin, now_ms: int, *, takes_torn: bool) -> Contents:
    """Return what is stored. O(data).

    takes_torn -- an append-only file that ends within a command is taken without it, as at a
                  start; else that is a damage too

    Raises ToolError if there is nothing to read, or it cannot be opened at all.
    """
    try:
        if not isinstance(place, FilePlace):
            return _read_plugin(place.plugin(), now_ms, None)
        if place.kind == "rdb":
            return _read_rdb(place.path)
        with shadow_of(place) as shadow:
            return _read_shadow(place, shadow, now_ms, takes_torn)
    except UnusablePlugin as error:
        raise ToolError(str(error)) from None
    except OSError as error:
        raise ToolError(f"{error.filename or place}: {error.strerror or error}") from error


# RDB


def _read_rdb(path: Path) -> Contents:
    contents = Contents()
    size_bytes = path.stat().st_size
    if not path.is_file():
        raise ToolError(f"{path}: not a file")
    contents.facts["size_bytes"] = size_bytes
    if not size_bytes:
        contents.damage = Damage(path, 0, SHORT)
        return contents
    with path.open("rb") as file, _mapped(file.fileno()) as data:
        contents.facts["version"] = bytes(data[:9]).decode("ascii", "backslashreplace")
        reader = RdbReader(data, now_ms=None, databases=2**31)
        effects: list[Effect] = []  # a key's expiry comes right behind it, before any error
        try:
            for effect in reader:
                effects.append(effect)
        except BadRdb as error:
            contents.damage = Damage(path, error.offset, error.reason, size_bytes)
        contents.items = list(items_of(effects))
        _tell_rdb(reader, contents)
    contents.items.sort(key=lambda item: (item.db, item.key))
    return contents


def _mapped(descriptor: int) -> mmap.mmap:
    return mmap.mmap(descriptor, 0, access=mmap.ACCESS_READ)


def _tell_rdb(reader: RdbReader, contents: Contents) -> None:
    facts = contents.facts
    for name, text in reader.aux.items():
        facts[f"aux {name.decode('utf-8', 'backslashreplace')}"] = text.decode(
            "utf-8", "backslashreplace"
        )
    facts["functions"] = reader.functions
    facts["module aux"] = reader.module_aux
    contents.left_out = dict(reader.skipped)
    contents.left_out_names = list(reader.skipped_keys)
    if reader.functions:
        contents.left_out["function library"] = reader.functions


# Through a plugin


def _read_shadow(place: FilePlace, shadow: Shadow, now_ms: int, takes_torn: bool) -> Contents:
    options = dict(shadow.options)
    if place.kind == "aof":
        options["aof_load_truncated"] = "yes" if takes_torn else "no"
    if place.kind == "sqlite":
        options["damaged_log"] = "drop"  # of the copy; what that loses is told below
    facts = _facts_of(place, shadow)
    log = beside(place.path, "-wal")
    gap = gap_in(log) if place.kind == "sqlite" else None
    if gap is not None and gap_in(log) != gap:  # it is being written
        gap = None
    fault = fault_in(shadow.path) if place.kind == "sqlite" else None
    if fault is not None:
        facts_only = Contents(facts=facts)
        facts_only.damage = Damage(place.path, None, f"{BY_SQLITE}: {fault}")
        return facts_only
    contents = _read_plugin(find(place.kind)(shadow.directory, options), now_ms, shadow)
    if gap is not None and contents.damage is None:
        behind = f"the log is damaged, and {gap.commits} transactions behind that are lost"
        contents.damage = Damage(log, gap.offset, behind, log.stat().st_size)
    contents.facts = {**facts, **contents.facts}
    contents.remarks = [
        remark.replace(str(shadow.path), str(shadow.stands_for)) for remark in contents.remarks
    ]
    return contents


def _facts_of(place: FilePlace, shadow: Shadow) -> dict[str, Any]:
    """Return what is known before the plugin has opened its copy, and maybe changed it."""
    if place.kind != "aof":
        return {"size_bytes": place.path.stat().st_size}
    directory = shadow.path if shadow.path.is_dir() else shadow.path.parent
    manifest = next(directory.glob("*.manifest")).read_text("utf-8", "backslashreplace")
    sizes = {
        path.name: path.stat().st_size
        for path in sorted(directory.iterdir())
        if not path.name.endswith(".manifest")
    }
    return {"manifest": manifest.splitlines(), "files": sizes}


def _read_plugin(plugin: Persistence, now_ms: int, shadow: Shadow | None) -> Contents:
    contents = Contents()
    keyspace = Keyspace(MOST_DATABASES)
    with closing(plugin):
        try:
            plugin.open()
            contents.failed = fill(keyspace, plugin, now_ms, contents)
        except Corrupt as error:
            path = error.path if shadow is None else shadow.original(error.path)
            contents.damage = Damage(path, error.offset, error.reason, _size_of(error.path))
        except (sqlite3.Error, UnicodeError) as error:  # in its tables' definitions, or a text
            path = "" if shadow is None else shadow.stands_for
            contents.damage = Damage(path, None, f"{BY_SQLITE}: {error}")
    report = plugin.report
    contents.items = items_in(keyspace)
    contents.remarks = list(report.remarks)
    for kind, count in report.skipped.items():
        contents.left_out[kind] = contents.left_out.get(kind, 0) + count
    contents.left_out_names = list(report.skipped_keys[:NAMES_KEPT])
    return contents


def _size_of(path: Path | str) -> int:
    try:
        return os.stat(path).st_size
    except OSError:  # the file that is missing may be what is wrong
        return 0


def fill(keyspace: Keyspace, plugin: Persistence, now_ms: int, contents: Contents) -> int:
    """Load what a plugin that is open has stored; return how much of it failed.

    What is read before a damage is in the keyspace. Raises Corrupt, OSError.
    """
    config = Config()
    replayer = Replayer(keyspace, config, now_ms)
    commands: Counter[str] = Counter()
    try:
        replayer.run(without_foreign(_counted(plugin.load(), contents), commands))
    except UnknownCommand as error:
        reason = f"Unknown command '{shown(error.name)}'"
        raise Corrupt(plugin.report.path, plugin.report.offset, reason) from None
    except NoSuchDatabase as error:
        reason = f"database {error.number}: more than can be read"
        raise Corrupt(plugin.report.path, plugin.report.offset, reason) from None
    finally:
        for kind, count in commands.items():
            contents.left_out[f"commands for {kind}"] = count
        contents.remarks += replayer.failures
    return replayer.failed


def _counted(stored: Iterator[Stored], contents: Contents) -> Iterator[Stored]:
    for one in stored:
        if isinstance(one, Request):
            contents.commands += 1
        elif isinstance(one, Additions):
            contents.commands += len(one.run)
        yield one
