"""What is called fake, set against what is: figures at one threshold, or at many at once."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ...errors import UserError
from ...labels import FAKE, REAL

Floats = NDArray[np.float64]


class Counts(NamedTuple):
    """A confusion matrix, or as many as the arrays are long: every figure below works on both."""

    tp: Floats
    fp: Floats
    tn: Floats
    fn: Floats


def checked(labels: ArrayLike, scores: ArrayLike) -> tuple[NDArray[np.bool_], Floats]:
    """Labels as "is fake" [N] and scores [N], or an error if they do not fit, or are not 0/1 and numbers.

    Infinite scores are scores: they order.
    """
    label = np.asarray(labels)
    try:
        score = np.asarray(scores, dtype=np.float64)
    except (TypeError, ValueError):
        raise UserError("scores must be numbers, one for each clip") from None
    if label.ndim != 1 or label.shape != score.shape or not len(label):
        raise UserError(f"labels {label.shape} and scores {score.shape} must be one row each, equally long")
    if (nans := np.count_nonzero(np.isnan(score))) > 0:
        raise UserError(f"{nans} of {len(score)} scores are NaN")
    fake = label == FAKE
    if not (fake | (label == REAL)).all():
        raise UserError("labels must be 0 (real) or 1 (fake)")
    return fake, score


def confusion(labels: ArrayLike, scores: ArrayLike, threshold: float) -> Counts:
    """Count right and wrong when what scores at least `threshold` is called fake."""
    fake, score = checked(labels, scores)
    called = score >= threshold
    cells = (called & fake, called & ~fake, ~called & ~fake, ~called & fake)
    return Counts(*(np.asarray(np.count_nonzero(cell), dtype=np.float64) for cell in cells))


def recall(counts: Counts) -> Floats:
    """Share of fakes that are called fake."""
    return ratio(counts.tp, counts.tp + counts.fn)


def miss_rate(counts: Counts) -> Floats:
    """Share of fakes that are called real."""
    return ratio(counts.fn, counts.tp + counts.fn)


def precision(counts: Counts) -> Floats:
    """Share of fakes among what is called fake."""
    return ratio(counts.tp, counts.tp + counts.fp)


def false_alarm_rate(counts: Counts) -> Floats:
    """Share of reals that are called fake."""
    return ratio(counts.fp, counts.fp + counts.tn)


def accuracy(counts: Counts) -> Floats:
    """Share of clips that are called what they are."""
    return ratio(counts.tp + counts.tn, sum(counts, start=np.zeros(())))


def balanced_accuracy(counts: Counts) -> Floats:
    """Mean of the shares of fakes and of reals that are called what they are."""
    return (recall(counts) + 1 - false_alarm_rate(counts)) / 2


def f_beta(counts: Counts, beta: float = 2.0) -> Floats:
    """Weighted harmonic mean of precision and recall; recall counts `beta` times as much.

    Written with one division of whole numbers, so that equal figures are equal to the last bit.
    """
    fakes = counts.tp + counts.fn
    share = ratio(counts.tp, counts.tp + counts.fp + beta**2 * fakes)
    return np.where(fakes > 0, (1 + beta**2) * share, np.nan)


def f_beta_all_fake(prevalence: float | Floats, beta: float = 2.0) -> Floats:
    """F-beta of calling everything fake, where `prevalence` is the share of fakes: what any detector must beat."""
    p = np.asarray(prevalence, dtype=np.float64)
    return np.where(p > 0, (1 + beta**2) * p / (beta**2 * p + 1), np.nan)


def matthews(counts: Counts) -> Floats:
    """Correlation of what is called fake with what is (MCC), from -1 to 1.

    Calling everything one thing says nothing of two classes: 0, as scikit-learn has it. Where there is one class
    only there is nothing to correlate with, and it is NaN, where scikit-learn says 0.
    """
    tp, fp, tn, fn = counts
    fakes, reals, called, spared = tp + fn, fp + tn, tp + fp, tn + fn
    # The root of two products, not of one: that of ten million clips to the fourth keeps its last digits so.
    scale = np.sqrt(fakes * reals) * np.sqrt(called * spared)
    figure = np.divide(tp * tn - fp * fn, scale, out=np.zeros(np.shape(scale)), where=scale > 0)
    return np.where((fakes > 0) & (reals > 0), np.clip(figure, -1, 1), np.nan)


def ratio(part: NDArray[Any], whole: NDArray[Any]) -> Floats:
    """`part / whole`, and NaN where there is nothing to take a share of."""
    part, whole = np.broadcast_arrays(part, whole)
    return np.divide(part, whole, out=np.full(part.shape, np.nan), where=whole > 0)
