"""Curves of how cost grows: seconds over size, both logarithmic, one panel a curve."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from deepfake_audio.report.canvas import COLOURS, INK, WIDTH_INCHES, bare

from .frame import Point
from .growth import slope

IN_A_ROW, PANEL_INCHES = 3, 2.3


def picture(points: Sequence[Point]) -> Figure:
    """All curves; the dashed line is growth in proportion."""
    names = list(dict.fromkeys(point.curve for point in points))
    rows = max(1, math.ceil(len(names) / IN_A_ROW))
    figure = Figure(figsize=(WIDTH_INCHES, rows * PANEL_INCHES), layout="constrained", facecolor="white")
    panels = figure.subplots(rows, IN_A_ROW, squeeze=False).ravel()
    for axes, name in zip(panels, names, strict=False):
        _draw(axes, name, sorted((p for p in points if p.curve == name), key=lambda p: p.size))
    for axes in panels[len(names) :]:
        axes.set_visible(False)
    return figure


def _draw(axes: Axes, name: str, points: Sequence[Point]) -> None:
    bare(axes)
    sizes, seconds = np.array([p.size for p in points]), np.array([p.seconds for p in points])
    axes.loglog(sizes, seconds[-1] * sizes / sizes[-1], "--", color=INK, alpha=0.4, linewidth=1)
    axes.loglog(sizes, seconds, "o-", color=COLOURS["real"], markersize=4)
    grows = f"\nsize^{slope(points):.2f}" if len(points) > 1 else ""
    axes.set_title(f"{name}{grows}", fontsize=9, color=INK)
    axes.set_xlabel(points[0].size_unit, fontsize=8)
    axes.set_ylabel("seconds", fontsize=8)
    axes.tick_params(labelsize=7)
    axes.minorticks_off()
