"""Smoothed magnitudes: what a regression model says of a frame on the average, and phases that are half true."""

from __future__ import annotations

import numpy as np
from numpy.random import Generator
from scipy.ndimage import uniform_filter

from .frames import Floats, stft
from .mel import through_mel
from .phases import agreed


def smoothed(
    magnitudes: Floats, bands: int, frames: int = 1, neighbours: int = 1, kept: float = 0.0
) -> Floats:
    """Magnitudes through mel bands: [F, bins] -> [F, bins].

    Args:
        frames, neighbours: over how many frames and bins the levels are evened out as well.
        kept: share of the fine structure that stays, in decibels.
    """
    level = np.log(through_mel(magnitudes, bands) + 1e-7)
    level = uniform_filter(level, (frames, neighbours))
    return np.exp(kept * np.log(magnitudes + 1e-7) + (1 - kept) * level)


def shaken(rng: Generator, phases: Floats, radians: float, more_above: float, from_share: float) -> Floats:
    """Phases with noise of `radians`, and up to `more_above` more from a share of the band upwards: -> same."""
    place = np.linspace(0, 1, phases.shape[1])
    spread = radians + more_above * np.clip(2 * (place - from_share), 0, 1)
    return phases + spread * rng.normal(size=phases.shape)


def forge(rng: Generator, wave: Floats) -> Floats:
    """As neural vocoders leave it: the fine structure fades, and phases are the less true the higher: [T] -> [T]."""
    size = int(rng.choice([512, 1024]))
    spectra = stft(wave, size, size // 4)
    even = (int(rng.choice([1, 3])), int(rng.choice([1, 3]))) if rng.random() < 0.5 else (1, 1)
    magnitudes = smoothed(np.abs(spectra), int(rng.integers(50, 101)), *even, kept=0.7 * rng.uniform(0, 1))
    phases = shaken(rng, np.angle(spectra), rng.uniform(0, 1.2), rng.uniform(0, 2), rng.uniform(0, 0.5))
    return agreed(magnitudes, phases, int(rng.integers(0, 5)), size, len(wave))
