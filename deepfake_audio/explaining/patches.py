"""Patches of time and frequency: what is taken away or put in as one, since no ear hears a single cell."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

# About a syllable: shorter ones lie within what the network averages anyway, and are too many to try.
PATCH_SECONDS = 0.25
# Eight bands of mel bins: from the voice's pitch to the hiss of its fricatives.
BANDS = 8

Floats = NDArray[np.float64]
Patches = NDArray[np.int64]


def speaks_for(label: str, evidence: Floats) -> Floats:
    """What speaks for "fake" or for "real", and 0 elsewhere."""
    return np.maximum(evidence if label == "fake" else -evidence, 0)


def patches(bins: int, seconds: Floats, bands: int = BANDS) -> Patches:
    """The number of the patch that each cell lies in, from 0 without a gap: frames' times [T'] -> [F, T'].

    Args:
        bands: how many patches stand above each other; 1 where rows are no frequencies.
    """
    band = np.arange(bins) * min(bands, bins) // bins
    step = np.floor((seconds - seconds[0]) / PATCH_SECONDS + 1e-9).astype(np.int64)
    # Frames further apart than a patch would leave numbers out.
    _, step = np.unique(step, return_inverse=True)
    return band[:, None] * (step.max() + 1) + step[None, :]


def sums(values: Floats, numbers: Patches) -> Floats:
    """The sum over each patch: [F, T'] -> [patches]."""
    return np.bincount(numbers.ravel(), weights=values.ravel()).astype(np.float64)


def means(values: Floats, numbers: Patches) -> Floats:
    """The mean over each patch: [F, T'] -> [patches]."""
    return sums(values, numbers) / np.bincount(numbers.ravel())
