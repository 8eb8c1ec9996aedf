"""Writing stores: a new one, or all keys into one that is there.

A new store is made by its plugin in a directory of its own beside the place, and takes its name
in one step when it is on the disk. Into a store that is there the keys are merged in memory,
and the plugin replaces all it has by the outcome, as a snapshot of the server would. Either
way a crash leaves the old state or the new one.
"""

from __future__ import annotations

import errno
import os
import secrets
import shutil
from collections.abc import Iterable, Iterator, Mapping
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

from geostream.persistence.api import Corrupt, Effect, Persistence
from geostream.persistence.registry import UnusablePlugin, find
from geostream.store.capture import image_at_once
from geostream.store.effects import KeyDeleted
from geostream.store.keyspace import Keyspace
from geostream.tools.errors import ToolError
from geostream.tools.items import Item, shown
from geostream.tools.places import MOST_DATABASES, FileOrPlugin, FilePlace
from geostream.tools.shadow import manifest_in
from geostream.tools.stores import Contents, fill, read_store
from geostream.tools.tally import Tally

#: What a plugin's info says of its last snapshot, in the words of the report.
LOSSES = {
    "rdb_released_given_to_consumers": "pending entries of nobody, which were given to a consumer",
    "rdb_messages_left_out": "messages of producers",
}


class FileTarget:
    """Puts items into a store."""

    def __init__(
        self,
        place: FileOrPlugin,
        now_ms: int,
        *,
        replaces: bool,
        options: Mapping[str, Any] | None = None,
    ) -> None:
        """Write to a place, with more options for its plugin than the place has."""
        self._place = place
        self._now_ms = now_ms
        self._replaces = replaces
        self._options = options or {}

    def lacks(self, databases: Iterable[int]) -> list[int]:
        """Return those of the databases that the target cannot hold."""
        return [db for db in databases if db >= self._place.databases]

    @property
    def _is_new(self) -> bool:
        place = self._place
        if not isinstance(place, FilePlace):
            return False
        return not place.is_there or (place.path.is_dir() and not any(place.path.iterdir()))

    def look(self, items: Iterable[Item], tally: Tally) -> None:
        """Count what ``put`` would do; nothing is written. Raises ToolError."""
        keyspace = Keyspace(MOST_DATABASES)
        if not self._is_new:
            contents = read_store(self._place, self._now_ms, takes_torn=True)
            _check(contents)
            keyspace.replay(effect for item in contents.items for effect in item.effects())
        for _ in self._merged(keyspace, items, tally):
            pass

    def put(self, items: Iterable[Item], tally: Tally) -> None:
        """Write keys. Raises ToolError, and then nothing was written."""
        try:
            if self._is_new:
                assert isinstance(self._place, FilePlace)
                image = self._merged(Keyspace(MOST_DATABASES), items, tally)
                write_new(self._place, image, tally, self._options)
            else:
                self._merge(items, tally)
        except Corrupt as error:
            raise ToolError(f"the target: {error}") from error
        except UnusablePlugin as error:
            raise ToolError(str(error)) from None
        except OSError as error:
            raise ToolError(
                f"{error.filename or self._place}: {error.strerror or error}"
            ) from error

    def _merged(self, keyspace: Keyspace, items: Iterable[Item], tally: Tally) -> Iterator[Effect]:
        """Yield the effects that bring the items into a keyspace, as far as they go there."""
        for item in items:
            values = keyspace.databases[item.db].values
            if item.key in values:
                if not self._replaces:
                    tally.kept.add(shown(item.key))
                    continue
                tally.replaced += 1
                yield KeyDeleted(item.db, item.key)
            tally.move(item, item.db)
            yield from item.effects()

    def _merge(self, items: Iterable[Item], tally: Tally) -> None:
        with closing(self._plugin()) as plugin:
            plugin.open()
            keyspace, contents = Keyspace(MOST_DATABASES), Contents()
            fill(keyspace, plugin, self._now_ms, contents)
            for kind, count in plugin.report.skipped.items():
                contents.left_out[kind] = count
            _check(contents)
            keyspace.replay(self._merged(keyspace, items, tally))
            tally.remarks += [f"the target: {remark}" for remark in plugin.report.remarks]
            write_snapshot(plugin, image_at_once(keyspace), tally)

    def _plugin(self) -> Persistence:
        place = self._place
        if not isinstance(place, FilePlace):
            return place.plugin()
        options = place.options_at(place.path) | dict(self._options)
        if place.kind == "aof" and (manifest := manifest_in(place)) is not None:
            options["appendfilename"] = manifest.name.removesuffix(".manifest")
        elif place.kind == "aof":
            raise ToolError(
                f"{place.path}: a single append-only file of old, into which nothing can be put;"
                " name a new directory"
            )
        return plugin_at(place, place.path.parent, options)


def plugin_at(place: FilePlace, directory: Path, options: Mapping[str, Any]) -> Persistence:
    """Return the plugin for a place's files. Raises ToolError, UnusablePlugin."""
    try:
        return find(place.kind)(directory, options)
    except ValueError as error:  # a name the plugin does not like
        raise ToolError(f"{place}: {error}") from None


def _check(contents: Contents) -> None:
    """Raise ToolError if writing a store anew would lose what is in it."""
    if contents.damage is not None:
        raise ToolError(f"the target is damaged: {contents.damage}")
    if contents.left_out:
        lost = ", ".join(f"{count} {kind}" for kind, count in contents.left_out.items())
        raise ToolError(f"the target holds what would be lost: {lost}; name another one")


def write_new(
    place: FilePlace, image: Iterable[Effect], tally: Tally, options: Mapping[str, Any]
) -> None:
    """Make a store where there is none. Raises OSError, UnusablePlugin, ToolError."""
    path = place.path
    parent = path.parent
    parent.mkdir(parents=True, exist_ok=True)
    with _workshop(parent) as directory:
        made = directory / path.name
        chosen = place.options_at(path) | dict(options)
        with closing(plugin_at(place, directory, chosen)) as plugin:
            plugin.open()
            write_snapshot(plugin, image, tally)
        if path.is_file():
            raise FileExistsError(errno.EEXIST, os.strerror(errno.EEXIST), str(path))
        made.rename(path)
    descriptor = os.open(parent, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


@contextmanager
def _workshop(parent: Path) -> Iterator[Path]:
    """Give a directory to work in that is gone afterwards."""
    directory = parent / f".geostream-{secrets.token_hex(8)}"
    directory.mkdir()
    try:
        yield directory
    finally:
        shutil.rmtree(directory)


def write_snapshot(plugin: Persistence, image: Iterable[Effect], tally: Tally) -> None:
    """Have a plugin that is open replace what it has. Raises what it raises."""
    plugin.begin_snapshot()
    try:
        plugin.snapshot(image)
    except BaseException as error:
        plugin.finish_snapshot(error)
        raise
    plugin.finish_snapshot(None)
    plugin.sync()
    info = plugin.info()
    for name, what in LOSSES.items():
        tally.lose(what, int(info.get(name, 0)))
