"""Sound as overlapping frames and back, in numpy alone and without BLAS, so that equal seeds give equal bytes."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Complexes = NDArray[np.complex128]

SAMPLE_RATE_HZ = 16_000


def bins_hz(size: int) -> Floats:
    """Frequencies of the bins of a `size`-point transform -> [size // 2 + 1]."""
    return np.linspace(0, SAMPLE_RATE_HZ / 2, size // 2 + 1)


def window(size: int) -> Floats:
    """A periodic Hann window -> [size]."""
    return 0.5 - 0.5 * np.cos(2 * np.pi * np.arange(size) / size)


def cut(wave: Floats, size: int, hop: int) -> Floats:
    """[T] -> [F, size]: plain frames, frame f centred on sample f * hop."""
    padded = np.pad(wave, (size // 2, size // 2 + hop))
    return np.lib.stride_tricks.sliding_window_view(padded, size)[: len(wave) + hop : hop]


def stft(wave: Floats, size: int, hop: int) -> Complexes:
    """[T] -> [F, size // 2 + 1]."""
    return np.fft.rfft(cut(wave, size, hop) * window(size), axis=1)


def istft(spectra: Complexes, size: int, hop: int, samples: int) -> Floats:
    """[F, size // 2 + 1] -> [samples]: windowed overlap-add, the inverse of `stft`."""
    shape = window(size)
    waves = np.fft.irfft(spectra, size, axis=1) * shape
    weights = np.broadcast_to(shape**2, waves.shape)
    total = _overlap_add(waves, hop) / np.maximum(_overlap_add(weights, hop), 1e-3)
    return total[size // 2 : size // 2 + samples]


def place(responses: Floats, starts: NDArray[np.int64], samples: int) -> Floats:
    """Add each row of [P, N] into a wave of `samples` at its own start -> [samples]."""
    wave = np.zeros(samples + responses.shape[1])
    for response, start in zip(responses, starts, strict=True):
        wave[start : start + len(response)] += response
    return wave[:samples]


def pulse_times(f0_hz: Floats, jitter: Floats | None = None) -> Floats:
    """Where a voice of pitch `f0_hz` [T] beats, in fractional samples -> [P]; jitter is in periods, one a beat."""
    cycles = np.cumsum(f0_hz) / SAMPLE_RATE_HZ
    beats = np.arange(1.0, np.floor(cycles[-1]) + 1)
    if jitter is not None:
        beats = np.clip(beats + jitter[: len(beats)], cycles[0], cycles[-1])
    return np.interp(beats, cycles, np.arange(len(cycles), dtype=float))


def delays(times: Floats, size: int) -> Complexes:
    """The fractional part of each time as a phase ramp -> [P, size // 2 + 1]."""
    turns = np.outer(times % 1, np.fft.rfftfreq(size))
    return np.exp(-2j * np.pi * turns)


def _overlap_add(frames: Floats, hop: int) -> Floats:
    """[F, size] -> [(F + size / hop - 1) * hop]; hop divides size."""
    steps = frames.shape[1] // hop
    total = np.zeros((len(frames) + steps - 1, hop))
    for step in range(steps):
        total[step : step + len(frames)] += frames[:, step * hop : (step + 1) * hop]
    return total.ravel()
