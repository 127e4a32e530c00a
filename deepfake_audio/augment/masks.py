"""SpecAugment: masks over the picture, so that the network cannot lean on any one spot."""

from __future__ import annotations

import torch
from torch import Tensor

from .base import PictureAugmentation, drawn_for
from .draws import number, whole


def draw_bands(
    count: int, max_width: Tensor, length: Tensor, total: int, pair: Tensor | None = None
) -> Tensor:
    """`count` random bands for each sample, as one mask -> bool [B, total].

    Args:
        max_width: [B], each band's width is drawn from 0 to this, inclusive.
        length: [B], bands lie inside the first `length` places.
        pair: [B], samples of one number have the same draws.
    """
    device, draws = length.device, drawn_for(length, pair)
    rows = slice(None) if pair is None else pair
    width = (torch.rand(count, draws, device=device)[:, rows] * (max_width + 1)).floor().minimum(length)
    start = (torch.rand(count, draws, device=device)[:, rows] * (length - width + 1)).floor()
    place = torch.arange(total, device=device)
    inside = (place >= start.unsqueeze(-1)) & (place < (start + width).unsqueeze(-1))
    return inside.any(dim=0)


class SpecAugment(PictureAugmentation):
    """Time and frequency masks, drawn for each sample of a batch by itself, or for each pair.

    The masks are filled with zero, which after the front end's standardising is the window's own mean.

    Args:
        time_width_share: widest time mask as a share of the clip's valid frames, so that a short clip is
            not wiped out.
    """

    def __init__(
        self, time_masks: int = 2, time_width_share: float = 0.15, mel_masks: int = 2, mel_width: int = 12
    ) -> None:
        super().__init__()
        self.time_masks = whole(time_masks, "specaugment.time_masks", least=0)
        self.time_width_share = number(time_width_share, "specaugment.time_width_share", least=0, most=1)
        self.mel_masks = whole(mel_masks, "specaugment.mel_masks", least=0)
        self.mel_width = whole(mel_width, "specaugment.mel_width", least=0)

    def forward(self, features: Tensor, frames: Tensor, pair: Tensor | None = None) -> Tensor:
        """[B, F, T'], its valid frames [B] and of which pair each is [B], from 0 on -> [B, F, T']."""
        if not self.training:
            return features
        _, bins, total = features.shape
        in_time = draw_bands(self.time_masks, (frames * self.time_width_share).floor(), frames, total, pair)
        all_bins = torch.full_like(frames, bins)
        # A picture of one row is a waveform: to mask it all would leave nothing.
        masks = self.mel_masks if bins > 1 else 0
        in_mel = draw_bands(masks, torch.full_like(frames, self.mel_width), all_bins, bins, pair)
        return features.masked_fill(in_time.unsqueeze(1) | in_mel.unsqueeze(2), 0.0)
