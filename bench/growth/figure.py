"""The picture: a panel for each curve, size across on a logarithmic axis, cost upwards.

On such axes what grows with the logarithm is a straight line, and what grows faster bends
upwards.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from bench.growth.ground import Curve, Ground
from bench.setups import OURS

if TYPE_CHECKING:
    from matplotlib.axes import Axes

Figures = Mapping[str, Mapping[str, Mapping[int, float]]]  # by curve, server and size

COLUMNS = 4
PANEL_INCHES = (3.4, 2.6)
DOTS_PER_INCH = 80
COLORS = {OURS: "tab:blue", "redis": "tab:red", "valkey": "tab:green"}


def draw(path: Path, grounds: Sequence[Ground], figures: Figures, caption: str) -> None:
    """Write the picture as a PNG file. Raises ImportError if matplotlib is not installed."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg  # noqa: PLC0415  optional
    from matplotlib.figure import Figure  # noqa: PLC0415

    panels = [(ground, curve) for ground in grounds for curve in ground.curves]
    panels = [(ground, curve) for ground, curve in panels if curve.name in figures]
    rows = -(-len(panels) // COLUMNS)
    width, height = PANEL_INCHES
    picture = Figure(figsize=(width * COLUMNS, height * rows + 0.4), layout="constrained")
    FigureCanvasAgg(picture)
    for number, (ground, curve) in enumerate(panels, start=1):
        _panel(picture.add_subplot(rows, COLUMNS, number), ground, curve, figures)
    picture.supxlabel(caption, fontsize=8)
    path.parent.mkdir(parents=True, exist_ok=True)
    picture.savefig(path, dpi=DOTS_PER_INCH)


def _panel(axes: Axes, ground: Ground, curve: Curve, figures: Figures) -> None:
    for server, by_size in figures[curve.name].items():
        sizes = sorted(by_size)
        costs_us = [by_size[size] for size in sizes]
        axes.plot(sizes, costs_us, "o-", color=COLORS.get(server), label=server, markersize=4)
    axes.set_xscale("log")
    axes.set_ylim(bottom=0)
    axes.set_title(curve.title, fontsize=8)
    axes.set_xlabel(ground.title, fontsize=7)
    axes.set_ylabel("server CPU, us", fontsize=7)
    axes.tick_params(labelsize=7)
    axes.grid(alpha=0.3)
    axes.legend(fontsize=7)
