"""Mel inversion by Griffin and Lim: magnitudes in mel bands are kept, phases are searched for."""

from __future__ import annotations

import numpy as np
from numpy.random import Generator

from .frames import Complexes, Floats, istft, stft
from .mel import through_mel


def griffin_lim(
    rng: Generator,
    wave: Floats,
    bands: int = 48,
    rounds: int = 12,
    frame_samples: int = 512,
    hop_samples: int = 128,
    momentum: float = 0.0,
) -> Floats:
    """Keep the mel magnitudes alone, spread them over the bins again and search for a phase: [T] -> [T].

    Args:
        momentum: how far each round looks ahead along its own step; 0 is the method as first published.
    """
    magnitudes = through_mel(np.abs(stft(wave, frame_samples, hop_samples)), bands)
    phases = np.exp(2j * np.pi * rng.random(magnitudes.shape))
    before: Complexes | complex = 0j
    for _ in range(rounds):
        guess = istft(magnitudes * phases, frame_samples, hop_samples, len(wave))
        spectra = stft(guess, frame_samples, hop_samples)
        ahead = spectra + momentum * (spectra - before) if momentum else spectra
        phases = ahead / np.maximum(np.abs(ahead), 1e-12)
        before = spectra
    return istft(magnitudes * phases, frame_samples, hop_samples, len(wave))


def forge(rng: Generator, wave: Floats) -> Floats:
    """Griffin-Lim as text-to-speech systems have used it: coarse to fine, hasty to patient: [T] -> [T]."""
    frame_samples = int(rng.choice([512, 1024]))
    return griffin_lim(
        rng,
        wave,
        bands=int(rng.integers(40, 101)),
        rounds=int(rng.integers(8, 33)),
        frame_samples=frame_samples,
        hop_samples=frame_samples // 4,
        momentum=float(rng.choice([0.0, 0.9])),
    )
