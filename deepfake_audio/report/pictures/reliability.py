"""Whether P(fake) means what it says: the share of fakes among the clips that were given about that much."""

from __future__ import annotations

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from ...evaluation import metrics
from ...evaluation.metrics import Floats
from ..canvas import COLOURS, INK, WIDTH_INCHES, bare, legend_below

HEIGHT_INCHES = 4.4
# By what their smallest bin holds: a dot of three clips must not look as sure as one of three hundred.
SMALLEST_AREA, AREA_A_CLIP, LARGEST_AREA = 16.0, 0.6, 220.0


def reliability_diagram(
    scores: pd.DataFrame, uncalibrated: Floats | None = None, part: str = "test"
) -> Figure:
    """Share of fakes against P(fake) in ten bins over how many clips each holds.

    Args:
        uncalibrated: P(fake) of the same clips as it was before calibration, to be drawn beside.
    """
    figure = Figure(figsize=(WIDTH_INCHES, HEIGHT_INCHES), layout="constrained")
    share, size = figure.subplots(2, 1, sharex=True, height_ratios=(3, 1))
    for axes in (share, size):
        bare(axes)
    share.plot([0, 1], [0, 1], ":", color=INK, linewidth=1.2, label="as it should be")
    label = scores["label"].to_numpy()
    if uncalibrated is not None:
        _dots(share, metrics.reliability(label, uncalibrated), INK, False, "before calibration")
    found = metrics.reliability(label, scores["p_fake"].to_numpy())
    _dots(share, found, COLOURS[part], True, "P(fake) as it is given")
    _bars(size, found, COLOURS[part])
    share.set(ylim=(-0.04, 1.04), ylabel="share of fakes")
    size.set(xlim=(-0.02, 1.02), xlabel="P(fake), in steps of .1", ylabel="clips")
    figure.patch.set_alpha(0)
    legend_below(figure, share)
    return figure


def _dots(axes: Axes, found: metrics.Reliability, colour: str, filled: bool, name: str) -> None:
    held = found.count > 0
    x, y = found.mean_p[held], found.share_fake[held]
    area = np.clip(AREA_A_CLIP * found.count[held], SMALLEST_AREA, LARGEST_AREA)
    # Grey, for colours mean a part of the data: what is hollow is the same part.
    alpha = 1.0 if filled else 0.55
    axes.plot(x, y, "-" if filled else "--", color=colour, linewidth=1.4, alpha=alpha)
    face = colour if filled else "none"
    axes.scatter(
        x, y, area, marker="o" if filled else "s", facecolor=face, edgecolor=colour, alpha=alpha, label=name
    )


def _bars(axes: Axes, found: metrics.Reliability, colour: str) -> None:
    """How many clips each step holds, in figures too: a bar of one clip cannot be seen beside one of thousands."""
    middle = (found.edges[1:] + found.edges[:-1]) / 2
    axes.bar(middle, found.count, width=0.085, color=colour, alpha=0.5)
    for x, count in zip(middle, found.count, strict=True):
        axes.annotate(
            f"{int(count):,}",
            (x, count),
            (0, 2),
            textcoords="offset points",
            ha="center",
            fontsize=7,
            color=INK,
        )
    axes.set_ylim(0, 1.35 * max(1, int(found.count.max())))
    axes.yaxis.set_major_locator(MaxNLocator(nbins=3, integer=True))
