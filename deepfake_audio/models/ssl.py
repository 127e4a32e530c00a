"""A small head on what a pretrained encoder hears."""

from __future__ import annotations

from torch import Tensor, nn

from .network import PooledNetwork
from .pooling import build_pooling
from .shown import check_picture
from .widths import check_widths


class SSLHead(PooledNetwork):
    """Pooling over time, then one hidden layer. For `features=ssl`, but it takes any picture.

    Args:
        bins: height of the features.
        hidden: width of the layer before the logit; 0 leaves it out, which is logistic regression.
        pooling: how time is summed up, see `build_pooling`.
    """

    def __init__(
        self, bins: int = 80, hidden: int = 128, dropout: float = 0.3, pooling: str = "mean"
    ) -> None:
        super().__init__()
        check_picture("ssl", bins)
        if hidden != 0:
            check_widths(hidden=hidden)
        self.pooling = build_pooling(pooling, bins)
        width = self.pooling.width
        inner = [nn.Linear(width, hidden), nn.ReLU(), nn.Dropout(dropout)] if hidden else []
        self.head = nn.Sequential(nn.Dropout(dropout), *inner, nn.Linear(hidden or width, 1))

    def pooled(self, features: Tensor, frames: Tensor) -> Tensor:
        """[B, F, T'] and its valid frames [B] -> what the head gets, [B, C]."""
        return self.pooling(features, frames)
