"""Reversed polarity: nobody hears it, and a network on waveforms may still lean on it."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor

from .base import WaveAugmentation


class Polarity(WaveAugmentation):
    """Turns the waveform of a share of the clips upside down."""

    def __init__(self, share: float = 0.5, sample_rate: int = 16_000) -> None:
        super().__init__(share, sample_rate)

    def draw(self, clips: int, length: int, device: torch.device) -> dict[str, Any]:
        """Nothing beside which clips."""
        return {}

    def change(self, waveform: Tensor, samples: Tensor) -> Tensor:
        """[B, T] -> [B, T]."""
        return -waveform
