"""Log-mel spectrogram."""

from __future__ import annotations

import math

import torch
import torchaudio
from torch import Tensor

from ..errors import UserError
from .front_end import FrontEnd, decibels, standardised, valid_frames

# Slaney's mel scale: so many hertz a mel up to the corner, and above it a factor of 6.4 in 27 mels.
HZ_PER_MEL = 200 / 3
CORNER_HZ = 1000.0
MELS_PER_OCTAVE = 27 / math.log2(6.4)


class LogMel(FrontEnd):
    """Log-mel spectrogram, each window brought to zero mean and unit spread over its own valid frames.

    Zero is therefore the window's mean: what padding and masks are filled with says nothing. The level of the
    recording drops out, so that loudness cannot be learnt.
    """

    def __init__(
        self,
        sample_rate: int = 16_000,
        n_fft: int = 512,
        window_samples: int = 400,
        hop_samples: int = 160,
        n_mels: int = 80,
        f_min_hz: float = 20.0,
        f_max_hz: float | None = None,
    ) -> None:
        super().__init__()
        if min(n_fft, window_samples, hop_samples, n_mels) < 1 or window_samples > n_fft:
            raise UserError(
                "features: n_fft, window_samples, hop_samples and n_mels must be 1 or more, and window_samples "
                "no longer than n_fft"
            )
        self.sample_rate = sample_rate
        self.hop_samples = hop_samples
        self.n_mels = n_mels
        self.band_hz = (f_min_hz, sample_rate / 2 if f_max_hz is None else f_max_hz)
        # pad_mode constant: a short clip ends in zeros either way, so its frames don't depend on how much
        # padding follows it in the batch.
        self.mel = torchaudio.transforms.MelSpectrogram(
            sample_rate=sample_rate,
            n_fft=n_fft,
            win_length=window_samples,
            hop_length=hop_samples,
            f_min=f_min_hz,
            f_max=f_max_hz,
            n_mels=n_mels,
            pad_mode="constant",
            norm="slaney",
            mel_scale="slaney",
        )

    @property
    def bins(self) -> int:
        """Height F of the picture."""
        return self.n_mels

    def bin_hz(self) -> Tensor:
        """The peak of each filter: [F]."""
        return self._on_mel_scale(torch.arange(1, self.n_mels + 1, dtype=torch.float64))

    def bin_edges_hz(self) -> Tensor:
        """Where neighbouring filters weigh alike, on the mel scale: [F + 1]."""
        return self._on_mel_scale(torch.arange(0.5, self.n_mels + 1, dtype=torch.float64))

    def _on_mel_scale(self, place: Tensor) -> Tensor:
        """Hertz of places on the row of filters, where 0 is the lowest frequency and n_mels + 1 the highest."""
        low, high = (_mel(hz) for hz in self.band_hz)
        return _hz(low + place * (high - low) / (self.n_mels + 1))

    @torch.no_grad()
    def forward(self, waveform: Tensor, samples: Tensor) -> tuple[Tensor, Tensor]:
        """[B, T] and its valid lengths [B] -> [B, F, T'] and its valid frames [B]."""
        # A power spectrum spans more than half precision holds.
        with torch.autocast(waveform.device.type, enabled=False):
            power = self.mel(waveform.float())
        frames = self.frames(samples)
        valid = valid_frames(frames, power.shape[-1]).unsqueeze(1)
        return standardised(decibels(power, valid), valid), frames


def _mel(hz: float) -> float:
    corner = CORNER_HZ / HZ_PER_MEL
    return hz / HZ_PER_MEL if hz < CORNER_HZ else corner + MELS_PER_OCTAVE * math.log2(hz / CORNER_HZ)


def _hz(mel: Tensor) -> Tensor:
    corner = CORNER_HZ / HZ_PER_MEL
    above = CORNER_HZ * torch.exp2((mel - corner) / MELS_PER_OCTAVE)
    return torch.where(mel < corner, mel * HZ_PER_MEL, above)
