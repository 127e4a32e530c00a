"""Patches: the same small question asked all over the picture, and the mean of its answers."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

import torch
from torch import Tensor, nn

from .masked import without_padding
from .network import PooledNetwork
from .pooling import build_pooling
from .shown import check_picture
from .widths import check_widths


class Patches(PooledNetwork):
    """Convolutions that halve time and frequency as they go, then the mean over both.

    What it tells by is local: a trace of synthesis is looked for everywhere alike, and neither a particular band
    nor the course of a sentence can be learnt by heart. Strides in the place of pooling make it quick.

    Args:
        bins: height of the features; any will do, since no weight belongs to a band.
        channels: width of each layer; the first looks at 5 by 5 cells, each further one at 3 by 3.
        pooling: how time is summed up, see `build_pooling`.
    """

    def __init__(
        self,
        bins: int = 256,
        channels: Sequence[int] = (16, 32, 64, 96),
        dropout: float = 0.3,
        pooling: str = "mean",
    ) -> None:
        super().__init__()
        check_picture("patches", bins)
        check_widths(channels=channels)
        widths = [1, *channels]
        sizes = [5] + [3] * (len(channels) - 1)
        self.blocks = nn.ModuleList(
            _block(*pair, size) for pair, size in zip(pairwise(widths), sizes, strict=True)
        )
        # Nothing is done here: a place where explanations find what a block shows, its padding taken away.
        self.maps = nn.ModuleList(nn.Identity() for _ in channels)
        self.pooling = build_pooling(pooling, channels[-1])
        self.head = nn.Sequential(nn.Dropout(dropout), nn.Linear(self.pooling.width, 1))

    def pooled(self, features: Tensor, frames: Tensor) -> Tensor:
        """[B, F, T'] and its valid frames [B] -> what patches show on the average, [B, C]."""
        check_picture("patches", features.shape[1])
        values = features.unsqueeze(1)
        for block, maps in zip(self.blocks, self.maps, strict=True):
            frames = torch.div(frames + 1, 2, rounding_mode="floor")
            values = maps(without_padding(block(values), frames))
        return self.pooling(values.mean(dim=2), frames)

    def mapped_layers(self) -> tuple[str, ...]:
        """What each block shows: `maps.0` is half as fine as the picture, and so on."""
        return tuple(f"maps.{number}" for number in range(len(self.maps)))


def _block(inputs: int, outputs: int, size: int) -> nn.Sequential:
    return nn.Sequential(
        nn.Conv2d(inputs, outputs, size, stride=2, padding=size // 2, bias=False),
        nn.BatchNorm2d(outputs),
        nn.ReLU(),
    )
