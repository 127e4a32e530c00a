"""The samples themselves, for networks that make their own features."""

from __future__ import annotations

import torch
from torch import Tensor

from ..errors import UserError
from .front_end import FrontEnd, valid_frames

LEVELS = ("none", "rms")


class Waveform(FrontEnd):
    """The waveform as a picture of one row: [B, T] -> [B, 1, T], a frame a sample. Its row is no frequency.

    Args:
        level: "none" leaves samples as they are, as networks with published weights expect them; "rms" brings
            each window to a root mean square of 1, so that loudness cannot be learnt.
        preemphasis: so much of each sample is taken from the next, which lifts high frequencies; 0 for none.
    """

    zero_is_silence = True
    hop_samples = 1

    def __init__(self, sample_rate: int = 16_000, level: str = "none", preemphasis: float = 0.0) -> None:
        super().__init__()
        if level not in LEVELS:
            raise UserError(f"features: level={level} is not known; there is {', '.join(LEVELS)}")
        if not 0 <= preemphasis < 1:
            raise UserError(f"features: preemphasis={preemphasis} must be 0 or more, and below 1")
        self.sample_rate = sample_rate
        self.level = level
        self.preemphasis = preemphasis

    @property
    def bins(self) -> int:
        """Height of the picture: one row."""
        return 1

    def frames(self, samples: Tensor) -> Tensor:
        """A frame a sample: [B] -> [B]."""
        return samples

    @torch.no_grad()
    def forward(self, waveform: Tensor, samples: Tensor) -> tuple[Tensor, Tensor]:
        """[B, T] and its valid lengths [B] -> [B, 1, T] and its valid frames [B]."""
        wave, valid = waveform.float(), valid_frames(samples, waveform.shape[1])
        if self.preemphasis:
            before = torch.nn.functional.pad(wave[:, :-1], (1, 0))
            wave = wave - self.preemphasis * before
        wave = wave * valid
        if self.level == "rms":
            power = wave.square().sum(dim=1) / valid.sum(dim=1)
            # Digital silence stays what it is.
            wave = wave / power.sqrt().clamp_min(1e-6).unsqueeze(1)
        return wave.unsqueeze(1), self.frames(samples)
