"""Log-mel spectrogram."""

from __future__ import annotations

import math

import torch
import torchaudio
from torch import Tensor

from ..errors import UserError
from .log_power import LogPower
from .stft import checked_band, checked_counts, power_spectrum

# Slaney's mel scale: so many hertz a mel up to the corner, and above it a factor of 6.4 in 27 mels.
HZ_PER_MEL = 200 / 3
CORNER_HZ = 1000.0
MELS_PER_OCTAVE = 27 / math.log2(6.4)


class LogMel(LogPower):
    """Log-mel spectrogram, each window brought to zero mean and unit spread over its own valid frames.

    Its levels are those of librosa's `melspectrogram(pad_mode="constant")` to a thousandth of a decibel.

    Args:
        mean_removed: see `LogPower`.
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
        mean_removed: bool = False,
    ) -> None:
        super().__init__(sample_rate, hop_samples, mean_removed)
        checked_counts(n_mels=n_mels)
        self.n_mels = n_mels
        self.band_hz = checked_band(f_min_hz, f_max_hz, sample_rate)
        self.spectrum = power_spectrum(n_fft, window_samples, hop_samples)
        if n_mels > n_fft // 2:
            raise UserError(f"features: n_mels={n_mels} must be no more than half of n_fft={n_fft}")
        self.mel = torchaudio.transforms.MelScale(
            n_mels, sample_rate, *self.band_hz, n_stft=n_fft // 2 + 1, norm="slaney", mel_scale="slaney"
        )

    @property
    def bins(self) -> int:
        """Height F of the picture."""
        return self.n_mels

    def power(self, waveform: Tensor) -> Tensor:
        """Power that each mel filter hears: [B, T] -> [B, F, T']."""
        return self.mel(self.spectrum(waveform))

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


def _mel(hz: float) -> float:
    corner = CORNER_HZ / HZ_PER_MEL
    return hz / HZ_PER_MEL if hz < CORNER_HZ else corner + MELS_PER_OCTAVE * math.log2(hz / CORNER_HZ)


def _hz(mel: Tensor) -> Tensor:
    corner = CORNER_HZ / HZ_PER_MEL
    above = CORNER_HZ * torch.exp2((mel - corner) / MELS_PER_OCTAVE)
    return torch.where(mel < corner, mel * HZ_PER_MEL, above)
