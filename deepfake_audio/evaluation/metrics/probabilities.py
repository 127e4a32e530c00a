"""Whether P(fake) means what it says: calibration, and scores that reward an honest probability."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ...errors import UserError
from .counts import Floats, checked, ratio

# Of a reliability diagram and of the ECE, as usual.
BINS = 10


@dataclass(frozen=True)
class Reliability:
    """Clips binned by P(fake): what was said and what came true. NaN where a bin is empty."""

    mean_p: Floats
    share_fake: Floats
    count: NDArray[np.int64]
    edges: Floats


def log_likelihood_ratios(p_fake: ArrayLike, prevalence: float) -> Floats:
    """How much likelier each clip is as a fake than as a real, as natural logs: the odds less the prior odds.

    Args:
        prevalence: the share of fakes for which `p_fake` was made: that of the clips it was calibrated on.
    """
    if not 0 < prevalence < 1:
        raise UserError(f"a prevalence is a share between 0 and 1, not {prevalence:g}")
    p = _probabilities(np.asarray(p_fake, dtype=np.float64))
    # Certainty is an infinite ratio, and no accident to warn of.
    with np.errstate(divide="ignore"):
        return np.log(p) - np.log1p(-p) - (math.log(prevalence) - math.log1p(-prevalence))


def cllr(labels: ArrayLike, llr: ArrayLike) -> float:
    """Cost of log-likelihood ratios, in bits: 0 is perfect, 1 is what always saying 0 costs, and worse misleads.

    Both classes weigh the same, whatever their share. Infinite if one clip is called wrong with certainty.

    Args:
        llr: natural log of how much likelier each clip is as a fake than as a real [N].
    """
    fake, ratios = checked(labels, llr)
    if fake.all() or not fake.any():
        return math.nan
    of_fakes = np.mean(np.logaddexp(0, -ratios[fake]))
    of_reals = np.mean(np.logaddexp(0, ratios[~fake]))
    return float((of_fakes + of_reals) / (2 * math.log(2)))


def brier(labels: ArrayLike, p_fake: ArrayLike) -> float:
    """Mean squared distance of P(fake) from the truth: 0 is perfect, and always saying one half costs 0.25."""
    fake, p = _checked(labels, p_fake)
    return float(np.mean((p - fake) ** 2))


def reliability(labels: ArrayLike, p_fake: ArrayLike, bins: int = BINS) -> Reliability:
    """The mean P(fake) and the share of fakes in each of `bins` equal steps of P(fake), [bins] each.

    Steps of equal width, as published figures have them: they are the same for every set of scores, so that two
    runs can be compared, where steps that hold equally many clips would move with the scores. A step counts from
    its lower edge to below its upper one; the last counts 1 too.
    """
    if bins < 1:
        raise UserError(f"a reliability diagram needs at least one bin, not {bins}")
    fake, p = _checked(labels, p_fake)
    edges, place = steps(p, bins)
    clips, sum_p, fakes = (np.bincount(place, each, bins) for each in (np.ones(len(p)), p, fake * 1.0))
    return Reliability(ratio(sum_p, clips), ratio(fakes, clips), clips.astype(np.int64), edges)


def steps(p_fake: Floats, bins: int = BINS) -> tuple[Floats, NDArray[np.intp]]:
    """The edges of the steps of P(fake) [bins + 1], and in which each clip lies [N]."""
    # Each edge a single division, so that 0.7 is the edge that a reader means by 0.7.
    edges = np.arange(bins + 1) / bins
    return edges, np.searchsorted(edges[1:-1], p_fake, side="right")


def expected_calibration_error(labels: ArrayLike, p_fake: ArrayLike, bins: int = BINS) -> float:
    """How far P(fake) is from the share of fakes, on average over clips (ECE): 0 is calibrated."""
    found = reliability(labels, p_fake, bins)
    filled = found.count > 0
    gaps = np.abs(found.share_fake - found.mean_p)[filled]
    return float(np.average(gaps, weights=found.count[filled]))


def _checked(labels: ArrayLike, p_fake: ArrayLike) -> tuple[NDArray[np.bool_], Floats]:
    """Labels as "is fake" and P(fake), or an error where one does not fit."""
    fake, p = checked(labels, p_fake)
    return fake, _probabilities(p)


def _probabilities(p: Floats) -> Floats:
    """The same, or an error where one is no probability."""
    # Asked this way round, because NaN is neither.
    if not ((p >= 0) & (p <= 1)).all():
        raise UserError("P(fake) must lie in 0 to 1; apply a sigmoid to logits")
    return p
