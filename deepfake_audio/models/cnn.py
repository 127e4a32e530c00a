"""A small convolutional network with dropout."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

from torch import Tensor, nn

from ..features import valid_frames
from .network import PooledNetwork
from .pooling import build_pooling
from .shown import check_picture
from .widths import check_widths


class CNN(PooledNetwork):
    """Convolution blocks that halve time and frequency, then one vector of what each band shows over time.

    The frequency axis is kept to the end, since traces of synthesis sit in particular bands. After each block
    what lies beyond the end of a clip is put back to zero: a clip's logit does not depend on its padding.

    Args:
        bins: height of the features.
        channels: width of each block.
        hidden: width of the layer before the logit.
        pooling: how time is summed up, see `build_pooling`.
    """

    def __init__(
        self,
        bins: int = 80,
        channels: Sequence[int] = (16, 32, 64, 96),
        hidden: int = 64,
        dropout: float = 0.3,
        pooling: str = "mean",
    ) -> None:
        super().__init__()
        check_picture("cnn", bins)
        check_widths(channels=channels, hidden=hidden)
        widths = [1, *channels]
        self.blocks = nn.ModuleList(_block(a, b) for a, b in pairwise(widths))
        # Nothing is done here: a place where explanations find what a block shows, its padding taken away.
        self.maps = nn.ModuleList(nn.Identity() for _ in channels)
        # Rounding up keeps the last odd frame, so that padding changes nothing.
        self.halve = nn.MaxPool2d(2, ceil_mode=True)
        for _ in channels:
            bins = _half(bins)
        self.pooling = build_pooling(pooling, channels[-1] * bins)
        self.head = nn.Sequential(
            nn.Dropout(dropout),
            nn.Linear(self.pooling.width, hidden),
            nn.ReLU(),
            nn.Dropout(dropout),
            nn.Linear(hidden, 1),
        )

    def pooled(self, features: Tensor, frames: Tensor) -> Tensor:
        """[B, F, T'] and its valid frames [B] -> each band's channels, pooled over time, [B, C]."""
        values = features.unsqueeze(1)
        for block, maps in zip(self.blocks, self.maps, strict=True):
            values = maps(block(values) * valid_frames(frames, values.shape[-1])[:, None, None, :])
            values = self.halve(values)
            frames = (frames + 1) // 2
        return self.pooling(values.flatten(1, 2), frames)

    def mapped_layers(self) -> tuple[str, ...]:
        """What each block shows: `maps.0` is as fine as the picture, each further one half as fine."""
        return tuple(f"maps.{number}" for number in range(len(self.maps)))


def _block(inputs: int, outputs: int) -> nn.Sequential:
    return nn.Sequential(
        nn.Conv2d(inputs, outputs, kernel_size=3, padding=1, bias=False), nn.BatchNorm2d(outputs), nn.ReLU()
    )


def _half(size: int) -> int:
    return (size + 1) // 2
