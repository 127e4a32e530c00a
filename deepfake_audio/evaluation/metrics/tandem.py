"""The tandem detection cost (t-DCF): what a detector is worth in front of a speaker verification system (ASV).

Fakes that the ASV refuses by itself cost nothing, and a detector that refuses real speakers makes the ASV worse.
"""

from __future__ import annotations

from typing import Literal, NamedTuple

import numpy as np
from numpy.typing import ArrayLike

from ...errors import UserError
from .counts import Counts, Floats, checked, false_alarm_rate, miss_rate
from .curves import sweep

# The cost model of ASVspoof 2019 and 2021, which share it: what is expected, and what each error costs.
P_SPOOF = 0.05
P_TARGET = (1 - P_SPOOF) * 0.99
P_NONTARGET = (1 - P_SPOOF) * 0.01
COST_MISS = 1.0
COST_FALSE_ALARM = 10.0
COST_SPOOF = 10.0

Form = Literal["2019", "2021"]


class AsvScores(NamedTuple):
    """Scores of a speaker verification system, higher = the same speaker, of three kinds of trial."""

    target: ArrayLike
    nontarget: ArrayLike
    spoof: ArrayLike


class _Weights(NamedTuple):
    """Costs of the ASV alone, of refusing every real voice before it, and of letting every fake through to it."""

    alone: float
    of_reals: float
    of_fakes: float


def min_tdcf(labels: ArrayLike, scores: ArrayLike, asv: AsvScores, form: Form = "2019") -> float:
    """The lowest normalised tandem cost over all cuts of the detector's scores (higher = fake), see `TandemCost`."""
    return float(TandemCost(asv, form)(sweep(labels, scores).counts))


class TandemCost:
    """The lowest normalised tandem cost of a detector before a certain ASV.

    The form of 2019 counts only what the detector adds; 1 is a detector that is no use. That of 2021 counts the
    ASV's own errors too, which no detector can undo, so it never reaches 0 beside an ASV that errs.
    """

    def __init__(self, asv: AsvScores, form: Form = "2019") -> None:
        if form not in ("2019", "2021"):
            raise UserError(f"t-DCF has the forms 2019 and 2021, not {form}")
        self.weights = _weights(asv)
        self.alone = 0.0 if form == "2019" else self.weights.alone

    def __call__(self, counts: Counts) -> Floats:
        """Of a sweep, or of many: [..., K+1] -> [...].

        NaN where a class is missing, or where the ASV leaves a detector nothing to do.
        """
        weights = self.weights
        useless = self.alone + min(weights.of_reals, weights.of_fakes)
        cost = self.alone + weights.of_reals * false_alarm_rate(counts) + weights.of_fakes * miss_rate(counts)
        if weights.of_reals < 0 or useless <= 0:
            return np.full(cost.shape[:-1], np.nan)
        return np.min(cost, axis=-1) / useless


def _weights(asv: AsvScores) -> _Weights:
    """The evaluation plans' constants C0, C1 and C2, at the ASV's own equal error rate."""
    target, nontarget, spoof = (_scores(name, each) for name, each in asv._asdict().items())
    threshold = _asv_threshold(target, nontarget)
    missed, accepted = np.mean(target < threshold), np.mean(nontarget >= threshold)
    alone = P_TARGET * COST_MISS * missed + P_NONTARGET * COST_FALSE_ALARM * accepted
    of_fakes = P_SPOOF * COST_SPOOF * np.mean(spoof >= threshold)
    return _Weights(float(alone), float(P_TARGET * COST_MISS - alone), float(of_fakes))


def _asv_threshold(target: Floats, nontarget: Floats) -> float:
    """Where the challenges set the ASV: at the highest score that it refuses at its equal error rate.

    That one trial is then accepted. It is their package's way, and published figures have it in their digits.
    """
    swept = sweep(np.repeat([1, 0], [len(target), len(nontarget)]), np.concatenate((target, nontarget)))
    counts = swept.counts
    apart = np.abs(counts.fn * len(nontarget) - counts.fp * len(target))
    closest = len(apart) - 1 - int(np.argmin(apart[::-1]))
    return float(swept.thresholds[min(closest + 1, len(apart) - 1)])


def _scores(name: str, scores: ArrayLike) -> Floats:
    """One kind of trial's scores [N], or an error that names it."""
    kind = np.ravel(np.asarray(scores))
    if not len(kind):
        raise UserError(f"the ASV scores hold no {name} trial; t-DCF needs target, nontarget and spoof")
    try:
        return checked(np.zeros(len(kind)), kind)[1]
    except UserError as error:
        raise UserError(f"ASV scores of {name} trials: {error}") from None
