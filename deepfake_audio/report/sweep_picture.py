"""A search: what each trial came to, the best so far, and where in each setting's range the good ones lie."""

from __future__ import annotations

import math

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from ..sweeping.spaces import Parameter, Space
from .canvas import COLOURS, INK, WIDTH_INCHES, bare, legend_below

TOP_INCHES, ROW_INCHES = 2.6, 2.1
COLUMNS = 3
LONGEST_CHOICE = 14
# Points of one choice stand a little apart, or equal ones would hide each other.
SPREAD = 0.12


def sweep_picture(table: pd.DataFrame, space: Space, highest: bool = True) -> Figure:
    """Value by trial above; below, value by setting, a panel each.

    Args:
        table: as `trial_table` makes it.
        highest: whether the highest value is the best one.
    """
    columns = min(COLUMNS, len(space.parameters))
    rows = math.ceil(len(space.parameters) / columns)
    figure = Figure(figsize=(WIDTH_INCHES, TOP_INCHES + ROW_INCHES * rows), layout="constrained")
    grid = figure.add_gridspec(rows + 1, columns, height_ratios=[TOP_INCHES, *[ROW_INCHES] * rows])
    top = figure.add_subplot(grid[0, :])
    _draw_trials(top, table.sort_values("trial"), highest)
    for number, parameter in enumerate(space.parameters):
        axes = figure.add_subplot(grid[1 + number // columns, number % columns])
        _draw_setting(axes, table, parameter, first=number % columns == 0)
    legend_below(figure, top)
    return figure


def _draw_trials(axes: Axes, table: pd.DataFrame, highest: bool) -> None:
    bare(axes)
    done = table[table["state"] == "done"]
    best = done["value"].cummax() if highest else done["value"].cummin()
    axes.step(done["trial"], best, where="post", color=INK, linewidth=1, label="best so far")
    _scatter(axes, table, "trial")
    lost = table[table["state"].isin(("failed", "killed"))]
    if len(lost):
        floor = axes.get_ylim()[0]
        axes.plot(lost["trial"], [floor] * len(lost), "x", color=INK, label="came to nothing", clip_on=False)
    axes.set_xlabel("trial")
    axes.set_ylabel("value on validation")
    axes.xaxis.set_major_locator(MaxNLocator(integer=True))


def _draw_setting(axes: Axes, table: pd.DataFrame, parameter: Parameter, first: bool) -> None:
    bare(axes)
    shown = table[table["state"].isin(("done", "pruned")) & table[parameter.key].notna()]
    if parameter.choices:
        # Known places, not random ones: equal tables give equal pictures.
        apart = SPREAD * np.sin(np.arange(len(shown)) * 2.4)
        places = shown[parameter.key].map(parameter.choices.index).astype(float) + apart
        axes.set_xticks(range(len(parameter.choices)), [_short(each) for each in parameter.choices])
        axes.set_xlim(-0.5, len(parameter.choices) - 0.5)
        if len(parameter.choices) > 3 or max(map(len, parameter.choices)) > 6:
            axes.tick_params(axis="x", labelsize=7, rotation=20)
    else:
        places = shown[parameter.key].astype(float)
        if parameter.log:
            axes.set_xscale("log")
    _scatter(axes, shown.assign(_place=places), "_place")
    axes.set_xlabel(parameter.key, fontsize=9)
    if first:
        axes.set_ylabel("value")


def _scatter(axes: Axes, table: pd.DataFrame, column: str) -> None:
    for state, colour, marker, label in (
        ("done", COLOURS["val"], "o", "done"),
        ("pruned", COLOURS["fake"], "v", "pruned: its last epoch"),
    ):
        some = table[table["state"] == state]
        if len(some):
            axes.plot(
                some[column], some["value"], marker, color=colour, markersize=4.5, alpha=0.8, label=label
            )


def _short(text: str) -> str:
    return text if len(text) <= LONGEST_CHOICE else f"{text[: LONGEST_CHOICE - 1]}…"
