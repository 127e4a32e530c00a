"""From what each frame shows to what the whole clip shows. Each way is a module that `pooling=` names."""

from __future__ import annotations

from abc import ABC, abstractmethod

import torch
from torch import Tensor, nn

from ..errors import UserError
from ..features import valid_frames
from .network import mean_over_time

# Below this a spread is noise of rounding, and the root's slope would have no bound.
LEAST_VARIANCE = 1e-6


class Pooling(nn.Module, ABC):
    """Base of all poolings. Frames beyond a clip's end count for nothing."""

    # Values it gives of each channel.
    figures: int = 1

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.width = channels * self.figures

    @abstractmethod
    def forward(self, values: Tensor, frames: Tensor) -> Tensor:
        """[B, C, T'] and its valid frames [B] -> [B, width]."""


class Mean(Pooling):
    """The mean over time."""

    def forward(self, values: Tensor, frames: Tensor) -> Tensor:
        """[B, C, T'] and its valid frames [B] -> [B, C]."""
        return mean_over_time(values, frames)


class MeanAndSpread(Pooling):
    """The mean over time and the standard deviation: how much a channel moves tells of a voice too."""

    figures = 2

    def forward(self, values: Tensor, frames: Tensor) -> Tensor:
        """[B, C, T'] and its valid frames [B] -> [B, 2 C]."""
        valid = valid_frames(frames, values.shape[-1]).unsqueeze(1)
        return _mean_and_spread(values, valid / valid.sum(dim=-1, keepdim=True).clamp_min(1))


class AttentiveStatistics(Pooling):
    """Mean and standard deviation over time, of frames that each channel weighs by what they show.

    Attentive statistics pooling (Okabe, Koshinaka, Shinoda 2018). With no attention learnt yet all frames weigh
    alike, and it gives what `mean_std` gives.

    Args:
        hidden: width of the layer that weighs.
    """

    figures = 2

    def __init__(self, channels: int, hidden: int = 64) -> None:
        super().__init__(channels)
        # The same for all frames would drop out of the softmax, hence no bias; zeros begin at equal weights.
        last = nn.Conv1d(hidden, channels, 1, bias=False)
        nn.init.zeros_(last.weight)
        self.weigh = nn.Sequential(nn.Conv1d(channels, hidden, 1), nn.Tanh(), last)

    def forward(self, values: Tensor, frames: Tensor) -> Tensor:
        """[B, C, T'] and its valid frames [B] -> [B, 2 C]."""
        valid = valid_frames(frames, values.shape[-1]).unsqueeze(1)
        weights = self.weigh(values).masked_fill(~valid, -torch.inf).softmax(dim=-1)
        return _mean_and_spread(values, weights)


def _mean_and_spread(values: Tensor, weights: Tensor) -> Tensor:
    """Weights [B, 1 or C, T'] that sum to 1 over time: [B, C, T'] -> [B, 2 C]."""
    mean = (values * weights).sum(dim=-1, keepdim=True)
    variance = ((values - mean).square() * weights).sum(dim=-1)
    return torch.cat([mean.squeeze(-1), variance.clamp_min(LEAST_VARIANCE).sqrt()], dim=1)


POOLINGS: dict[str, type[Pooling]] = {
    "attentive": AttentiveStatistics,
    "mean": Mean,
    "mean_std": MeanAndSpread,
}


def build_pooling(name: str, channels: int) -> Pooling:
    """The pooling called `name` over so many channels."""
    if name not in POOLINGS:
        raise UserError(f"model.pooling={name} is not known; there is {', '.join(sorted(POOLINGS))}")
    return POOLINGS[name](channels)
