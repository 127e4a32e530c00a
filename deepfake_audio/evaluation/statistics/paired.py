"""Two sets of scores of the same clips: each draw of voices judges both.

What is hard about a voice is hard for both, and drops out of the difference.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

from ..metrics import Floats
from .draws import RESAMPLES, Times, over_draws
from .figures import Drawn, affordable, as_they_are, at_cut, of_curves, resting_on
from .measured import OF_CURVE, Clips, Figure
from .spread import Interval, plain, spread

Difference = tuple[float | None, Interval]

COMPARED_AT_CUT = ("f2", "recall", "false_alarm_rate", "balanced_accuracy")
COMPARED_CURVES = {name: OF_CURVE[name] for name in ("auc", "eer", "average_precision")}
# What differs in the last bits only, as sums do, is no difference.
DECIMALS = 12


def difference(
    labels: ArrayLike,
    a: ArrayLike,
    b: ArrayLike,
    voices: ArrayLike,
    threshold_a: float,
    threshold_b: float,
    resamples: int = RESAMPLES,
    seed: int = 0,
) -> dict[str, Difference]:
    """Each figure of `a` less that of `b`, and its 95 % interval over voices; each at its own frozen threshold.

    Args:
        a: scores of one run [N]; `b` are those of another, of the same clips in the same order.

    Returns:
        By figure (f2, recall, false_alarm_rate, balanced_accuracy, auc, eer, average_precision) the difference and
        its interval; None where one is undefined.
    """
    first, second = Clips.of(labels, a, voices), Clips.of(labels, b, voices)
    at_cuts = [
        at_cut(clips, cut, COMPARED_AT_CUT) for clips, cut in ((first, threshold_a), (second, threshold_b))
    ]
    told = _differences(first, at_cuts, resamples, seed)
    return told | _of_curves(first, second, COMPARED_CURVES, resamples, seed)


def auc_drop(
    labels: ArrayLike,
    before: ArrayLike,
    after: ArrayLike,
    voices: ArrayLike,
    resamples: int = RESAMPLES,
    seed: int = 0,
) -> Difference:
    """By how much the AUC falls from one set of scores of the same clips to another, and its 95 % interval."""
    first, second = Clips.of(labels, before, voices), Clips.of(labels, after, voices)
    return _of_curves(first, second, {"auc": OF_CURVE["auc"]}, resamples, seed)["auc"]


def _of_curves(
    first: Clips, second: Clips, wanted: dict[str, Figure], resamples: int, seed: int
) -> dict[str, Difference]:
    drawn = [of_curves(clips, wanted) for clips in (first, second)]
    return _differences(first, drawn, affordable(resamples, len(first.score)), seed)


def _differences(clips: Clips, drawn: list[Drawn], resamples: int, seed: int) -> dict[str, Difference]:
    """What the first of `drawn` tells, less what the second does: of the clips as they are, and of drawn sets."""

    def less(times: Times) -> dict[str, Floats]:
        first, second = (tell(times) for tell in drawn)
        return {name: np.round(first[name] - second[name], DECIMALS) + 0.0 for name in first}

    resampled = over_draws(less, clips.n_voices, resamples, seed)
    return {
        name: (plain(value), spread(resampled[name], resting_on(clips, name)))
        for name, value in as_they_are(less, clips).items()
    }
