"""All figures of one set of scores at one threshold, as plain values for `metrics.json`."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike

from ..labels import FAKE, LABEL_NAMES
from . import metrics
from .metrics import Counts, Floats
from .statistics import Interval, clusters, eer_by_system, intervals
from .thresholds import Rule, choose
from .voices import count_unknown, count_voices, count_witnesses


def summary(
    labels: ArrayLike,
    p_fake: ArrayLike,
    voices: ArrayLike,
    threshold: float,
    beta: float = 2.0,
    prevalence: float | None = None,
    tracks: ArrayLike | None = None,
) -> dict[str, Any]:
    """Figures, counts, and 95 % intervals over voices; None where one is undefined (a class is absent) or infinite.

    Args:
        prevalence: the share of fakes for which P(fake) was made a probability, that of validation where slope and
            offset were fitted to it; without it there are neither `cllr` nor `act_dcf`.
        tracks: of which recording each clip is made, "" where nobody knows; voices that share one are drawn together.
    """
    fake, score = metrics.checked(labels, p_fake)
    at = metrics.confusion(labels, p_fake, threshold)
    figures = (
        _at_threshold(at, beta)
        | _of_curves(metrics.sweep(labels, p_fake).counts)
        | _of_probabilities(labels, score, prevalence)
    )
    names = np.asarray(voices).astype(str)
    drawn, n_voices, n_unknown = clusters(names, tracks), count_voices(names), count_unknown(names)
    n_clusters = len(np.unique(drawn))
    found = intervals(labels, p_fake, drawn, threshold, beta, prevalence=prevalence)
    return {
        **{name: plain(value) for name, value in figures.items()},
        "threshold": threshold,
        "beta": beta,
        "n_clips": len(score),
        # Of known voices; a clip whose voice is unknown is drawn as one of its own, and vouches for nothing.
        "n_voices": n_voices,
        "n_unknown_voice": n_unknown,
        "n_witnesses": count_witnesses(labels, names, drawn),
        **({} if n_clusters == n_voices else {"n_clusters": n_clusters}),
        "n_real": int(np.sum(~fake)),
        "n_fake": int(np.sum(fake)),
        "confusion": {name: int(cell) for name, cell in at._asdict().items()},
        "intervals": {name: plain_interval(interval) for name, interval in found.items()},
    }


def own_best(labels: ArrayLike, p_fake: ArrayLike) -> dict[str, float] | None:
    """The threshold that would have been best for these very clips: a diagnosis, which nothing may be chosen by."""
    fake = np.asarray(labels) == 1
    if fake.all() or not fake.any():
        return None
    choice = choose(labels, p_fake, Rule())
    return {"threshold": choice.threshold, "f2": choice.f_beta}


def by_system(scores: pd.DataFrame, threshold: float) -> list[dict[str, Any]]:
    """What became of each system's clips: how many there are, of how many voices, and the share called fake.

    That share is the recall of a system that makes fakes, and the false-alarm rate of real speech. A system that
    makes fakes also has an `eer` against all reals, with its `eer_interval` over voices, where there are reals.
    """
    called = scores.assign(called_fake=scores["p_fake"] >= threshold)
    drawn = clusters(scores["voice"], scores.get("track"))
    rates = eer_by_system(scores["label"], scores["p_fake"], scores["system"], drawn)
    rows = []
    for label, name in LABEL_NAMES.items():
        for system, clips in called[called["label"] == label].groupby("system", sort=True):
            row = {
                "system": str(system),
                "label": name,
                "n_clips": len(clips),
                "n_voices": count_voices(clips["voice"]),
                "called_fake": float(clips["called_fake"].mean()),
            }
            if label == FAKE:
                rate, interval = rates[str(system)]
                row |= {"eer": plain(rate), "eer_interval": plain_interval(interval)}
            rows.append(row)
    return rows


def plain(value: float | Floats) -> float | None:
    """A figure as JSON can hold it."""
    return float(value) if math.isfinite(value) else None


def plain_interval(interval: Interval) -> list[float] | None:
    """An interval as JSON can hold it."""
    return list(interval) if interval and all(map(math.isfinite, interval)) else None


def _at_threshold(at: Counts, beta: float) -> dict[str, Floats]:
    prevalence = (at.tp + at.fn) / sum(at)
    figures = {
        "f2": metrics.f_beta(at, 2.0),
        "f2_all_fake": metrics.f_beta_all_fake(prevalence, 2.0),
        "precision": metrics.precision(at),
        "recall": metrics.recall(at),
        "false_alarm_rate": metrics.false_alarm_rate(at),
        "accuracy": metrics.accuracy(at),
        "balanced_accuracy": metrics.balanced_accuracy(at),
        "mcc": metrics.matthews(at),
    }
    if beta != 2.0:
        figures["f_beta"] = metrics.f_beta(at, beta)
        figures["f_beta_all_fake"] = metrics.f_beta_all_fake(prevalence, beta)
    return figures


def _of_curves(curve: Counts) -> dict[str, Floats]:
    return {
        "auc": metrics.roc_auc(curve),
        "eer": metrics.equal_error_rate(curve),
        "average_precision": metrics.average_precision(curve),
        "min_dcf": metrics.min_dcf(curve),
    }


def _of_probabilities(labels: ArrayLike, p_fake: Floats, prevalence: float | None) -> dict[str, float]:
    figures = {
        "brier": metrics.brier(labels, p_fake),
        "ece": metrics.expected_calibration_error(labels, p_fake),
    }
    if prevalence is None:
        return figures
    ratios = metrics.log_likelihood_ratios(p_fake, prevalence)
    return {**figures, "cllr": metrics.cllr(labels, ratios), "act_dcf": metrics.act_dcf(labels, ratios)}
