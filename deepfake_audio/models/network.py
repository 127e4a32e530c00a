"""What every network is: features in, one logit a window out."""

from __future__ import annotations

from abc import ABC, abstractmethod
from pathlib import Path

import torch
from torch import Tensor, nn

from ..errors import UserError
from ..features import valid_frames


class Network(nn.Module, ABC):
    """Base of all networks. A positive logit says fake."""

    @abstractmethod
    def forward(self, features: Tensor, frames: Tensor) -> Tensor:
        """[B, F, T'] and its valid frames [B] -> logits [B]."""

    def mapped_layers(self) -> tuple[str, ...]:
        """Layers whose output is a stack of maps over frequency and time, [B, C, F'', T''], front to back.

        Grad-CAM can look at any of them, and looks at the last unless told. A network without has none.
        """
        return ()

    def backbone(self) -> nn.Module | None:
        """The part that can come pretrained; everything else is new."""
        return None

    def load_pretrained(self, weights: Path | None) -> None:
        """Take pretrained weights into the backbone, from a file or from their usual place."""
        raise UserError(f"{type(self).__name__} has no pretrained weights; leave model.pretrained out")


def repeated_over_padding(features: Tensor, frames: Tensor) -> Tensor:
    """Fill what lies beyond a clip's end with the clip over again: [B, F, T'] and [B] -> [B, F, T'].

    For networks that average over everything they are shown, and would see by that how long a clip is.
    """
    place = torch.arange(features.shape[-1], device=features.device).unsqueeze(0) % frames.unsqueeze(1)
    return features.gather(2, place.unsqueeze(1).expand_as(features))


def mean_over_time(values: Tensor, frames: Tensor) -> Tensor:
    """Mean over the valid frames only: [B, C, T'] and [B] -> [B, C]."""
    valid = valid_frames(frames, values.shape[-1]).unsqueeze(1)
    return (values * valid).sum(dim=-1) / valid.sum(dim=-1).clamp_min(1)
