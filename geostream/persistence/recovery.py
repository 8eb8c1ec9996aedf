"""Loading at start: which plugin, into what, and when to refuse.

The first plugin is loaded. Data in a later one while the first has none is most likely a
mistake in the configuration, which going on would make worse, so it is refused. Only a log that
is merely switched on by ``appendonly`` may be empty: then the next plugin is loaded, and all of
it written to the new log before anybody is served.

A load fills a keyspace of its own. Only when everything has been read is it made the
server's, so that nobody ever sees half of it. What cannot be read ends the start.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from msgspec import Struct

from geostream.config import Config
from geostream.engine.replay import NoSuchDatabase, Replayer, UnknownCommand
from geostream.persistence.api import Corrupt, LoadReport, Persistence
from geostream.store.keyspace import Keyspace


class WrongOrder(Exception):
    """A later plugin has data and the first has none."""


class Loaded(Struct):
    """What came of a load."""

    keyspace: Keyspace
    report: LoadReport
    keys: int
    failed: int  # what could not be carried out, as in a log it could not when it was logged
    failures: list[str]  # the first of it


def choose(found: Sequence[tuple[Persistence, bool, bool]]) -> Persistence | None:
    """Return the plugin to load; None if nothing was ever stored.

    found -- for each plugin in load order: itself, whether it is empty, whether it is only implied

    Raises WrongOrder.
    """
    for place, (plugin, is_empty, is_implied) in enumerate(found):
        if not is_empty:
            return plugin
        if is_implied:
            continue
        later = next((other for other, empty, _ in found[place + 1 :] if not empty), None)
        if later is not None:
            raise WrongOrder(
                f"{later.name} has data, but {plugin.name}, which is loaded at start, has none;"
                f" name {later.name} first in persistence.plugins, or move its files out of"
                f" {Path(later.directory)}"
            )
        return None
    return None


def load(plugin: Persistence, config: Config, now_ms: int) -> Loaded:
    """Return a keyspace with all that a plugin has stored. To be called in its writer's thread.

    Raises Corrupt or OSError.
    """
    keyspace = Keyspace(config.settings.server.databases)
    replayer = Replayer(keyspace, config, now_ms)
    try:
        replayer.run(plugin.load())
    except UnknownCommand as error:
        report = plugin.report
        raise Corrupt(
            report.path,
            report.offset,
            f"Unknown command '{error}' reading the append only file",
            "it was written by a server that has more commands than this one",
        ) from None
    except NoSuchDatabase as error:
        raise Corrupt(
            plugin.report.path,
            plugin.report.offset,
            f"there is no database {error}",
            "set databases to what the server that wrote it had",
        ) from None
    keys = sum(map(len, keyspace.databases))
    return Loaded(keyspace, plugin.report, keys, replayer.failed, replayer.failures)
