"""CutMix over time: a stretch of one clip in the middle of another, as in a recording that was tampered with."""

from __future__ import annotations

import torch
from torch import Tensor

from .pairs import Pairing, drawn_partners, frames_of


class CutMix(Pairing):
    """Puts a stretch of another clip's frames in the place of as many of its own; the label goes by their share.

    A clip keeps its length, and a stretch is no longer than the clip that it comes from.

    Args:
        alpha: of the Beta distribution of the stretch's share of the clip.
        share: of the clips that become mixtures.
    """

    def __init__(self, alpha: float = 1.0, share: float = 0.5) -> None:
        super().__init__(alpha, share)

    def forward(self, features: Tensor, frames: Tensor, labels: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """[B, F, T'], its valid frames [B] and labels [B] -> the same; labels may lie between 0 and 1."""
        if not self.training:
            return features, frames, labels
        clips, _, total = features.shape
        device = features.device
        partner = drawn_partners(clips, device)
        theirs = frames[partner]
        width = (self.drawn_amount(clips, device) * frames).round().long().minimum(theirs)
        start = (torch.rand(clips, device=device) * (frames - width + 1)).long()
        origin = (torch.rand(clips, device=device) * (theirs - width + 1)).long()
        since = torch.arange(total, device=device) - start.unsqueeze(1)
        within = (since >= 0) & (since < width.unsqueeze(1))
        other = frames_of(features[partner], theirs, (since + origin.unsqueeze(1)).clamp_min(0))
        mixed = torch.where(within.unsqueeze(1), other, features)
        amount = width / frames.clamp_min(1)
        return mixed, frames, torch.lerp(labels.float(), labels[partner].float(), amount)
