"""What becomes of the answer as the explanation's patches are taken away, and as they are put in."""

from __future__ import annotations

from matplotlib.figure import Figure

from ...explaining.faithfulness import Faithfulness
from ..canvas import COLOURS, INK, legend_below, panels_in_a_row

HEIGHT_INCHES = 3.0


def faithfulness_picture(told: Faithfulness) -> Figure:
    """Deletion and insertion beside the mean of random orders."""
    figure, panels = panels_in_a_row(2, share_y=True, height_inches=HEIGHT_INCHES)
    curves = (
        ("taken away", told.deletion, told.random_deletion),
        ("put in", told.insertion, told.random_insertion),
    )
    for axes, (name, ours, random) in zip(panels, curves, strict=True):
        percent = 100 * told.share
        axes.plot(percent, ours, color=COLOURS["fake"], marker=".", label="strongest evidence for fake first")
        axes.plot(percent, random, "--", color=INK, label="in random order")
        axes.set_xlabel(f"patches {name} (%)")
    panels[0].set_ylabel("logit for fake")
    legend_below(figure, panels[0], columns=2)
    return figure
