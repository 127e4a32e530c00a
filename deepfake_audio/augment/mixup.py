"""Mixup: pictures and labels in between, so that the network is less sure of itself far from what it has seen."""

from __future__ import annotations

import torch
from torch import Tensor

from ..features import valid_frames
from .pairs import Pairing, drawn_partners, frames_of


class Mixup(Pairing):
    """A weighted mean of two clips' pictures and of their labels.

    A clip keeps its own frames: of a longer one the end is left out, a shorter one is repeated.

    Args:
        alpha: of the Beta distribution of the other clip's weight.
        share: of the clips that become mixtures.
    """

    def __init__(self, alpha: float = 0.4, share: float = 1.0) -> None:
        super().__init__(alpha, share)

    def forward(self, features: Tensor, frames: Tensor, labels: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """[B, F, T'], its valid frames [B] and labels [B] -> the same; labels may lie between 0 and 1."""
        if not self.training:
            return features, frames, labels
        total, device = features.shape[2], features.device
        partner = drawn_partners(len(features), device)
        weight = self.drawn_amount(len(features), device)
        other = frames_of(
            features[partner], frames[partner], torch.arange(total, device=device).expand(len(features), -1)
        )
        other = other * valid_frames(frames, total).unsqueeze(1)
        mixed = torch.lerp(features, other, weight.to(features.dtype).view(-1, 1, 1))
        return mixed, frames, torch.lerp(labels.float(), labels[partner].float(), weight)
