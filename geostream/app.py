"""Builds the server from its configuration, and owns the order of start and stop.

The one module that knows all rooms; it ties them together by passing objects and
functions. Start: engine, sockets, then the data, while clients are told that it is loading;
then the line that says it is ready. Stop (SIGTERM, SIGINT, SHUTDOWN): nobody is accepted any
more, the running command ends, waiting clients are released, replies are sent, everything is
written, and the process exits with 0.
"""

from __future__ import annotations

import gc
import os
import resource
import signal
import sys
import time
from types import TracebackType

import gevent
from gevent.event import Event
from gevent.server import StreamServer

import geostream.commands  # noqa: F401  fills the command table
from geostream import __version__, heap, logs
from geostream.clock import Clock
from geostream.config import BadConfig, Config
from geostream.engine.client import Client
from geostream.engine.command import LOADING_LIMIT, Command
from geostream.engine.dispatch import Engine
from geostream.engine.host import Host
from geostream.engine.settings import apply_settings
from geostream.persistence.api import Corrupt
from geostream.persistence.disk import KeptDisk
from geostream.persistence.recovery import Loaded, WrongOrder
from geostream.persistence.registry import Begun, UnusablePlugin
from geostream.rdb.crc import crc64
from geostream.server.listener import Server
from geostream.server.packing import Packer
from geostream.server.stopwatch import RunningStopwatch
from geostream.store.keyspace import Keyspace

STOP_S = 4.0  # how long clients may take to go when the server stops
CLOSE_S = 10.0  # and the disk, to take what is left; a snapshot may take longer
PROGRESS_S = 1.0  # between two lines about loading
RESERVED_FILES = 64  # file descriptors that are not clients

IMPORTED_BYTES = 9 * 2**20  # what modules take that are imported while data is read, about
GC_THRESHOLDS = (50_000, 20, 50)  # commands leave no cycles; closed connections do

log = logs.logger("server")


class Process(Host):
    """This process, as the engine sees it."""

    def __init__(self, config: Config, begun: Begun | None = None) -> None:
        """Know the configuration; ``tcp_port`` is set once it is bound."""
        self.run_id = os.urandom(20).hex()
        self.config_file = str(config.path or "")
        self.process_id = os.getpid()
        self.executable = os.path.abspath(sys.argv[0]) if sys.argv[0] else sys.executable
        uname = os.uname()
        self.system = f"{uname.sysname} {uname.release} {uname.machine}"
        self.arch_bits = 64 if sys.maxsize > 2**32 else 32
        self.event_loop = str(gevent.get_hub().loop.backend)
        self.total_memory_bytes = os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
        self.baseline_bytes = self.resident_bytes()
        if begun is not None:  # what was read since is there too
            before_bytes = begun.resident_bytes + IMPORTED_BYTES
            self.baseline_bytes = min(self.baseline_bytes, before_bytes)
        self.stopping = Event()

    def sleep(self, duration_s: float) -> None:
        """Hold the whole server up for so long."""
        time.sleep(duration_s)

    def shut_down(self) -> None:
        """End the process in an orderly way, soon."""
        self.stopping.set()

    def log(self, message: bytes) -> None:
        """Write a line to the server's log."""
        logs.event(log, logs.WARNING, "DEBUG LOG", message=message.decode("utf-8", "replace"))

    def give_back(self) -> None:
        """Give memory that is free back to the system. Any thread may call this."""
        heap.give_back()

    def resident_bytes(self) -> int:
        """Return how much memory the process has resident."""
        return heap.resident_bytes()

    def cpu_s(self) -> tuple[float, float]:
        """Return system and user CPU seconds the process has used."""
        usage = resource.getrusage(resource.RUSAGE_SELF)
        return usage.ru_stime, usage.ru_utime


class App:
    """The running server."""

    def __init__(self, config: Config, begun: Begun | None = None) -> None:
        """Build everything, but for what was begun; nothing is bound yet."""
        self.config = config
        self.process = Process(config, begun)
        self.clock = Clock()
        keyspace = Keyspace(config.settings.server.databases)
        self.engine = Engine(
            keyspace, config, self.process, RunningStopwatch(), self._report_command_fault
        )
        self.engine.stats.started_ms = keyspace.now_ms = self.clock.now_ms()
        apply_settings(self.engine, config)
        self.server = Server(
            self.engine, config, self.clock, self._report_fault, self._report_dropped
        )
        self.disk = KeptDisk(
            self.engine, config, self.clock, self._log, self._report_fault,
            None if begun is None else begun.plugins,
        )  # fmt: skip
        self.engine.disk = self.disk
        self.packer = Packer(self.engine, config, self._report_fault)
        self._progress_s = self.clock.monotonic_s()

    def run(self) -> int:
        """Serve until told to stop; return the exit status."""
        gevent.get_hub().print_exception = self._report_hub_fault
        self._watch_signals()
        self._raise_file_limit()
        gc.freeze()  # what was imported is not looked at again
        gc.set_threshold(*GC_THRESHOLDS)
        self.engine.limit(LOADING_LIMIT, True)
        self.server.on_step = self._tell_progress
        try:
            os.chdir(self.config.settings.server.dir)
            addresses = self.server.start()
        except OSError as error:
            logs.event(log, logs.ERROR, "cannot start", reason=error.strerror or str(error))
            return 1
        self.process.tcp_port = addresses[0][1] if addresses else 0
        if not self._load():
            self.server.stop(STOP_S)
            return 1
        if not self.process.stopping.is_set():
            for host, port in addresses:
                logs.event(
                    log, logs.NOTICE, "Ready to accept connections", address=host, port=port,
                    version=__version__, persistence=",".join(self.disk.plugins),
                    fsync=self.disk.fsync,
                )  # fmt: skip
        self.process.stopping.wait()
        return self._stop()

    def _load(self) -> bool:
        """Load what is on disk, and serve it; tell whether to go on."""
        gc.disable()  # what is loaded stays: walking it again and again would be for nothing
        loading = gevent.spawn(self._loaded)
        gevent.wait([loading, self.process.stopping], count=1)
        gc.enable()
        if not loading.ready():
            return True  # told to stop: nothing has changed, so nothing is to be saved
        loaded = loading.get()
        if isinstance(loaded, Exception):
            logs.event(log, logs.ERROR, "cannot load the data", reason=str(loaded))
            return False
        self._report_loaded(loaded)
        try:
            self.disk.begin(loaded)
        except OSError as error:
            logs.event(log, logs.ERROR, "cannot start", reason=error.strerror or str(error))
            return False
        self.disk.journal.replies = self.server.turn
        self.server.turn.gate = self.disk.journal
        self.server.on_step = self._step
        self.engine.limit(LOADING_LIMIT, False)
        gc.freeze()  # nor is what was loaded
        return True

    def _loaded(self) -> Loaded | Exception | None:
        """Return what is on disk, or why it cannot be loaded."""
        try:
            return self.disk.load()
        except (Corrupt, OSError, WrongOrder) as error:
            return error

    def _step(self) -> None:
        """Do what is due outside the engine; some ten times a second."""
        self.disk.step()
        self.packer.step(self.clock.now_ms())

    def _report_loaded(self, loaded: Loaded | None) -> None:
        if "DYNO" in os.environ and self.disk.plugins:
            logs.event(
                log, logs.WARNING, "the files of a dyno are lost when it restarts",
                directory=self.config.settings.persistence.directory,
            )  # fmt: skip
        if loaded is None:
            return
        report = loaded.report
        for remark in report.remarks:
            logs.event(log, logs.WARNING, remark)
        if report.skipped:
            logs.event(
                log, logs.WARNING, "values of types that are not served were left out",
                counts=report.skipped, keys=report.skipped_keys,
            )  # fmt: skip
        if loaded.failed:
            logs.event(
                log, logs.WARNING, "some of what is stored could not be carried out",
                count=loaded.failed, first=loaded.failures,
            )  # fmt: skip
        seconds = (self.clock.now_ms() - self.disk.loading_since_ms) / 1000
        logs.event(
            log, logs.NOTICE, "loaded", keys=loaded.keys, seconds=seconds,
            expired=report.keys_expired,
        )  # fmt: skip

    def _tell_progress(self) -> None:
        """Log how far loading is, now and then."""
        report, now_s = self.disk.loading, self.clock.monotonic_s()
        if report is not None and report.total_bytes and now_s - self._progress_s > PROGRESS_S:
            self._progress_s = now_s
            percent = round(100 * report.loaded_bytes / report.total_bytes)
            logs.event(log, logs.NOTICE, "loading", percent=percent, bytes=report.loaded_bytes)

    def _stop(self) -> int:
        """Let everybody go, and have everything written; return the exit status."""
        logs.event(log, logs.NOTICE, "stopping", clients=len(self.server.connections))
        everybody_left = self.server.stop(STOP_S)
        self.packer.stop()
        all_written = self.disk.stop(CLOSE_S)
        logs.event(
            log, logs.NOTICE if all_written else logs.ERROR, "stopped",
            clients_cut_off=not everybody_left, all_written=all_written,
        )  # fmt: skip
        return 0 if all_written else 1

    def _watch_signals(self) -> None:
        for number in (signal.SIGTERM, signal.SIGINT):
            gevent.signal_handler(number, self._stop_on_signal, number)
        if hasattr(signal, "SIGHUP"):
            gevent.signal_handler(signal.SIGHUP, self._reload)

    def _stop_on_signal(self, number: int) -> None:
        logs.event(log, logs.NOTICE, "received signal", signal=signal.Signals(number).name)
        self.process.shut_down()

    def _reload(self) -> None:
        """Read the configuration anew (SIGHUP); say what changed and what could not."""
        try:
            reloaded = self.config.reload()
        except BadConfig as error:
            logs.event(log, logs.WARNING, "configuration not reloaded", reason=str(error))
            return
        logs.event(
            log, logs.NOTICE, "configuration reloaded",
            changed=list(reloaded.changed),
            not_changed=[f"{name}: {reason}" for name, reason in reloaded.kept],
        )  # fmt: skip

    def _raise_file_limit(self) -> None:
        """Let the process have a file descriptor for each client, as far as the system allows."""
        soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
        wanted = self.config.settings.clients.maxclients + RESERVED_FILES
        if soft == resource.RLIM_INFINITY or soft >= wanted:
            return
        allowed = wanted if hard == resource.RLIM_INFINITY else min(wanted, hard)
        resource.setrlimit(resource.RLIMIT_NOFILE, (allowed, hard))
        if allowed < wanted:
            logs.event(
                log, logs.WARNING, "fewer clients than maxclients can be served",
                maxclients=wanted - RESERVED_FILES, files_allowed=allowed,
            )  # fmt: skip

    # What other rooms report

    def _log(self, weight: str, text: str, **fields: object) -> None:
        levels = {"notice": logs.NOTICE, "warning": logs.WARNING, "error": logs.ERROR}
        logs.event(log, levels[weight], text, **fields)

    def _report_command_fault(self, row: Command, fault: BaseException) -> None:
        logs.fault(log, "a command failed unexpectedly", command=row.name)

    def _report_fault(self, where: str, fault: BaseException) -> None:
        logs.fault(log, "unexpected failure", where=where)

    def _report_hub_fault(
        self,
        context: object,
        kind: type[BaseException],
        fault: BaseException,
        traceback: TracebackType | None,
    ) -> None:
        """Log what gevent would print: nobody else was there to catch it."""
        if isinstance(context, StreamServer) and isinstance(fault, OSError):
            reason = fault.strerror or str(fault)  # no more files: gevent tries again later
            logs.event(log, logs.WARNING, "cannot accept a client", reason=reason)
            return
        exc_info = (kind, fault, traceback)
        log.error("unexpected failure", exc_info=exc_info, extra={"fields": {"where": context}})

    def _report_dropped(self, client: Client, unsent_bytes: int) -> None:
        logs.event(
            log, logs.WARNING, "client dropped: it does not read its replies",
            client=client.id, address=client.address, unsent_bytes=unsent_bytes,
        )  # fmt: skip


def serve(config: Config, begun: Begun | None = None) -> int:
    """Run a server with this configuration until it is told to stop; return the exit status.

    begun -- plugins of this configuration, if they are built already
    """
    settings = config.settings.log
    try:
        output = logs.Log(level=settings.loglevel, path=settings.logfile, form=settings.log_format)
    except OSError as error:
        print(f"geostream: cannot log to {settings.logfile}: {error.strerror}", file=sys.stderr)
        return 1
    config.on_change("loglevel", lambda level: output.set_level(str(level)))
    crc64(b"")  # imports what it needs, while data is read that has to be summed up
    try:
        return App(config, begun).run()
    except UnusablePlugin as error:
        logs.event(log, logs.ERROR, "cannot start", reason=str(error))
        return 1
    finally:
        output.stop()
