"""The threshold at which F-beta is highest: exact over every distinct score."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from ..errors import UserError
from . import metrics
from .metrics import Counts, Floats


@dataclass(frozen=True)
class Choice:
    """A threshold on P(fake), and what it does to the clips it was chosen on."""

    threshold: float
    f_beta: float
    counts: Counts

    @property
    def calls(self) -> str:
        """What it calls fake there: "some", "everything" or "nothing"."""
        called, spared = self.counts.tp + self.counts.fp, self.counts.tn + self.counts.fn
        return "nothing" if called == 0 else "everything" if spared == 0 else "some"


def best_threshold(
    labels: ArrayLike, p_fake: ArrayLike, beta: float = 2.0, max_false_alarm: float | None = None
) -> Choice:
    """The cut with the highest F-beta; of equal ones the highest cut, which calls the fewest clips fake.

    Clips are called fake where `p_fake >= threshold`. The threshold stands halfway between the lowest score it
    calls fake and the next lower one, so that a score that moves a little stays on its side.

    Args:
        max_false_alarm: the largest share of reals that may be called fake. Calling nothing fake always keeps
            to it, and is the choice where nothing else does.
    """
    check_settings(beta, max_false_alarm)
    sweep = metrics.sweep(labels, p_fake)
    scores = sweep.thresholds[1:]
    if scores[0] > 1 or scores[-1] < 0:
        raise UserError("a threshold is chosen on P(fake), which lies in 0 to 1; apply a sigmoid to logits")
    _check_both_classes(sweep.counts)
    figures = metrics.f_beta(sweep.counts, beta)
    if max_false_alarm is not None:
        figures = np.where(metrics.false_alarm_rate(sweep.counts) <= max_false_alarm, figures, -1.0)
    cut = int(np.argmax(figures))
    counts = Counts(*(cell[cut] for cell in sweep.counts))
    return Choice(_between(scores, cut), float(figures[cut]), counts)


def check_settings(beta: float, max_false_alarm: float | None) -> None:
    """Raise where what was asked for has no meaning."""
    if not (math.isfinite(beta) and beta > 0):
        raise UserError(f"beta must be above 0, not {beta:g}; 2 counts recall twice as much as precision")
    if max_false_alarm is not None and not 0 <= max_false_alarm <= 1:
        raise UserError(f"max_false_alarm is a share from 0 to 1, not {max_false_alarm:g}; 0.05 is 5 %")


def _check_both_classes(counts: Counts) -> None:
    for number, name in ((counts.tp[-1], "fake"), (counts.fp[-1], "real")):
        if number == 0:
            raise UserError(f"there is no {name} clip; a threshold can only be chosen where both classes are")


def _between(scores: Floats, cut: int) -> float:
    """A threshold that calls fake exactly the `cut` highest of the distinct, falling `scores`.

    The ends of the scale stand in for the neighbours that the outermost cuts lack.
    """
    above = scores[cut - 1] if cut > 0 else max(1.0, math.nextafter(scores[0], 2))
    below = scores[cut] if cut < len(scores) else 0.0
    middle = below + (above - below) / 2
    # Between neighbouring floats there is no middle: then it is the score itself, still at or above itself.
    return float(middle if below < middle <= above else above)
