"""Rounds: every workload on every server in turn, each run in a process of its own.

A server that fails a workload, or dies of it, has no figure there; it is started again and the
run goes on. A workload that needs servers of its own, because they must be new or started in
another way, gets one for each run.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field

from bench.archive import Archive
from bench.child import Failed, Stuck, run_in_child
from bench.servers import CannotStart, Server
from bench.workload import Sample, Scale, Workload


@dataclass(slots=True)
class Results:
    """Everything measured: samples by workload name, then by server name."""

    samples: dict[str, dict[str, list[Sample]]] = field(default_factory=dict)

    def add(self, workload: Workload, server: str, sample: Sample) -> None:
        self.samples.setdefault(workload.name, {}).setdefault(server, []).append(sample)


@contextmanager
def running(servers: Sequence[Server]) -> Iterator[list[Server]]:
    """Start the servers, leave out those that cannot start, and stop all at the end."""
    started: list[Server] = []
    try:
        for server in servers:
            try:
                server.start()
            except CannotStart as error:
                _say(f"left out: {error}")
            else:
                started.append(server)
        yield started
    finally:
        for server in servers:
            server.stop()


def run_rounds(
    workloads: Sequence[Workload],
    servers: Sequence[Server],
    rounds: int,
    scale: Scale,
    results: Results,
) -> None:
    """Fill ``results``; what is there stays valid if this is interrupted."""
    width = max((len(workload.name) for workload in workloads), default=0)
    with Archive() as archive:
        for number in range(1, rounds + 1):
            for workload in workloads:
                for server in servers:
                    what = f"round {number}/{rounds}  {workload.name:<{width}}  {server.name:<9} "
                    try:
                        sample = _run_on(workload, server, scale, archive)
                    except (Failed, CannotStart) as error:
                        _say(f"{what} no figure: {str(error).rstrip()}")
                    else:
                        results.add(workload, server.name, sample)
                        figures = (f"{name}={value:,.2f}" for name, value in sample.items())
                        _say(f"{what} {'  '.join(figures)}")


def _run_on(workload: Workload, server: Server, scale: Scale, archive: Archive) -> Sample:
    if workload.needs_own_server:
        return _run_on_its_own(workload, server, scale, archive)
    if not server.is_alive():
        server.stop()
        server.start()
    try:
        return run_in_child(workload.run, server, scale)
    except Failed as error:
        if server.is_alive() and not isinstance(error, Stuck):
            raise
        tail = server.log_tail()
        server.stop()  # the next run starts it again
        raise Failed(f"{error}\n{tail}") from error


def _run_on_its_own(workload: Workload, server: Server, scale: Scale, archive: Archive) -> Sample:
    own = server.another(workload.setups.of(server.name))
    try:
        if workload.from_files:
            archive.copy(own, scale, own.make_directory())
            own.start(wait=False)
        else:
            own.start()
        return run_in_child(workload.run, own, scale)
    except Failed as error:
        own.end()  # so that its log is complete
        raise Failed(f"{error}\n{own.log_tail()}") from error
    finally:
        own.stop()


def _say(line: str) -> None:
    print(line, file=sys.stderr, flush=True)
