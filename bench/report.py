"""Results as tables: medians per server, and the ratio to the better of the other servers.

A ratio above 1 always means that geostream is better: for throughput ours divided by theirs,
for CPU and memory theirs divided by ours.
"""

from __future__ import annotations

import json
import statistics
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from bench.runner import Results
from bench.setups import OURS
from bench.workload import METRICS, Metric, Workload

MARKS = {False: "bench", True: "bench-persistence"}  # by whether servers write files
NOTHING = "-"


@dataclass(frozen=True, slots=True)
class Setting:
    """Under what circumstances the figures came about."""

    date: str
    cpus: int
    cpu_model: str
    python: str
    rounds: int
    versions: dict[str, str]  # by server, in the order of the columns
    request_load: str  # what carried PING, XADD and XLEN
    disk: str  # what the servers write to; empty if none does
    entries: int  # of a start or a save
    command: str

    def lines(self) -> list[str]:
        servers = ", ".join(f"{name} {version}" for name, version in self.versions.items())
        rounds = "One round" if self.rounds == 1 else f"Medians of {self.rounds} rounds"
        return [
            f"{self.date}; {servers}; Python {self.python}; {self.cpus} CPUs ({self.cpu_model}).",
            f"{rounds}, all servers in one run, load "
            f"generator on the same machine. PING, XADD and XLEN by {self.request_load}, the rest "
            "by clients that count reply bytes and do not parse them.",
            self._persistence(),
            f"Made by `{self.command}`. A ratio is to the better of the others; above 1, {OURS} "
            "is better.",
        ]

    def _persistence(self) -> str:
        if not self.disk:
            return "Persistence is off."
        return (
            "Persistence is off where a row does not name a format. Where it names one and a "
            "policy, the others append to their aof by the same policy; files are not rewritten "
            f"meanwhile. Start and save: {self.entries:,} entries. Disk: {self.disk}."
        )


def median(results: Results, workload: Workload, server: str, metric: str) -> float | None:
    """Return the median over the rounds, or None if there is no figure."""
    samples = results.samples.get(workload.name, {}).get(server, [])
    values = [sample[metric] for sample in samples if metric in sample]
    return statistics.median(values) if values else None


def ratio(metric: Metric, ours: float | None, theirs: Iterable[float | None]) -> float | None:
    """Return how many times better ours is than the better of theirs, or None if unknown."""
    known = [value for value in theirs if value is not None]
    if ours is None or not known:
        return None
    best = max(known) if metric.higher_is_better else min(known)
    above, below = (ours, best) if metric.higher_is_better else (best, ours)
    return above / below if below > 0 and above > 0 else None


def _row(results: Results, workload: Workload, servers: Sequence[str]) -> list[str]:
    cells = [workload.title]
    for name in workload.metrics:
        metric = METRICS[name]
        figures = {server: median(results, workload, server, name) for server in servers}
        for figure in figures.values():
            cells.append(NOTHING if figure is None else f"{figure:,.{metric.digits}f}")
        theirs = [figure for server, figure in figures.items() if server != OURS]
        better = ratio(metric, figures.get(OURS), theirs)
        cells.append(NOTHING if better is None else f"{better:.2f}")
    return cells


def _tables(
    results: Results, workloads: Sequence[Workload], servers: Sequence[str]
) -> list[tuple[tuple[str, str], list[list[str]]]]:
    """Return one table for each pair of metrics: the pair and its rows, heading first."""
    pairs = dict.fromkeys(workload.metrics for workload in workloads)
    tables = []
    for pair in pairs:
        heading = ["", *servers, "ratio", *servers, "ratio"]
        members = [workload for workload in workloads if workload.metrics == pair]
        tables.append((pair, [heading, *(_row(results, one, servers) for one in members)]))
    return tables


def as_text(
    results: Results, workloads: Sequence[Workload], servers: Sequence[str], setting: Setting
) -> str:
    """Return the tables for a terminal."""
    lines = setting.lines()
    for pair, rows in _tables(results, workloads, servers):
        widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
        half = sum(widths[1 : len(servers) + 2]) + 2 * (len(servers) + 1)
        left, right = (METRICS[name].title for name in pair)
        lines += ["", " " * widths[0] + f"  {left:<{half - 2}}  {right}".rstrip()]
        for row in rows:
            cells = [row[0].ljust(widths[0])]
            cells += [cell.rjust(width) for cell, width in zip(row[1:], widths[1:], strict=True)]
            lines.append("  ".join(cells))
    return "\n".join(lines)


def as_markdown(
    results: Results, workloads: Sequence[Workload], servers: Sequence[str], setting: Setting
) -> str:
    """Return the tables for the README."""
    lines = setting.lines()
    for pair, rows in _tables(results, workloads, servers):
        left, right = (METRICS[name].title for name in pair)
        lines += ["", f"First {left}, then {right}:", ""]
        lines.append("| " + " | ".join(rows[0]).strip() + " |")
        lines.append("| --- |" + " ---: |" * (len(rows[0]) - 1))
        lines += ["| " + " | ".join(row) + " |" for row in rows[1:]]
    return "\n".join(lines)


def write_tables(
    path: Path,
    results: Results,
    workloads: Sequence[Workload],
    servers: Sequence[str],
    setting: Setting,
) -> None:
    """Put the tables between their markers: one pair for servers that write files, one for others.

    Tables of which no workload was run stay as they are.
    """
    for keeps, mark in MARKS.items():
        chosen = [one for one in workloads if one.keeps is keeps and one.name in results.samples]
        if chosen:
            shown = setting if keeps else replace(setting, disk="")
            write_between(path, mark, as_markdown(results, chosen, servers, shown))


def write_between(path: Path, mark: str, text: str) -> None:
    """Put the text between two markers of a file; add them at its end if it has none."""
    begin_mark, end_mark = f"<!-- {mark}:begin -->", f"<!-- {mark}:end -->"
    old = path.read_text() if path.exists() else ""
    before, begin, rest = old.partition(begin_mark)
    _, end, after = rest.partition(end_mark)
    if begin and not end:
        raise ValueError(f"{path}: {begin_mark} without {end_mark}")
    if not begin:
        before = f"{old.rstrip()}\n\n" if old.strip() else ""
        after = "\n"
    path.write_text(f"{before}{begin_mark}\n{text}\n{end_mark}{after}")


def write_samples(path: Path, results: Results, setting: Setting) -> None:
    """Keep every single sample, as JSON."""
    path.parent.mkdir(parents=True, exist_ok=True)
    kept = {"setting": setting.lines(), "samples": results.samples}
    path.write_text(json.dumps(kept, indent=1) + "\n")
