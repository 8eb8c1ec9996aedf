"""The command line of the curves: what to measure, how large, where to keep it."""

from __future__ import annotations

import argparse
import os
import signal
import sys
import time
from collections.abc import Sequence
from pathlib import Path

from bench.growth import crowds, figure
from bench.growth.entries import ENTRIES
from bench.growth.ground import Ground, Site
from bench.growth.results import Figures
from bench.machine import cpu_model
from bench.servers import NAMES, CannotStart, Server
from bench.setups import IN_MEMORY, OURS, Setup
from bench.wire import ServerSaidNo

GROUNDS = (
    ENTRIES,
    crowds.STREAMS,
    crowds.GROUPS,
    crowds.CLIENTS,
    crowds.WAITING,
    crowds.WORKERS,
)
SIZES = (100, 1_000, 10_000, 100_000, 1_000_000, 5_000_000)
MIN_ENTRIES = 10_000  # a stream of less shows nothing
MAX_CLIENTS = 15_000
PICTURE = Path("docs/growth.png")


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m bench.growth", description=__doc__)
    add = parser.add_argument
    names = [ground.name for ground in GROUNDS]
    add("--only", nargs="+", choices=names, default=names, help="what grows; default: each")
    add("--sizes", nargs="+", type=_size, default=SIZES, help=f"default: {SIZES}; 1e6 is fine")
    add("--servers", nargs="+", choices=NAMES, default=[OURS, "redis"])
    add("--picture", type=Path, default=PICTURE, help=f"default {PICTURE}; figures lie beside it")
    add("--draw", action="store_true", help="only make the picture anew, from the figures kept")
    add("--no-keep", action="store_true", help="print the figures, write nothing")
    return parser


def _size(text: str) -> int:
    return int(float(text))


def main(argv: Sequence[str] | None = None) -> int:
    """Measure, keep and draw; return the exit status."""
    asked = _parser().parse_args(argv)
    kept = asked.picture.with_suffix(".json")
    grounds = [ground for ground in GROUNDS if ground.name in asked.only]
    figures = Figures() if asked.no_keep else Figures.read(kept)
    if not asked.draw:
        signal.signal(signal.SIGTERM, signal.default_int_handler)  # servers are stopped either way
        versions: dict[str, str] = {}
        try:
            for ground in grounds:
                _measure_all(ground, asked, figures, versions)
        except KeyboardInterrupt:
            print("interrupted: no file is written", file=sys.stderr)
            return 1
        figures.setting = _setting(versions)
    print(figures.as_text(grounds))
    if not asked.no_keep:
        figures.write(kept)
        figure.draw(asked.picture, GROUNDS, figures.costs_us, figures.setting)
    return 0


def _setting(versions: dict[str, str]) -> str:
    servers = ", ".join(f"{name} {version}" for name, version in versions.items())
    return f"{time.strftime('%Y-%m-%d')}; {servers}; {os.cpu_count()} CPUs ({cpu_model()})"


def _measure_all(
    ground: Ground, asked: argparse.Namespace, figures: Figures, versions: dict[str, str]
) -> None:
    """Measure all curves of a ground at every size on every server, in turn."""
    for size in sorted(asked.sizes):
        if size > ground.max_size or (ground is ENTRIES and size < MIN_ENTRIES):
            continue
        for name in asked.servers:
            _say(f"{ground.name} {size:,} {name}")
            server = Server(name, setup=_setup(name))
            try:
                server.start()
                versions[name] = server.version
                _measure(ground, server, size, figures)
            except (CannotStart, ServerSaidNo, OSError) as error:
                _say(f"  no figure: {error}\n{server.log_tail()}")
            finally:
                server.stop()


def _setup(name: str) -> Setup:
    more = ("--set", f"maxclients={MAX_CLIENTS}")
    if name != OURS:
        more = ("--maxclients", str(MAX_CLIENTS))
    return Setup((*IN_MEMORY.of(name).args, *more))


def _measure(ground: Ground, server: Server, size: int, figures: Figures) -> None:
    site = Site(server.port, server.pid, size)
    try:
        begun_s = time.monotonic()
        ground.prepare(site)
        _say(f"  filled in {time.monotonic() - begun_s:.1f} s")
        for curve in ground.curves:
            cost_us = curve.measure(site)
            figures.put(curve.name, server.name, size, cost_us)
            _say(f"  {curve.name:<20} {cost_us:9.2f} us")
    finally:
        site.close()


def _say(line: str) -> None:
    print(line, file=sys.stderr, flush=True)
