"""Band-limiting: the telephone, the cheap microphone, the file that was once at another rate."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor

from .base import WaveAugmentation
from .draws import between
from .filters import high_pass, low_pass, through


class Band(WaveAugmentation):
    """Takes away what lies below one drawn edge and above another, by drawn slopes.

    Args:
        low_pass_hz: range of the upper edge; above half the sample rate it takes little or nothing away.
        high_pass_hz: range of the lower edge.
        slope_db_per_octave: range of how steep each of them is.
    """

    def __init__(
        self,
        low_pass_hz: Sequence[float] = (3_400.0, 8_000.0),
        high_pass_hz: Sequence[float] = (20.0, 300.0),
        slope_db_per_octave: Sequence[float] = (12.0, 96.0),
        share: float = 0.5,
        sample_rate: int = 16_000,
    ) -> None:
        super().__init__(share, sample_rate)
        self.low_pass_hz = between(low_pass_hz, "low_pass_hz", least=1)
        self.high_pass_hz = between(high_pass_hz, "high_pass_hz", least=1, most=sample_rate / 2)
        self.slope = between(slope_db_per_octave, "slope_db_per_octave", least=1, most=200)

    def draw(self, clips: int, length: int, device: torch.device) -> dict[str, Any]:
        """The two edges and their slopes, [B] each."""
        return {
            "low_pass_hz": self.low_pass_hz.drawn_by_ratio(clips, device=device),
            "high_pass_hz": self.high_pass_hz.drawn_by_ratio(clips, device=device),
            "low_pass_slope": self.slope.drawn_by_ratio(clips, device=device),
            "high_pass_slope": self.slope.drawn_by_ratio(clips, device=device),
        }

    def change(
        self,
        waveform: Tensor,
        samples: Tensor,
        *,
        low_pass_hz: Tensor,
        high_pass_hz: Tensor,
        low_pass_slope: Tensor,
        high_pass_slope: Tensor,
    ) -> Tensor:
        """What lies between the edges: [B, T] -> [B, T]."""

        def gain(hz: Tensor) -> Tensor:
            return low_pass(hz, low_pass_hz, low_pass_slope) * high_pass(hz, high_pass_hz, high_pass_slope)

        return through(waveform, gain, self.sample_rate)
