"""What training did, epoch by epoch."""

from __future__ import annotations

import numpy as np
import pandas as pd
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from ..canvas import COLOURS, INK, legend_below, panels_in_a_row

CURVES = {
    "train_loss": ("training loss", COLOURS["real"], "-"),
    "val_loss": ("validation loss", COLOURS["val"], "--"),
    "val_ap": ("validation average precision", COLOURS["val"], "--"),
    "val_f2": ("validation F2", COLOURS["fake"], "-"),
}


def training_curves(history: pd.DataFrame) -> Figure | None:
    """Losses, and what the best epoch was chosen by, over epochs; None if nothing of it was kept."""
    losses = [name for name in ("train_loss", "val_loss") if name in history]
    figures = [name for name in ("val_ap", "val_f2") if name in history]
    panels = [names for names in (losses, figures) if names]
    if not panels or "epoch" not in history:
        return None
    figure, all_axes = panels_in_a_row(len(panels))
    best = kept_epoch(history)
    for axes, names in zip(all_axes, panels, strict=True):
        for name in names:
            label, colour, line = CURVES[name]
            axes.plot(history["epoch"] + 1, history[name], line, color=colour, label=label, marker=".")
        axes.set_xlabel("epoch")
        axes.xaxis.set_major_locator(MaxNLocator(integer=True))
        axes.set_ylabel("loss" if names is losses else "figure of merit")
        if best is not None:
            axes.axvline(best, color=INK, linewidth=1, linestyle=":", label="epoch that was kept")
    legend_below(figure, *all_axes)
    return figure


def kept_epoch(history: pd.DataFrame) -> int | None:
    """The epoch that validation chose, counted from 1; None if that was not written down."""
    if "val_choice" not in history or history["val_choice"].isna().all():
        return None
    return int(history["epoch"].to_numpy()[np.nanargmax(history["val_choice"].to_numpy())]) + 1
