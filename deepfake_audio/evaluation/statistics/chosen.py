"""How far the threshold itself could be off: chosen again on every drawn set of validation's voices.

In the simulated worlds of `spread` the 95 % interval held the threshold that all voices would choose in 80 % of
worlds of 8 voices, in 90 % of 20 and in 95 % of 60.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

from ..metrics import Counts, Floats
from ..thresholds import Rule, values
from .draws import RESAMPLES, Times, over_draws
from .figures import affordable
from .measured import Clips, Sweeps
from .spread import Interval, spread


def threshold_interval(
    labels: ArrayLike,
    p_fake: ArrayLike,
    voices: ArrayLike,
    rule: Rule,
    resamples: int = RESAMPLES,
    seed: int = 0,
) -> Interval:
    """The 95 % interval over voices of the threshold that `rule` chooses; None where a class has one voice.

    Each drawn set chooses exactly as `thresholds.choose` would, were the set put together clip by clip.
    """
    clips = Clips.of(labels, p_fake, voices)
    sweeps = Sweeps(clips)

    def tell(times: Times) -> dict[str, Floats]:
        return {"threshold": np.concatenate([_chosen(rule, sweeps.scores, each) for each in sweeps(times)])}

    drawn = over_draws(tell, clips.n_voices, affordable(resamples, len(clips.score)), seed)["threshold"]
    return spread(drawn, min(clips.voices_with(True), clips.voices_with(False)))


def _chosen(rule: Rule, scores: Floats, sweeps: Counts) -> Floats:
    """The threshold of each sweep [r, K+1] over the falling `scores` [K]: [r]; NaN where a class is wanting."""
    lacking = (sweeps.tp[:, -1] == 0) | (sweeps.fp[:, -1] == 0)
    cut = np.argmax(values(rule, sweeps), axis=1)
    called = sweeps.tp + sweeps.fp
    here = np.take_along_axis(called, cut[:, None], axis=1)
    # Scores that were not drawn are not there: the next lower one is where the count rises next.
    rises = called > here
    after = np.where(rises.any(axis=1), np.argmax(rises, axis=1), len(scores) + 1)
    below = np.append(scores, 0.0)[after - 1]
    # Of a cut that calls nothing, the end of the scale stands in for the score above, or what is just beyond it.
    beyond = np.maximum(1.0, np.nextafter(below, 2))
    above = np.where(cut > 0, scores[cut - 1], beyond)
    middle = below + (above - below) / 2
    return np.where(lacking, np.nan, np.where((below < middle) & (middle <= above), middle, above))
