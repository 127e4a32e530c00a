"""What front ends have in common whose rows are bands of frequency, and show the level of each."""

from __future__ import annotations

from abc import abstractmethod

import torch
from torch import Tensor

from ..errors import UserError
from .front_end import DYNAMIC_RANGE_DB, FrontEnd, decibels, standardised, valid_frames


class LogPower(FrontEnd):
    """Levels in decibels, each window brought to zero mean and unit spread over its own valid frames.

    The one kind of front end whose rows are frequencies, lowest first: evidence can be drawn straight over them.
    Zero is therefore the window's mean: what padding and masks are filled with says nothing. The level of the
    recording drops out, so that loudness cannot be learnt.

    Args:
        mean_removed: also take each band's own mean over the window away, and with it the colour that
            microphone and channel give to all of it, but what is steady in a voice too.
        range_db: cells further below the loudest one of their window are lifted to this. A small range hides the
            noise floor of a recording, and what codecs leave in it.
    """

    def __init__(
        self,
        sample_rate: int,
        hop_samples: int,
        mean_removed: bool = False,
        range_db: float = DYNAMIC_RANGE_DB,
    ) -> None:
        super().__init__()
        if not 10 <= range_db <= 120:
            raise UserError(f"features.range_db={range_db} must lie between 10 and 120")
        self.range_db = range_db
        self.sample_rate = sample_rate
        self.hop_samples = hop_samples
        self.mean_removed = mean_removed

    @abstractmethod
    def power(self, waveform: Tensor) -> Tensor:
        """Power of each band: [B, T] in single precision -> [B, F, T']."""

    @abstractmethod
    def bin_hz(self) -> Tensor:
        """The frequency that each bin listens to: [F], rising."""

    @abstractmethod
    def bin_edges_hz(self) -> Tensor:
        """Where each bin of the picture begins and the last one ends: [F + 1], rising."""

    @torch.no_grad()
    def forward(self, waveform: Tensor, samples: Tensor) -> tuple[Tensor, Tensor]:
        """[B, T] and its valid lengths [B] -> [B, F, T'] and its valid frames [B]."""
        level_db, frames, valid = self.levels_db(waveform, samples)
        if self.mean_removed:
            level_db = without_means(level_db, valid)
        return standardised(level_db, valid), frames

    def levels_db(self, waveform: Tensor, samples: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """[B, T] and its valid lengths [B] -> levels [B, F, T'], valid frames [B] and where they are [B, 1, T']."""
        # A power spectrum spans more than half precision holds.
        with torch.autocast(waveform.device.type, enabled=False):
            power = self.power(waveform.float())
        frames = self.frames(samples)
        valid = valid_frames(frames, power.shape[-1]).unsqueeze(1)
        return decibels(power, valid, self.range_db), frames, valid


def without_means(values: Tensor, valid: Tensor) -> Tensor:
    """Each row less its mean over the valid frames: [B, F, T'] -> same.

    Args:
        valid: [B, 1, T'].
    """
    return values - (values * valid).sum(dim=-1, keepdim=True) / valid.sum(dim=-1, keepdim=True)
