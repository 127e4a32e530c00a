"""Pitch: a higher or lower voice that speaks as fast as before.

Made by moving pieces of the waveform (WSOLA, Verhelst and Roelands 1993) and resampling: no phase is made up, as a
phase vocoder does. It still is a change that only machines make, and real speech carries it afterwards; it says
nothing about the class as long as reals and fakes are changed alike, which they are.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view

from ..audio.codecs import resampled
from .base import Wave, WindowAugmentation
from .draws import between

# A piece holds two periods of a deep voice, and the place where it fits best is looked for over one period.
PIECE_SECONDS = 0.03
SEARCH_SECONDS = 0.012
# Factors are whole hundredths (a sixth of a semitone), so that the filters of resampling stay short.
STEPS = 100
SEMITONES_AN_OCTAVE = 12
# Less energy in a piece than this is silence, where every place fits.
FAINTEST = 1e-9


class Pitch(WindowAugmentation):
    """Raises or lowers windows by a drawn number of semitones: [T] -> [T], formants too.

    Args:
        semitones: range of the shift; 0 is as it was.
    """

    def __init__(self, share: float = 0.5, semitones: Sequence[float] = (-2.0, 2.0)) -> None:
        super().__init__(share)
        self.semitones = between(semitones, "pitch.semitones", least=-12, most=12)

    def change(self, waveform: Wave, sample_rate: int, rng: np.random.Generator) -> Wave:
        """[T] -> [T]."""
        semitones = rng.uniform(self.semitones.low, self.semitones.high)
        factor = round(STEPS * 2 ** (semitones / SEMITONES_AN_OCTAVE))
        if factor == STEPS:
            return waveform
        longer = stretched(waveform, -(-len(waveform) * factor // STEPS), sample_rate)
        return resampled(longer, factor, STEPS)[: len(waveform)]


def stretched(waveform: Wave, samples: int, sample_rate: int) -> Wave:
    """Slower or faster speech of the same pitch: [T] -> [samples]."""
    half = max(1, round(PIECE_SECONDS * sample_rate / 2))
    search = max(1, round(SEARCH_SECONDS * sample_rate / 2))
    window = (0.5 - 0.5 * np.cos(np.pi * np.arange(2 * half) / half)).astype(np.float32)
    count = -(-samples // half) + 1
    # The first piece's middle is the first sample, so that windows add up to one from the beginning.
    source = np.pad(waveform, (half + search, 3 * half + 2 * search))
    pieces = sliding_window_view(source, 2 * half)
    sums = np.concatenate([[0.0], np.cumsum(np.square(source, dtype=np.float64))])
    out = np.zeros((count + 1) * half, dtype=np.float32)
    place = search
    for number in range(count):
        if number:
            nominal = min(round(number * half * len(waveform) / samples), len(waveform) + half)
            place = nominal + _best_fit(source, sums, nominal, 2 * search, pieces[place + half])
        out[number * half : (number + 2) * half] += window * pieces[place]
    return out[half : half + samples]


def _best_fit(source: Wave, sums: np.ndarray, start: int, places: int, wanted: Wave) -> int:
    """Of so many places from `start` on, where the source is most like `wanted`."""
    size = len(wanted)
    likeness = np.correlate(source[start : start + places + size], wanted)
    ends = sums[start + size : start + places + size + 1]
    energy = ends - sums[start : start + places + 1]
    if energy.max() < FAINTEST:
        return places // 2
    return int(np.argmax(likeness / np.sqrt(np.maximum(energy, FAINTEST))))
