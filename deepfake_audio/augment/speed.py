"""Speed: a recording that runs faster or slower, higher or lower with it, as a tape does."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from ..audio.codecs import resampled
from .base import Wave, WindowAugmentation
from .draws import between

# Factors are whole hundredths, so that the filters of resampling stay short; nobody hears a finer step.
STEPS = 100


class Speed(WindowAugmentation):
    """Plays windows at a drawn speed: [T] -> [T / factor], every frequency times the factor.

    Args:
        factors: range of the speed, in steps of a hundredth; 1 is as it was.
    """

    def __init__(self, share: float = 0.5, factors: Sequence[float] = (0.9, 1.1)) -> None:
        super().__init__(share)
        self.factors = between(factors, "speed.factors", least=0.5, most=2.0)

    def change(self, waveform: Wave, sample_rate: int, rng: np.random.Generator) -> Wave:
        """[T] -> [T / factor]."""
        low, high = round(STEPS * self.factors.low), round(STEPS * self.factors.high)
        return resampled(waveform, int(rng.integers(low, high + 1)), STEPS)
