"""The disk as the engine knows it: plugins opened, loaded, written to, asked about, closed.

This puts journal, snapshots and recovery together for one engine, and answers what commands
ask (engine/disk.py). Start: ``open`` and ``load``, which leave the hub free; from ``begin``
on, everything that changes is kept. Stop: ``stop``.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

from geostream import errors
from geostream.clock import Clock
from geostream.config import Config
from geostream.engine.command import DISK_LIMIT
from geostream.engine.disk import (
    REWRITE_SCHEDULED,
    REWRITE_STARTED,
    SAVED,
    SAVING_SCHEDULED,
    SAVING_STARTED,
    Disk,
)
from geostream.engine.dispatch import Engine
from geostream.persistence.api import Corrupt, LoadReport, Persistence
from geostream.persistence.info import Told, info_lines
from geostream.persistence.journal import Journal
from geostream.persistence.reconfiguration import AOF, follow_settings
from geostream.persistence.recovery import Loaded, choose, load
from geostream.persistence.registry import (
    Entry,
    Plugins,
    build,
    build_all,
    save_rules,
)
from geostream.persistence.snapshots import Snapshots
from geostream.persistence.writer import Writer
from geostream.reply import OK, Reply

T = TypeVar("T")

Log = Callable[..., None]  # weight, text, fields


class KeptDisk(Disk):
    """See the module docstring."""

    def __init__(
        self,
        engine: Engine,
        config: Config,
        clock: Clock,
        log: Log,
        on_fault: Callable[[str, BaseException], None],
        plugins: Plugins | None = None,
    ) -> None:
        """Build the plugins, if they are not given; nothing is opened. Raises UnusablePlugin."""
        self._engine = engine
        self._config = config
        self._clock = clock
        self.log = log
        self.journal = Journal(
            config.settings.persistence.appendfsync, clock, on_fault, self.failing_changed
        )
        self.snapshots = Snapshots(engine, self.journal, clock, self._snapshot_done)
        self.told = Told()
        self.loading: LoadReport | None = None
        self.loading_since_ms = 0
        self.is_loaded = False
        self._saves_at_stop: bool | None = None
        self.entries: dict[Writer, Entry] = {}
        for plugin, entry in build_all(config) if plugins is None else plugins:
            self.add(plugin, entry)
        follow_settings(self, config)

    def add(self, plugin: Persistence, entry: Entry) -> Writer:
        """Start the threads of a plugin; it is not opened."""
        writer = self.journal.add(plugin)
        self.entries[writer] = entry
        if not plugin.appends:
            self.set_rules(writer)
        return writer

    def set_rules(self, writer: Writer) -> None:
        """Go by the save rules of a writer's entry, or the setting."""
        own = self.entries[writer].save
        said = self._config.settings.persistence.save
        self.snapshots.rules[writer] = save_rules(said, "save") if own is None else own

    @property
    def plugins(self) -> list[str]:  # type: ignore[override]
        """Names of the plugins, the one that is loaded at start first."""
        return [writer.plugin.name for writer in self.journal.writers]

    @property
    def appends(self) -> bool:  # type: ignore[override]
        """Whether there is something that every change is appended to."""
        return bool(self.journal.appending)

    @property
    def fsync(self) -> str:
        """The policy that is in force."""
        return self._config.settings.persistence.appendfsync

    # Start

    def load(self) -> Loaded | None:
        """Open all plugins and load the one that is to be; None if there was nothing.

        Leaves the hub free meanwhile. Raises Corrupt, OSError, or WrongOrder.
        """
        found = []
        for writer in self.journal.writers:
            self._in_writer(writer, writer.plugin.open)
            is_empty = self._in_writer(writer, writer.plugin.is_empty)
            found.append((writer.plugin, is_empty, self.entries[writer].is_implied))
        chosen = choose(found)
        if chosen is None:
            return None
        writer = next(w for w in self.journal.writers if w.plugin is chosen)
        self.loading, self.loading_since_ms = chosen.report, self._clock.now_ms()
        try:
            return self._in_writer(writer, lambda: load(chosen, self._config, self._clock.now_ms()))
        finally:
            self.loading = None

    def _in_writer(self, writer: Writer, function: Callable[[], T]) -> T:
        """Have a writer's thread do something; only this greenlet waits for it."""
        result: T = self.journal.ask(writer, function).get()
        return result

    def begin(self, loaded: Loaded | None) -> None:
        """Put what was loaded into the engine, and keep what changes from now on.

        Raises OSError if a log that is new cannot be given all the data.
        """
        engine = self._engine
        source: Persistence | None = None
        if loaded is not None:
            engine.keyspace.adopt(loaded.keyspace)
            engine.memory.recount()
            self.told.loaded_keys = loaded.keys
            self.told.loaded_expired = loaded.report.keys_expired
            source = next(
                w.plugin for w in self.journal.writers if w.plugin.report is loaded.report
            )
        if self.journal.appending:
            self.begin_appending()
        self.is_loaded = True
        for writer in self.journal.appending:
            # What another one holds may be older than what was loaded, or not there at all.
            if loaded is not None and writer.plugin is not source:
                self.snapshots.request(writer)
                if writer is self.journal.writers[0]:  # it will be what the next start loads
                    self.snapshots.wait_for(writer)

    # Plugins that come and go

    def begin_appending(self) -> None:
        """Have the engine tell the journal what changes."""
        if self.journal.take not in self._engine.listeners:
            self._engine.listeners.append(self.journal.take)

    def drop(self, writer: Writer) -> None:
        """Write no more with this one; its thread writes what it has, and closes the plugin."""
        self.snapshots.forget(writer)
        self.journal.remove(writer)
        self.entries.pop(writer)
        writer.stop()
        if not self.journal.appending and self.journal.take in self._engine.listeners:
            self._engine.listeners.remove(self.journal.take)

    def writer_of(self, name: str) -> Writer | None:
        """Return the writer of a plugin, if it is one of those alive."""
        return next((w for w in self.journal.writers if w.plugin.name == name), None)

    # What happens

    def step(self) -> None:
        """Do what is due; some ten times a second."""
        if self.is_loaded:
            self.journal.step()
            self.snapshots.step()

    def failing_changed(self) -> None:
        """Work out whether writes are refused, and say when that changes."""
        before, failing = self.refusal, self.journal.failing
        self.refusal = None
        stops = self._config.settings.persistence.stop_writes_on_bgsave_error
        if failing is not None:
            plugin, failure = failing
            self.refusal = errors.fail(
                errors.DISK_FAILS, plugin=plugin.name, reason=failure.reason
            ).line
        elif stops and any(map(self.snapshots.failed, self.snapshots.rules)):
            self.refusal = errors.fail(errors.SNAPSHOT_FAILS).line
        self._engine.limit(DISK_LIMIT, self.refusal is not None)
        if self.refusal is not None and before is None:
            self.told.refusing_since_ms = self._clock.now_ms()
            reason = self.refusal.decode("utf-8", "replace")
            self.log("error", "the disk fails: writes are refused", reason=reason)
        elif self.refusal is None and before is not None:
            refused_s = (self._clock.now_ms() - self.told.refusing_since_ms) / 1000
            self.log("notice", "the disk is well again: writes are served", refused_s=refused_s)

    def _snapshot_done(self, writer: Writer, took_s: float, error: BaseException | None) -> None:
        name = writer.plugin.name
        self.told.note_snapshot(writer, took_s, error)
        if error is not None:
            self.log("error", "a snapshot failed", plugin=name, reason=str(error) or repr(error))
        else:
            self.log("notice", "snapshot written", plugin=name, seconds=round(took_s, 3))
        self.failing_changed()

    # What commands ask

    def info(self, now_ms: int) -> list[tuple[str, object]]:
        """Return the fields of INFO persistence."""
        return info_lines(self, now_ms)

    def last_save_s(self) -> int | None:
        """Return the Unix time of the last snapshot, or of the start."""
        return self.snapshots.saved_ms // 1000

    def save(self) -> Reply:
        """Write everything and return when it is on disk. Raises CommandError."""
        self._need_plugins()
        if self.snapshots.running is not None:
            raise errors.fail(errors.SAVE_IN_PROGRESS)
        try:
            self._save_all()
        except Exception as error:  # the disk's fault or the plugin's, and logged
            raise errors.fail(errors.SAVE_FAILED, reason=str(error) or repr(error)) from None
        return SAVED

    def _save_all(self) -> None:
        if self.journal.failing is not None:  # its writer tries again and again, and hears nothing
            raise OSError(self.journal.failing[1].reason)
        self.journal.hand_over()
        for writer in self.journal.appending:
            writer.wait_for(writer.sync_now)
        for writer in list(self.snapshots.rules):
            self.snapshots.take_now(writer)
        self._note_saved()

    def _note_saved(self) -> None:
        """Note that all there is now is on disk, or at least with the thread that syncs it."""
        self.snapshots.saved_ms = self._clock.now_ms()
        self._engine.stats.changes_since_save = 0

    def _need_plugins(self) -> None:
        if not self.journal.writers:
            raise errors.fail(errors.NO_PERSISTENCE)

    def bgsave(self, *, may_wait: bool) -> Reply:
        """Begin a snapshot of each plugin that takes them; the others have everything synced."""
        self._need_plugins()
        running = self.snapshots.running
        if running is not None and running in self.snapshots.rules:
            raise errors.fail(errors.SAVE_IN_PROGRESS)
        if running is not None and not may_wait:
            raise errors.fail(errors.BGSAVE_IN_ANOTHER)
        self.request_sync()
        for writer in self.snapshots.rules:
            self.snapshots.request(writer)
        if not self.snapshots.rules:
            self._note_saved()
        return SAVING_SCHEDULED if running is not None else SAVING_STARTED

    def bgrewrite(self) -> Reply:
        """Begin to rewrite the append-only file. Raises CommandError."""
        writer = self.writer_of(AOF)
        if writer is None:
            raise errors.fail(errors.NO_APPEND_ONLY_FILE)
        running = self.snapshots.running
        if running is writer:
            raise errors.fail(errors.REWRITE_IN_PROGRESS)
        self.snapshots.request(writer)
        return REWRITE_STARTED if running is None else REWRITE_SCHEDULED

    def reload_log(self) -> Reply:
        """Close the append-only file, open it and load it, as a start would."""
        writer = self.writer_of(AOF)
        if writer is None:
            raise errors.fail(errors.NO_APPEND_ONLY_FILE)
        if self.snapshots.running is not None:
            raise errors.fail(errors.REWRITE_IN_PROGRESS)
        entry, place = self.entries[writer], self.journal.writers.index(writer)
        self.drop(writer)
        writer.join(60.0)
        again = self.add(build(entry, self._config), entry)
        self.journal.writers.insert(place, self.journal.writers.pop())
        self.begin_appending()
        try:
            again.wait_for(again.plugin.open)
            again.wait_for(again.plugin.is_empty)
            loaded = again.wait_for(lambda: load(again.plugin, self._config, self._clock.now_ms()))
        except (OSError, Corrupt) as error:
            raise errors.fail(errors.RELOAD_FAILED, reason=str(error)) from None
        self._engine.keyspace.adopt(loaded.keyspace)
        self._engine.memory.recount()
        return OK

    def position(self) -> int:
        """Return a number that stands for everything changed so far."""
        return self.journal.position()

    def synced_position(self) -> int:
        """Return the position up to which everything would survive a power cut."""
        return self.journal.synced_position()

    def request_sync(self) -> None:
        """Have everything so far synced soon, whatever the policy says."""
        self.journal.hand_over()
        for writer in self.journal.appending:
            writer.request_sync()

    # Stop

    def prepare_shutdown(self, saves: bool | None, is_forced: bool) -> None:
        """Take the snapshots that are wanted before the server goes. Raises CommandError."""
        if saves and not self.journal.writers and not is_forced:
            raise errors.fail(errors.NO_PERSISTENCE)
        self._saves_at_stop = False
        if not self.is_loaded:  # nothing has changed, and what is here is not what is there
            return
        if saves is False or (saves is None and not any(self.snapshots.rules.values())):
            return
        if self.snapshots.running is not None:  # it is waited for, and another taken, at the end
            self._saves_at_stop = True
            return
        try:
            self._save_all()
        except Exception as error:  # the disk's fault or the plugin's
            self.log("error", "cannot save before shutdown", reason=str(error) or repr(error))
            if not is_forced:
                self._saves_at_stop = None
                raise errors.fail(errors.SHUTDOWN_FAILED) from None

    def stop(self, timeout_s: float) -> bool:
        """Write and close everything; tell whether nothing was lost. Nobody is served any more."""
        if not self.is_loaded:  # nothing has changed; a thread that still loads ends with us
            return True
        wants = self._saves_at_stop
        if wants is None:
            wants = any(self.snapshots.rules.values())
        self.snapshots.wait_until_idle()
        is_saved = self._save_at_stop() if wants else True
        return self.journal.stop(timeout_s) and is_saved

    def _save_at_stop(self) -> bool:
        try:
            self._save_all()
        except Exception as error:  # the disk's fault or the plugin's; there is no later
            self.log("error", "could not save at the end", reason=str(error) or repr(error))
            return False
        return True
