"""Mel inversion by Griffin and Lim: magnitudes in mel bands are kept, phases are searched for."""

from __future__ import annotations

import numpy as np
from numpy.random import Generator

from .frames import SAMPLE_RATE_HZ, Complexes, Floats, bins_hz, istft, stft


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
    edges, bins_in_mel = _band_edges(bands), _mel(bins_hz(frame_samples))
    levels = _to_mel(np.abs(stft(wave, frame_samples, hop_samples)), edges, bins_in_mel)
    magnitudes = _from_mel(levels, edges, bins_in_mel)
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


def _mel(hz: Floats) -> Floats:
    return 2595 * np.log10(1 + hz / 700)


def _band_edges(bands: int) -> Floats:
    """Of the triangular bands, evenly spaced in mel -> [bands + 2]."""
    return np.linspace(0.0, float(_mel(np.array(SAMPLE_RATE_HZ / 2))), bands + 2)


def _to_mel(magnitudes: Floats, edges: Floats, bins_in_mel: Floats) -> Floats:
    """Mean magnitude in each band: [F, bins] -> [F, bands]."""
    distance = np.abs(bins_in_mel - edges[1:-1, None])
    weights = np.maximum(0, 1 - distance / (edges[1] - edges[0]))
    # The lowest bands are narrower than a bin: they take their nearest one.
    each, nearest = np.arange(len(weights)), distance.argmin(axis=1)
    weights[each, nearest] = np.maximum(weights[each, nearest], 1e-3)
    return np.einsum("fb,mb->fm", magnitudes, weights / weights.sum(axis=1, keepdims=True))


def _from_mel(levels: Floats, edges: Floats, bins_in_mel: Floats) -> Floats:
    """A straight line from band centre to band centre: [F, bands] -> [F, bins]."""
    bands = levels.shape[1]
    at = np.interp(bins_in_mel, edges[1:-1], np.arange(bands))
    low = np.minimum(at.astype(int), bands - 2)
    share = at - low
    return levels[:, low] * (1 - share) + levels[:, low + 1] * share
