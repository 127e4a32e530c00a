"""The EER of each system's fakes against all reals, and how far it could be off."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

from .. import metrics
from .draws import RESAMPLES
from .figures import curves, resting_on
from .measured import OF_CURVE, Clips
from .spread import Interval, spread


def eer_by_system(
    labels: ArrayLike,
    scores: ArrayLike,
    systems: ArrayLike,
    voices: ArrayLike,
    resamples: int = RESAMPLES,
    seed: int = 0,
) -> dict[str, tuple[float, Interval]]:
    """By the name of each system that made fakes: its EER, NaN without reals, and the 95 % interval over voices.

    Args:
        systems: what made each clip [N]; what it says of reals doesn't count.
        voices: who speaks, or the `clusters` of voices that share recordings [N].
    """
    clips, system = Clips.of(labels, scores, voices), np.asarray(systems, dtype=str)
    eer = {"eer": OF_CURVE["eer"]}
    told: dict[str, tuple[float, Interval]] = {}
    for name, rate in metrics.equal_error_rates_by(labels, scores, system).items():
        judged = clips.only(~clips.fake | (system == name))
        there = not np.isnan(rate)
        drawn = curves(judged, eer, resamples, seed)["eer"] if there else None
        told[name] = rate, None if drawn is None else spread(drawn, resting_on(judged, "eer"))
    return told
