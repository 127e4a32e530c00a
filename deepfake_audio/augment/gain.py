"""Another level, so that loudness tells nothing."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor

from .base import WaveAugmentation
from .draws import between


class Gain(WaveAugmentation):
    """Makes each clip louder or quieter by a drawn number of decibels.

    Args:
        gain_db: range of the gain.
        clip: what then leaves full scale is cut off, as a recorder would.
    """

    def __init__(
        self,
        gain_db: Sequence[float] = (-18.0, 6.0),
        clip: bool = True,
        share: float = 0.5,
        sample_rate: int = 16_000,
    ) -> None:
        super().__init__(share, sample_rate)
        self.gain_db = between(gain_db, "gain_db", least=-100, most=100)
        self.clip = clip

    def draw(self, clips: int, length: int, device: torch.device) -> dict[str, Any]:
        """`gain_db` [B]."""
        return {"gain_db": self.gain_db.drawn(clips, device=device)}

    def change(self, waveform: Tensor, samples: Tensor, *, gain_db: Tensor) -> Tensor:
        """[B, T] -> [B, T]."""
        louder = waveform * 10 ** (gain_db.unsqueeze(1) / 20)
        return louder.clamp(-1, 1) if self.clip else louder
