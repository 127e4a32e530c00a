"""Magnitudes through mel bands and back, as an acoustic model hands them to a vocoder."""

from __future__ import annotations

import numpy as np

from .frames import SAMPLE_RATE_HZ, Floats, bins_hz


def through_mel(magnitudes: Floats, bands: int) -> Floats:
    """What is left of magnitudes when only so many mel bands are kept: [F, bins] -> [F, bins]."""
    edges = _band_edges(bands)
    in_mel = _mel(bins_hz(2 * (magnitudes.shape[1] - 1)))
    return _from_mel(_to_mel(magnitudes, edges, in_mel), edges, in_mel)


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
