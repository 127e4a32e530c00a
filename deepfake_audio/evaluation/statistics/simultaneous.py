"""Gaps between groups, with intervals that hold all at once however many pairs are compared."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy.special import ndtr, stdtrit

from ..metrics import Floats
from .spread import CONFIDENCE, SAME


class Compared(NamedTuple):
    """A figure of several groups that are set against each other, two and two."""

    measured: Floats  # [G]
    drawn: Floats  # [R, G], of the same draws for all
    rests_on: NDArray[np.bool_]  # [G, V], on which voices each rests


class Gap(NamedTuple):
    """How much higher the figure is in group `highest` than in `lowest`, by their places in `Compared`."""

    highest: int
    lowest: int
    gap: float
    interval: tuple[float, float]

    @property
    def certain(self) -> bool:
        """Whether luck in the choice of voices is ruled out, all comparisons allowed for."""
        return self.interval[0] > 0


def gaps_of(compared: list[Compared]) -> list[list[Gap]]:
    """All gaps of each comparison, largest first; their 95 % intervals hold together over all of `compared`.

    Max-t: of every draw the gap that strays furthest from what was measured, in units of its own standard error.
    What 95 % of the draws stay within is the reach for all, which heeds that gaps go together, as the many gaps of
    one odd group do. Bonferroni would not, and with many systems would find nothing.
    """
    furthest = np.zeros(max((len(each.drawn) for each in compared), default=1))
    found = []
    for each in compared:
        pairs = []
        for high, low, apart in _pairs(each):
            gaps = each.measured[high] - each.measured[low]
            errors = np.nanstd(apart, axis=0, ddof=1)
            # Gaps that no draw moves stray by rounding alone; a draw that lacks a group says nothing of it.
            strays = np.nan_to_num(np.abs(apart - gaps) / np.where(errors > SAME, errors, np.inf))
            furthest = np.maximum(furthest, strays.max(axis=1))
            pairs += list(zip(high, low, gaps, errors, strict=True))
        found.append(pairs)
    reach = float(np.quantile(furthest, CONFIDENCE))
    return [
        sorted((_gap(each, *pair, reach) for pair in pairs), key=lambda gap: -gap.gap)
        for each, pairs in zip(compared, found, strict=True)
    ]


def _pairs(each: Compared) -> Iterator[tuple[NDArray[np.intp], NDArray[np.intp], Floats]]:
    """The higher and the lower group of some pairs [P], and how far apart each draw has them [R, P]."""
    order = np.argsort(-each.measured, kind="stable")
    for place in range(len(order) - 1):
        low = order[place + 1 :]
        high = np.full(len(low), order[place])
        yield high, low, each.drawn[:, high] - each.drawn[:, low]


def _gap(each: Compared, high: int, low: int, gap: float, error: float, reach: float) -> Gap:
    """With few voices the standard error is too small and uncertain itself, as in `spread.tail_for`."""
    pair = [high, low]
    voices, variances = each.rests_on[pair].sum(axis=1), np.nanvar(each.drawn[:, pair], axis=0)
    # Welch's degrees of freedom: the group that varies more has more of a say. Voices that are in both count once.
    weighed = float(np.sum(variances**2 / (voices - 1)))
    freedom = float(np.sum(variances)) ** 2 / weighed if weighed > 0 else 1.0
    freedom = min(freedom, float(each.rests_on[pair].any(axis=0).sum()) - 1)
    wider = -stdtrit(freedom, ndtr(-reach)) * np.sqrt(min(voices) / (min(voices) - 1))
    low_end, high_end = gap - wider * error, gap + wider * error
    return Gap(int(high), int(low), float(gap), (float(max(low_end, -1.0)), float(min(high_end, 1.0))))
