"""What all pictures share: the palette, bare axes, a legend that covers nothing, and how they come to a page."""

from __future__ import annotations

import io
import re
from collections.abc import Sequence
from textwrap import fill

import matplotlib
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.gridspec import GridSpec

# Okabe and Ito's palette, told apart in every common form of colour blindness.
COLOURS = {"real": "#0072b2", "fake": "#d55e00", "val": "#009e73", "test": "#cc79a7"}
NAMES = {"val": "validation", "test": "test"}
# Text, axes and reference lines: on the page it becomes the colour of the text, whatever the scheme.
INK = "#222222"
WIDTH_INCHES, HEIGHT_INCHES = 7.0, 3.6
# As wide as a phone is, so that text comes out as large there as on a desk.
PHONE_INCHES = 3.7
LONG_LABEL, LONGEST_LINE = 20, 26


def panels_in_a_row(
    panels: int, share_y: bool = False, height_inches: float = HEIGHT_INCHES
) -> tuple[Figure, Sequence[Axes]]:
    """An empty figure with bare, light axes side by side."""
    figure = Figure(figsize=(WIDTH_INCHES, height_inches), layout="constrained")
    row = figure.subplots(1, panels, squeeze=False, sharey=share_y)[0]
    for axes in row:
        bare(axes)
    figure.patch.set_alpha(0)
    return figure, list(row)


def panels_beneath(heights_inches: Sequence[float]) -> tuple[Figure, Sequence[Axes]]:
    """An empty figure with bare, light axes beneath each other, each of its own height."""
    figure = Figure(figsize=(WIDTH_INCHES, sum(heights_inches)), layout="constrained")
    column = figure.subplots(len(heights_inches), 1, squeeze=False, height_ratios=heights_inches)[:, 0]
    for axes in column:
        bare(axes)
    figure.patch.set_alpha(0)
    return figure, list(column)


def bare(axes: Axes) -> None:
    """Axes as light as can be, in the colour of the text."""
    axes.spines[["top", "right"]].set_visible(False)
    axes.spines[["left", "bottom"]].set_color(INK)
    axes.tick_params(colors=INK, labelsize=9)
    axes.xaxis.label.set_color(INK)
    axes.yaxis.label.set_color(INK)
    axes.patch.set_alpha(0)
    axes.grid(alpha=0.15, color=INK)


def legend_below(figure: Figure, *all_axes: Axes, columns: int | None = None) -> None:
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
        ncols=columns or (4 if len(told) <= 4 else 3),
        frameon=False,
        fontsize=9,
        labelcolor=INK,
    )


def as_svg(figure: Figure, name: str) -> str:
    """A figure as SVG in the colours of the page's scheme; `name` must be one of its kind on the page."""
    return in_page_colours(drawn_svg(figure, name), name)


def drawn_svg(figure: Figure, name: str) -> str:
    """A figure as SVG in its own colours, on nothing."""
    drawn = io.StringIO()
    # Equal runs give equal pages: no date, and no random ids.
    with matplotlib.rc_context({"svg.hashsalt": name}):
        figure.savefig(
            drawn,
            format="svg",
            transparent=True,
            metadata=dict.fromkeys(("Creator", "Date", "Format", "Type")),
        )
    svg = drawn.getvalue()
    return re.sub(r'\bd="[^"]*"', _rounded, svg[svg.index("<svg") :])


def in_page_colours(svg: str, name: str) -> str:
    """A drawing that follows the page's scheme, and whose glyphs and clips are its own."""
    svg = svg.replace(INK, "currentColor")
    for colour, value in COLOURS.items():
        svg = svg.replace(value, f"var(--{colour})")
    return re.sub(r'( id="|href="#|url\(#)', rf"\g<1>{name}-", svg)


def for_a_phone(figure: Figure) -> Figure:
    """The same figure as narrow as a phone, its panels beneath each other. It is changed, not copied."""
    panels = figure.axes
    specs = [axes.get_subplotspec() for axes in panels]
    one_row = all(spec is not None and spec.get_gridspec().nrows == 1 for spec in specs)
    width, height = figure.get_size_inches()
    if one_row and len(panels) > 1:
        grid = GridSpec(len(panels), 1, figure=figure)
        for row, axes in enumerate(panels):
            axes.set_subplotspec(grid[row])
            axes.tick_params(labelleft=True)
        height *= len(panels)
    shortened = [_shorten_rows(axes) for axes in panels]
    if any(shortened):
        height *= 1.35
    for legend in list(figure.legends):
        longest = max((len(text.get_text()) for text in legend.get_texts()), default=0)
        legend.remove()
        legend_below(figure, *panels, columns=1 if longest > LONG_LABEL else 2)
    figure.set_size_inches(min(PHONE_INCHES, width), height)
    return figure


def _shorten_rows(axes: Axes) -> bool:
    """Names of rows in several short lines, or they would leave no room for the rows; whether any was so long."""
    names = [label.get_text() for label in axes.get_yticklabels()]
    long = max(map(len, names), default=0) > LONG_LABEL
    if long:
        axes.set_yticks(axes.get_yticks(), [fill(name, LONGEST_LINE) for name in names], fontsize=7.5)
    return long


def _rounded(path: re.Match[str]) -> str:
    """A path to the hundredth of a point: no screen shows more, and the page weighs half."""
    return re.sub(r"(\.\d\d)\d+", r"\1", path.group())
