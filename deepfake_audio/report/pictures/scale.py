"""The scale of P(fake): its log-odds, since a trained network's scores crowd at both ends.

The axis goes where the scores are: those of a weak detector may all lie between .49 and .51.
"""

from __future__ import annotations

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from numpy.typing import ArrayLike

from ...evaluation.metrics import Floats

Scores = dict[str, pd.DataFrame]

LOG_ODDS_LIMIT = 14.5
# A few scores far out must not squeeze all others into one bar.
SHOWN = (0.005, 0.995)
LEAST_WIDTH = 0.2
LABEL_WIDTH = 0.2
FEWEST_TICKS = 3
# A curve has as many corners as there are clips; no screen shows more than this.
MOST_POINTS = 600

# From the first of these that give enough ticks within the picture.
_TICK_LEVELS = (
    (0.5, 0.1, 0.9, 0.01, 0.99, 1e-4, 0.9999, 1e-6, 0.999999),
    tuple(np.arange(1, 20) / 20),
    tuple(np.arange(1, 100) / 100),
    tuple(np.arange(1, 1000) / 1000),
    tuple(np.arange(1, 10_000) / 10_000),
)


def log_odds(p: ArrayLike) -> Floats:
    """Log-odds of probabilities; certainty stands at the edge of the picture."""
    share = np.asarray(p, dtype=np.float64)
    with np.errstate(divide="ignore"):
        return np.clip(np.log(share) - np.log1p(-np.minimum(share, 1)), -LOG_ODDS_LIMIT, LOG_ODDS_LIMIT)


def shown_range(scores: Scores, marks: ArrayLike) -> tuple[float, float]:
    """The log-odds between which nearly all scores lie, and all `marks` (P(fake)): thresholds, say."""
    every = log_odds(np.concatenate([table["p_fake"].to_numpy() for table in scores.values()]))
    ends = np.append(np.quantile(every, SHOWN), log_odds(marks))
    low, high = float(ends.min()), float(ends.max())
    margin = max(0.05 * (high - low), (LEAST_WIDTH - (high - low)) / 2)
    return low - margin, high + margin


def probability_axis(axes: Axes, label: str, ends: tuple[float, float]) -> None:
    """An axis of log-odds that is labelled with probabilities."""
    axes.set_xlim(*ends)
    ticks = probability_ticks(*ends)
    axes.set_xticks(log_odds(ticks), [_short(p) for p in ticks])
    axes.set_xlabel(label)


def probability_ticks(low: float, high: float) -> list[float]:
    """Round probabilities between two log-odds, far enough apart for their labels, whatever the width."""
    apart = (high - low) * LABEL_WIDTH
    chosen: list[float] = []
    for level in _TICK_LEVELS:
        inside = [p for p in level if low <= log_odds(p) <= high]
        for p in sorted(inside, key=lambda p: abs(p - 0.5)):
            if all(abs(log_odds(p) - log_odds(other)) >= apart for other in chosen):
                chosen.append(float(p))
        if len(chosen) >= FEWEST_TICKS:
            break
    return sorted(chosen)


def thinned(x: Floats, y: Floats) -> tuple[Floats, Floats]:
    """At most `MOST_POINTS` of a curve's corners, both ends among them."""
    if len(x) <= MOST_POINTS:
        return x, y
    keep = np.unique(np.linspace(0, len(x) - 1, MOST_POINTS).astype(int))
    return x[keep], y[keep]


def _short(p: float) -> str:
    return f"{p:.0e}".replace("e-0", "e-") if p < 1e-3 else f"{p:.6g}".removeprefix("0")
