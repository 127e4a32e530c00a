"""Constant-Q transform: the same number of bins in each octave, each heard for as long as its pitch needs."""

from __future__ import annotations

import math

import torch
from torch import Tensor

from ..errors import UserError
from .log_power import LogPower
from .stft import checked_counts


class CQT(LogPower):
    """Log power of a constant-Q transform: fine in pitch below, fine in time above.

    Filters are Hann windows of as many periods each, level in white noise, as in librosa's `cqt`. Of librosa's own
    filters, applied to speech sample by sample, the cells within 40 dB of the loudest differ by 0.02 dB in the
    middle and 99 % of them by less than 0.5 dB. Its `cqt` takes the lower octaves from resampled sound instead:
    tones come out within 0.5 dB of it, and speech differs by 0.3 dB in the middle.

    Args:
        f_min_hz: of the lowest bin.
        n_bins: up from there; the highest one's filter must end below half the sample rate.
        bins_per_octave: the more, the finer in pitch and the coarser in time.
        mean_removed: see `LogPower`.
    """

    def __init__(
        self,
        sample_rate: int = 16_000,
        hop_samples: int = 160,
        f_min_hz: float = 32.7,
        n_bins: int = 95,
        bins_per_octave: int = 12,
        mean_removed: bool = False,
    ) -> None:
        super().__init__(sample_rate, hop_samples, mean_removed)
        checked_counts(hop_samples=hop_samples, n_bins=n_bins, bins_per_octave=bins_per_octave)
        if not 0 < f_min_hz < sample_rate / 2:
            raise UserError(f"features: f_min_hz={f_min_hz} must lie above 0 and below half the sample rate")
        self.f_min_hz = f_min_hz
        self.n_bins = n_bins
        self.bins_per_octave = bins_per_octave
        # A filter reaches as far as its neighbours' peaks, where it has fallen by 6 dB.
        step = 2 ** (2 / bins_per_octave)
        self.periods = (step + 1) / (step - 1)
        top_hz = float(self.bin_edges_hz()[-1])
        if top_hz > sample_rate / 2:
            raise UserError(
                f"features: n_bins={n_bins} from f_min_hz={f_min_hz} reach up to {top_hz:.0f} Hz, above half the "
                f"sample rate, {sample_rate / 2:g}: take fewer"
            )
        self._made: tuple[int, Tensor] | None = None

    @property
    def bins(self) -> int:
        """Height F of the picture."""
        return self.n_bins

    def bin_hz(self) -> Tensor:
        """The pitch of each filter: [F]."""
        return self._hz(torch.arange(self.n_bins, dtype=torch.float64))

    def bin_edges_hz(self) -> Tensor:
        """Halfway in pitch between neighbours: [F + 1]."""
        return self._hz(torch.arange(self.n_bins + 1, dtype=torch.float64) - 0.5)

    def _hz(self, place: Tensor) -> Tensor:
        return self.f_min_hz * torch.exp2(place / self.bins_per_octave)

    def power(self, waveform: Tensor) -> Tensor:
        """Power at each pitch: [B, T] -> [B, F, T'].

        All filters at once, by the spectrum of the whole window. Of each filter's output only every hop-th sample
        is wanted; to take only those is to fold its spectrum over itself, so many times as a hop has samples.
        """
        frames = waveform.shape[1] // self.hop_samples + 1
        responses = self._responses(waveform.shape[1], waveform.device)
        folded, times, _ = responses.shape
        spectrum = torch.view_as_real(torch.fft.fft(waveform, folded * times)).unflatten(1, (times, folded))
        rows = spectrum.permute(2, 0, 3, 1).flatten(1, 2)  # [folded, B and real or imaginary, times]
        heard = (rows @ responses).unflatten(1, (len(waveform), 2)).permute(1, 3, 0, 2)
        output = torch.fft.ifft(torch.view_as_complex(heard.contiguous()))[..., :frames] / times
        return output.real.square() + output.imag.square()

    def _responses(self, samples: int, device: torch.device) -> Tensor:
        """Of each filter to each frequency of a window of so many samples, made once: [folded, times, F]."""
        # Not above: scipy takes its time to load, and only this front end needs it.
        from scipy.fft import next_fast_len

        longest = self.periods * self.sample_rate / self.f_min_hz
        # Room for the longest filter after the end: what it hears there must not come round to the beginning.
        folded = next_fast_len(math.ceil((samples + longest / 2) / self.hop_samples) + 1)
        made = self._made
        if made is None or made[0] != folded or made[1].device != device:
            # Held in a name of its own too: another thread may come with windows of another length.
            self._made = made = folded, self._make(folded).to(device)
        return made[1]

    def _make(self, folded: int) -> Tensor:
        size = folded * self.hop_samples
        # Distance from the filter's middle, which stands at 0 and has its first half at the end.
        offset = (torch.arange(size, dtype=torch.float64) + size // 2) % size - size // 2
        made = torch.empty(folded, self.hop_samples, self.n_bins)
        for number, hz in enumerate(self.bin_hz().tolist()):
            length = self.periods * self.sample_rate / hz
            bell = (1 + torch.cos(2 * torch.pi * offset / length)) * (offset.abs() < length / 2)
            turned = torch.polar(bell / math.sqrt(length), 2 * torch.pi * hz / self.sample_rate * offset)
            # A window that is even about 0 has a spectrum without an imaginary part.
            made[..., number] = torch.fft.fft(turned).real.unflatten(0, (self.hop_samples, folded)).T
        return made
