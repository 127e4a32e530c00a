"""Bring a fake to its original in all that is no part of a voice, so that none of it gives the fake away.

Colour, level from moment to moment, peaks, offset and digital silence are the original's afterwards. What is left
is what a synthesiser does to speech.
"""

from __future__ import annotations

import numpy as np
from scipy.ndimage import minimum_filter1d

from .frames import SAMPLE_RATE_HZ, Floats, window

# Narrow enough to follow the edge that an earlier codec cut, wide enough to leave single harmonics alone.
COLOUR_BAND_HZ = 100
# Shorter than a syllable and than the onset of a word, and not so short as to follow the beats of a voice.
LEVEL_FRAME_SAMPLES = 320
LEVEL_HOP_SAMPLES = 80
# No fake is lifted out of its own noise by more than this; down it goes as far as its original.
MOST_GAIN_DB = 30.0
# So many equal to zero in a row are digital silence and no crossing of it.
ZERO_RUN_SAMPLES = 32
# How long before and after a peak the limiter turns down and up again: 5 ms.
LIMITER_SAMPLES = 80
# Colour and level disturb each other a little: twice brings both home.
ROUNDS = 2


def matched(forged: Floats, original: Floats) -> Floats:
    """`forged` with the colour, level, peaks, offset and digital silence of `original`: [T], [T] -> [T]."""
    heard = ~_digital_silence(original)
    offset = _offset(original, heard)
    centred = original - offset
    borders = _colour_borders(len(original))
    like = forged - forged.mean()
    for _ in range(ROUNDS):
        like = _levelled_like(coloured_like(like, centred, borders), centred)
    like = np.where(heard, _limited(like, float(np.abs(centred).max())), 0)
    # What the mean still lacks lies where the sound is: in a pause it would be heard.
    loud = heard * _each_sample(_levels(centred), len(original)) ** 2
    moved = original.sum() - offset * heard.sum() - like.sum()
    return like + offset * heard + moved * loud / (loud.sum() + 1e-12)


def coloured_like(forged: Floats, original: Floats, borders: np.ndarray) -> Floats:
    """Give a fake the long-term spectrum of its original, band by band; `borders` are bins of the whole clip."""
    size = len(original)
    wanted, found = (np.abs(np.fft.rfft(wave)) ** 2 for wave in (original, forged))
    bins = np.arange(len(wanted))
    centres = (borders[1:] + borders[:-1]) / 2
    gains = np.add.reduceat(wanted, borders[:-1]) / (np.add.reduceat(found, borders[:-1]) + 1e-12)
    return np.fft.irfft(np.fft.rfft(forged) * np.sqrt(np.interp(bins, centres, gains)), size)


def _colour_borders(samples: int) -> np.ndarray:
    """Bins between which the colour is matched, about `COLOUR_BAND_HZ` apart -> [at most 81]."""
    bins = samples // 2 + 1
    bands = min(round(SAMPLE_RATE_HZ / 2 / COLOUR_BAND_HZ), bins)
    return np.unique(np.linspace(0, bins, bands + 1).astype(int))


def _offset(wave: Floats, heard: np.ndarray) -> float:
    """What the recording adds to every sample: speech swings about it, so that the quiet parts say it best."""
    weights = heard / _each_sample(_levels(wave), len(wave)) ** 2
    return float((wave * weights).sum() / weights.sum())


def _levelled_like(forged: Floats, original: Floats) -> Floats:
    """The loudness of each moment is the original's."""
    gains = np.minimum(_levels(original) / _levels(forged), 10 ** (MOST_GAIN_DB / 20))
    return forged * _each_sample(gains, len(forged))


def _each_sample(values: Floats, samples: int) -> Floats:
    """Straight lines between values `LEVEL_HOP_SAMPLES` apart: [F] -> [samples]."""
    return np.interp(np.arange(samples) / LEVEL_HOP_SAMPLES, np.arange(len(values)), values)


def _levels(wave: Floats) -> Floats:
    """Root mean square about every `LEVEL_HOP_SAMPLES`th sample -> [F]."""
    half = LEVEL_FRAME_SAMPLES // 2
    shape = window(LEVEL_FRAME_SAMPLES)
    padded = np.pad(wave**2, (half, half + LEVEL_HOP_SAMPLES), mode="reflect")
    frames = np.lib.stride_tricks.sliding_window_view(padded, LEVEL_FRAME_SAMPLES)[::LEVEL_HOP_SAMPLES]
    return np.sqrt(np.einsum("fn,n->f", frames, shape / shape.sum()) + 1e-12)


def _limited(wave: Floats, highest: float) -> Floats:
    """No peak above `highest`: turned down smoothly about each, for a bent peak spreads over all frequencies."""
    allowed = np.minimum(1, highest / np.maximum(np.abs(wave), 1e-12))
    lowest = minimum_filter1d(allowed, 2 * LIMITER_SAMPLES + 1, mode="nearest")
    shape = window(2 * LIMITER_SAMPLES + 2)[1:]
    gains = np.convolve(np.pad(lowest, LIMITER_SAMPLES, mode="edge"), shape / shape.sum(), "valid")
    return wave * gains


def _digital_silence(wave: Floats) -> np.ndarray:
    """Where a run of exact zeros lies -> [T], true there."""
    edges = np.flatnonzero(np.diff(np.concatenate([[0], wave == 0, [0]]).astype(np.int8)))
    silent = np.zeros(len(wave), dtype=bool)
    for start, end in edges.reshape(-1, 2):
        silent[start:end] = end - start >= ZERO_RUN_SAMPLES
    return silent
