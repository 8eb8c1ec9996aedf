"""A server and its clients, round after round: work, a sudden end, a new start, a look at it.

Workers send what they like (traffic.py) until the server is ended, at a moment that is drawn.
Then it is started on what it left and looked at, and the next round begins.
"""

from __future__ import annotations

import os
import random
import signal
import threading
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from tests.crash.served import Nursery, Served
from tests.crash.traffic import (
    Expected,
    Worker,
    check_shared,
    check_worker,
    preparation,
    state_of,
)
from tests.support.both import until
from tests.support.wire import Client, ConnectionLost, Simple

SEED = int(os.environ.get("SEED", "1"))
WORKERS = 3
ROUND_LIMIT_S = 40.0
OK = Simple(b"OK")

SQLITE = ("persistence.plugins=sqlite",)
AOF = (
    "persistence.plugins=aof",
    "auto-aof-rewrite-min-size=4kb",
    "auto-aof-rewrite-percentage=20",
)
RDB = ("persistence.plugins=rdb", "save=1 1")


class Rounds:
    """A server that is killed again and again, and its clients."""

    def __init__(self, nursery: Nursery, directory: Path, settings: Sequence[str]) -> None:
        self._nursery = nursery
        self._directory = directory
        self._settings = settings
        self.random = random.Random(SEED)
        self.workers = [
            Worker(f"w{number}", random.Random(f"{SEED} {number}")) for number in range(WORKERS)
        ]
        self._expected = [Expected(worker.key) for worker in self.workers]
        self.ended_s = 0.0
        self.server = self._start()
        client = self.server.client()
        for worker in self.workers:
            for request in preparation(worker.key):
                assert client.call(*request) == OK
        assert client.call("SAVE") == OK
        client.close()

    def _start(self) -> Served:
        return self._nursery.start(self._directory, *self._settings)

    def answered(self) -> int:
        return sum(worker.answered for worker in self.workers)

    def run(
        self,
        answers: int,
        nudges: Sequence[str] = (),
        *,
        least_s: float = 0.0,
        end: signal.Signals = signal.SIGKILL,
    ) -> int:
        """Have everybody at work, end the server after so many answers; return its exit status.

        nudges  -- commands that are sent again and again meanwhile
        least_s -- and not before so many seconds
        """
        not_before_s = time.monotonic() + least_s
        with ThreadPoolExecutor(WORKERS + 1) as pool:
            done = [pool.submit(worker.run, self.server.client()) for worker in self.workers]
            stop = threading.Event()
            done.append(pool.submit(self._nudge, self.server.client(), nudges, stop))
            try:
                until(
                    lambda: self.answered() >= answers and time.monotonic() >= not_before_s,
                    f"{answers} answers",
                    ROUND_LIMIT_S,
                )
            finally:
                self.ended_s = time.monotonic()
                self.server.signal(end)
                status = self.server.wait()
                stop.set()
            for one in done:
                one.result()
        return status

    def _nudge(self, client: Client, nudges: Sequence[str], stop: threading.Event) -> None:
        """Ask for snapshots and the like; note what a SAVE that succeeded must have saved."""
        try:
            while nudges and not stop.wait(0.005):
                answered = [worker.answered for worker in self.workers]
                command = self.random.choice(nudges)
                if client.call(command) == OK and command == "SAVE":
                    for worker, number in zip(self.workers, answered, strict=True):
                        worker.saved = number
        except (ConnectionLost, OSError):
            return
        finally:
            client.close()

    def check(self, at_least: Sequence[int], *, all_shared: bool = True) -> None:
        """Start the server on what it left, and fail unless all that must be there is.

        at_least   -- how many units of each worker must be
        all_shared -- whether everything acknowledged must be in the stream of all workers
        """
        self.server = self._start()
        client = self.server.client()
        check_shared(
            self.workers,
            client.call("XRANGE", self.workers[0].shared_key, "-", "+"),
            all_acknowledged=all_shared,
        )
        for worker, expected, least in zip(self.workers, self._expected, at_least, strict=True):
            check_worker(worker, expected, state_of(client, worker.key), least)
        client.call("DEL", self.workers[0].shared_key)
        assert client.call("SAVE") == OK
        client.close()
