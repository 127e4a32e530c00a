"""What every front end is: a module that makes of a waveform the picture that a network sees."""

from __future__ import annotations

from abc import ABC, abstractmethod

import torch
from torch import Tensor, nn


class FrontEnd(nn.Module, ABC):
    """Base of all front ends: a picture, and where its cells lie in time."""

    sample_rate: int
    hop_samples: int
    # What zero in its picture says: the window's mean, unless it is digital silence, or a value like any other.
    zero_is_silence: bool = False
    zero_is_mean: bool = True

    @property
    @abstractmethod
    def bins(self) -> int:
        """Height F of the picture."""

    @abstractmethod
    def forward(self, waveform: Tensor, samples: Tensor) -> tuple[Tensor, Tensor]:
        """[B, T] and its valid lengths [B] -> [B, F, T'] and its valid frames [B]."""

    def frames(self, samples: Tensor) -> Tensor:
        """How many frames of the picture belong to the clip: [B] samples -> [B] frames."""
        return torch.div(samples, self.hop_samples, rounding_mode="floor") + 1

    def frame_seconds(self, frames: int) -> Tensor:
        """The middle of each frame, from the first sample on: [frames]."""
        return torch.arange(frames, dtype=torch.float64) * self.hop_samples / self.sample_rate


def valid_frames(frames: Tensor, total: int) -> Tensor:
    """[B] -> [B, T'], true where a frame belongs to the clip and not to its padding."""
    return torch.arange(total, device=frames.device).unsqueeze(0) < frames.unsqueeze(1)


def standardised(values: Tensor, valid: Tensor) -> Tensor:
    """Zero mean, unit spread per sample over the valid cells, and exact zero elsewhere: [B, F, T'] -> same.

    Args:
        valid: [B, 1, T'].
    """
    cells = valid.sum(dim=(1, 2), keepdim=True) * values.shape[1]
    mean = (values * valid).sum(dim=(1, 2), keepdim=True) / cells
    centred = (values - mean) * valid
    spread = (centred.square().sum(dim=(1, 2), keepdim=True) / cells).sqrt()
    return centred / spread.clamp_min(1e-3)


# Below the loudest cell of its own window a cell is lifted to this: what lies further down is the noise of
# codecs and of 16-bit rounding, and in digital silence it would be minus infinity.
DYNAMIC_RANGE_DB = 80.0


def decibels(power: Tensor, valid: Tensor, range_db: float = DYNAMIC_RANGE_DB) -> Tensor:
    """Level of each cell, none further below its window's loudest than `range_db`: [B, F, T'] -> same.

    Args:
        valid: [B, 1, T'].
    """
    level_db = 10 * torch.log10(power.clamp_min(1e-12))
    loudest = level_db.masked_fill(~valid, -torch.inf).amax(dim=(1, 2), keepdim=True)
    return torch.maximum(level_db, loudest - range_db)
