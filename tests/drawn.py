"""All draws of voices in one table, to put drawn sets together clip by clip."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from deepfake_audio.evaluation.statistics import RESAMPLES, over_draws
from deepfake_audio.evaluation.statistics.draws import numbered


class Draws(NamedTuple):
    """How often each voice was drawn: `times` [R, V], and the voice of each clip: `voice` [N]."""

    times: NDArray[np.int32]
    voice: NDArray[np.intp]


def draw_voices(voices: ArrayLike, resamples: int = RESAMPLES, seed: int = 0) -> Draws:
    """What `over_draws` hands to whoever measures figures."""
    voice, count = numbered(voices)
    drawn = over_draws(lambda times: {"times": times}, count, resamples, seed)  # type: ignore[dict-item]
    return Draws(drawn["times"], voice)  # type: ignore[arg-type]
