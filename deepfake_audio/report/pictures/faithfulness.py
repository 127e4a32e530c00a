"""What becomes of the answer as the explanation's patches are taken away, and as they are put in."""

from __future__ import annotations

from matplotlib.figure import Figure

from ...explaining.faithfulness import Faithfulness
from ..canvas import COLOURS, INK, legend_below, panels_in_a_row

HEIGHT_INCHES = 3.0


def faithfulness_picture(told: Faithfulness) -> Figure:
    """Deletion and insertion beside the mean and the range of random orders."""
    figure, panels = panels_in_a_row(2, share_y=True, height_inches=HEIGHT_INCHES)
    curves = (
        ("taken away", told.deletion, told.random_deletion),
        ("put in", told.insertion, told.random_insertion),
    )
    for axes, (name, ours, random) in zip(panels, curves, strict=True):
        percent = 100 * told.share
        axes.plot(percent, ours, color=COLOURS["fake"], marker=".", label="strongest evidence for fake first")
        axes.fill_between(percent, random.min(axis=0), random.max(axis=0), color=INK, alpha=0.12, linewidth=0)
        axes.plot(percent, random.mean(axis=0), "--", color=INK, label="in random orders: mean and range")
        axes.set_xlabel(f"patches {name} (%)")
    panels[0].set_ylabel("logit for fake")
    legend_below(figure, panels[0], columns=2)
    return figure
