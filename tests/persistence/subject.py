"""A plugin under test: built, fed and judged as a server would.

Effects come from an engine that runs commands, and go to the plugin in the calls and the order
in which a server makes them (geostream/persistence/writer.py, snapshots.py): snapshots in a
thread of their own, everything else in one. What is stored is judged by loading it. A crash is
a copy of the directory, taken while the plugin is open: a new plugin has to load that.

The account of a stream's nodes (where MAXLEN ~ cuts) is no part of what has to be kept.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import nullcontext
from pathlib import Path
from typing import Any, ClassVar

import pytest

from geostream.config import Config
from geostream.persistence.api import Persistence
from geostream.persistence.recovery import load
from geostream.persistence.registry import find
from geostream.store.capture import Capture
from geostream.store.effects import Effect
from geostream.store.keyspace import Keyspace
from tests.persistence.scripts import HARD, NOW_MS, Source, copied
from tests.support.contents import contents
from tests.support.faults import limited_files

THREAD_LIMIT_S = 30.0


class Broken(Exception):
    """Nobody's disk and nobody's fault: the images just end."""


def kept(keyspace: Keyspace) -> Any:
    """Return what a keyspace holds, without what nobody has to keep."""
    return {
        number: {key: (_without_accounts(value), at_ms) for key, (value, at_ms) in keys.items()}
        for number, keys in contents(keyspace).items()
    }


def _without_accounts(value: Any) -> Any:
    if isinstance(value, bytes):
        return value
    value = {name: part for name, part in value.items() if name != "nodes"}
    value["groups"] = {
        name: {**group, "by_time": _in_a_fixed_order(group["by_time"])}
        for name, group in value["groups"].items()
    }
    return value


def _in_a_fixed_order(by_time: list[Any]) -> Any:
    """Return pending entries by time; of those delivered together, the order is not kept."""
    released = [item for item in by_time if item[1] is None]
    held = [item for item in by_time if item[1] is not None]
    return released, sorted(held, key=lambda item: (item[2], item[0]))


def in_a_thread(function: Callable[[], None]) -> BaseException | None:
    """Run something in a thread of its own to its end; return what it raised."""
    with ThreadPoolExecutor(1) as pool:
        return pool.submit(function).exception(THREAD_LIMIT_S)


def take_snapshot(
    plugin: Persistence, image: Iterable[Effect], *, limited: str = "", size_bytes: int = 0
) -> BaseException | None:
    """Take a snapshot as a server does; return what went wrong.

    limited -- the step during which no file may grow beyond ``size_bytes``
    """

    def disk(step: str) -> Any:
        return limited_files(size_bytes) if step == limited else nullcontext()

    error: BaseException | None = None
    try:
        with disk("begin_snapshot"):
            plugin.begin_snapshot()
        with disk("snapshot"):
            error = in_a_thread(lambda: plugin.snapshot(image))
    except OSError as raised:
        error = raised
    if isinstance(image, Capture):
        image.close()
    try:
        with disk("finish_snapshot"):
            plugin.finish_snapshot(error)
    except OSError as raised:
        error = error or raised
    return error


class Subject:
    """What a plugin is told and what may differ; the tools that the parts of the contract use."""

    plugin_name: ClassVar[str]
    options: ClassVar[Mapping[str, Any]] = {}

    #: Values that do not do, by option.
    bad_options: ClassVar[Mapping[str, Any]] = {}

    #: Whether a second one is refused while one has the files open.
    claims_files: ClassVar[bool] = True

    #: Whether a file with a torn end may be refused (else: loaded without what was torn).
    refuses_torn: ClassVar[bool] = False

    @pytest.fixture
    def directory(self, tmp_path: Path) -> Path:
        return tmp_path / "data"

    @pytest.fixture
    def make(self, directory: Path) -> Iterator[Callable[[], Persistence]]:
        """A function that returns an open plugin, closed after the test."""
        opened: list[Persistence] = []

        def make() -> Persistence:
            opened.append(self.opened(directory))
            return opened[-1]

        yield make
        for plugin in opened:
            plugin.close()

    @pytest.fixture
    def source(self) -> Source:
        """An engine with a few keys of every kind; nothing was handed over yet."""
        source = Source()
        source.run(HARD)
        return source

    def built(self, directory: Path, **options: Any) -> Persistence:
        return find(self.plugin_name)(directory, {**self.options, **options})

    def opened(self, directory: Path, *, asked: bool = True) -> Persistence:
        """Return an open plugin.

        asked -- whether it was asked if it is empty, as at a start; not so if it is switched on
                 while a server runs
        """
        plugin = self.built(directory)
        plugin.open()
        if asked:
            plugin.is_empty()
        return plugin

    def kept(self, keyspace: Keyspace) -> Any:
        """Return what the plugin has to keep; override it for a format that cannot keep all."""
        return kept(keyspace)

    def loaded(self, plugin: Persistence) -> Keyspace:
        """Return what a plugin has that was just opened, loaded as a server does."""
        if plugin.is_empty():
            return Keyspace()
        return load(plugin, Config(), NOW_MS).keyspace

    def stored(self, directory: Path) -> Any:
        """Open what a directory holds, and return what is loaded from it."""
        plugin = self.opened(directory)
        try:
            return self.kept(self.loaded(plugin))
        finally:
            plugin.close()

    def after_a_crash(self, directory: Path) -> Any:
        """Return what would be there if the process died now."""
        with copied(directory) as copy:
            return self.stored(copy)

    def store(self, plugin: Persistence, source: Source) -> None:
        """Have what changed in a source stored, in the way the plugin has."""
        batch = source.take_batch()
        if plugin.appends:
            if batch:
                plugin.append(batch)
            plugin.sync()
        else:
            assert take_snapshot(plugin, Capture(source.keyspace)) is None

    def must_append(self, plugin: Persistence) -> None:
        """Skip the test where nothing is appended."""
        if not plugin.appends:
            pytest.skip("it takes snapshots only")
