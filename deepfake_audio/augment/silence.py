"""Silence: other edges and other pauses, so that neither how a clip begins nor how it breathes stands for a class.

Silence at the edges is the best known shortcut of the field; but to trim it everywhere takes real evidence away.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

import numpy as np

from ..audio.edges import speech_bounds
from .base import Wave, WindowAugmentation
from .draws import between, number

# Longer than the closure of a consonant: what is quiet for so long is a pause.
FRAME_SECONDS = 0.01
SHORTEST_PAUSE_SECONDS = 0.1
# Of a window, at each edge: whatever is cut off behind it, half of what is heard is speech still.
MOST_AT_AN_EDGE = 0.25
# What is done to an edge, each as likely as the others.
WAYS = ("leave", "trim", "add")


class Silence(WindowAugmentation):
    """Trims or adds silence at each edge, by lot, and makes the pauses shorter or longer: [T] -> [T'].

    What is added is digital silence or faint noise, by lot.

    Args:
        longest_seconds: of what is added at an edge.
        pauses: range of the factor by which the pauses of a window last longer; 1 is as they were.
        silence_db: edges and pauses are what stays so far below the window's loudest moment.
        noise_db: range of the faint noise's level, against full scale.
    """

    def __init__(
        self,
        share: float = 0.5,
        longest_seconds: float = 0.5,
        pauses: Sequence[float] = (0.5, 1.5),
        silence_db: float = 35.0,
        noise_db: Sequence[float] = (-90.0, -60.0),
    ) -> None:
        super().__init__(share)
        self.longest_seconds = number(longest_seconds, "silence.longest_seconds", least=0, most=3_600)
        self.pauses = between(pauses, "silence.pauses", least=0, most=10)
        self.silence_db = number(silence_db, "silence.silence_db", least=1, most=120)
        self.noise_db = between(noise_db, "silence.noise_db", least=-200, most=0)

    def change(self, waveform: Wave, sample_rate: int, rng: np.random.Generator) -> Wave:
        """[T] -> [T']."""
        level = 0.0 if rng.random() < 0.5 else 10 ** (rng.uniform(self.noise_db.low, self.noise_db.high) / 20)
        factor = rng.uniform(self.pauses.low, self.pauses.high)
        most = min(self.longest_seconds * sample_rate, MOST_AT_AN_EDGE * len(waveform))
        ways, lengths = rng.integers(len(WAYS), size=2), (most * rng.random(2)).astype(int)
        before, after = (WAYS[way] for way in ways)
        first, end = speech_bounds(waveform, sample_rate, self.silence_db)
        heard = waveform[first if before == "trim" else 0 : end if after == "trim" else None]
        heard = self._with_pauses(heard, sample_rate, factor, level, rng)
        front = _quiet(lengths[0] if before == "add" else 0, level, rng)
        return np.concatenate([front, heard, _quiet(lengths[1] if after == "add" else 0, level, rng)])

    def _with_pauses(
        self, waveform: Wave, sample_rate: int, factor: float, level: float, rng: np.random.Generator
    ) -> Wave:
        """Each pause lasts `factor` times as long: what is taken away or added lies in its middle."""
        pieces, done = [], 0
        for start, end in pauses_of(waveform, sample_rate, self.silence_db):
            middle, more = (start + end) // 2, round((factor - 1) * (end - start))
            cut = min(-more, end - start) // 2 if more < 0 else 0
            pieces += [waveform[done : middle - cut], _quiet(max(more, 0), level, rng)]
            done = middle + cut
        return np.concatenate([*pieces, waveform[done:]])


def pauses_of(waveform: Wave, sample_rate: int, silence_db: float) -> list[tuple[int, int]]:
    """First sample and end of each stretch between sounds which stays `silence_db` under the loudest: of [T]."""
    size = max(1, round(FRAME_SECONDS * sample_rate))
    frames = waveform[: len(waveform) // size * size].reshape(-1, size)
    power = np.square(frames, dtype=np.float64).mean(axis=1)
    loud = np.flatnonzero(power > power.max(initial=0) * 10 ** (-silence_db / 10))
    least = SHORTEST_PAUSE_SECONDS * sample_rate
    stretches = ((int(one + 1) * size, int(other) * size) for one, other in pairwise(loud))
    return [(start, end) for start, end in stretches if end - start >= least]


def _quiet(samples: int, level: float, rng: np.random.Generator) -> Wave:
    return (level * rng.standard_normal(samples)).astype(np.float32)
