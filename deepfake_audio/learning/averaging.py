"""Averages of a network's weights over its training: flatter, and steadier from epoch to epoch."""

from __future__ import annotations

import math

import torch
from torch import nn

from ..errors import UserError


class Average:
    """Leads `mean`, a copy of what learns, after it. Knows nothing but where training stands, so it resumes exactly."""

    def after_step(self, mean: nn.Module, learner: nn.Module, steps: int) -> None:
        """After `steps` steps of the optimiser."""
        return

    def after_epoch(self, mean: nn.Module, learner: nn.Module, epoch: int, planned: int) -> None:
        """After the last step of an epoch (the first is 0) of those that are planned, before validation."""
        return


class MovingAverage(Average):
    """Exponential moving average: each step moves the mean by 1 - `decay` towards the weights.

    In the first steps it moves by more, so that the random weights of the beginning are soon forgotten.
    """

    def __init__(self, decay: float) -> None:
        if not 0 <= decay < 1:
            raise UserError(f"optim.average_decay={decay} must be 0 or more and below 1")
        self.decay = decay

    def after_step(self, mean: nn.Module, learner: nn.Module, steps: int) -> None:
        """After `steps` steps of the optimiser."""
        blend(mean, learner, 1 - min(self.decay, (1 + steps) / (10 + steps)))


class LateAverage(Average):
    """Stochastic weight averaging: the plain mean of the weights after each epoch from a share of the run on.

    Before that the mean is the network as it learns.
    """

    def __init__(self, start: float) -> None:
        if not 0 <= start < 1:
            raise UserError(f"optim.average_start={start} is a share of the run: give 0 or more and below 1")
        self.start = start

    def after_epoch(self, mean: nn.Module, learner: nn.Module, epoch: int, planned: int) -> None:
        """After the last step of an epoch (the first is 0) of those that are planned, before validation."""
        averaged = max(epoch - math.ceil(self.start * planned), 0)
        blend(mean, learner, 1 / (averaged + 1))


def build_average(name: str, decay: float, start: float) -> Average | None:
    """The average called `name`, with the `decay` of the moving one or the `start` of the late one, or none."""
    if name == "ema":
        return MovingAverage(decay)
    if name == "swa":
        return LateAverage(start)
    if name != "none":
        raise UserError(f"optim.average={name} is not known; there is ema, none, swa")
    return None


@torch.no_grad()
def blend(mean: nn.Module, learner: nn.Module, share: float) -> None:
    """Move the weights and statistics of `mean` by a share of the way to those of `learner`; counts are copied."""
    pairs = zip(
        (*mean.parameters(), *mean.buffers()), (*learner.parameters(), *learner.buffers()), strict=True
    )
    for old, new in pairs:
        if old.is_floating_point():
            old.lerp_(new, share)
        else:
            old.copy_(new)
