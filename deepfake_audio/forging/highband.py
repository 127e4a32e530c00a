"""A high band made anew under its own envelope, as systems do that know little of what lies up there."""

from __future__ import annotations

import numpy as np
from numpy.random import Generator
from scipy.ndimage import uniform_filter

from .frames import Floats, istft, stft


def images(wave: Floats, factor: int, held: bool) -> Floats:
    """Every so many-th sample, between them zeros or the same sample over again: mirror images of the low band above.

    What upsampling layers leave behind: [T] -> [T].
    """
    if held:
        return np.repeat(wave[::factor], factor)[: len(wave)]
    sparse = np.zeros_like(wave)
    sparse[::factor] = wave[::factor] * factor
    return sparse


def replaced(
    wave: Floats, source: Floats, size: int, from_bin: int, width: float, share: float, even: tuple[int, int]
) -> Floats:
    """The band above `from_bin` made of `source` under the envelope of `wave`: [T] and [T] -> [T].

    Args:
        width: of the border, in bins.
        share: of the power up there that is replaced.
        even: frames and bins over which the envelope is taken.
    """
    spectra, other = stft(wave, size, size // 4), stft(source, size, size // 4)
    other = other / _envelope(other, even) * _envelope(spectra, even)
    mixed = share / (1 + np.exp(-(np.arange(spectra.shape[1]) - from_bin) / width))
    return istft(spectra * np.sqrt(1 - mixed) + other * np.sqrt(mixed), size, size // 4, len(wave))


def forge(rng: Generator, wave: Floats) -> Floats:
    """From images of the band below, from noise, or from what rectifying makes: [T] -> [T]."""
    size, way = int(rng.choice([256, 512])), int(rng.integers(3))
    from_bin = int((size // 2 + 1) * rng.uniform(0.2, 0.65))
    if way == 0:
        source = images(wave, int(rng.choice([2, 3, 4])), held=rng.random() < 0.5)
    elif way == 1:
        source = rng.normal(size=len(wave))
    else:
        source = np.abs(wave) - np.abs(wave).mean()
    even = (int(rng.choice([1, 3, 5])), int(rng.choice([3, 7, 11])))
    return replaced(wave, source, size, from_bin, rng.uniform(1, 6), rng.uniform(0.6, 1), even)


def _envelope(spectra: np.ndarray, even: tuple[int, int]) -> Floats:
    return np.sqrt(uniform_filter(np.abs(spectra) ** 2, even) + 1e-12)
