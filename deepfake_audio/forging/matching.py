"""Bring a fake to its original in all that is no part of a voice, so that none of it gives the fake away.

Colour, level from moment to moment, peaks, offset and digital silence are the original's afterwards. What is left
is what a synthesiser does to speech.
"""

from __future__ import annotations

import numpy as np

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
# Peaks are bent from this share of the highest one on.
KNEE = 0.7


def matched(forged: Floats, original: Floats) -> Floats:
    """`forged` with the colour, level, peaks, offset and digital silence of `original`: [T], [T] -> [T]."""
    offset = original.mean()
    centred = original - offset
    bands = max(2, round(SAMPLE_RATE_HZ / 2 / COLOUR_BAND_HZ))
    bins = len(original) // 2 + 1
    borders = np.unique(np.linspace(0, bins, min(bands, bins) + 1).astype(int))
    coloured = coloured_like(forged - forged.mean(), centred, borders)
    level = _levelled_like(coloured, centred)
    heard = ~_digital_silence(original)
    limited = np.where(heard, _limited(level, float(np.abs(centred).max())), 0)
    # Bent peaks move the mean. What brings it back lies where the sound is: in a pause it would be heard.
    loud = limited**2
    moved = original.sum() - offset * heard.sum() - limited.sum()
    return limited + offset * heard + moved * loud / (loud.sum() + 1e-12)


def coloured_like(forged: Floats, original: Floats, borders: np.ndarray) -> Floats:
    """Give a fake the long-term spectrum of its original, band by band; `borders` are bins of the whole clip."""
    size = len(original)
    wanted, found = (np.abs(np.fft.rfft(wave)) ** 2 for wave in (original, forged))
    bins = np.arange(len(wanted))
    centres = (borders[1:] + borders[:-1]) / 2
    gains = np.add.reduceat(wanted, borders[:-1]) / (np.add.reduceat(found, borders[:-1]) + 1e-12)
    return np.fft.irfft(np.fft.rfft(forged) * np.sqrt(np.interp(bins, centres, gains)), size)


def _levelled_like(forged: Floats, original: Floats) -> Floats:
    """The loudness of each moment is the original's."""
    gains = np.minimum(_levels(original) / _levels(forged), 10 ** (MOST_GAIN_DB / 20))
    clock = np.arange(len(forged)) / LEVEL_HOP_SAMPLES
    return forged * np.interp(clock, np.arange(len(gains)), gains)


def _levels(wave: Floats) -> Floats:
    """Root mean square about every `LEVEL_HOP_SAMPLES`th sample -> [F]."""
    half = LEVEL_FRAME_SAMPLES // 2
    shape = window(LEVEL_FRAME_SAMPLES)
    padded = np.pad(wave**2, (half, half + LEVEL_HOP_SAMPLES), mode="reflect")
    frames = np.lib.stride_tricks.sliding_window_view(padded, LEVEL_FRAME_SAMPLES)[::LEVEL_HOP_SAMPLES]
    return np.sqrt(np.einsum("fn,n->f", frames, shape / shape.sum()) + 1e-12)


def _limited(wave: Floats, highest: float) -> Floats:
    """Peaks bent softly until none is above `highest`; what lies under the knee stays as it is."""
    if np.abs(wave).max() <= highest:
        return wave
    knee = KNEE * highest
    over = np.maximum(np.abs(wave) - knee, 0) / (highest - knee)
    bent = np.minimum(np.abs(wave), knee) + (highest - knee) * np.tanh(over)
    return np.sign(wave) * bent


def _digital_silence(wave: Floats) -> np.ndarray:
    """Where a run of exact zeros lies -> [T], true there."""
    edges = np.flatnonzero(np.diff(np.concatenate([[0], wave == 0, [0]]).astype(np.int8)))
    silent = np.zeros(len(wave), dtype=bool)
    for start, end in edges.reshape(-1, 2):
        silent[start:end] = end - start >= ZERO_RUN_SAMPLES
    return silent
