"""How far a figure could be off, seen over voices: clips of one voice succeed and fail together.

A clustered bootstrap. Voices are drawn with replacement, so that ten copies of each clip tell nothing new, and a
figure is measured in every drawn set. The ends of an interval allow for voices being few (see `spread.tail_for`).
"""

from __future__ import annotations

from .chosen import threshold_interval
from .clusters import clusters
from .draws import RESAMPLES, over_draws
from .figures import intervals
from .paired import Difference, auc_drop, difference
from .spread import CONFIDENCE, Interval, spread
from .strata import auc_in_strata
from .systems import eer_by_system

__all__ = [
    "CONFIDENCE",
    "RESAMPLES",
    "Difference",
    "Interval",
    "auc_drop",
    "auc_in_strata",
    "clusters",
    "difference",
    "eer_by_system",
    "intervals",
    "over_draws",
    "spread",
    "threshold_interval",
]
