"""What all pictures share: the palette, bare axes, and a legend that covers nothing."""

from __future__ import annotations

from collections.abc import Sequence

from matplotlib.axes import Axes
from matplotlib.figure import Figure

# Okabe and Ito's palette, told apart in every common form of colour blindness.
COLOURS = {"real": "#0072b2", "fake": "#d55e00", "val": "#009e73", "test": "#cc79a7"}
NAMES = {"val": "validation", "test": "test"}
# Text, axes and reference lines: on the page it becomes the colour of the text, whatever the scheme.
INK = "#222222"
WIDTH_INCHES, HEIGHT_INCHES = 7.0, 3.6


def panels_in_a_row(
    panels: int, share_y: bool = False, height_inches: float = HEIGHT_INCHES
) -> tuple[Figure, Sequence[Axes]]:
    """An empty figure with bare, light axes side by side."""
    figure = Figure(figsize=(WIDTH_INCHES, height_inches), layout="constrained")
    row = figure.subplots(1, panels, squeeze=False, sharey=share_y)[0]
    for axes in row:
        axes.spines[["top", "right"]].set_visible(False)
        axes.spines[["left", "bottom"]].set_color(INK)
        axes.tick_params(colors=INK, labelsize=9)
        axes.xaxis.label.set_color(INK)
        axes.yaxis.label.set_color(INK)
        axes.patch.set_alpha(0)
        axes.grid(alpha=0.15, color=INK)
    figure.patch.set_alpha(0)
    return figure, list(row)


def legend_below(figure: Figure, *all_axes: Axes) -> None:
    """One legend under all panels, where it covers nothing; each name once."""
    told = {
        label: handle
        for axes in all_axes
        for handle, label in zip(*axes.get_legend_handles_labels(), strict=True)
    }
    figure.legend(
        list(told.values()),
        list(told),
        loc="outside lower center",
        ncols=4 if len(told) <= 4 else 3,
        frameon=False,
        fontsize=9,
        labelcolor=INK,
    )
