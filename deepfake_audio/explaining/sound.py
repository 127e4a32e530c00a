"""The evidence as something to listen to."""

from __future__ import annotations

import numpy as np
import torch
from numpy.typing import NDArray
from scipy.interpolate import RegularGridInterpolator
from scipy.ndimage import gaussian_filter

from .patches import Floats, speaks_for
from .stretches import Stretch
from .where import strongest

EVIDENCE_SECONDS = 1.0
# Long enough that no click is heard, short enough to leave the sound alone.
FADE_SECONDS = 0.01
# The strongest cells that together hold so much of the evidence are let through.
LET_THROUGH = 0.8
# Bins and frames that a cell is smeared over first: a mask of lone cells rings.
SMEARED = (1.5, 3.0)
STFT_SECONDS = 0.032

Wave = NDArray[np.float32]


def loudest_evidence(stretches: list[Stretch], label: str) -> tuple[float, float] | None:
    """Start and end in seconds of the second with the most evidence for a label; None where there is none."""
    stretch = strongest(stretches, label)
    found = speaks_for(label, stretch.evidence).sum(axis=0)
    if not found.any():
        return None
    step = stretch.seconds[1] - stretch.seconds[0] if len(found) > 1 else EVIDENCE_SECONDS
    size = min(len(found), max(1, round(EVIDENCE_SECONDS / step)))
    within = np.convolve(found, np.ones(size), mode="valid")
    # Of equal ones the middle: evidence in one spot lies in the middle of what is heard, not at its end.
    best = np.flatnonzero(within >= within.max() * (1 - 1e-9))
    middle = float(stretch.seconds[best[len(best) // 2]] + (size - 1) * step / 2)
    length = min(EVIDENCE_SECONDS, stretch.end_seconds - stretch.start_seconds)
    start = float(np.clip(middle - length / 2, stretch.start_seconds, stretch.end_seconds - length))
    return start, start + length


def cut(waveform: Wave, sample_rate: int, start_seconds: float, end_seconds: float) -> Wave:
    """Part of a recording [T], at its own level, faded at both ends -> [T']."""
    part = waveform[round(start_seconds * sample_rate) : round(end_seconds * sample_rate)].copy()
    fade = min(round(FADE_SECONDS * sample_rate), len(part) // 2)
    if fade:
        ramp = (0.5 - 0.5 * np.cos(np.pi * (np.arange(fade) + 0.5) / fade)).astype(np.float32)
        part[:fade] *= ramp
        part[-fade:] *= ramp[::-1]
    return part


def isolated(waveform: Wave, sample_rate: int, stretch: Stretch, label: str, bin_hz: Floats) -> Wave:
    """A recording [T] with nothing let through but the cells of a stretch that speak for a label -> [T]."""
    size = 2 ** round(np.log2(STFT_SECONDS * sample_rate))
    bell, sound = torch.hann_window(size), torch.from_numpy(waveform)
    spectrum = torch.stft(sound, size, size // 4, window=bell, return_complex=True, pad_mode="constant")
    times = np.arange(spectrum.shape[1]) * (size // 4) / sample_rate
    hz = np.arange(spectrum.shape[0]) * sample_rate / size
    passed = RegularGridInterpolator(
        (bin_hz, stretch.seconds),
        _mask(speaks_for(label, stretch.evidence)),
        bounds_error=False,
        fill_value=0.0,
    )
    # What lies beyond the outermost bins goes with them.
    at = np.stack(np.meshgrid(np.clip(hz, bin_hz[0], bin_hz[-1]), times, indexing="ij"), axis=-1)
    masked = spectrum * torch.from_numpy(passed(at).astype(np.float32))
    return torch.istft(masked, size, size // 4, window=bell, length=len(waveform)).numpy()


def _mask(weight: Floats) -> Floats:
    """1 at the cells that hold most of the weight, 0 elsewhere, with soft edges: [F, T'] -> same."""
    found = gaussian_filter(weight, SMEARED)
    ranked = np.sort(found.ravel())[::-1]
    enough = ranked[np.searchsorted(np.cumsum(ranked), LET_THROUGH * ranked.sum()).clip(max=ranked.size - 1)]
    return gaussian_filter(((found >= enough) & (found > 0)).astype(float), SMEARED)
