"""MesoNet: a handful of channels, which see neither single cells nor the whole.

After "MesoNet: a Compact Facial Video Forgery Detection Network", Afchar et al. 2018, on a spectrogram.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn.functional import relu

from ..errors import UserError
from .masked import largest, without_padding
from .network import PooledNetwork
from .pooling import build_pooling
from .shown import check_picture
from .widths import check_widths

# Cells of time and of frequency that become one after each layer.
STEPS = (2, 2, 2, 4)
LEAK = 0.1


class Meso(PooledNetwork):
    """Four layers of convolution and pooling, and one vector of what each band shows over time.

    Args:
        bins: height of the features.
        variant: "meso4", or "inception" whose first two layers look at several widths at once.
        width: channels of the last layers.
        hidden: width of the layer before the logit.
        pooling: how time is summed up, see `build_pooling`.
    """

    def __init__(
        self,
        bins: int = 80,
        variant: str = "inception",
        width: int = 16,
        hidden: int = 16,
        dropout: float = 0.5,
        pooling: str = "mean",
    ) -> None:
        super().__init__()
        check_picture("meso", bins)
        check_widths(width=width, hidden=hidden)
        if variant not in ("meso4", "inception"):
            raise UserError(f"model.variant={variant} is not known; there is meso4 and inception")
        if variant == "meso4":
            layers: list[nn.Module] = [_convolution(1, 8, 3), _convolution(8, 8, 5)]
            channels = (8, 8, width, width)
        else:
            layers = [Inception(1, (1, 4, 4, 2)), Inception(11, (2, 4, 4, 2))]
            channels = (11, 12, width, width)
        layers += [_convolution(channels[1], width, 5), _convolution(width, width, 5)]
        self.layers = nn.ModuleList(layers)
        self.norms = nn.ModuleList(nn.BatchNorm2d(outputs) for outputs in channels)
        # Nothing is done here: a place where explanations find what a layer shows, its padding taken away.
        self.maps = nn.ModuleList(nn.Identity() for _ in layers)
        for step in STEPS:
            bins = -(-bins // step)
        self.pooling = build_pooling(pooling, width * bins)
        self.head = nn.Sequential(
            nn.Dropout(dropout),
            nn.Linear(self.pooling.width, hidden),
            nn.LeakyReLU(LEAK),
            nn.Dropout(dropout),
            nn.Linear(hidden, 1),
        )

    def pooled(self, features: Tensor, frames: Tensor) -> Tensor:
        """[B, F, T'] and its valid frames [B] -> each band's channels, pooled over time, [B, C]."""
        check_picture("meso", features.shape[1])
        maps = features.unsqueeze(1)
        for layer, norm, shown, step in zip(self.layers, self.norms, self.maps, STEPS, strict=True):
            maps = shown(norm(relu(layer(without_padding(maps, frames)))))
            maps, frames = largest(maps, frames, step)
        return self.pooling(maps.flatten(1, 2), frames)

    def mapped_layers(self) -> tuple[str, ...]:
        """What each layer shows: `maps.0` is as fine as the picture, each further one half as fine."""
        return tuple(f"maps.{number}" for number in range(len(self.maps)))


class Inception(nn.Module):
    """Single cells, and neighbourhoods of 3, 5 and 7 cells, side by side: [B, C, F, T'] -> [B, sum, F, T'].

    Args:
        widths: channels of each.
    """

    def __init__(self, inputs: int, widths: tuple[int, int, int, int]) -> None:
        super().__init__()
        self.single = nn.Conv2d(inputs, widths[0], 1)
        # Without a bias, padding that is zero stays so between the two convolutions.
        self.around = nn.ModuleList(
            nn.Sequential(
                nn.Conv2d(inputs, width, 1, bias=False),
                nn.ReLU(),
                nn.Conv2d(width, width, 3, padding=reach, dilation=reach),
            )
            for reach, width in enumerate(widths[1:], start=1)
        )

    def forward(self, maps: Tensor) -> Tensor:
        """[B, C, F, T'] -> [B, sum of widths, F, T']."""
        return torch.cat([self.single(maps), *(around(maps) for around in self.around)], dim=1)


def _convolution(inputs: int, outputs: int, size: int) -> nn.Conv2d:
    return nn.Conv2d(inputs, outputs, size, padding=size // 2)
