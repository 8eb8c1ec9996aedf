"""Figures of curves: kept in a file, added to by later runs, shown as a table."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path

from bench.growth.ground import Ground

Costs = dict[str, dict[str, dict[int, float]]]  # us, by curve, server and size


class Figures:
    """What was measured: microseconds of server CPU time for an operation."""

    def __init__(self, costs_us: Costs | None = None, setting: str = "") -> None:
        self.costs_us = costs_us if costs_us is not None else {}
        self.setting = setting  # under what circumstances they came about

    @classmethod
    def read(cls, path: Path) -> Figures:
        """Return the figures of a file, none if there is no file."""
        if not path.exists():
            return cls()
        kept = json.loads(path.read_text())
        costs_us = {
            curve: {
                server: {int(size): float(cost_us) for size, cost_us in by_size.items()}
                for server, by_size in by_server.items()
            }
            for curve, by_server in kept["us"].items()
        }
        return cls(costs_us, str(kept["setting"]))

    def write(self, path: Path) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(json.dumps({"setting": self.setting, "us": self.costs_us}, indent=1) + "\n")

    def put(self, curve: str, server: str, size: int, cost_us: float) -> None:
        """Note a figure, in place of an older one of the same size."""
        self.costs_us.setdefault(curve, {}).setdefault(server, {})[size] = round(cost_us, 3)

    def as_text(self, grounds: Sequence[Ground]) -> str:
        """Return a table: a line for each curve and server, the last cost to the first at its end.

        What grows with the logarithm has there, from 10^4 to 5 * 10^6, at most 1.7.
        """
        lines = []
        for ground in grounds:
            curves = [curve for curve in ground.curves if curve.name in self.costs_us]
            if curves:
                lines += ["", f"us/operation, by {ground.title}"]
            for curve in curves:
                for server, by_size in self.costs_us[curve.name].items():
                    lines.append(_line(curve.title, server, by_size))
        return "\n".join(lines)


def _line(title: str, server: str, by_size: dict[int, float]) -> str:
    sizes = sorted(by_size)
    cells = "  ".join(f"{size:>9,}: {by_size[size]:8.2f}" for size in sizes)
    first, last = by_size[sizes[0]], by_size[sizes[-1]]
    growth = f"{last / first:6.2f}" if first > 0 else ""
    return f"  {title:<40} {server:<9} {cells}  x{growth}"
