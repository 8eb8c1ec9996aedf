"""Servers that start at once, and are killed (zygote.py)."""

from __future__ import annotations

import itertools
import json
import os
import signal
import subprocess
import sys
import threading
import time
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from tests.support.servers import free_port
from tests.support.wire import Client, ConnectionLost, Simple

START_LIMIT_S: Final = 40.0
STOP_LIMIT_S: Final = 40.0
POLL_S: Final = 0.001
PONG: Final = Simple(b"PONG")


@dataclass
class Served:
    """A running server."""

    process_id: int
    port: int
    log: Path
    _nursery: Nursery
    status: int | None = None  # of its end, negative: the signal
    _clients: list[Client] = field(default_factory=list)

    def client(self) -> Client:
        """Open a connection; it is closed when the server has ended."""
        self._clients.append(Client(self.port))
        return self._clients[-1]

    def signal(self, number: int) -> None:
        """Send a signal, if it was not waited for yet."""
        if self.status is None:
            os.kill(self.process_id, number)

    def kill(self) -> int:
        """End it as a crash would; return its exit status."""
        self.signal(signal.SIGKILL)
        return self.wait()

    def stop(self) -> int:
        """Ask it to end; return its exit status."""
        self.signal(signal.SIGTERM)
        return self.wait()

    def wait(self) -> int:
        """Return the exit status once it has ended; kill it if that takes too long."""
        if self.status is None:
            last_resort = threading.Timer(STOP_LIMIT_S, os.kill, (self.process_id, signal.SIGKILL))
            last_resort.start()
            self.status = self._nursery.order(wait=self.process_id)
            last_resort.cancel()
            for client in self._clients:
                client.close()
        return self.status

    def told(self) -> str:
        """Return all that it logged."""
        return self.log.read_text(errors="replace")

    def wait_until_ready(self) -> None:
        """Return once it serves. Raises RuntimeError with its log if it does not."""
        deadline_s = time.monotonic() + START_LIMIT_S
        while time.monotonic() < deadline_s:
            with suppress(OSError, ConnectionLost):
                client = Client(self.port)
                try:
                    if client.call("PING") == PONG:
                        return
                finally:
                    client.close()
            time.sleep(POLL_S)
        self.kill()
        raise RuntimeError(f"it did not start:\n{self.told()[-4000:]}")


class Nursery:
    """The zygote, from the test's side. All that it started is ended with it."""

    def __init__(self) -> None:
        """Start it; it imports while the test goes on."""
        self._started: list[Served] = []
        self._numbers = itertools.count()
        self._zygote = subprocess.Popen(
            [sys.executable, "-m", "tests.crash.zygote"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            env={name: value for name, value in os.environ.items() if name != "PORT"},
        )

    def start(self, directory: Path, *assignments: str, ready: bool = True) -> Served:
        """Start a server that works in a directory, with ``name=value`` settings.

        ready -- wait until it serves
        """
        directory.mkdir(parents=True, exist_ok=True)
        port, log = free_port(), directory / f"geostream-{next(self._numbers)}.log"
        arguments = ["serve", "--host", "127.0.0.1", "--port", str(port), "--dir", str(directory)]
        for assignment in assignments:
            arguments += ["--set", assignment]
        process_id = self.order(start=arguments, log=str(log))
        server = Served(process_id, port, log, self)
        self._started.append(server)
        if ready:
            server.wait_until_ready()
        return server

    def order(self, **order: Any) -> int:
        """Have the zygote do something; return its answer."""
        assert self._zygote.stdin is not None
        assert self._zygote.stdout is not None
        self._zygote.stdin.write(json.dumps(order) + "\n")
        self._zygote.stdin.flush()
        return int(self._zygote.stdout.readline())

    def clear(self) -> None:
        """End all that it started."""
        while self._started:
            self._started.pop().kill()

    def close(self) -> None:
        """End everything."""
        self.clear()
        assert self._zygote.stdin is not None
        assert self._zygote.stdout is not None
        self._zygote.stdin.close()
        self._zygote.wait(STOP_LIMIT_S)
        self._zygote.stdout.close()
