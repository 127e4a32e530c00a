"""Drawn sets put together clip by clip, as slow and plain as can be: what the quick way must agree with."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pandas as pd
from scipy.stats import norm

from deepfake_audio.evaluation import metrics
from deepfake_audio.evaluation.statistics.spread import tail_for

from ...drawn import draw_voices

PREVALENCE = 0.4


def drawn_sets(scores: pd.DataFrame, resamples: int, seed: int) -> list[pd.DataFrame]:
    """The very sets of the draws, a row for each time that a clip stands in one."""
    draws = draw_voices(scores["voice"], resamples, seed)
    return [scores.loc[scores.index.repeat(times[draws.voice])] for times in draws.times]


def ends(values: list[float], voices: int, measured: float | None = None) -> list[float]:
    """The interval of what was measured in the drawn sets, by the textbook (bias-corrected where `measured`)."""
    defined = np.array(values)[~np.isnan(values)]
    tail = tail_for(voices)
    shares = np.array([tail, 1 - tail])
    if measured is not None:
        level = np.isclose(defined, measured, rtol=0, atol=1e-12)
        below = norm.ppf(np.mean((defined < measured) & ~level) + np.mean(level) / 2)
        shares = norm.cdf(2 * below + norm.ppf(shares))
    return [float(end) for end in np.quantile(defined, shares)]


def figures(threshold: float) -> dict[str, Callable[[pd.DataFrame], float]]:
    """Each figure of one set of scores."""

    def at(figure: Callable[..., metrics.Floats]) -> Callable[[pd.DataFrame], float]:
        return lambda s: float(figure(metrics.confusion(s["label"], s["p_fake"], threshold)))

    def swept(figure: Callable[..., metrics.Floats]) -> Callable[[pd.DataFrame], float]:
        return lambda s: float(figure(metrics.sweep(s["label"], s["p_fake"]).counts))

    def llr(s: pd.DataFrame) -> metrics.Floats:
        return metrics.log_likelihood_ratios(s["p_fake"], PREVALENCE)

    return {
        "f2": at(metrics.f_beta),
        "f2_over_all_fake": lambda s: (
            float(metrics.f_beta(metrics.confusion(s["label"], s["p_fake"], threshold)))
            - float(metrics.f_beta_all_fake(float(s["label"].mean())))
        ),
        "recall": at(metrics.recall),
        "precision": at(metrics.precision),
        "accuracy": at(metrics.accuracy),
        "balanced_accuracy": at(metrics.balanced_accuracy),
        "mcc": at(metrics.matthews),
        "false_alarm_rate": at(metrics.false_alarm_rate),
        "auc": swept(metrics.roc_auc),
        "eer": swept(metrics.equal_error_rate),
        "average_precision": swept(metrics.average_precision),
        "min_dcf": swept(metrics.min_dcf),
        "brier": lambda s: metrics.brier(s["label"], s["p_fake"]),
        "cllr": lambda s: metrics.cllr(s["label"], llr(s)),
        "act_dcf": lambda s: metrics.act_dcf(s["label"], llr(s)),
    }
