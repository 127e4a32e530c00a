"""Many figures beneath each other, each a dot on its interval: for probes, changed clips and groups."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from matplotlib.axes import Axes
from matplotlib.figure import Figure

from .canvas import COLOURS, INK, legend_below, panels_beneath, panels_in_a_row

ROW_INCHES, EDGE_INCHES = 0.26, 1.25


@dataclass(frozen=True)
class Dot:
    """One row of a panel; what is special has another shape, whatever colours a reader sees.

    One that `stands_out` is a diamond; one that is `unsure` is hollow, and its interval thin.
    """

    name: str
    value: float | None
    interval: Sequence[float] | None
    stands_out: bool = False
    unsure: bool = False


@dataclass(frozen=True)
class Panel:
    """Rows from the top down, beside a `reference` with its interval, and a `baseline` that costs nothing."""

    label: str
    dots: list[Dot]
    reference: tuple[str, float | None, Sequence[float] | None]
    baseline: tuple[str, float | None]


def dot_plot(panels: list[Panel], ordinary: str, outstanding: str, unsure: str = "") -> Figure:
    """Panels side by side where they have the same rows; else beneath each other, each as high as its own rows.

    Args:
        ordinary: what the legend calls a plain dot.
        outstanding: what it calls one that stands out.
        unsure: what it calls one that is hollow.
    """
    names = [[dot.name for dot in panel.dots] for panel in panels]
    heights = [EDGE_INCHES + ROW_INCHES * len(rows) for rows in names]
    alike = all(rows == names[0] for rows in names)
    figure, all_axes = panels_in_a_row(len(panels), True, heights[0]) if alike else panels_beneath(heights)
    for axes, panel, rows in zip(all_axes, panels, names, strict=True):
        _draw(axes, panel, (ordinary, outstanding, unsure))
        axes.set_yticks(range(len(rows)), rows)
        axes.set_ylim(len(rows) - 0.5, -0.5)
    legend_below(figure, *all_axes)
    return figure


def _draw(axes: Axes, panel: Panel, names: tuple[str, str, str]) -> None:
    for row, dot in enumerate(panel.dots):
        if dot.value is None:
            continue
        colour = COLOURS["fake" if dot.stands_out else "test"]
        if dot.interval:
            width = 1 if dot.unsure else 2
            axes.plot(dot.interval, [row, row], color=colour, linewidth=width, solid_capstyle="butt")
        marker, size = ("D", 7) if dot.stands_out else ("o", 6)
        face = "none" if dot.unsure else colour
        name = names[2 if dot.unsure else int(dot.stands_out)]
        axes.plot(
            dot.value, row, marker, color=colour, markersize=size, markerfacecolor=face, label=name, zorder=3
        )
    name, value, interval = panel.reference
    if value is not None:
        axes.axvline(value, color=INK, linewidth=1.4, label=name)
        if interval:
            axes.axvspan(interval[0], interval[1], color=INK, alpha=0.1, linewidth=0)
    name, value = panel.baseline
    if value is not None:
        axes.axvline(value, color=INK, linewidth=1.2, linestyle=":", label=name)
    axes.set_xlabel(panel.label)
    axes.set_xlim(-0.02, 1.02)
