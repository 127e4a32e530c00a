"""The report's pictures, one function each, as figures that share no state.

P(fake) is drawn on the scale of its log-odds: a trained network's scores crowd at both ends, and there the
threshold lies too.
"""

from __future__ import annotations

from statistics import NormalDist
from typing import Any

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from ..evaluation import metrics
from ..evaluation.metrics import Floats
from ..labels import FAKE, LABEL_NAMES, REAL
from .canvas import COLOURS, INK, NAMES, legend_below, panels_in_a_row

DASHES = {"val": "--", "test": "-"}

P_TICKS = (1e-6, 1e-4, 1e-2, 0.1, 0.5, 0.9, 0.99, 0.9999, 0.999999)
P_LABELS = ("1e-6", "1e-4", ".01", ".1", ".5", ".9", ".99", ".9999", ".999999")
LOG_ODDS_LIMIT = 14.5
LABEL_WIDTH = 0.1
ERROR_TICKS = (0.001, 0.01, 0.05, 0.2, 0.5, 0.8, 0.95)
ERROR_LABELS = ("0.1", "1", "5", "20", "50", "80", "95")
# A curve has as many corners as there are clips; no screen shows more than this.
MOST_POINTS = 2000

Scores = dict[str, pd.DataFrame]


def f_beta_curve(scores: Scores, threshold: float, beta: float = 2.0) -> Figure:
    """F-beta against the threshold on each part, the chosen point, and what calling everything fake gives."""
    figure, (axes,) = panels_in_a_row(1)
    for part, table in scores.items():
        sweep = metrics.sweep(table["label"], table["p_fake"])
        values = metrics.f_beta(sweep.counts, beta)
        # A cut holds from its score down to the next, and the last one down to 0.
        at, value = np.append(sweep.thresholds[1:], 0.0), np.append(values[1:], values[-1])
        axes.step(
            *_thinned(_log_odds(at), value),
            DASHES[part],
            where="post",
            color=COLOURS[part],
            label=NAMES[part],
        )
        axes.axhline(values[-1], color=COLOURS[part], linestyle=":", linewidth=1.2)
        here = metrics.f_beta(metrics.confusion(table["label"], table["p_fake"], threshold), beta)
        axes.plot(_log_odds(np.array([threshold])), here, "o", color=COLOURS[part], markersize=7)
    axes.axvline(float(_log_odds(np.array([threshold]))[0]), color=INK, linewidth=1, label="chosen threshold")
    axes.plot([], [], ":", color=INK, label="everything called fake")
    _probability_axis(axes, "threshold on P(fake)", _all_scores(scores, threshold))
    axes.set_ylim(-0.02, 1.04)
    axes.set_ylabel(f"F{beta:g}")
    legend_below(figure, axes)
    return figure


def roc_and_det(scores: Scores, threshold: float) -> Figure:
    """Fakes caught against false alarms, and the two errors against each other on normal-deviate scales."""
    figure, (roc, det) = panels_in_a_row(2)
    for part, table in scores.items():
        counts = metrics.sweep(table["label"], table["p_fake"]).counts
        here = metrics.confusion(table["label"], table["p_fake"], threshold)
        far, hit = metrics.false_alarm_rate(counts), metrics.recall(counts)
        style: dict[str, Any] = {"linestyle": DASHES[part], "color": COLOURS[part]}
        roc.plot(*_thinned(far, hit), label=NAMES[part], **style)
        det.plot(*(_deviate(v) for v in _thinned(far, 1 - hit)), **style)
        point = metrics.false_alarm_rate(here), metrics.recall(here)
        roc.plot(*point, "o", color=COLOURS[part], markersize=7)
        det.plot(_deviate(point[0]), _deviate(1 - point[1]), "o", color=COLOURS[part], markersize=7)
    roc.plot([0, 1], [0, 1], ":", color=INK, linewidth=1, label="chance")
    roc.plot([], [], "o", color=INK, label="at the threshold")
    roc.set(
        xlabel="false alarms (share of reals)", ylabel="fakes caught", xlim=(-0.02, 1.02), ylim=(-0.02, 1.02)
    )
    ticks = [float(_deviate(np.array(tick))) for tick in ERROR_TICKS]
    det.plot(ticks, ticks, ":", color=INK, linewidth=1)
    det.set_xticks(ticks, ERROR_LABELS)
    det.set_yticks(ticks, ERROR_LABELS)
    det.set(xlabel="false alarms (% of reals)", ylabel="fakes missed (%)")
    det.set(xlim=(ticks[0], ticks[-1]), ylim=(ticks[0], ticks[-1]))
    legend_below(figure, roc)
    return figure


def histograms(scores: Scores, threshold: float) -> Figure:
    """How P(fake) is spread over the clips of each class, one panel a part."""
    figure, panels = panels_in_a_row(len(scores), share_y=True)
    edges = np.linspace(*_probability_range(_all_scores(scores, threshold)), 41)
    for axes, (part, table) in zip(panels, scores.items(), strict=True):
        for label, line in ((REAL, "--"), (FAKE, "-")):
            name = LABEL_NAMES[label]
            clips = _log_odds(table.loc[table["label"] == label, "p_fake"].to_numpy())
            weights = np.full(len(clips), 1 / max(1, len(clips)))
            shared: dict[str, Any] = {"bins": edges, "weights": weights, "color": COLOURS[name]}
            axes.hist(clips, **shared, histtype="stepfilled", alpha=0.25)
            axes.hist(clips, **shared, histtype="step", linestyle=line, linewidth=1.8, label=name)
        axes.axvline(float(_log_odds(np.array([threshold]))[0]), color=INK, linewidth=1, label="threshold")
        _probability_axis(axes, "P(fake)", _all_scores(scores, threshold), len(scores))
        axes.set_title(NAMES[part], fontsize=10, color=INK)
    panels[0].set_ylabel("share of the class")
    legend_below(figure, panels[0])
    return figure


def training_curves(history: pd.DataFrame) -> Figure | None:
    """Losses, and what the best epoch was chosen by, over epochs; None if nothing of it was kept."""
    losses = [name for name in ("train_loss", "val_loss") if name in history]
    figures = [name for name in ("val_ap", "val_f2") if name in history]
    panels = [names for names in (losses, figures) if names]
    if not panels or "epoch" not in history:
        return None
    figure, all_axes = panels_in_a_row(len(panels))
    told = {
        "train_loss": ("training loss", COLOURS["real"], "-"),
        "val_loss": ("validation loss", COLOURS["val"], "--"),
        "val_ap": ("validation average precision", COLOURS["val"], "--"),
        "val_f2": ("validation F2", COLOURS["fake"], "-"),
    }
    for axes, names in zip(all_axes, panels, strict=True):
        for name in names:
            label, colour, line = told[name]
            axes.plot(history["epoch"] + 1, history[name], line, color=colour, label=label, marker=".")
        axes.set_xlabel("epoch")
        axes.xaxis.set_major_locator(MaxNLocator(integer=True))
        axes.set_ylabel("loss" if names is losses else "figure of merit")
        if "val_choice" in history and history["val_choice"].notna().any():
            best = history["epoch"].to_numpy()[np.nanargmax(history["val_choice"].to_numpy())]
            axes.axvline(float(best) + 1, color=INK, linewidth=1, linestyle=":", label="epoch that was kept")
    legend_below(figure, *all_axes)
    return figure


def _log_odds(p: Floats) -> Floats:
    """Log-odds of probabilities; certainty stands at the edge of the picture."""
    with np.errstate(divide="ignore"):
        return np.clip(np.log(p) - np.log1p(-np.minimum(p, 1)), -LOG_ODDS_LIMIT, LOG_ODDS_LIMIT)


def _all_scores(scores: Scores, threshold: float) -> Floats:
    return np.append(np.concatenate([table["p_fake"].to_numpy() for table in scores.values()]), threshold)


def _probability_range(p: Floats) -> tuple[float, float]:
    """From the lowest to the highest score in log-odds, never closer than .1 to .9."""
    x = _log_odds(p)
    return min(float(x.min()), -2.3) - 0.3, max(float(x.max()), 2.3) + 0.3


def _probability_axis(axes: Axes, label: str, p: Floats, panels: int = 1) -> None:
    axes.set_xlim(*_probability_range(p))
    low, high = axes.get_xlim()
    ticks = _log_odds(np.array(P_TICKS))
    # Labels of a width that is a fraction of the picture's, whatever the scale and however many panels.
    apart = (high - low) * LABEL_WIDTH * panels
    shown: list[int] = []
    for index in sorted(range(len(ticks)), key=lambda i: abs(ticks[i])):
        inside = low <= ticks[index] <= high
        if inside and all(abs(ticks[index] - ticks[other]) >= apart for other in shown):
            shown.append(index)
    shown.sort()
    axes.set_xticks([ticks[i] for i in shown], [P_LABELS[i] for i in shown])
    axes.set_xlabel(label)


def _deviate(share: Floats) -> Floats:
    """Normal deviates of shares, whose ends are kept just outside the picture."""
    inverse = NormalDist().inv_cdf
    return np.vectorize(lambda p: inverse(min(max(float(p), 1e-4), 1 - 1e-4)), otypes=[float])(share)


def _thinned(x: Floats, y: Floats) -> tuple[Floats, Floats]:
    """At most `MOST_POINTS` of a curve's corners, both ends among them."""
    if len(x) <= MOST_POINTS:
        return x, y
    keep = np.unique(np.linspace(0, len(x) - 1, MOST_POINTS).astype(int))
    return x[keep], y[keep]
