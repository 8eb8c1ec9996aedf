"""Start with a million entries in files: from process start to the first answer about them.

While a server loads it refuses to answer (-LOADING), and before that it does not listen; both
are tried again after a short pause. The CPU figure is all the process has spent by then.
"""

from __future__ import annotations

import time

from bench.filling import KEY, entry_count
from bench.process import cpu_s, is_running
from bench.saving import REWRITE, SNAPSHOT
from bench.setups import Setup, Setups, our_log, ours, theirs
from bench.wire import PATIENCE_S, Connection, ServerSaidNo
from bench.workload import CPU_S, LOAD_S, Sample, Scale, Target, Workload

LIMIT_S = 100.0
PAUSE_S = 0.005


def first_answer(target: Target, scale: Scale) -> Sample:
    """Ask until there is an answer. Raises ServerSaidNo if it is not all that was written."""
    deadline_s = target.started_s + LIMIT_S
    found = None
    while found is None:
        found = _entries_found(target, deadline_s)
        if found is None:
            time.sleep(PAUSE_S)
    sample = {LOAD_S: time.perf_counter() - target.started_s, CPU_S: cpu_s(target.pid)}
    if found != entry_count(scale):
        raise ServerSaidNo(f"{found} entries after the start; {entry_count(scale)} were written")
    return sample


def _entries_found(target: Target, deadline_s: float) -> object:
    """Return the length of the stream; None if the server does not listen yet."""
    try:
        connection = Connection(target.port, PATIENCE_S)
    except ConnectionRefusedError:
        _check(target, deadline_s, "does not listen")
        return None
    with connection:
        while True:
            try:
                return connection.call("XLEN", KEY)
            except ServerSaidNo as error:
                if not str(error).startswith("LOADING"):
                    raise
            _check(target, deadline_s, "is still loading")
            time.sleep(PAUSE_S)


def _check(target: Target, deadline_s: float, state: str) -> None:
    if not is_running(target.pid):
        raise ServerSaidNo("the server ended while it started")
    if time.perf_counter() > deadline_s:
        raise ServerSaidNo(f"the server {state} after {LIMIT_S} s")


def _workload(name: str, title: str, geostream: Setup, others: Setup) -> Workload:
    return Workload(
        name,
        title,
        first_answer,
        metrics=(LOAD_S, CPU_S),
        setups=Setups(geostream, others),
        from_files=True,
    )


_THEIR_RDB = theirs(saved_by=SNAPSHOT)

WORKLOADS = (
    _workload("start-rdb", "start, rdb", ours("rdb", "save=", saved_by=SNAPSHOT), _THEIR_RDB),
    _workload(
        "start-aof-base",
        "start, aof after a rewrite (rdb base)",
        our_log("everysec", saved_by=REWRITE),
        theirs("everysec", saved_by=REWRITE),
    ),
    _workload("start-aof", "start, aof, commands only", our_log("everysec"), theirs("everysec")),
    _workload("start-sqlite", "start, sqlite (others: rdb)", ours("sqlite"), _THEIR_RDB),
)
