"""Log power spectrum on a linear scale of frequency."""

from __future__ import annotations

import torch
import torchaudio
from torch import Tensor

from ..errors import UserError
from .front_end import DYNAMIC_RANGE_DB
from .log_power import LogPower
from .stft import checked_band, checked_counts, power_spectrum


class Spectrum(LogPower):
    """Log power spectrum, as fine at the top as at the bottom: where vocoders leave traces, mel bins are wide.

    The power is librosa's `stft(pad_mode="constant")` squared, to a millionth of its largest.

    Args:
        filters: so many triangular filters over the band, spaced evenly; null takes every bin of the spectrum.
        mean_removed, range_db: see `LogPower`.
    """

    weights: Tensor  # [filters, n_fft // 2 + 1], where there are filters

    def __init__(
        self,
        sample_rate: int = 16_000,
        n_fft: int = 512,
        window_samples: int = 400,
        hop_samples: int = 160,
        filters: int | None = None,
        f_min_hz: float = 20.0,
        f_max_hz: float | None = None,
        mean_removed: bool = False,
        range_db: float = DYNAMIC_RANGE_DB,
    ) -> None:
        super().__init__(sample_rate, hop_samples, mean_removed, range_db)
        self.spectrum = power_spectrum(n_fft, window_samples, hop_samples)
        self.band_hz = checked_band(f_min_hz, f_max_hz, sample_rate)
        self.width_hz = sample_rate / n_fft
        self.filters = filters
        hz = torch.arange(n_fft // 2 + 1, dtype=torch.float64) * self.width_hz
        low, high = self.band_hz
        inside = ((hz >= low) & (hz <= high)).nonzero().squeeze(1)
        if len(inside) == 0:
            raise UserError(
                f"features: no bin of n_fft={n_fft}, {self.width_hz:g} Hz apart, lies from {low:g} to {high:g} Hz"
            )
        self.first, self.last = int(inside[0]), int(inside[-1])
        if filters is not None:
            self.register_buffer("weights", self._triangles(len(hz), filters), persistent=False)

    def _triangles(self, bins: int, filters: int) -> Tensor:
        """Weight of each bin in each filter: [filters, bins]."""
        checked_counts(filters=filters)
        # From a filter's start to its peak there must be a bin that it can hear.
        most = int((self.band_hz[1] - self.band_hz[0]) / self.width_hz) - 1
        if filters > most:
            raise UserError(
                f"features: filters={filters} are more than this band and n_fft can tell apart, {most}"
            )
        made = torchaudio.functional.linear_fbanks(bins, *self.band_hz, filters, self.sample_rate)
        return made.T.contiguous()

    @property
    def bins(self) -> int:
        """Height F of the picture."""
        return self.last - self.first + 1 if self.filters is None else self.filters

    def power(self, waveform: Tensor) -> Tensor:
        """Power of each bin of the band, or of each filter: [B, T] -> [B, F, T']."""
        spectrum = self.spectrum(waveform)
        if self.filters is None:
            return spectrum[:, self.first : self.last + 1]
        return self.weights @ spectrum

    def bin_hz(self) -> Tensor:
        """The middle of each bin, or the peak of each filter: [F]."""
        return self._hz(torch.arange(self.bins, dtype=torch.float64))

    def bin_edges_hz(self) -> Tensor:
        """Halfway between neighbours: [F + 1]."""
        return self._hz(torch.arange(self.bins + 1, dtype=torch.float64) - 0.5)

    def _hz(self, place: Tensor) -> Tensor:
        if self.filters is None:
            return (self.first + place) * self.width_hz
        low, high = self.band_hz
        return low + (place + 1) * (high - low) / (self.filters + 1)
