"""How far a figure could be off, seen over voices: clips of one voice succeed and fail together.

A clustered bootstrap. Voices are drawn with replacement; a figure needs only each voice's counts times how
often it was drawn, so that two thousand draws are one matrix product.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from . import metrics
from .metrics import Counts, Floats

RESAMPLES = 2000
CONFIDENCE = 0.95
# Whole curves for each draw (AUC, EER) cost draws x clips: draws are given up before seconds are, and of
# curves that are drawn in blocks a block fits into a cache.
CURVE_CELLS = 8_000_000
FEWEST_RESAMPLES = 200
BLOCK_CELLS = 500_000

Interval = tuple[float, float] | None


class Draws(NamedTuple):
    """How often each voice was drawn: `times` [R, V], and the voice of each clip: `voice` [N]."""

    times: NDArray[np.int64]
    voice: NDArray[np.intp]


def draw_voices(voices: ArrayLike, resamples: int = RESAMPLES, seed: int = 0) -> Draws:
    """Draw as many voices as there are, with replacement, `resamples` times."""
    names, voice = np.unique(np.asarray(voices, dtype=str), return_inverse=True)
    count = len(names)
    times = np.random.default_rng(seed).multinomial(count, np.full(count, 1 / count), size=resamples)
    return Draws(times, voice)


def intervals(
    labels: ArrayLike,
    scores: ArrayLike,
    voices: ArrayLike,
    threshold: float,
    beta: float = 2.0,
    resamples: int = RESAMPLES,
    seed: int = 0,
) -> dict[str, Interval]:
    """95 % intervals of the figures at `threshold` and of the threshold-free ones, over voices.

    `f2_over_all_fake` is the margin over calling everything fake, each drawn set against its own baseline. An
    interval is None where a figure is undefined, or where there is one voice only.
    """
    fake, score = metrics.checked(labels, scores)
    draws = draw_voices(voices, resamples, seed)
    if draws.times.shape[1] < 2:
        return dict.fromkeys((*_at_threshold(Counts(*np.ones((4, 1))), beta), "auc", "eer"))
    drawn = _drawn_counts(fake, score >= threshold, draws)
    figures = _at_threshold(drawn, beta) | _of_curves(fake, score, draws)
    return {name: _interval(values) for name, values in figures.items()}


def auc_drop(
    labels: ArrayLike,
    before: ArrayLike,
    after: ArrayLike,
    voices: ArrayLike,
    resamples: int = RESAMPLES,
    seed: int = 0,
) -> tuple[float | None, Interval]:
    """By how much the AUC falls from one set of scores of the same clips to another, and its 95 % interval.

    Paired: each draw of voices judges both sets, so that what is hard about a voice drops out of the difference.
    """
    aucs = [float(metrics.roc_auc(metrics.sweep(labels, each).counts)) for each in (before, after)]
    if np.isnan(aucs[0]):
        return None, None
    # What differs in the last bit only, as sums do, is no fall.
    drop = round(aucs[0] - aucs[1], 12) + 0.0
    draws = draw_voices(voices, resamples, seed)
    if draws.times.shape[1] < 2:
        return drop, None
    drawn = [_of_curves(*metrics.checked(labels, each), draws)["auc"] for each in (before, after)]
    return drop, _interval(np.round(drawn[0] - drawn[1], 12) + 0.0)


def auc_in_strata(
    labels: ArrayLike,
    scores: ArrayLike,
    voices: ArrayLike,
    strata: ArrayLike | None = None,
    resamples: int = RESAMPLES,
    seed: int = 0,
) -> tuple[float | None, Interval]:
    """The chance that a fake outscores a real of its own stratum, and the 95 % interval over voices.

    For scores that share a scale only within a stratum, as those of different models do. One stratum for all
    clips is the common AUC. None where no stratum holds both classes; no interval for one voice.
    """
    score = metrics.checked(labels, scores)[1]
    stratum = np.zeros(len(score)) if strata is None else np.asarray(strata)
    auc = _auc_draws(labels, scores, draw_voices(np.zeros(len(score)), 1), stratum)[0]
    draws = draw_voices(voices, min(resamples, max(FEWEST_RESAMPLES, CURVE_CELLS // len(score))), seed)
    alone = draws.times.shape[1] < 2
    interval = None if alone else _interval(_auc_draws(labels, scores, draws, stratum))
    return (None if np.isnan(auc) else float(auc)), interval


def _at_threshold(counts: Counts, beta: float) -> dict[str, Floats]:
    """Each figure for each drawn set, [R] each."""
    fakes = counts.tp + counts.fn
    share = fakes / np.maximum(fakes + counts.fp + counts.tn, 1)
    f2 = metrics.f_beta(counts, 2.0)
    figures = {
        "f2": f2,
        "f2_over_all_fake": f2 - metrics.f_beta_all_fake(share, 2.0),
        "recall": metrics.recall(counts),
        "precision": metrics.precision(counts),
        "accuracy": metrics.accuracy(counts),
        "balanced_accuracy": metrics.balanced_accuracy(counts),
        "false_alarm_rate": metrics.false_alarm_rate(counts),
    }
    return figures if beta == 2.0 else {**figures, "f_beta": metrics.f_beta(counts, beta)}


def _drawn_counts(fake: NDArray[np.bool_], called: NDArray[np.bool_], draws: Draws) -> Counts:
    """Confusion counts of each drawn set, [R] each."""
    voices = draws.times.shape[1]
    cells = (called & fake, called & ~fake, ~called & ~fake, ~called & fake)
    by_voice = [np.bincount(draws.voice[cell], minlength=voices) for cell in cells]
    return Counts(*(draws.times @ np.stack(by_voice, axis=1)).T.astype(np.float64))


def _of_curves(fake: NDArray[np.bool_], score: Floats, draws: Draws) -> dict[str, Floats]:
    """AUC and EER of each drawn set, from its whole ROC."""
    order = np.argsort(-score, kind="stable")
    last = np.append(np.flatnonzero(np.diff(score[order])), len(score) - 1)
    voice, is_fake = draws.voice[order], fake[order]
    resamples = int(np.clip(CURVE_CELLS // len(score), FEWEST_RESAMPLES, len(draws.times)))
    block = max(1, BLOCK_CELLS // len(score))
    auc, eer = [], []
    for first in range(0, resamples, block):
        times = draws.times[first : min(first + block, resamples), voice]
        curve = _curves(times, is_fake, last)
        auc.append(metrics.roc_auc(curve))
        eer.append(metrics.equal_error_rate(curve))
    return {"auc": np.concatenate(auc), "eer": np.concatenate(eer)}


def _curves(times: NDArray[np.int64], is_fake: NDArray[np.bool_], last: NDArray[np.intp]) -> Counts:
    """Sweeps [r, K+1] of sets in which the clip at rank n stands `times[r, n]` times."""
    tp = np.cumsum(times * is_fake, axis=1)[:, last].astype(np.float64)
    fp = np.cumsum(times, axis=1)[:, last] - tp
    start = np.zeros((len(times), 1))
    tp, fp = np.hstack([start, tp]), np.hstack([start, fp])
    return Counts(tp, fp, fp[:, -1:] - fp, tp[:, -1:] - tp)


def _auc_draws(labels: ArrayLike, scores: ArrayLike, draws: Draws, strata: NDArray[np.generic]) -> Floats:
    """Pairs that are in the right order among the pairs within strata, for each drawn set: [R]."""
    fake, score = metrics.checked(labels, scores)
    won, pairs = np.zeros(len(draws.times)), np.zeros(len(draws.times))
    for name in np.unique(strata):
        inside = np.flatnonzero(strata == name)
        order = inside[np.argsort(-score[inside], kind="stable")]
        last = np.append(np.flatnonzero(np.diff(score[order])), len(order) - 1)
        block = max(1, BLOCK_CELLS // len(order))
        for first in range(0, len(pairs), block):
            rows = slice(first, first + block)
            curve = _curves(draws.times[rows, draws.voice[order]], fake[order], last)
            compared = curve.tp[:, -1] * curve.fp[:, -1]
            won[rows] += np.where(compared > 0, metrics.roc_auc(curve) * compared, 0.0)
            pairs[rows] += compared
    return np.divide(won, pairs, out=np.full(len(pairs), np.nan), where=pairs > 0)


def _interval(values: Floats) -> Interval:
    """The middle 95 % of the drawn sets in which the figure is defined."""
    defined = values[~np.isnan(values)]
    if not len(defined):
        return None
    tail = (1 - CONFIDENCE) / 2
    low, high = np.quantile(defined, [tail, 1 - tail])
    return float(low), float(high)
