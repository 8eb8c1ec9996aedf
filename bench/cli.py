"""The command line of the benchmark: what to run, how often, where to write the result."""

from __future__ import annotations

import argparse
import os
import platform
import shlex
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path

from bench import catalog, disk, filling, report
from bench.machine import cpu_model
from bench.runner import Results, run_rounds, running
from bench.servers import NAMES, Server
from bench.workload import Scale, Workload

ROUNDS = 3
QUICK_REQUESTS = 0.1
QUICK_S = 0.25
OWN_LOAD = "a closed loop in Python (redis-benchmark not used)"


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m bench", description=__doc__)
    add = parser.add_argument
    add("--only", nargs="+", metavar="NAME", help="workloads, by name, first words or pattern")
    add("--list", action="store_true", help="print the names of the workloads and end")
    add("--rounds", type=int, default=None, help=f"default {ROUNDS}, with --quick 1")
    add("--quick", action="store_true", help="a tenth of the load: to try it out, not to quote")
    add("--size", type=float, metavar="FACTOR", help="on every counted load; default 1")
    add("--servers", nargs="+", choices=NAMES, default=list(NAMES), help="default: all")
    add("--geostream-args", default="", metavar="ARGS", help="more arguments, in one word")
    add("--own-load", action="store_true", help="do not use redis-benchmark")
    add("--settle-s", type=float, default=1.0, help="quiet time before memory is read")
    add("--markdown", type=Path, metavar="FILE", help="write the tables between its markers")
    add("--json", type=Path, metavar="FILE", help="write every sample")
    return parser


def main(argv: Sequence[str] | None = None) -> int:
    """Run the benchmark; return the exit status."""
    parser = _parser()
    asked = parser.parse_args(argv)
    try:
        workloads = catalog.choose(asked.only) if asked.only else list(catalog.ALL)
    except KeyError as error:
        parser.error(f"no workload {error}; --list shows them")
    if asked.list:
        print(_listed(workloads))
        return 0
    rounds = asked.rounds or (1 if asked.quick else ROUNDS)
    tool = None if asked.own_load else shutil.which("redis-benchmark")
    scale = _scale(asked, tool)
    signal.signal(signal.SIGTERM, signal.default_int_handler)  # the servers are stopped either way
    results = Results()
    extra = shlex.split(asked.geostream_args)
    with running([Server(name, extra) for name in NAMES if name in asked.servers]) as servers:
        versions = {server.name: server.version for server in servers}
        try:
            run_rounds(workloads, servers, rounds, scale, results)
        except KeyboardInterrupt:
            print("interrupted: no file is written; so far:", file=sys.stderr)
            asked.markdown = asked.json = None
    words = sys.argv[1:] if argv is None else argv
    setting = report.Setting(
        date=time.strftime("%Y-%m-%d"),
        cpus=os.cpu_count() or 1,
        cpu_model=cpu_model(),
        python=platform.python_version(),
        rounds=rounds,
        versions=versions,
        disk=disk.describe() if any(one.keeps for one in workloads) else "",
        entries=filling.entry_count(scale),
        request_load=_tool_version(tool) if tool else OWN_LOAD,
        command=shlex.join(["python", "-m", "bench", *words]),
    )
    _deliver(results, workloads, setting, asked)
    return 0 if results.samples else 1


def _listed(workloads: Sequence[Workload]) -> str:
    width = max(len(workload.name) for workload in workloads)
    return "\n".join(f"{workload.name:<{width}}  {workload.title}" for workload in workloads)


def _scale(asked: argparse.Namespace, tool: str | None) -> Scale:
    return Scale(
        requests=asked.size or (QUICK_REQUESTS if asked.quick else 1.0),
        seconds=QUICK_S if asked.quick else 1.0,
        settle_s=asked.settle_s,
        redis_benchmark=tool,
    )


def _deliver(
    results: Results,
    workloads: Sequence[Workload],
    setting: report.Setting,
    asked: argparse.Namespace,
) -> None:
    servers = list(setting.versions)
    print(report.as_text(results, workloads, servers, setting))
    if asked.json:
        report.write_samples(asked.json, results, setting)
    if asked.markdown and results.samples:
        report.write_tables(asked.markdown, results, workloads, servers, setting)


def _tool_version(path: str) -> str:
    done = subprocess.run([path, "--version"], capture_output=True, text=True, check=False)
    return " ".join(done.stdout.split()[:2]) or "redis-benchmark"
