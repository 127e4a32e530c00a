"""Filters for a batch, one a clip, by multiplying spectra: nothing shifts in time."""

from __future__ import annotations

from collections.abc import Callable

import torch
from scipy.fft import next_fast_len
from torch import Tensor

# Zeros behind the end, or a circular transform would let it ring into the beginning.
RINGING_SECONDS = 0.1
# What a filter of the first order adds to its slope.
DB_PER_OCTAVE_AND_ORDER = 6.02


def through(waveform: Tensor, gain: Callable[[Tensor], Tensor], sample_rate: int) -> Tensor:
    """A filter without phase: [B, T] -> [B, T].

    Args:
        gain: of frequencies in Hz [F], for each clip [B, F].
    """
    length = waveform.shape[1]
    size = next_fast_len(length + round(RINGING_SECONDS * sample_rate), real=True)
    spectrum = torch.fft.rfft(waveform, size)
    return torch.fft.irfft(spectrum * gain(frequencies(size, sample_rate, waveform.device)), size)[:, :length]


def frequencies(size: int, sample_rate: int, device: torch.device) -> Tensor:
    """In Hz, of a real spectrum of so many samples: -> [F]."""
    return torch.fft.rfftfreq(size, 1 / sample_rate, device=device)


def low_pass(hz: Tensor, edge_hz: Tensor, db_per_octave: Tensor) -> Tensor:
    """Butterworth's gain, half the power at the edge: [F], [B] and [B] -> [B, F]."""
    ratio = hz / edge_hz.unsqueeze(1)
    order = (db_per_octave / DB_PER_OCTAVE_AND_ORDER).unsqueeze(1)
    return (1 + ratio.pow(2 * order)).rsqrt()


def high_pass(hz: Tensor, edge_hz: Tensor, db_per_octave: Tensor) -> Tensor:
    """The same from below; nothing of a constant offset is left: [F], [B] and [B] -> [B, F]."""
    ratio = edge_hz.unsqueeze(1) / hz.clamp_min(torch.finfo(hz.dtype).tiny)
    order = (db_per_octave / DB_PER_OCTAVE_AND_ORDER).unsqueeze(1)
    return (1 + ratio.pow(2 * order)).rsqrt()
