"""Light CNN: of each pair of maps only the larger value goes on.

After "STC Antispoofing Systems for the ASVspoof2019 Challenge", Lavrentyeva et al. 2019, with the mean over time
of "A Comparative Study on Recent Neural Spoofing Countermeasures", Wang and Yamagishi 2021, so that clips may be
of any length.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

import torch
from torch import Tensor, nn

from ..errors import UserError
from .masked import largest, without_padding
from .network import PooledNetwork
from .pooling import build_pooling
from .shown import check_picture
from .widths import check_widths


class MaxFeatureMap(nn.Module):
    """The larger of the first and the second half of the channels: [B, 2 C, ...] -> [B, C, ...]."""

    def forward(self, values: Tensor) -> Tensor:
        """[B, 2 C, ...] -> [B, C, ...]."""
        return torch.maximum(*values.chunk(2, dim=1))


class LCNN(PooledNetwork):
    """Convolutions with max-feature-map, the bands kept apart to the end, and one vector of them over time.

    Args:
        bins: height of the features.
        channels: width after each convolution of 3 x 3 (5 x 5 the first); one of 1 x 1 stands before each.
        halved: after which of them time and frequency are halved.
        hidden: width of the layer before the logit.
        pooling: how time is summed up, see `build_pooling`.
    """

    def __init__(
        self,
        bins: int = 80,
        channels: Sequence[int] = (32, 48, 64, 32, 32),
        halved: Sequence[bool] = (True, True, True, False, True),
        hidden: int = 80,
        dropout: float = 0.7,
        pooling: str = "mean",
    ) -> None:
        super().__init__()
        check_picture("lcnn", bins)
        check_widths(channels=channels, hidden=hidden)
        if len(channels) != len(halved):
            raise UserError(
                f"model: channels has {len(channels)} entries and halved {len(halved)}; each stage needs one of both"
            )
        self.halved = tuple(halved)
        widths = list(pairwise(channels))
        self.narrow = nn.ModuleList(
            [nn.Identity(), *(_layer(inputs, inputs, 1, normed=True) for inputs, _ in widths)]
        )
        self.wide = nn.ModuleList(
            [_layer(1, channels[0], 5, normed=False)]
            + [_layer(inputs, outputs, 3, normed=False) for inputs, outputs in widths]
        )
        self.norms = nn.ModuleList(nn.BatchNorm2d(outputs) for outputs in channels)
        # Nothing is done here: a place where explanations find what a stage shows, its padding taken away.
        self.maps = nn.ModuleList(nn.Identity() for _ in channels)
        for _ in range(sum(self.halved)):
            bins = (bins + 1) // 2
        self.pooling = build_pooling(pooling, channels[-1] * bins)
        self.head = nn.Sequential(
            nn.Linear(self.pooling.width, 2 * hidden),
            MaxFeatureMap(),
            nn.BatchNorm1d(hidden),
            nn.Dropout(dropout),
            nn.Linear(hidden, 1),
        )

    def pooled(self, features: Tensor, frames: Tensor) -> Tensor:
        """[B, F, T'] and its valid frames [B] -> each band's channels, pooled over time, [B, C]."""
        check_picture("lcnn", features.shape[1])
        if self.training and len(features) < 2:
            # Its head normalises a clip's figures by those of the batch.
            raise UserError("model=lcnn learns from batches of 2 clips or more: raise data.batch_size")
        maps = without_padding(features.unsqueeze(1), frames)
        stages = zip(self.narrow, self.wide, self.norms, self.maps, self.halved, strict=True)
        for narrow, wide, norm, shown, halved in stages:
            maps = wide(without_padding(narrow(maps), frames))
            maps = shown(without_padding(maps, frames))
            if halved:
                maps, frames = largest(maps, frames, 2)
            maps = without_padding(norm(maps), frames)
        return self.pooling(maps.flatten(1, 2), frames)

    def mapped_layers(self) -> tuple[str, ...]:
        """What each stage shows: `maps.0` is as fine as the picture."""
        return tuple(f"maps.{number}" for number in range(len(self.maps)))


def _layer(inputs: int, outputs: int, size: int, normed: bool) -> nn.Sequential:
    convolution = nn.Conv2d(inputs, 2 * outputs, size, padding=size // 2)
    return nn.Sequential(convolution, MaxFeatureMap(), *([nn.BatchNorm2d(outputs)] if normed else []))
