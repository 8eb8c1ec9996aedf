"""Runs one piece of load in a process of its own.

So it can be given a time limit, and what it leaves behind in memory does not slow the next one.
"""

from __future__ import annotations

import multiprocessing
import signal
import subprocess
from collections.abc import Callable
from multiprocessing.connection import Connection as Pipe

from bench.servers import Server
from bench.wire import ServerSaidNo
from bench.workload import Sample, Scale, Target

RUN_LIMIT_S = 300.0  # for one workload on one server, preparation included
END_LIMIT_S = 5.0

Run = Callable[[Target, Scale], Sample]

_FORK = multiprocessing.get_context("fork")


class Failed(Exception):
    """One run came to nothing; the text says why."""


class Stuck(Failed):
    """One run did not end in time, and the server may not be fit for another."""


def run_in_child(run: Run, server: Server, scale: Scale) -> Sample:
    """Return what ``run`` measured on a running server. Raises Failed or Stuck."""
    target = Target(server.name, server.port, server.pid, server.started_s)
    receiver, sender = _FORK.Pipe(duplex=False)
    child = _FORK.Process(target=_child, args=(run, target, scale, sender), daemon=True)
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


def _child(run: Run, target: Target, scale: Scale, sender: Pipe) -> None:
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the parent decides, and says it once
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    try:
        sender.send(run(target, scale))
    except (ServerSaidNo, OSError, subprocess.TimeoutExpired) as error:
        sender.send(f"{type(error).__name__}: {error}")
