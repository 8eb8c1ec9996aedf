"""The shape every workload has: a name, a way to run it on one server, and what comes out.

A workload's ``run`` is called in a process of its own, once per server and round. It prepares
its data, then measures a bounded piece of work between two readings of the server's CPU time.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass

from bench.process import cpu_s
from bench.setups import IN_MEMORY, Setups


@dataclass(frozen=True, slots=True)
class Target:
    """The server under load, as much of it as a workload needs."""

    name: str
    port: int
    pid: int
    started_s: float  # when its process was started, on the clock of time.perf_counter


@dataclass(frozen=True, slots=True)
class Scale:
    """How much work one measurement is."""

    requests: float = 1.0  # factor on every counted load
    seconds: float = 1.0  # length of every timed load
    settle_s: float = 1.0  # quiet time before memory is read
    redis_benchmark: str | None = None  # path; None: the load generator of this package


@dataclass(frozen=True, slots=True)
class Metric:
    """One measured figure."""

    title: str
    higher_is_better: bool
    digits: int


OPS_PER_S = "ops_per_s"
CPU_US_PER_OP = "cpu_us_per_op"
RSS_BYTES = "rss_bytes_per_entry"
USED_BYTES = "used_bytes_per_entry"
LOAD_S = "load_s"
CPU_S = "cpu_s"
SAVE_S = "save_s"
WAIT_MS = "longest_wait_ms"

METRICS = {
    OPS_PER_S: Metric("operations/s", higher_is_better=True, digits=0),
    CPU_US_PER_OP: Metric("server CPU, us/operation", higher_is_better=False, digits=2),
    RSS_BYTES: Metric("resident bytes/entry", higher_is_better=False, digits=1),
    USED_BYTES: Metric("used_memory bytes/entry", higher_is_better=False, digits=1),
    LOAD_S: Metric("seconds from process start to the first answer", False, digits=2),
    CPU_S: Metric("server CPU, seconds", False, digits=2),
    SAVE_S: Metric("seconds until it is saved", False, digits=2),
    WAIT_MS: Metric("longest wait of another client, ms", False, digits=1),
}

Sample = dict[str, float]  # metric name to value, of one run on one server


@dataclass(frozen=True, slots=True)
class Workload:
    """A row of the result table."""

    name: str  # for --only
    title: str  # for people; says what one operation is where that is not plain
    run: Callable[[Target, Scale], Sample]
    metrics: tuple[str, str] = (OPS_PER_S, CPU_US_PER_OP)
    fresh_server: bool = False  # needs a server that never held anything else
    setups: Setups = IN_MEMORY
    from_files: bool = False  # begins when the process starts, which finds files (archive.py)

    @property
    def needs_own_server(self) -> bool:
        return self.fresh_server or self.keeps

    @property
    def keeps(self) -> bool:
        """Whether servers write files."""
        return self.setups != IN_MEMORY


class Meter:
    """Wall and CPU time of one piece of work."""

    def __init__(self, target: Target) -> None:
        self._pid = target.pid
        self._cpu_s = cpu_s(target.pid)
        self._start_s = time.perf_counter()

    def elapsed_s(self) -> float:
        return time.perf_counter() - self._start_s

    def sample(self, operations: int) -> Sample:
        """Return the two figures of the work done since the meter was made."""
        wall_s = self.elapsed_s()
        spent_s = cpu_s(self._pid) - self._cpu_s
        return {OPS_PER_S: operations / wall_s, CPU_US_PER_OP: spent_s / operations * 1e6}
