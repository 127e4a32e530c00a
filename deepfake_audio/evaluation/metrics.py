"""Figures of merit as plain functions; fake is positive, and a higher score means fake.

What a figure would need and the data lacks (a false-alarm rate without reals, say) is NaN here: JSON null later.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ..errors import UserError
from ..labels import FAKE, REAL

Floats = NDArray[np.float64]


class Counts(NamedTuple):
    """A confusion matrix, or as many as the arrays are long: every figure below works on both."""

    tp: Floats
    fp: Floats
    tn: Floats
    fn: Floats


class Sweep(NamedTuple):
    """Every distinct way to cut the scores, from "call nothing fake" to "call everything fake".

    `thresholds` [K+1] falls; cut k calls fake what scores at least `thresholds[k]`. The first is infinite.
    """

    thresholds: Floats
    counts: Counts


def checked(labels: ArrayLike, scores: ArrayLike) -> tuple[NDArray[np.bool_], Floats]:
    """Labels as "is fake" [N] and scores [N], or an error if they do not fit, or are not 0/1 and numbers."""
    label, score = np.asarray(labels), np.asarray(scores, dtype=np.float64)
    if label.ndim != 1 or label.shape != score.shape or not len(label):
        raise UserError(f"labels {label.shape} and scores {score.shape} must be one row each, equally long")
    if np.isnan(score).any():
        raise UserError(f"{int(np.isnan(score).sum())} of {len(score)} scores are NaN")
    if not np.isin(label, (REAL, FAKE)).all():
        raise UserError("labels must be 0 (real) or 1 (fake)")
    return label == FAKE, score


def confusion(labels: ArrayLike, scores: ArrayLike, threshold: float) -> Counts:
    """Count right and wrong when what scores at least `threshold` is called fake."""
    fake, score = checked(labels, scores)
    called = score >= threshold
    cells = (called & fake, called & ~fake, ~called & ~fake, ~called & fake)
    return Counts(*(np.asarray(np.sum(cell), dtype=np.float64) for cell in cells))


def sweep(labels: ArrayLike, scores: ArrayLike) -> Sweep:
    """Counts at every distinct score, equal scores together. O(n log n)."""
    fake, score = checked(labels, scores)
    order = np.argsort(-score, kind="stable")
    score, fake = score[order], fake[order]
    last = np.append(np.flatnonzero(np.diff(score)), len(score) - 1)
    tp = np.append(0.0, np.cumsum(fake)[last])
    fp = np.append(0.0, last + 1 - tp[1:])
    return Sweep(np.append(np.inf, score[last]), Counts(tp, fp, fp[-1] - fp, tp[-1] - tp))


def recall(counts: Counts) -> Floats:
    """Share of fakes that are called fake."""
    return _ratio(counts.tp, counts.tp + counts.fn)


def precision(counts: Counts) -> Floats:
    """Share of fakes among what is called fake."""
    return _ratio(counts.tp, counts.tp + counts.fp)


def false_alarm_rate(counts: Counts) -> Floats:
    """Share of reals that are called fake."""
    return _ratio(counts.fp, counts.fp + counts.tn)


def accuracy(counts: Counts) -> Floats:
    """Share of clips that are called what they are."""
    return _ratio(counts.tp + counts.tn, sum(counts, start=np.zeros(())))


def balanced_accuracy(counts: Counts) -> Floats:
    """Mean of the shares of fakes and of reals that are called what they are."""
    return (recall(counts) + 1 - false_alarm_rate(counts)) / 2


def f_beta(counts: Counts, beta: float = 2.0) -> Floats:
    """Weighted harmonic mean of precision and recall; recall counts `beta` times as much.

    Written with one division of whole numbers, so that equal figures are equal to the last bit.
    """
    fakes = counts.tp + counts.fn
    share = _ratio(counts.tp, counts.tp + counts.fp + beta**2 * fakes)
    return np.where(fakes > 0, (1 + beta**2) * share, np.nan)


def f_beta_all_fake(prevalence: float | Floats, beta: float = 2.0) -> Floats:
    """F-beta of calling everything fake, where `prevalence` is the share of fakes: what any detector must beat."""
    p = np.asarray(prevalence, dtype=np.float64)
    return np.where(p > 0, (1 + beta**2) * p / (beta**2 * p + 1), np.nan)


def roc_auc(counts: Counts) -> Floats:
    """Area under the ROC: the chance that a fake outscores a real, ties counting half.

    `counts` are those of a sweep, or of many: [..., K+1] -> [...].
    """
    far, hit = false_alarm_rate(counts), recall(counts)
    return np.sum(np.diff(far, axis=-1) * (hit[..., 1:] + hit[..., :-1]) / 2, axis=-1)


def equal_error_rate(counts: Counts) -> Floats:
    """Mean of the share of reals called fake and of fakes missed, at the cut where the two are closest.

    The convention of the ASVspoof challenges, so that figures can be set beside theirs; equal scores are never
    cut apart. `counts` are those of a sweep, or of many: [..., K+1] -> [...].
    """
    far, miss = false_alarm_rate(counts), 1 - recall(counts)
    closest = np.argmin(np.abs(miss - far), axis=-1)[..., None]
    return np.take_along_axis((miss + far) / 2, closest, axis=-1)[..., 0]


def average_precision(counts: Counts) -> Floats:
    """Precision averaged over the fakes, in the steps of a sweep (not interpolated)."""
    steps = np.diff(recall(counts))
    return np.asarray(np.sum(steps * precision(counts)[1:]))


def _ratio(part: Floats, whole: Floats) -> Floats:
    """`part / whole`, and NaN where there is nothing to take a share of."""
    part, whole = np.broadcast_arrays(part, whole)
    return np.divide(part, whole, out=np.full(part.shape, np.nan), where=whole > 0)
