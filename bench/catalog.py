"""All workloads, in the order of the result table, and choosing some by name."""

from __future__ import annotations

from collections.abc import Iterable
from fnmatch import fnmatchcase

from bench import fanout, groups, kept, memory, reads, request_rate, restart, saving
from bench.workload import Workload

ALL: tuple[Workload, ...] = (
    *request_rate.WORKLOADS,
    *reads.WORKLOADS,
    *groups.WORKLOADS,
    *fanout.WORKLOADS,
    *kept.WORKLOADS,
    *memory.WORKLOADS,
    *restart.WORKLOADS,
    *saving.WORKLOADS,
)


def choose(names: Iterable[str]) -> list[Workload]:
    """Return the workloads that match any of the names: a name, its first words, or a pattern.

    ``xadd`` takes all that begin with ``xadd-``, ``*-p16`` all that end so. Raises KeyError with
    the name that matches nothing.
    """
    wanted: set[str] = set()
    for name in names:
        found = {w.name for w in ALL if w.name.startswith(f"{name}-") or fnmatchcase(w.name, name)}
        if not found:
            raise KeyError(name)
        wanted |= found
    return [workload for workload in ALL if workload.name in wanted]
