"""From the figures of drawn sets to an interval that is wide enough when voices are few.

How often the 95 % interval held the truth in 400 simulated worlds (20 clips a voice, voices that differ about as
much as clips of one voice do, F2 .87); in brackets that of the plain percentiles, without what is done here:

    voices    F2           false alarms  EER          AUC          average precision  min DCF
         8    88 % (81)    92 % (88)     95 % (88)    86 % (78)    85 % (76)          75 % (63)
        20    91 % (89)    93 % (90)     96 % (94)    92 % (88)    90 % (85)          89 % (76)
        60    94 % (94)    94 % (93)     96 % (95)    94 % (92)    92 % (90)          92 % (82)

Taking clips for independent would hold the true share of false alarms in 81, 64 and 77 % of them.
"""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import ArrayLike
from scipy.special import ndtr, ndtri, stdtrit

from ..metrics import Floats

CONFIDENCE = 0.95
# Figures that are equal on paper may differ in the last bits, by the order in which they were summed.
SAME = 1e-12

Interval = tuple[float, float] | None


def spread(drawn: Floats, voices: int, measured: float | None = None) -> Interval:
    """The middle 95 % of the drawn sets in which the figure is defined, a little more where voices are few.

    None where the figure is defined in no set, or where it rests on one voice, of which no draw can tell what
    another would have done.

    Args:
        voices: on how many voices the figure rests; of its classes, the one with the fewest.
        measured: the figure of the clips as they are. Given for a figure that flatters itself where voices are few:
            drawn sets do so once more, and the interval is moved back by as much as they lie to one side of it.
    """
    defined = np.sort(drawn[~np.isnan(drawn)])
    if voices < 2 or not len(defined):
        return None
    reach, moved = -ndtri(tail_for(voices)), 0.0
    if measured is not None:
        lower = (np.mean(defined < measured - SAME) + np.mean(defined <= measured + SAME)) / 2
        # Of draws that all lie to one side, the next one might have lain on the other.
        moved = 2 * ndtri(np.clip(lower, 0.5 / len(defined), 1 - 0.5 / len(defined)))
    return _quantile(defined, ndtr(moved - reach)), _quantile(defined, ndtr(moved + reach))


def tail_for(voices: int) -> float:
    """The share of draws to leave out at either end, so that 95 % hold for few voices too.

    The bootstrap takes the spread of the voices it has for that of all voices: too small by sqrt((n-1)/n), and
    itself uncertain, which is what Student's t allows for. Both are put into the quantile (Hesterberg's expanded
    percentiles), so that an interval never leaves the scale of its figure. With many voices it is 2.5 %.
    """
    return float(ndtr(math.sqrt(voices / (voices - 1)) * stdtrit(voices - 1, (1 - CONFIDENCE) / 2)))


def plain(figure: ArrayLike) -> float | None:
    """A figure for JSON: None where it is undefined."""
    value = float(figure)  # type: ignore[arg-type]
    return None if math.isnan(value) else value


def _quantile(rising: Floats, share: float) -> float:
    """Linear between neighbours, as usual; of two infinite ones there is no difference to go a part of."""
    place = share * (len(rising) - 1)
    below, above = rising[math.floor(place)], rising[math.ceil(place)]
    part = place - math.floor(place)
    return float(below if below == above or part == 0 else below + part * (above - below))
