"""The figures as torchmetrics classes: every process hands in its clips, all compute the figure of them together.

They keep labels and scores, not sums, because a figure over all thresholds or over tied scores cannot be put
together from those of parts. A clip counts as often as it is handed in: a sampler that fills up the last batch
with repeats, as `DistributedSampler` does, is the caller's to undo.
"""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Callable

import torch
from torch import Tensor
from torchmetrics import Metric
from torchmetrics.utilities import dim_zero_cat

from . import counts, curves
from .costs import ASVSPOOF5, DcfCosts, act_dcf, min_dcf
from .counts import Counts, Floats, confusion
from .probabilities import brier, cllr, expected_calibration_error, log_likelihood_ratios


class Gathered(Metric):
    """Labels and scores of all processes; a subclass says what they come to."""

    is_differentiable = False
    full_state_update = False
    labels: list[Tensor]
    scores: list[Tensor]

    def __init__(self) -> None:
        super().__init__()
        self.add_state("labels", default=[], dist_reduce_fx="cat")
        self.add_state("scores", default=[], dist_reduce_fx="cat")

    @property
    def dtype(self) -> torch.dtype:
        """What is kept, also by a process that saw no clip: doubles, so that rounding ties no two scores."""
        return torch.float32 if self.device.type == "mps" else torch.float64  # MPS has no doubles

    def update(self, preds: Tensor, target: Tensor) -> None:
        """Take in scores (higher = fake) and labels (1 = fake) of any shape, equally many."""
        self.scores.append(preds.detach().to(self.dtype).flatten())
        self.labels.append(target.detach().to(self.dtype).flatten())

    def compute(self) -> Tensor:
        """The figure, NaN where it is undefined or no clip came."""
        if len(self.scores) == 0:
            return torch.tensor(torch.nan, dtype=self.dtype, device=self.device)
        labels, scores = (dim_zero_cat(state).cpu().numpy() for state in (self.labels, self.scores))
        return torch.tensor(self.figure(labels, scores), dtype=self.dtype, device=self.device)

    @abstractmethod
    def figure(self, labels: Floats, scores: Floats) -> float:
        """What labels [N] and scores [N] come to."""


class AtThreshold(Gathered):
    """A figure of what is called fake: what scores at least `threshold`."""

    higher_is_better = True
    of: Callable[[Counts], Floats]

    def __init__(self, threshold: float = 0.5) -> None:
        super().__init__()
        self.threshold = threshold

    def figure(self, labels: Floats, scores: Floats) -> float:
        """The figure at the threshold."""
        return float(self.of(confusion(labels, scores, self.threshold)))


class FBeta(AtThreshold):
    """Weighted harmonic mean of precision and recall."""

    def __init__(self, threshold: float = 0.5, beta: float = 2.0) -> None:
        super().__init__(threshold)
        self.beta = beta

    def figure(self, labels: Floats, scores: Floats) -> float:
        """F-beta at the threshold."""
        return float(counts.f_beta(confusion(labels, scores, self.threshold), self.beta))


class Recall(AtThreshold):
    """Share of fakes that are called fake."""

    of = staticmethod(counts.recall)


class Precision(AtThreshold):
    """Share of fakes among what is called fake."""

    of = staticmethod(counts.precision)


class FalseAlarmRate(AtThreshold):
    """Share of reals that are called fake."""

    higher_is_better = False
    of = staticmethod(counts.false_alarm_rate)


class Accuracy(AtThreshold):
    """Share of clips that are called what they are."""

    of = staticmethod(counts.accuracy)


class BalancedAccuracy(AtThreshold):
    """Mean of the shares of fakes and of reals that are called what they are."""

    of = staticmethod(counts.balanced_accuracy)


class Matthews(AtThreshold):
    """Correlation of what is called fake with what is (MCC)."""

    of = staticmethod(counts.matthews)


class OverThresholds(Gathered):
    """A figure of the order of the scores alone."""

    higher_is_better = True
    of: Callable[[Counts], Floats]

    def figure(self, labels: Floats, scores: Floats) -> float:
        """The figure over all thresholds."""
        return float(self.of(curves.sweep(labels, scores).counts))


class RocAuc(OverThresholds):
    """The chance that a fake outscores a real."""

    of = staticmethod(curves.roc_auc)


class AveragePrecision(OverThresholds):
    """Precision averaged over the fakes."""

    of = staticmethod(curves.average_precision)


class EqualErrorRate(OverThresholds):
    """The error rate where the shares of reals called fake and of fakes missed are closest, as a share of 1."""

    higher_is_better = False
    of = staticmethod(curves.equal_error_rate)


class MinDcf(Gathered):
    """The lowest normalised detection cost over all thresholds."""

    higher_is_better = False

    def __init__(self, costs: DcfCosts = ASVSPOOF5) -> None:
        super().__init__()
        self.costs = costs

    def figure(self, labels: Floats, scores: Floats) -> float:
        """The lowest cost."""
        return float(min_dcf(curves.sweep(labels, scores).counts, self.costs))


class ActDcf(Gathered):
    """The detection cost where P(fake) is taken at its word; `prevalence` is the share of fakes it was made for."""

    higher_is_better = False

    def __init__(self, prevalence: float, costs: DcfCosts = ASVSPOOF5) -> None:
        super().__init__()
        self.prevalence, self.costs = prevalence, costs

    def figure(self, labels: Floats, scores: Floats) -> float:
        """The cost at the Bayes threshold."""
        return act_dcf(labels, log_likelihood_ratios(scores, self.prevalence), self.costs)


class Cllr(Gathered):
    """Cost in bits of P(fake) as likelihood ratios; `prevalence` is the share of fakes it was made for."""

    higher_is_better = False

    def __init__(self, prevalence: float) -> None:
        super().__init__()
        self.prevalence = prevalence

    def figure(self, labels: Floats, scores: Floats) -> float:
        """The cost of the ratios."""
        return cllr(labels, log_likelihood_ratios(scores, self.prevalence))


class Brier(Gathered):
    """Mean squared distance of P(fake) from the truth."""

    higher_is_better = False

    def figure(self, labels: Floats, scores: Floats) -> float:
        """The mean distance."""
        return brier(labels, scores)


class CalibrationError(Gathered):
    """How far P(fake) is from the share of fakes, on average over clips (ECE)."""

    higher_is_better = False

    def __init__(self, bins: int = 10) -> None:
        super().__init__()
        self.bins = bins

    def figure(self, labels: Floats, scores: Floats) -> float:
        """The mean distance."""
        return expected_calibration_error(labels, scores, self.bins)
