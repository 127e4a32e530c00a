"""What errors cost: the detection cost function (DCF) of the ASVspoof challenges.

The challenges look for bona fide speech and name errors from there. Their "miss" is a real voice that is refused,
which we call a false alarm; their "false alarm" is a fake that is let through, which we call a miss.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from ...errors import UserError
from .counts import Counts, Floats, confusion, false_alarm_rate, miss_rate


@dataclass(frozen=True)
class DcfCosts:
    """Costs by the challenges' names, and how often an attack is expected.

    Args:
        c_miss: the cost of calling a real voice fake.
        c_false_alarm: the cost of letting a fake through.
        p_spoof: the share of fakes that is expected in use.
    """

    c_miss: float
    c_false_alarm: float
    p_spoof: float

    def __post_init__(self) -> None:
        """Refuse what has no meaning."""
        if not all(math.isfinite(cost) and cost > 0 for cost in (self.c_miss, self.c_false_alarm)):
            raise UserError(f"costs must be above 0, not {self.c_miss:g} and {self.c_false_alarm:g}")
        if not 0 < self.p_spoof < 1:
            raise UserError(f"p_spoof is a share between 0 and 1, not {self.p_spoof:g}; 0.05 is 5 %")

    @property
    def of_reals(self) -> float:
        """What it costs on average to call every real fake."""
        return self.c_miss * (1 - self.p_spoof)

    @property
    def of_fakes(self) -> float:
        """What it costs on average to let every fake through."""
        return self.c_false_alarm * self.p_spoof


# The evaluation plan of ASVspoof 5, track 1.
ASVSPOOF5 = DcfCosts(c_miss=1.0, c_false_alarm=10.0, p_spoof=0.05)


def dcf(counts: Counts, costs: DcfCosts = ASVSPOOF5) -> Floats:
    """The cost at each cut; 1 is that of the better of calling everything real and everything fake."""
    cost = costs.of_reals * false_alarm_rate(counts) + costs.of_fakes * miss_rate(counts)
    return cost / min(costs.of_reals, costs.of_fakes)


def min_dcf(counts: Counts, costs: DcfCosts = ASVSPOOF5) -> Floats:
    """The lowest cost over all cuts of a sweep, or of many: [..., K+1] -> [...]."""
    return np.min(dcf(counts, costs), axis=-1)


def act_dcf(labels: ArrayLike, llr: ArrayLike, costs: DcfCosts = ASVSPOOF5) -> float:
    """The cost where log-likelihood ratios are taken at their word: at the cut that would be best if they held.

    Never below `min_dcf`; the distance is what bad calibration costs.

    Args:
        llr: log of how much likelier each clip is as a fake than as a real [N].
    """
    bayes = math.log(costs.of_reals / costs.of_fakes)
    # At the very threshold both calls cost the same; the challenge calls the clip real.
    return float(dcf(confusion(labels, llr, math.nextafter(bayes, math.inf)), costs))
