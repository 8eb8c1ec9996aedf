"""Rounds: every workload on every server in turn, each run in a process of its own.

The load runs in a child process, so it can be given a time limit, and what it leaves behind in
memory does not slow the next one. A server that fails a workload, or dies of it, has no figure
there; it is started again and the run goes on.
"""

from __future__ import annotations

import multiprocessing
import signal
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from multiprocessing.connection import Connection as Pipe

from bench.servers import CannotStart, Server
from bench.wire import ServerSaidNo
from bench.workload import Sample, Scale, Target, Workload

RUN_LIMIT_S = 120.0  # for one workload on one server, preparation included
END_LIMIT_S = 5.0

_FORK = multiprocessing.get_context("fork")


@dataclass(slots=True)
class Results:
    """Everything measured: samples by workload name, then by server name."""

    samples: dict[str, dict[str, list[Sample]]] = field(default_factory=dict)

    def add(self, workload: Workload, server: str, sample: Sample) -> None:
        self.samples.setdefault(workload.name, {}).setdefault(server, []).append(sample)


class Failed(Exception):
    """One run came to nothing; the text says why."""


class Stuck(Failed):
    """One run did not end in time, and the server may not be fit for another."""


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
    for number in range(1, rounds + 1):
        for workload in workloads:
            for server in servers:
                what = f"round {number}/{rounds}  {workload.name:<18} {server.name:<10}"
                try:
                    sample = _run_on(workload, server, scale)
                except (Failed, CannotStart) as error:
                    _say(f"{what} no figure: {error}")
                else:
                    results.add(workload, server.name, sample)
                    figures = (f"{name}={value:,.2f}" for name, value in sample.items())
                    _say(f"{what} {'  '.join(figures)}")


def _run_on(workload: Workload, server: Server, scale: Scale) -> Sample:
    if workload.fresh_server:
        other = server.another()
        try:
            other.start()
            return _run_in_child(workload, other, scale)
        finally:
            other.stop()
    if not server.is_alive():
        server.stop()
        server.start()
    try:
        return _run_in_child(workload, server, scale)
    except Failed as error:
        if server.is_alive() and not isinstance(error, Stuck):
            raise
        tail = server.log_tail()
        server.stop()  # the next run starts it again
        raise Failed(f"{error}\n{tail}") from error


def _run_in_child(workload: Workload, server: Server, scale: Scale) -> Sample:
    target = Target(server.name, server.port, server.pid)
    receiver, sender = _FORK.Pipe(duplex=False)
    child = _FORK.Process(target=_child, args=(workload, target, scale, sender), daemon=True)
    child.start()
    sender.close()
    try:
        outcome = _receive(receiver)
        child.join(END_LIMIT_S)
    finally:
        receiver.close()
        if child.is_alive():
            child.kill()
        child.join()
    if isinstance(outcome, str):
        raise Failed(outcome)
    return outcome


def _receive(receiver: Pipe) -> Sample | str:
    if not receiver.poll(RUN_LIMIT_S):
        raise Stuck(f"not finished within {RUN_LIMIT_S} s")
    try:
        outcome: Sample | str = receiver.recv()
    except EOFError:
        raise Failed("the load generator ended with an error, see above") from None
    return outcome


def _child(workload: Workload, target: Target, scale: Scale, sender: Pipe) -> None:
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the parent decides, and says it once
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    try:
        sender.send(workload.run(target, scale))
    except (ServerSaidNo, OSError, subprocess.TimeoutExpired) as error:
        sender.send(f"{type(error).__name__}: {error}")


def _say(line: str) -> None:
    print(line, file=sys.stderr, flush=True)
