"""A network that is asked about a picture's distance from a mean, for front ends whose zero is nobody's mean.

All methods put zero in the place of what they take away. Where that would be a sound that there is not, such as one
with its centre at 0 Hz, the recording's mean has to stand there.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import torch
from torch import Tensor, nn

from ..features import valid_frames
from ..models.network import Network

if TYPE_CHECKING:
    from .shown import Shown


class AboutMean(Network):
    """What a network says of a picture whose distance from a mean [1, F, 1] it is shown."""

    def __init__(self, network: Network, mean: Tensor) -> None:
        super().__init__()
        self.network = network
        self.mean = mean

    def forward(self, features: Tensor, frames: Tensor) -> Tensor:
        """[B, F, T'] and its valid frames [B] -> logits [B]."""
        valid = valid_frames(frames, features.shape[-1]).unsqueeze(1)
        return self.network(features + self.mean * valid, frames)

    def get_submodule(self, target: str) -> nn.Module:
        """The network's own layers go by the names they have there."""
        return self.network.get_submodule(target) if target else self


def about_mean(network: Network, shown: list[Shown]) -> tuple[Network, list[Shown]]:
    """The network and a recording's windows, each row less its mean over all of them."""
    cells = [each.features[:, :, : len(each.seconds)] for each in shown]
    mean = torch.cat(cells, dim=2).mean(dim=2, keepdim=True)
    moved = []
    for each in shown:
        valid = valid_frames(each.frames, each.features.shape[-1]).unsqueeze(1)
        moved.append(replace(each, features=(each.features - mean) * valid))
    return AboutMean(network, mean), moved
