"""The command line: which settings, on which servers, for how long."""

from __future__ import annotations

import argparse
import math
import os
import shlex
import signal
import sys
import time
from array import array
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from bench.filling import ENTRIES, fill, wait_until_synced
from bench.latency.disturbance import SETTINGS, Setting, going_on
from bench.latency.pacing import CLIENTS, Load
from bench.machine import cpu_model
from bench.report import write_between
from bench.servers import NAMES, CannotStart, Server
from bench.setups import OURS
from bench.wire import PATIENCE_S, Connection, ServerSaidNo
from bench.workload import Scale

MARK = "bench-latency"
FULL_S = 2.0  # how long full load is tried
QUANTILES = {"p50": 0.5, "p99": 0.99, "p99.9": 0.999, "max": 1.0}


@dataclass(frozen=True, slots=True)
class Row:
    """What came out of one setting on one server."""

    setting: Setting
    server: str
    rate: float
    latencies_s: array[float]  # ascending
    disturbances_s: list[float]

    def cells(self) -> list[str]:
        quantiles_ms = [quantile(self.latencies_s, q) * 1000 for q in QUANTILES.values()]
        took_s = self.disturbances_s
        beside = f"{len(took_s)} in {sum(took_s) / len(took_s):.2f} s each" if took_s else "-"
        figures = [f"{figure:.2f}" for figure in quantiles_ms]
        return [self.setting.title, self.server, f"{self.rate:,.0f}", *figures, beside]


def quantile(ascending: Sequence[float], share: float) -> float:
    """Return the smallest value that so large a share of all does not exceed."""
    return ascending[max(0, math.ceil(share * len(ascending)) - 1)]


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m bench.latency", description=__doc__)
    add = parser.add_argument
    names = [setting.name for setting in SETTINGS]
    add("--only", nargs="+", choices=names, default=names, help="settings; default: all")
    add("--servers", nargs="+", choices=NAMES, default=[OURS, "redis"])
    add("--seconds", type=float, default=10.0, help="of requests at half load, for each row")
    add("--size", type=float, default=1.0, metavar="FACTOR", help=f"on {ENTRIES:,} entries")
    add("--rate", type=float, help="requests a second; default: half of what full load reaches")
    add("--geostream-args", default="", metavar="ARGS", help="more arguments, in one word")
    add("--markdown", type=Path, metavar="FILE", help="write the table between its markers")
    return parser


def main(argv: Sequence[str] | None = None) -> int:
    """Measure; return the exit status."""
    asked = _parser().parse_args(argv)
    signal.signal(signal.SIGTERM, signal.default_int_handler)  # the servers are stopped either way
    rows: list[Row] = []
    versions: dict[str, str] = {}
    try:
        for setting in SETTINGS:
            for name in asked.servers if setting.name in asked.only else ():
                row = _row(setting, name, asked, versions)
                if row is not None:
                    rows.append(row)
                    print("  ".join(row.cells()), file=sys.stderr, flush=True)
    except KeyboardInterrupt:
        print("interrupted: no file is written", file=sys.stderr)
        return 1
    words = sys.argv[1:] if argv is None else argv
    command = shlex.join(["python", "-m", "bench.latency", *words])
    text = _markdown(rows, _setting_lines(versions, asked, command))
    print(text)
    if asked.markdown and rows:
        write_between(asked.markdown, MARK, text)
    return 0 if rows else 1


def _row(
    setting: Setting, name: str, asked: argparse.Namespace, versions: dict[str, str]
) -> Row | None:
    server = Server(name, shlex.split(asked.geostream_args), setting.setups.of(name))
    try:
        server.start()
        versions[name] = server.version
        return _measure(setting, server, asked)
    except (CannotStart, ServerSaidNo, OSError) as error:
        print(f"{setting.name} {name}: {error}\n{server.log_tail()}", file=sys.stderr)
        return None
    finally:
        server.stop()


def _measure(setting: Setting, server: Server, asked: argparse.Namespace) -> Row:
    entries = int(ENTRIES * asked.size)
    with Connection(server.port, PATIENCE_S) as connection:
        fill(connection, Scale(requests=asked.size))
        if setting.name == "rewrite":
            wait_until_synced(connection)
    load = Load(server.port, entries)
    try:
        rate = asked.rate or load.full_rate(FULL_S) / 2
        with going_on(setting, server.port, entries) as disturbances_s:
            latencies_s = load.latencies_s(rate, asked.seconds)
    finally:
        load.close()
    return Row(setting, server.name, rate, latencies_s, disturbances_s)


def _setting_lines(versions: dict[str, str], asked: argparse.Namespace, command: str) -> list[str]:
    servers = ", ".join(f"{name} {version}" for name, version in versions.items())
    rate = f"{asked.rate:,.0f} requests a second" if asked.rate else "half of their full load"
    entries = int(ENTRIES * asked.size)
    return [
        f"{time.strftime('%Y-%m-%d')}; {servers}; {os.cpu_count()} CPUs ({cpu_model()}).",
        f"{CLIENTS} clients at {rate} for {asked.seconds:g} s: XADD to a stream of {entries:,} "
        "entries, and XRANGE of 10 in it. Latency in milliseconds, counted from when a request "
        "was due; load generator on the same machine.",
        f"Made by `{command}`.",
    ]


def _markdown(rows: Sequence[Row], lines: list[str]) -> str:
    heading = ["beside it", "", "requests/s", *QUANTILES, "how often, how long"]
    table = [heading, ["---", "---", *["---:"] * (len(heading) - 2)]]
    table += [row.cells() for row in rows]
    return "\n".join([*lines, "", *("| " + " | ".join(cells) + " |" for cells in table)])
