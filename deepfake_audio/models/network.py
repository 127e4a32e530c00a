"""What every network is: features in, one logit a window out."""

from __future__ import annotations

from abc import ABC, abstractmethod
from pathlib import Path

from torch import Tensor, nn

from ..errors import UserError
from ..features import valid_frames


class Network(nn.Module, ABC):
    """Base of all networks. A positive logit says fake."""

    @abstractmethod
    def forward(self, features: Tensor, frames: Tensor) -> Tensor:
        """[B, F, T'] and its valid frames [B] -> logits [B]."""

    def backbone(self) -> nn.Module | None:
        """The part that can come pretrained; everything else is new."""
        return None

    def load_pretrained(self, weights: Path | None) -> None:
        """Take pretrained weights into the backbone, from a file or from their usual place."""
        raise UserError(f"{type(self).__name__} has no pretrained weights; leave model.pretrained out")


def mean_over_time(values: Tensor, frames: Tensor) -> Tensor:
    """Mean over the valid frames only: [B, C, T'] and [B] -> [B, C]."""
    valid = valid_frames(frames, values.shape[-1]).unsqueeze(1)
    return (values * valid).sum(dim=-1) / valid.sum(dim=-1).clamp_min(1)
