"""All thresholds at once: the figures that need none, and the points of the usual curves."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike

from ...errors import UserError
from .counts import Counts, Floats, checked, false_alarm_rate, miss_rate, precision, ratio, recall
from .ranking import ranked


class Sweep(NamedTuple):
    """Every distinct way to cut the scores, from "call nothing fake" to "call everything fake".

    `thresholds` [K+1] falls; cut k calls fake what scores at least `thresholds[k]`. The first is infinite and
    calls nothing fake, infinite scores neither.
    """

    thresholds: Floats
    counts: Counts


class Points(NamedTuple):
    """A curve: what stands on its two axes, as shares of 1, and the threshold of each point. [P] each."""

    x: Floats
    y: Floats
    thresholds: Floats


def sweep(labels: ArrayLike, scores: ArrayLike) -> Sweep:
    """Counts at every distinct score, equal scores together. O(n log n)."""
    falling, fake = ranked(*checked(labels, scores))
    # How many clips each cut calls fake. Compared, not subtracted: infinity less infinity is no number.
    called = np.flatnonzero(np.concatenate(([True], falling[1:] != falling[:-1], [True])))
    tp = np.append(0.0, np.cumsum(fake, dtype=np.float64))[called]
    fp = called - tp
    return Sweep(np.append(np.inf, falling)[called], Counts(tp, fp, fp[-1] - fp, tp[-1] - tp))


def roc_auc(counts: Counts) -> Floats:
    """Area under the ROC: the chance that a fake outscores a real, ties counting half.

    `counts` are those of a sweep, or of many: [..., K+1] -> [...].
    """
    far, hit = false_alarm_rate(counts), recall(counts)
    return np.sum(np.diff(far, axis=-1) * (hit[..., 1:] + hit[..., :-1]) / 2, axis=-1)


def equal_error_rate(counts: Counts) -> Floats:
    """Mean of the share of reals called fake and of fakes missed, at the cut where the two are closest.

    The convention of the ASVspoof challenges, so that figures can be set beside theirs; equal scores are never
    cut apart, and of equally close cuts the one counts that calls fewer clips fake. `counts` are those of a
    sweep, or of many: [..., K+1] -> [...].
    """
    far, miss = false_alarm_rate(counts), miss_rate(counts)
    closest = np.argmin(np.abs(miss - far), axis=-1)[..., None]
    return np.take_along_axis((miss + far) / 2, closest, axis=-1)[..., 0]


def equal_error_rates_by(labels: ArrayLike, scores: ArrayLike, systems: ArrayLike) -> dict[str, float]:
    """The EER of each system's fakes, by its name, each against all reals."""
    fake, score = checked(labels, scores)
    system = np.asarray(systems, dtype=str)
    if system.shape != fake.shape:
        raise UserError(f"there are {len(fake)} clips, and systems of shape {system.shape}; one name a clip")
    found = {}
    for name in np.unique(system[fake]):
        judged = ~fake | (system == name)
        found[str(name)] = float(equal_error_rate(sweep(fake[judged], score[judged]).counts))
    return found


def average_precision(counts: Counts) -> Floats:
    """Precision averaged over the fakes, in the steps of a sweep (not interpolated): [..., K+1] -> [...]."""
    steps = np.diff(counts.tp, axis=-1)
    weighted = np.multiply(steps, precision(counts)[..., 1:], out=np.zeros(steps.shape), where=steps > 0)
    return ratio(np.sum(weighted, axis=-1), counts.tp[..., -1])


def roc_points(swept: Sweep) -> Points:
    """False-alarm rate against recall, from (0, 0) to (1, 1)."""
    return Points(false_alarm_rate(swept.counts), recall(swept.counts), swept.thresholds)


def pr_points(swept: Sweep) -> Points:
    """Recall against precision; it begins where something is called fake, as before that there is no precision."""
    counts = Counts(*(cell[1:] for cell in swept.counts))
    return Points(recall(counts), precision(counts), swept.thresholds[1:])


def det_points(swept: Sweep) -> Points:
    """False-alarm rate against miss rate, from (0, 1) to (1, 0): rates, which a DET plot draws on probit axes."""
    return Points(false_alarm_rate(swept.counts), miss_rate(swept.counts), swept.thresholds)
