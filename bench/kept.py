"""XADD with every change appended to a file, by two policies: synced every second, or always.

A reply may come before the change is in the file, if the policy allows that; a server must not
look faster for what it owes. Redis and Valkey write to the file before they reply. geostream
hands its changes to a thread, so the time until that has written all of them counts as part of
the load, and so does its CPU time. Whether what was written is synced at once, or within the
second, is the policy, and the same for all.
"""

from __future__ import annotations

import time
from dataclasses import dataclass

from bench.request_rate import XADD, RequestRate
from bench.setups import OURS, Setups, our_log, ours, theirs
from bench.wire import PATIENCE_S, Connection, ServerSaidNo
from bench.workload import CPU_US_PER_OP, OPS_PER_S, Meter, Sample, Scale, Target, Workload

LOOK_S = 0.002  # between two questions


@dataclass(frozen=True, slots=True)
class KeptRate:
    """One load, up to the moment when all of it is in the file."""

    load: RequestRate

    def __call__(self, target: Target, scale: Scale) -> Sample:
        sample = self.load(target, scale)
        if target.name != OURS:
            return sample
        requests = self.load.request_count(scale)
        meter = Meter(target)
        with Connection(target.port, timeout_s=PATIENCE_S) as connection:
            _wait_until_written(connection)
        owed = meter.sample(requests)
        took_s = requests / sample[OPS_PER_S] + requests / owed[OPS_PER_S]
        cpu_us = sample[CPU_US_PER_OP] + owed[CPU_US_PER_OP]
        return {OPS_PER_S: requests / took_s, CPU_US_PER_OP: cpu_us}


def _wait_until_written(connection: Connection) -> None:
    """Return when nothing waits to be appended to the file."""
    deadline_s = time.monotonic() + PATIENCE_S
    while connection.info("persistence")["persistence_batches_not_written"] != "0":
        if time.monotonic() > deadline_s:
            raise ServerSaidNo(f"not all is written after {PATIENCE_S} s")
        time.sleep(LOOK_S)


_DEPTHS = {"xadd-50": ("XADD, 50 clients", 1), "xadd-p16": ("XADD, pipelined 16", 16)}
_REQUESTS = {
    ("everysec", 1): 150_000,
    ("everysec", 16): 600_000,
    ("always", 1): 25_000,
    ("always", 16): 200_000,
}


def _workload(plugin: str, fsync: str, load: str) -> Workload:
    title, depth = _DEPTHS[load]
    rate = RequestRate(XADD, 2, 50, depth, _REQUESTS[fsync, depth])
    geostream = our_log(fsync) if plugin == "aof" else ours(plugin, f"appendfsync={fsync}")
    others = "" if plugin == "aof" else " (others: aof)"
    return Workload(
        f"{plugin}-{fsync}-{load}",
        f"{title}, {plugin} {fsync}{others}",
        KeptRate(rate),
        setups=Setups(geostream, theirs(fsync)),
    )


WORKLOADS = tuple(
    _workload(plugin, fsync, load)
    for plugin in ("aof", "sqlite")
    for fsync in ("everysec", "always")
    for load in _DEPTHS
)
