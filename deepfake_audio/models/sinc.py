"""Fixed band-pass filters, with which networks that hear the waveform begin."""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor, nn

from ..errors import UserError


class SincFilters(nn.Module):
    """Windowed ideal band-passes side by side on the mel scale; nothing in them is learnt.

    Args:
        filters: how many bands between 0 and half the sample rate.
        taps: length of each filter; one more if it is even, so that it has a middle.
    """

    taps: Tensor

    def __init__(self, filters: int, taps: int, sample_rate: int) -> None:
        super().__init__()
        if min(filters, taps, sample_rate) < 1:
            raise UserError(
                f"model: filters={filters}, taps={taps} and sample_rate={sample_rate} must be 1 or more"
            )
        # Made anew from the settings, so no file of weights holds them.
        self.register_buffer("taps", _band_passes(filters, taps | 1, sample_rate), persistent=False)

    def forward(self, waveform: Tensor) -> Tensor:
        """[B, 1, T] -> [B, filters, T - taps + 1]."""
        return nn.functional.conv1d(waveform, self.taps)


def _band_passes(filters: int, taps: int, sample_rate: int) -> Tensor:
    """Differences of ideal low-passes at edges equally far apart in mel, Hamming window: [filters, 1, taps]."""
    top_mel = 2595 * np.log10(1 + sample_rate / 2 / 700)
    edges_hz = 700 * (10 ** (np.linspace(0, top_mel, filters + 1) / 2595) - 1)
    place = np.arange(taps) - (taps - 1) / 2
    share = 2 * edges_hz[:, None] / sample_rate
    low_passes = share * np.sinc(share * place)
    return torch.from_numpy(np.hamming(taps) * np.diff(low_passes, axis=0)).float().unsqueeze(1)
