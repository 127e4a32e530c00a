"""Entries of a leaderboard beneath each other: what each came to, and how far the first is ahead."""

from __future__ import annotations

import textwrap

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from ..comparing import Difference, Entry
from .canvas import COLOURS, INK, legend_below, panels_in_a_row
from .dots import EDGE_INCHES

# The lead, its interval, and whether it is shown.
Lead = tuple[float | None, tuple[float, float] | None, bool]

ROW_INCHES = 0.42
LINE_LETTERS = 24
MOST_TICKS = 4
# Validation a little above the row and test below, so that equal figures hide nothing.
ABOVE_AND_BELOW = 0.15


def compare_picture(entries: list[Entry], differences: list[Difference]) -> Figure:
    """F2 of each seed and their mean; beside it the first entry's lead on test, with its intervals."""
    leads = {each.b: (*each.figures["f2"], each.certain) for each in differences if each.a == entries[0].name}
    figure, panels = panels_in_a_row(2 if leads else 1, True, EDGE_INCHES + ROW_INCHES * len(entries))
    _draw_f2(panels[0], entries)
    if leads:
        _draw_leads(panels[1], entries, leads)
    panels[0].set_yticks(range(len(entries)), [_short(entry.name) for entry in entries])
    panels[0].set_ylim(len(entries) - 0.5, -0.5)
    legend_below(figure, *panels)
    return figure


def _draw_f2(axes: Axes, entries: list[Entry]) -> None:
    for part, marker, offset in (("val", "s", -ABOVE_AND_BELOW), ("test", "o", ABOVE_AND_BELOW)):
        name = "validation" if part == "val" else "test"
        for row, entry in enumerate(entries):
            spread = entry.spread(f"{part}_f2")
            if spread is None:
                continue
            if spread.deviation is not None:
                axes.plot(
                    spread[2:], [row + offset] * 2, color=COLOURS[part], linewidth=2, solid_capstyle="butt"
                )
                each = [result.figures[f"{part}_f2"] or 0.0 for result in entry.results]
                axes.plot(each, [row + offset] * len(each), "|", color=INK, markersize=7, label="one seed")
            axes.plot(spread.mean, row + offset, marker, color=COLOURS[part], markersize=6, label=name)
    baseline = entries[0].spread("test_f2_all_fake")
    if baseline is not None:
        axes.axvline(baseline.mean, color=INK, linewidth=1.2, linestyle=":", label="all fake, test")
    axes.set_xlabel("F2")


def _draw_leads(axes: Axes, entries: list[Entry], leads: dict[str, Lead]) -> None:
    for row, entry in enumerate(entries):
        value, interval, certain = leads.get(entry.name, (None, None, False))
        if value is None:
            continue
        if interval:
            axes.plot(interval, [row, row], color=INK, linewidth=2, solid_capstyle="butt")
        name = "shown" if certain else "could be luck"
        axes.plot(value, row, "D", color=INK, markersize=6, mfc=INK if certain else "none", label=name)
    axes.axvline(0, color=INK, linewidth=1.2, linestyle=":")
    # With a sign and three decimals more of them run into each other on a phone.
    axes.xaxis.set_major_locator(MaxNLocator(MOST_TICKS))
    axes.set_xlabel("lead of the first in F2, test")


def _short(name: str) -> str:
    """In two lines at most."""
    lines = textwrap.wrap(name, LINE_LETTERS, max_lines=2, placeholder="…")
    return "\n".join(lines)
