"""A plugin on a directory, effects of commands, and what a file holds."""

from __future__ import annotations

import gzip
import shutil
import sqlite3
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

from geostream.store.effects import Effect
from geostream.store.keyspace import Keyspace
from geostream_plugins.sqlite import SqlitePersistence
from tests.support.contents import contents
from tests.support.engines import Bench, make_engine


def opened(directory: Path, **options: Any) -> SqlitePersistence:
    """Return the plugin, open."""
    plugin = SqlitePersistence(directory, options)
    plugin.open()
    return plugin


class Writer:
    """An engine whose effects are gathered into batches."""

    def __init__(self, now_ms: int = 1_000) -> None:
        self.bench: Bench = make_engine(now_ms=now_ms)
        self.journal: list[Effect] = []
        self.bench.engine.listeners.append(self.journal.extend)

    def run(self, *requests: str | Sequence[bytes | str | int]) -> list[Any]:
        """Run commands; return the replies."""
        return [
            self.bench.execute(*([request] if isinstance(request, str) else request))
            for request in requests
        ]

    def batch(self) -> list[Effect]:
        """Return the effects since the last time."""
        batch = list(self.journal)
        self.journal.clear()
        return batch

    @property
    def keyspace(self) -> Keyspace:
        return self.bench.engine.keyspace


def loaded(plugin: SqlitePersistence) -> Keyspace:
    """Return a keyspace of what a plugin yields."""
    keyspace = Keyspace()
    keyspace.is_loading = True
    keyspace.replay(plugin.load())  # type: ignore[arg-type]
    return keyspace


def stored(directory: Path, **options: Any) -> dict[int, dict[bytes, Any]]:
    """Return the contents of a file that nobody has open."""
    plugin = opened(directory, **options)
    try:
        return without_nodes(loaded(plugin))
    finally:
        plugin.close()


def without_nodes(keyspace: Keyspace) -> dict[int, dict[bytes, Any]]:
    """Return all that a keyspace holds, but for Redis' nodes, which are not stored."""
    everything = contents(keyspace)
    for keys in everything.values():
        for value, _ in keys.values():
            if isinstance(value, dict):
                del value["nodes"]
    return everything


def forms(keyspace: Keyspace) -> dict[tuple[int, bytes], int]:
    """Return how each string came to be."""
    return {
        (database.number, key): value.form
        for database in keyspace.databases
        for key, value in database.values.items()
        if hasattr(value, "form")
    }


def effects_of(*requests: str | Sequence[bytes | str | int]) -> list[Effect]:
    """Return the effects of commands on an empty store."""
    writer = Writer()
    writer.run(*requests)
    return writer.batch()


def cut(effects: Iterable[Effect], sizes: Iterable[int]) -> list[list[Effect]]:
    """Return the effects in batches of these sizes, the last with what is left."""
    rest = list(effects)
    batches = []
    for size in sizes:
        batches.append(rest[:size])
        rest = rest[size:]
    return [*batches, rest]


def fill(plugin: SqlitePersistence, writer: Writer, count: int) -> None:
    """Append so many batches of one entry."""
    for number in range(count):
        writer.run(f"XADD k * f {number}")
        plugin.append(writer.batch())


def ask(directory: Path, sql: str, *values: object) -> list[tuple]:
    """Ask the file over another connection, as anybody could."""
    connection = sqlite3.connect(directory / "geostream.db", isolation_level=None)
    try:
        return connection.execute(sql, values).fetchall()
    finally:
        connection.close()


def put_version_1(path: Path) -> None:
    """Put a file whose tables are of version 1, as it was written then."""
    packed = Path(__file__).parent / "version_1.db.gz"
    path.write_bytes(gzip.decompress(packed.read_bytes()))


def copy_files(source: Path, target: Path) -> None:
    """Copy the database and its log as a crash would leave them."""
    shutil.rmtree(target, ignore_errors=True)
    target.mkdir()
    for name in ("", "-wal"):
        shutil.copy(source / f"geostream.db{name}", target)


class Failing:
    """A connection whose n-th statement fails, or handing over, which counts as one."""

    def __init__(self, connection: sqlite3.Connection, count: int) -> None:
        self.connection = connection
        self.left = count

    def execute(self, sql: str, values: object = ()) -> sqlite3.Cursor:
        if sql != "ROLLBACK":
            self._count()
        return self.connection.execute(sql, values)

    def deserialize(self, data: memoryview, name: str) -> None:
        self._count()
        self.connection.deserialize(data, name=name)

    def _count(self) -> None:
        self.left -= 1
        if self.left == 0:
            fault = sqlite3.OperationalError("disk I/O error")
            fault.sqlite_errorcode = sqlite3.SQLITE_IOERR | (3 << 8)
            raise fault

    def __getattr__(self, name: str) -> object:
        return getattr(self.connection, name)
