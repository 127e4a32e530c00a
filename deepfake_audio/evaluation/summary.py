"""All figures of one set of scores at one threshold, as plain values for `metrics.json`."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike

from ..labels import LABEL_NAMES
from . import metrics
from .statistics import intervals


def summary(
    labels: ArrayLike, p_fake: ArrayLike, voices: ArrayLike, threshold: float, beta: float = 2.0
) -> dict[str, Any]:
    """Figures, counts, and 95 % intervals over voices; None where one is undefined (a class is absent)."""
    fake, score = metrics.checked(labels, p_fake)
    at = metrics.confusion(labels, p_fake, threshold)
    curve = metrics.sweep(labels, p_fake).counts
    prevalence = float(fake.mean())
    figures = {
        "f2": metrics.f_beta(at, 2.0),
        "f2_all_fake": metrics.f_beta_all_fake(prevalence, 2.0),
        "precision": metrics.precision(at),
        "recall": metrics.recall(at),
        "false_alarm_rate": metrics.false_alarm_rate(at),
        "accuracy": metrics.accuracy(at),
        "balanced_accuracy": metrics.balanced_accuracy(at),
        "auc": metrics.roc_auc(curve),
        "eer": metrics.equal_error_rate(curve),
        "average_precision": metrics.average_precision(curve),
    }
    if beta != 2.0:
        figures["f_beta"] = metrics.f_beta(at, beta)
        figures["f_beta_all_fake"] = metrics.f_beta_all_fake(prevalence, beta)
    return {
        **{name: _plain(value) for name, value in figures.items()},
        "threshold": threshold,
        "beta": beta,
        "n_clips": len(score),
        "n_voices": len(np.unique(np.asarray(voices, dtype=str))),
        "n_real": int(np.sum(~fake)),
        "n_fake": int(np.sum(fake)),
        "confusion": {name: int(cell) for name, cell in at._asdict().items()},
        "intervals": {
            name: list(interval) if interval else None
            for name, interval in intervals(labels, p_fake, voices, threshold, beta).items()
        },
    }


def by_system(scores: pd.DataFrame, threshold: float) -> list[dict[str, Any]]:
    """What became of each system's clips: how many there are, of how many voices, and the share called fake.

    That share is the recall of a system that makes fakes, and the false-alarm rate of real speech.
    """
    called = scores.assign(called_fake=scores["p_fake"] >= threshold)
    rows = []
    for label, name in LABEL_NAMES.items():
        for system, clips in called[called["label"] == label].groupby("system", sort=True):
            rows.append(
                {
                    "system": str(system),
                    "label": name,
                    "n_clips": len(clips),
                    "n_voices": int(clips["voice"].nunique()),
                    "called_fake": float(clips["called_fake"].mean()),
                }
            )
    return rows


def _plain(value: metrics.Floats) -> float | None:
    return None if np.isnan(value) else float(value)
