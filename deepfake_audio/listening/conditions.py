"""What the recording is like that a voice is heard in: how long, how loud, how noisy, how wide a band."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, fields

import numpy as np
from numpy.typing import NDArray

from ..audio.measures import SPECTRUM_SECONDS, measure

Wave = NDArray[np.float32]

# A look of a second or so; in whole windows of the spectrum, so that none straddles two looks.
LOOK_WINDOWS = 16
# So many looks are kept of a long recording, half at the least: enough for shares of a percent or two, in 4 MB.
MOST_LOOKS = 64


@dataclass(frozen=True)
class Conditions:
    """Of a whole recording. `_share` is of its time, from 0 to 1, `_db` against full scale; see `audio.measures`."""

    seconds: float
    silence_share: float
    clipped_share: float
    loudness_db: float
    noise_floor_db: float
    bandwidth_hz: float

    @property
    def sound_seconds(self) -> float:
        """How much of it is no silence."""
        return self.seconds * (1 - self.silence_share)


class Excerpt:
    """A recording that comes in blocks, float32 [T] each: all of it up to a minute or so, of longer ones looks.

    Looks are of equal length and lie evenly over all of it. Whenever there are too many every other one goes.
    """

    def __init__(self, sample_rate: int) -> None:
        # As `measure` cuts it.
        self.look_samples = LOOK_WINDOWS * 2 ** round(np.log2(sample_rate * SPECTRUM_SECONDS))
        self._looks: list[Wave] = []
        self._rest = np.zeros(0, np.float32)
        self._seen, self._step = 0, 1

    def add(self, block: Wave) -> None:
        rest = np.concatenate([self._rest, block])
        for start in range(0, len(rest) - self.look_samples + 1, self.look_samples):
            if self._seen % self._step == 0:
                self._looks.append(rest[start : start + self.look_samples].copy())
            self._seen += 1
            if len(self._looks) > MOST_LOOKS:
                self._looks, self._step = self._looks[::2], 2 * self._step
        self._rest = rest[len(rest) // self.look_samples * self.look_samples :].copy()

    def waveform(self) -> Wave:
        """What was kept, one after the other -> [T]."""
        return np.concatenate([*self._looks, *([self._rest] if self._step == 1 else [])])


def conditions(excerpt: Wave, sample_rate: int, seconds: float | None = None) -> Conditions:
    """Measured on finite samples [T]; `seconds` is how long the recording is, where that is more."""
    # Beyond full scale is as clipped as at it.
    told = measure(np.clip(excerpt, -1, 1), sample_rate)
    kept = {field.name: told[field.name] for field in fields(Conditions)}
    return Conditions(**(kept if seconds is None else {**kept, "seconds": seconds}))


def conditions_of(blocks: Iterable[Wave], sample_rate: int) -> Conditions:
    """The same of a stream."""
    excerpt, samples = Excerpt(sample_rate), 0
    for block in blocks:
        excerpt.add(block)
        samples += len(block)
    return conditions(excerpt.waveform(), sample_rate, samples / sample_rate)
