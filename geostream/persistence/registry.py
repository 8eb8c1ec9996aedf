"""Finds plugins by the names in config.yaml, and builds them.

A name is an entry point of the group ``geostream.persistence``; ``module:Class`` is a class
that is installed nowhere as a plugin. A plugin is given the options of its entry and, for
the stock ones, the server's settings of the same names, which CONFIG SET can change.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from importlib import import_module
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import msgspec
from msgspec import Struct

from geostream import heap
from geostream.config import Config
from geostream.config.settings import Persistence as PersistenceSettings
from geostream.persistence.api import Persistence

if TYPE_CHECKING:
    from importlib.metadata import EntryPoint

GROUP = "geostream.persistence"

#: Settings of the section ``persistence`` that are options of a stock plugin too.
SHARED = {
    "rdb": ("dbfilename", "rdbcompression", "rdbchecksum"),
    "aof": (
        "appendfilename",
        "appenddirname",
        "rdbcompression",
        "aof_load_truncated",
        "aof_use_rdb_preamble",
        "aof_timestamp_enabled",
        "auto_aof_rewrite_percentage",
        "auto_aof_rewrite_min_size",
    ),
}


#: The stock plugins, which are part of this distribution. Their names cannot be claimed.
STOCK = {
    "aof": "geostream_plugins.aof:AofPersistence",
    "rdb": "geostream_plugins.rdb:RdbPersistence",
    "sqlite": "geostream_plugins.sqlite:SqlitePersistence",
}


class UnusablePlugin(Exception):
    """A plugin cannot be found or built; the text says which and why."""


class Entry(Struct, frozen=True):
    """One item of ``persistence.plugins``."""

    use: str
    options: Mapping[str, Any]
    save: tuple[tuple[int, int], ...] | None = None  # seconds, changes; None: the setting
    is_implied: bool = False  # by appendonly, not named


#: What is built of them, in the order in which they are looked at for data to load.
Plugins = list[tuple[Persistence, Entry]]


def entries_of(settings: PersistenceSettings) -> list[Entry]:
    """Return the plugins the settings ask for, in the order in which they are named.

    Raises UnusablePlugin where an entry makes no sense or a plugin is named twice.
    """
    entries = [_entry(text) for text in settings.plugins]
    names = [entry.use for entry in entries]
    if settings.appendonly and "aof" not in names:
        entries.append(Entry("aof", {}, is_implied=True))
    for name in names:
        if names.count(name) > 1:
            raise UnusablePlugin(f"persistence.plugins: {name} is named twice")
    return entries


def in_load_order(
    built: Sequence[tuple[Persistence, Entry]],
) -> list[tuple[Persistence, Entry]]:
    """Return plugins in the order in which they are looked at for data to load.

    It is the order in which they are named; a log that ``appendonly`` adds comes before
    snapshots. Raises UnusablePlugin where a snapshot is named before something that appends:
    after a crash it would be loaded, and what was acknowledged since would be gone.
    """
    named = [one for one in built if not one[1].is_implied]
    for (plugin, _), (later, _) in pairwise(named):
        if later.appends and not plugin.appends:
            raise UnusablePlugin(
                f"persistence.plugins: name {later.name} before {plugin.name}: the first is loaded"
                f" at start, and {plugin.name} only has what was there at its last snapshot"
            )
    implied = [one for one in built if one[1].is_implied]
    snapshots = [one for one in named if not one[0].appends]
    return [*named[: len(named) - len(snapshots)], *implied, *snapshots]


def _entry(text: str) -> Entry:
    if not text.startswith("{"):
        return Entry(text, {})
    item: dict[str, Any] = msgspec.json.decode(text)
    use = item.pop("use")
    save = item.pop("save", None)
    return Entry(use, item, None if save is None else save_rules(save, f"{use}: save"))


def save_rules(given: object, where: str) -> tuple[tuple[int, int], ...]:
    """Return (seconds, changes) pairs of ``900 1 60 10000`` or ``[{after_s: 900, changes: 1}]``.

    Raises UnusablePlugin.
    """
    try:
        if isinstance(given, str):
            numbers = [int(word) for word in given.split()]
            pairs = list(zip(numbers[::2], numbers[1::2], strict=True))
        elif isinstance(given, list):
            pairs = [(int(rule["after_s"]), int(rule["changes"])) for rule in given]
            if any(len(rule) != 2 for rule in given):
                raise ValueError
        else:
            raise ValueError
    except (KeyError, TypeError, ValueError):
        expected = '"900 1 60 10000", or a list of {after_s: 900, changes: 1}'
        raise UnusablePlugin(f"{where}: expected {expected}") from None
    if any(after_s < 1 or changes < 0 for after_s, changes in pairs):
        raise UnusablePlugin(f"{where}: seconds from 1, changes from 0")
    return tuple(pairs)


def find(name: str) -> type[Persistence]:
    """Return the class of a plugin. Raises UnusablePlugin, with the list of known names."""
    if ":" in name:
        return _checked(name, _imported(name))
    if name in STOCK:
        return _checked(name, _imported(STOCK[name]))
    # Imported here: a start with stock plugins need not wait for it.
    from importlib.metadata import entry_points  # noqa: PLC0415

    found = list(entry_points(group=GROUP, name=name))
    if not found:
        known = sorted({point.name for point in entry_points(group=GROUP)})
        raise UnusablePlugin(
            f"persistence.plugins: there is no plugin {name!r}; known are {', '.join(known)},"
            " and module:Class for one that is not installed as a plugin"
        )
    if len({point.value for point in found}) > 1:
        claims = " and ".join(sorted(_origin(point) for point in found))
        raise UnusablePlugin(f"persistence.plugins: {name!r} is claimed by {claims}")
    try:
        return _checked(name, found[0].load())
    except (ImportError, AttributeError) as error:
        raise UnusablePlugin(f"persistence.plugins: {name}: {error}") from error


def _origin(point: EntryPoint) -> str:
    return f"{point.dist.name if point.dist else 'an unknown distribution'} ({point.value})"


def _imported(name: str) -> object:
    module, _, attribute = name.partition(":")
    try:
        return getattr(import_module(module), attribute)
    except (ImportError, AttributeError, ValueError) as error:
        raise UnusablePlugin(f"persistence.plugins: {name}: {error}") from error


def _checked(name: str, found: object) -> type[Persistence]:
    if not isinstance(found, type) or not issubclass(found, Persistence):
        raise UnusablePlugin(f"persistence.plugins: {name} is no persistence plugin")
    return found


def build_all(config: Config) -> Plugins:
    """Return all plugins that are asked for, in load order. Raises UnusablePlugin."""
    entries = entries_of(config.settings.persistence)
    return in_load_order([(build(entry, config), entry) for entry in entries])


def build(entry: Entry, config: Config) -> Persistence:
    """Return the plugin of an entry; nothing is opened. Raises UnusablePlugin."""
    settings = config.settings.persistence
    shared = {name: getattr(settings, name) for name in SHARED.get(entry.use, ())}
    try:
        return find(entry.use)(Path(settings.directory), {**shared, **entry.options})
    except ValueError as error:
        raise UnusablePlugin(f"persistence.plugins: {entry.use}: {error}") from error


class Begun(NamedTuple):
    """Plugins, the first of which reads already, and what the process took before."""

    plugins: Plugins
    resident_bytes: int


def begin(config: Config) -> Begun | None:
    """Build the plugins and have the first one read ahead; None if they cannot be built."""
    try:
        plugins = build_all(config)
    except UnusablePlugin:  # which the server finds as well, and has a log to tell it
        return None
    begun = Begun(plugins, heap.resident_bytes())
    if plugins:
        plugins[0][0].read_ahead()
    return begun
