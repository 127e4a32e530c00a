"""What is paid for what: fakes caught against false alarms, the two errors, and precision against recall."""

from __future__ import annotations

from statistics import NormalDist
from typing import Any

import numpy as np
from matplotlib.figure import Figure

from ...evaluation import metrics
from ...evaluation.metrics import Floats
from ..canvas import COLOURS, INK, NAMES, legend_below, panels_in_a_row
from .f_curve import DASHES
from .scale import Scores, thinned

ERROR_TICKS = (0.001, 0.01, 0.05, 0.2, 0.5, 0.8, 0.95)
ERROR_LABELS = ("0.1", "1", "5", "20", "50", "80", "95")


def roc_and_det(scores: Scores, threshold: float) -> Figure:
    """Fakes caught against false alarms, and the two errors against each other on normal-deviate scales."""
    figure, (roc, det) = panels_in_a_row(2)
    perfect = []
    for part, table in scores.items():
        sweep = metrics.sweep(table["label"], table["p_fake"])
        here = metrics.confusion(table["label"], table["p_fake"], threshold)
        caught, missed = metrics.roc_points(sweep), metrics.det_points(sweep)
        style: dict[str, Any] = {"linestyle": DASHES[part], "color": COLOURS[part]}
        roc.plot(*thinned(caught.x, caught.y), label=NAMES[part], **style)
        det.plot(*(_deviate(share) for share in thinned(missed.x, missed.y)), **style)
        # Where some threshold errs in neither way, all of the curve runs outside the picture.
        if ((missed.x == 0) & (missed.y == 0)).any():
            perfect.append(NAMES[part])
        alarms = metrics.false_alarm_rate(here)
        dot: dict[str, Any] = {"color": COLOURS[part], "markersize": 7}
        roc.plot(alarms, metrics.recall(here), "o", **dot)
        det.plot(_deviate(alarms), _deviate(metrics.miss_rate(here)), "o", **dot)
    roc.plot([0, 1], [0, 1], ":", color=INK, linewidth=1, label="chance")
    roc.plot([], [], "o", color=INK, label="at the threshold")
    roc.set(xlabel="false alarms (share of reals)", ylabel="fakes caught")
    roc.set(xlim=(-0.02, 1.02), ylim=(-0.02, 1.02))
    ticks = [float(_deviate(np.array(tick))) for tick in ERROR_TICKS]
    # Chance misses what it does not call fake: on these scales a straight line too.
    det.plot([-4, 4], [4, -4], ":", color=INK, linewidth=1)
    det.set_xticks(ticks, ERROR_LABELS)
    det.set_yticks(ticks, ERROR_LABELS)
    det.set(xlabel="false alarms (% of reals)", ylabel="fakes missed (%)")
    det.set(xlim=(ticks[0], ticks[-1]), ylim=(ticks[0], ticks[-1]))
    if perfect:
        which = "" if len(perfect) == len(scores) else f"\non {perfect[0]}"
        det.text(0.05, 0.06, f"no errors to draw{which}", transform=det.transAxes, color=INK)
    legend_below(figure, roc)
    return figure


def precision_recall(scores: Scores, threshold: float) -> Figure:
    """How much of what is called fake is fake, against how much of the fakes is caught."""
    figure, (axes,) = panels_in_a_row(1)
    for part, table in scores.items():
        points = metrics.pr_points(metrics.sweep(table["label"], table["p_fake"]))
        here = metrics.confusion(table["label"], table["p_fake"], threshold)
        axes.plot(*thinned(points.x, points.y), DASHES[part], color=COLOURS[part], label=NAMES[part])
        # Where everything is called fake precision is the share of fakes.
        axes.axhline(points.y[-1], color=COLOURS[part], linestyle=":", linewidth=1.2)
        axes.plot(metrics.recall(here), metrics.precision(here), "o", color=COLOURS[part], markersize=7)
    axes.plot([], [], ":", color=INK, label="share of fakes: chance")
    axes.plot([], [], "o", color=INK, label="at the threshold")
    axes.set(xlabel="recall (fakes caught)", ylabel="precision")
    axes.set(xlim=(-0.02, 1.02), ylim=(-0.02, 1.04))
    legend_below(figure, axes)
    return figure


def _deviate(share: Floats) -> Floats:
    """Normal deviates of shares, whose ends are kept just outside the picture."""
    inverse = NormalDist().inv_cdf
    return np.vectorize(lambda p: inverse(min(max(float(p), 1e-4), 1 - 1e-4)), otypes=[float])(share)
