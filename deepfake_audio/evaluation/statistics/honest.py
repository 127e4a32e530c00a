"""How far a calibration error (ECE) could be off, over voices.

It is a sum of distances, and no luck makes a distance negative: of a P(fake) that is right the error is above 0 on
any clips, and in drawn sets it is larger again. The middle of the draws would therefore never hold a true 0. So the
draws are turned round at the measured error, and the lower end is 0 where a right P(fake) of voices that stray as
much as these comes out as far off. In 200 simulated worlds each (20 clips a voice) the interval held the truth in

    voices    P(fake) right    twice too sure    half as sure
        20             98 %              95 %            84 %
        60             98 %              93 %            87 %
       200             98 %              94 %            92 %
"""

from __future__ import annotations

import numpy as np

from ..metrics import Floats
from ..metrics.probabilities import BINS, steps
from .draws import Times, over_draws
from .measured import Clips
from .spread import Interval, spread


def calibration_error_interval(clips: Clips, voices: int, resamples: int, seed: int) -> Interval:
    """The 95 % interval of the calibration error; None of scores that are no probabilities.

    Args:
        voices: on how many it rests.
    """
    p = clips.score
    if p.min() < 0 or p.max() > 1:
        return None
    place = steps(p)[1]
    # Of each voice and step: how many fakes there are beyond those that P(fake) promised.
    beyond = np.stack([clips.by_voice((clips.fake - p) * (place == step)) for step in range(BINS)], axis=1)
    count = clips.by_voice(np.ones(len(p)))
    whole = beyond.sum(axis=0)
    measured = float(np.abs(whole).sum() / len(p))

    def tell(times: Times) -> dict[str, Floats]:
        drawn, total = times @ beyond, times @ count
        by_chance = drawn - total[:, None] / len(p) * whole
        return {
            name: np.abs(each).sum(axis=1) / total for name, each in (("error", drawn), ("chance", by_chance))
        }

    drawn = over_draws(tell, clips.n_voices, resamples, seed)
    ends, chance = spread(drawn["error"], voices), spread(drawn["chance"], voices)
    if ends is None or chance is None:
        return None
    low = 0.0 if measured <= chance[1] else np.clip(2 * measured - ends[1], 0, measured)
    return float(low), float(np.clip(2 * measured - ends[0], measured, 1))
