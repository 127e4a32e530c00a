"""What a front end whose rows are no frequencies leaves to be told: when the evidence lies, and not how high."""

from __future__ import annotations

import numpy as np

from ..features import FrontEnd, LogMel, LogPower
from .patches import Floats

# What people are shown in the place of rows that mean nothing to the eye, at whatever sample rate.
WINDOW_SECONDS, HOP_SECONDS = 0.025, 0.01


def shown_to_people(features: FrontEnd) -> LogPower:
    """The front end itself if its rows are frequencies, or else a spectrogram to draw its evidence over."""
    if isinstance(features, LogPower):
        return features
    rate = features.sample_rate
    window_samples = round(WINDOW_SECONDS * rate)
    n_fft = 2 ** (window_samples - 1).bit_length()
    return LogMel(rate, n_fft, window_samples, round(HOP_SECONDS * rate))


def spread_over(evidence: Floats, seconds: Floats, hop_seconds: float, onto: Floats, bins: int) -> Floats:
    """A map's evidence by time alone, on the frames of a spectrogram: [F, T] -> [bins, T'], the same sum.

    Args:
        seconds: middles of the map's frames, [T].
        hop_seconds: how much of the time each of those stands for.
        onto: middles of the spectrogram's frames, [T'].
    """
    gathered = np.concatenate([[0.0], np.cumsum(evidence.sum(axis=0))])
    ends = np.concatenate([seconds - hop_seconds / 2, seconds[-1:] + hop_seconds / 2])
    between = (onto[1:] + onto[:-1]) / 2
    # What lies beyond the spectrogram's first and last frame goes with them.
    at = np.concatenate([[0.0], np.interp(between, ends, gathered), gathered[-1:]])
    return np.repeat(np.diff(at)[None, :] / bins, bins, axis=0)
