"""F-beta against the threshold: where it was chosen, how sure that is, and what test would have liked."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from matplotlib.figure import Figure

from ...evaluation import metrics
from ..canvas import COLOURS, INK, NAMES, legend_below, panels_in_a_row
from .scale import Scores, log_odds, probability_axis, shown_range, thinned

DASHES = {"val": "--", "test": "-"}


def f_beta_curve(
    scores: Scores,
    threshold: float,
    beta: float = 2.0,
    interval: Sequence[float] | None = None,
    own_best: dict[str, Any] | None = None,
) -> Figure:
    """F-beta against the threshold on each part, the chosen point, and what calling everything fake gives.

    Args:
        interval: of the threshold, over validation's voices.
        own_best: `threshold` and `f2` of test's own optimum: a diagnosis, never a choice.
    """
    figure, (axes,) = panels_in_a_row(1)
    for part, table in scores.items():
        sweep = metrics.sweep(table["label"], table["p_fake"])
        values = metrics.f_beta(sweep.counts, beta)
        # A cut holds from its score down to the next, and the last one down to 0.
        at, value = np.append(sweep.thresholds[1:], 0.0), np.append(values[1:], values[-1])
        style: dict[str, Any] = {"where": "post", "color": COLOURS[part], "label": NAMES[part]}
        axes.step(*thinned(log_odds(at), value), DASHES[part], **style)
        axes.axhline(values[-1], color=COLOURS[part], linestyle=":", linewidth=1.2)
        here = metrics.f_beta(metrics.confusion(table["label"], table["p_fake"], threshold), beta)
        axes.plot(log_odds([threshold]), here, "o", color=COLOURS[part], markersize=7)
    # The interval of a weak detector's threshold reaches far out: the axis stays with the scores.
    marks = [threshold]
    axes.axvline(float(log_odds(threshold)), color=INK, linewidth=1, label="chosen threshold")
    if interval:
        ends = log_odds(interval)
        axes.axvspan(ends[0], ends[1], color=INK, alpha=0.1, linewidth=0, label="its 95 % interval")
    axes.plot([], [], ":", color=INK, label="everything called fake")
    if own_best and beta == 2.0 and "test" in scores:
        marks.append(own_best["threshold"])
        style = {"color": COLOURS["test"], "markersize": 8, "markerfacecolor": "none", "linestyle": ""}
        name = "test's own best (diagnosis only)"
        axes.plot(log_odds([own_best["threshold"]]), [own_best["f2"]], marker="D", label=name, **style)
    probability_axis(axes, "threshold on P(fake)", shown_range(scores, marks))
    axes.set_ylim(-0.02, 1.04)
    axes.set_ylabel(f"F{beta:g}")
    legend_below(figure, axes)
    return figure
