"""What CONFIG SET means for the plugins of a running server.

Most settings are an option of a plugin too and are passed on. ``appendonly`` is more: it makes
a plugin, or lets one go.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from geostream.config import Config
from geostream.persistence.api import Corrupt
from geostream.persistence.registry import SHARED, Entry, UnusablePlugin, build

if TYPE_CHECKING:
    from geostream.persistence.disk import KeptDisk

AOF = "aof"  # the plugin that appendonly is about

CLOSING_S = 10.0  # how long everybody is held up at most until the file is closed


def follow_settings(disk: KeptDisk, config: Config) -> None:
    """Let a disk work as configured after every change."""

    def change_rules(value: object) -> None:
        for writer in disk.snapshots.rules:
            disk.set_rules(writer)

    def option_changer(name: str) -> Callable[[object], None]:
        def change(value: object) -> None:
            for writer, entry in disk.entries.items():
                if name in SHARED.get(entry.use, ()) and name not in entry.options:
                    writer.plugin.change_option(name, value)

        return change

    config.on_change("appendfsync", lambda value: disk.journal.set_fsync(str(value)))
    config.on_change("save", change_rules)
    config.on_change("appendonly", lambda value: _switch_log(disk, config, bool(value)))
    config.on_change("stop-writes-on-bgsave-error", lambda value: disk.failing_changed())
    for name in {name for names in SHARED.values() for name in names}:
        config.on_change(name, option_changer(name))


def _switch_log(disk: KeptDisk, config: Config, is_wanted: bool) -> None:
    writer = disk.writer_of(AOF)
    if not disk.is_loaded:
        raise ValueError("the data is being loaded")
    if is_wanted and writer is None:
        _switch_on(disk, config)
    elif not is_wanted and writer is not None:
        if not disk.entries[writer].is_implied:
            raise ValueError("persistence.plugins names aof")
        disk.drop(writer)
        writer.join(CLOSING_S)  # or it could not be switched on again at once


def _switch_on(disk: KeptDisk, config: Config) -> None:
    try:
        entry = Entry(AOF, {}, is_implied=True)
        writer = disk.add(build(entry, config), entry)
    except UnusablePlugin as error:
        raise ValueError(str(error)) from None
    try:
        writer.wait_for(writer.plugin.open)
    except (OSError, Corrupt) as error:
        disk.drop(writer)
        disk.log("error", "cannot turn on the append-only file", reason=str(error))
        raise ValueError("Unable to turn on AOF. Check server logs.") from None
    disk.begin_appending()
    disk.snapshots.request(writer)
