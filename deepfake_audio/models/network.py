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

    # Whether it is made without epochs.
    fits_at_once = False
    # Whether pretrained weights left nothing of it new, so that it can judge without any training.
    complete = False
    # Whether its weights learnt from speech elsewhere: voices and synthesisers that no table here names.
    heard_elsewhere = False

    @abstractmethod
    def forward(self, features: Tensor, frames: Tensor) -> Tensor:
        """[B, F, T'] and its valid frames [B] -> logits [B]."""

    def with_embedding(self, features: Tensor, frames: Tensor) -> tuple[Tensor, Tensor]:
        """Logits [B], and what they are made of [B, D], for losses that compare clips."""
        raise UserError(f"{type(self).__name__} has no embedding, which this loss needs: choose loss=bce")

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


class PooledNetwork(Network):
    """A network that knows a window by one vector, and has a head whose last layer makes the logit of it."""

    head: nn.Sequential

    @abstractmethod
    def pooled(self, features: Tensor, frames: Tensor) -> Tensor:
        """[B, F, T'] and its valid frames [B] -> what the head gets, [B, C]."""

    def with_embedding(self, features: Tensor, frames: Tensor) -> tuple[Tensor, Tensor]:
        """Logits [B], and what the head's last layer makes them of [B, D]."""
        embedding = self.head[:-1](self.pooled(features, frames))
        return self.head[-1](embedding).squeeze(-1), embedding

    def forward(self, features: Tensor, frames: Tensor) -> Tensor:
        """[B, F, T'] and its valid frames [B] -> logits [B]."""
        return self.with_embedding(features, frames)[0]


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


def exact_logits(network: nn.Module, features: Tensor, frames: Tensor) -> Tensor:
    """In full single precision, however training is sped up: a threshold must fit the detector that is shipped."""
    fast = torch.backends.cudnn.allow_tf32
    torch.backends.cudnn.allow_tf32 = False
    try:
        with torch.autocast(features.device.type, enabled=False):
            logits: Tensor = network(features.float(), frames)
            return logits
    finally:
        torch.backends.cudnn.allow_tf32 = fast
