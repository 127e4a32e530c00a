"""Bent phases: every magnitude as it was, and phases that no mouth makes."""

from __future__ import annotations

import numpy as np
from numpy.random import Generator

from .frames import Complexes, Floats, istft, stft


def quantised(spectra: Complexes, step: float) -> Floats:
    """Phases at multiples of `step` radians: [F, bins] -> [F, bins]."""
    return np.round(np.angle(spectra) / step) * step


def drifting(rng: Generator, spectra: Complexes, step: float) -> Floats:
    """Phases that walk away from the true ones, each bin by itself, `step` radians a frame: [F, bins] -> same."""
    return np.angle(spectra) + np.cumsum(rng.normal(0, step, spectra.shape), axis=0)


def smallest_delay(spectra: Complexes, true_share: float) -> Floats:
    """Half the phases of the least delay that the magnitudes allow, and a share of the true ones on top."""
    size = 2 * (spectra.shape[1] - 1)
    cepstrum = np.fft.irfft(np.log(np.maximum(np.abs(spectra), 1e-5)), size, axis=1)
    cepstrum[:, 1 : size // 2] *= 2
    cepstrum[:, size // 2 + 1 :] = 0
    return 0.5 * np.fft.rfft(cepstrum, axis=1).imag + true_share * np.angle(spectra)


def agreed(magnitudes: Floats, phases: Floats, rounds: int, size: int, samples: int) -> Floats:
    """The wave whose frames come nearest to what overlapping ones can be, after so many rounds: -> [samples]."""
    turned = np.exp(1j * phases)
    for _ in range(rounds):
        spectra = stft(istft(magnitudes * turned, size, size // 4, samples), size, size // 4)
        turned = spectra / np.maximum(np.abs(spectra), 1e-12)
    return istft(magnitudes * turned, size, size // 4, samples)


def forge(rng: Generator, wave: Floats) -> Floats:
    """One of the three ways, coarse or fine: [T] -> [T]."""
    size = int(rng.choice([256, 512, 1024]))
    spectra = stft(wave, size, size // 4)
    way = int(rng.integers(3))
    if way == 0:
        bent = quantised(spectra, rng.uniform(1.2, 3.2))
    elif way == 1:
        bent = drifting(rng, spectra, rng.uniform(0.2, 0.9))
    else:
        bent = smallest_delay(spectra, rng.uniform(0, 1))
    return agreed(np.abs(spectra), bent, int(rng.integers(0, 4)), size, len(wave))
