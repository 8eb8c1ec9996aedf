"""Append-only files in tests: written from commands, read into a keyspace."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from geostream.config import Config
from geostream.engine.replay import Replayer
from geostream.persistence.api import LoadReport
from geostream.store.effects import Effect
from geostream.store.keyspace import Keyspace
from geostream_plugins.aof import AofPersistence
from tests.support.contents import contents
from tests.support.engines import Bench, make_engine

NOW_MS = 2_000_000_000_000
DIR_NAME = "appendonlydir"


def opened(directory: Path, **options: Any) -> AofPersistence:
    """Return a plugin with its files open; close it."""
    plugin = AofPersistence(directory, options)
    plugin.open()
    plugin.is_empty()  # as a server asks before it loads or appends
    return plugin


def store(directory: Path, *batches: Sequence[Effect], **options: Any) -> None:
    """Append batches to a file that is loaded first, if it is there."""
    plugin = opened(directory, **options)
    try:
        for _ in plugin.load():
            pass
        for batch in batches:
            plugin.append(batch)
        plugin.sync()
    finally:
        plugin.close()


def load(directory: Path, now_ms: int = NOW_MS, **options: Any) -> Keyspace:
    """Return what is stored."""
    return load_and_report(directory, now_ms, **options)[0]


def load_and_report(
    directory: Path, now_ms: int = NOW_MS, **options: Any
) -> tuple[Keyspace, LoadReport, Replayer]:
    """Return what is stored, and how it went."""
    plugin = opened(directory, **options)
    try:
        keyspace = Keyspace()
        replayer = Replayer(keyspace, Config(), now_ms)
        replayer.run(plugin.load())
        return keyspace, plugin.report, replayer
    finally:
        plugin.close()


class Recorder:
    """An engine whose effects are kept, one batch for each command."""

    def __init__(self, now_ms: int = 1_000) -> None:
        self.bench: Bench = make_engine(now_ms=now_ms)
        self.batches: list[list[Effect]] = []
        self.bench.engine.listeners.append(lambda journal: self.batches.append(list(journal)))

    @property
    def keyspace(self) -> Keyspace:
        """The data."""
        return self.bench.engine.keyspace

    def run(self, *requests: str) -> None:
        """Run requests, words separated by blanks; none of them may fail."""
        for request in requests:
            reply = self.bench.execute(*request.split())
            assert not isinstance(reply, Exception), f"{request}: {reply}"


def known(keyspace: Keyspace) -> dict[int, dict[bytes, Any]]:
    """Return all a keyspace holds but for the account of nodes, which no log has."""
    everything = contents(keyspace)
    for database in everything.values():
        for value, _ in database.values():
            if isinstance(value, dict):
                del value["nodes"]
    return everything


def known_as_stored_whole(keyspace: Keyspace) -> dict[int, dict[bytes, Any]]:
    """Return the same, where pending entries of one time come in the order of their IDs."""
    everything = known(keyspace)
    for database in everything.values():
        for value, _ in database.values():
            for group in value["groups"].values() if isinstance(value, dict) else ():
                group["by_time"].sort(key=_released_first_then_by_time)
    return everything


def _released_first_then_by_time(item: tuple[Any, bytes | None, int, int]) -> tuple[Any, ...]:
    entry_id, owner, time_ms, _ = item
    return (False,) if owner is None else (True, time_ms, entry_id)


def files(directory: Path) -> Mapping[str, bytes]:
    """Return the files of the append-only file, by name."""
    return {path.name: path.read_bytes() for path in sorted((directory / DIR_NAME).iterdir())}
