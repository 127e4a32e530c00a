"""How much each of the twelve tones of the octave is heard, whatever the octave, as librosa's chroma tells it."""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor, nn

TONES = 12
# Where between two semitones a recording's tones lie is told in so many steps.
TUNINGS = 100
# Tones are looked for where voices and instruments have their fundamentals and first partials.
PEAKS_HZ = (150.0, 4000.0)
# Of a frame's loudest cell; what is below is no tone.
PEAK_SHARE = 0.1
A4_HZ = 440.0
# Octaves count by this bell curve: centre (in octaves above A4 / 16) and width.
CENTRE_OCTAVE, OCTAVES_WIDE = 5.0, 2.0


class PitchClasses(nn.Module):
    """Power spectra to twelve tones, each frame's loudest at 1; tuned to where the tones of the clip lie."""

    filters: Tensor  # [TUNINGS, bins, TONES]

    def __init__(self, sample_rate: int, n_fft: int) -> None:
        super().__init__()
        self.bin_hz = sample_rate / n_fft
        lowest, end = (int(np.ceil(hz / self.bin_hz)) for hz in PEAKS_HZ)
        self.searched = (max(lowest, 1), min(end, n_fft // 2))
        banks = [_filters(step / TUNINGS - 0.5, sample_rate, n_fft) for step in range(TUNINGS)]
        self.register_buffer("filters", torch.from_numpy(np.stack(banks)).float(), persistent=False)

    def forward(self, power: Tensor) -> Tensor:
        """[N, frames, bins] -> [N, frames, TONES]; frames of silence give zeros."""
        tones = power @ self.filters[self._tuning(power)]
        loudest = tones.amax(dim=2, keepdim=True)
        return torch.where(
            loudest > torch.finfo(torch.float32).tiny,
            tones / loudest.clamp_min(torch.finfo(torch.float32).tiny),
            tones,
        )

    def _tuning(self, power: Tensor) -> Tensor:
        """The commonest distance of the louder peaks from their semitones, as a step from 0 to TUNINGS - 1: [N]."""
        hz, height = self._peaks(power)
        found = hz > 0
        louder = found & (height >= _median(height, found).unsqueeze(1))
        semitones = TONES * torch.log2(hz.clamp_min(1.0).double() * 16 / A4_HZ)
        off = (semitones + 0.5) % 1.0
        step = (off * TUNINGS).long().clamp_max(TUNINGS - 1)
        votes = torch.zeros(len(hz), TUNINGS, device=hz.device).scatter_add_(1, step, louder.float())
        # The first of equals, on every device.
        commonest = (votes - torch.arange(TUNINGS, device=hz.device) / (2 * TUNINGS)).argmax(dim=1)
        return torch.where(found.any(dim=1), commonest, TUNINGS // 2)

    def _peaks(self, power: Tensor) -> tuple[Tensor, Tensor]:
        """Hertz (0 where no peak is) and height of peaks, each by the parabola through three bins: [N, cells] both."""
        first, end = self.searched
        loud = power * (power > PEAK_SHARE * power.amax(dim=2, keepdim=True))
        here, before, after = (
            values[..., first + shift : end + shift] for values, shift in ((loud, 0), (loud, -1), (loud, 1))
        )
        is_peak = (here > before) & (here >= after)
        middle, left, right = (power[..., first + shift : end + shift] for shift in (0, -1, 1))
        slope, bend = (right - left) / 2, left + right - 2 * middle
        shift = torch.where(slope.abs() < bend.abs(), -slope / torch.where(bend == 0, 1.0, bend), 0.0)
        hz = (torch.arange(first, end, device=power.device) + shift) * self.bin_hz
        height = middle + 0.5 * slope * shift
        return (hz * is_peak).flatten(1), (height * is_peak).flatten(1)


def _median(values: Tensor, chosen: Tensor) -> Tensor:
    """Median of the chosen values of each row, of two middle ones their mean: [N, M] -> [N]; 0 where none is chosen."""
    ordered = values.masked_fill(~chosen, torch.inf).sort(dim=1).values
    count = chosen.sum(dim=1, keepdim=True)
    middle = torch.cat([(count - 1).clamp_min(0) // 2, count // 2], dim=1).clamp_max(values.shape[1] - 1)
    return torch.where(count.squeeze(1) > 0, ordered.gather(1, middle).mean(dim=1), 0.0)


def _filters(tuning: float, sample_rate: int, n_fft: int) -> np.ndarray:
    """What each bin of the spectrum adds to each tone, where A4 lies `tuning` semitones off: [bins, TONES]."""
    bins = n_fft // 2 + 1
    hz = np.arange(1, bins + 1) * sample_rate / n_fft
    semitones = TONES * np.log2(hz * 16 / (A4_HZ * 2 ** (tuning / TONES)))
    # 0 Hz has no tone: it is put an octave and a half below the first bin.
    semitones = np.concatenate([[semitones[0] - 1.5 * TONES], semitones])
    widths = np.maximum(np.diff(semitones), 1.0)[:, None]
    semitones = semitones[:-1, None]
    # Counted from C, which lies three semitones above A.
    distance = (semitones - (np.arange(TONES) + 3) + TONES / 2) % TONES - TONES / 2
    weights = np.exp(-0.5 * (2 * distance / widths) ** 2)
    weights /= np.linalg.norm(weights, axis=1, keepdims=True)
    return weights * np.exp(-0.5 * ((semitones / TONES - CENTRE_OCTAVE) / OCTAVES_WIDE) ** 2)
