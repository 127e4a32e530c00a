"""Several differences whose intervals hold all at once, however many they are: between groups, and between runs.

Max-t: of every draw the difference that strays furthest from what was measured, in units of its own standard error.
What 95 % of the draws stay within is the reach for all, which heeds that differences go together, as the many gaps
of one odd group do. Bonferroni would not, and with many systems would find nothing.

How often some difference was called one where there is none, of 200 simulated worlds (5 % are promised):

    runs     2 or 11 of them, on 8, 20 and 91 voices                                      0.5 to 6.5 %
    groups   2 to 5 of them, one of 60 to 150 voices, others of 8 to 12, errors 5 to 10 %   0 to 0.5 %

Between groups that is more careful than it need be. False alarms of 45 against 10 % were found in 65 % of worlds of 8
against 150 voices, and in all of 20 against 150.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy.special import ndtr, ndtri, stdtrit

from ..metrics import Floats
from .spread import CONFIDENCE, SAME, Interval

# No set of differences reaches less far than a single one does.
ALONE = float(ndtri((1 + CONFIDENCE) / 2))


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
        """Whether luck in the choice of voices is unlikely, all comparisons allowed for."""
        return self.interval[0] > 0


def together(measured: Floats, drawn: Floats, voices: int) -> list[Interval]:
    """95 % intervals of differences [K], drawn [R, K], that all rest on the same `voices`, and hold all at once.

    None where a difference is undefined, or rests on one voice.
    """
    if voices < 2:
        return [None] * len(measured)
    defined = ~np.isnan(measured) & ~np.isnan(drawn).all(axis=0)
    intervals: list[Interval] = [None] * len(measured)
    if not defined.any():
        return intervals
    centres, draws = measured[defined], drawn[:, defined]
    errors = np.nanstd(draws, axis=0, ddof=1)
    half = _half_widths(errors, _reach(_furthest(draws, centres, errors)), voices - 1, voices)
    for place, centre, wide in zip(np.flatnonzero(defined), centres, half, strict=True):
        intervals[place] = _within(centre, wide)
    return intervals


def gaps_of(compared: list[Compared]) -> list[list[Gap]]:
    """All gaps of each comparison, largest first; their 95 % intervals hold together over all of `compared`."""
    furthest = np.full(max((len(each.drawn) for each in compared), default=1), np.nan)
    found = []
    for each in compared:
        pairs = []
        unseen = _unseen(each)
        for high, low, apart in _pairs(each):
            gaps = each.measured[high] - each.measured[low]
            errors = np.sqrt(np.nanvar(apart, axis=0, ddof=1) + unseen[high] + unseen[low])
            furthest = np.fmax(furthest, _furthest(apart, gaps, errors))
            pairs += list(zip(high, low, gaps, errors, strict=True))
        found.append(pairs)
    reach = _reach(furthest)
    return [
        sorted((_gap(each, *pair, reach) for pair in pairs), key=lambda gap: -gap.gap)
        for each, pairs in zip(compared, found, strict=True)
    ]


def _furthest(drawn: Floats, measured: Floats, errors: Floats) -> Floats:
    """How far the furthest of [R, K] strays, in standard errors: [R]; NaN in a draw that tells of none."""
    # What no draw moves strays by rounding alone.
    strays = np.abs(drawn - measured) / np.where(errors > SAME, errors, np.inf)
    return np.fmax.reduce(strays, axis=1)


def _reach(furthest: Floats) -> float:
    known = furthest[~np.isnan(furthest)]
    return max(ALONE, float(np.quantile(known, CONFIDENCE))) if len(known) else ALONE


def _half_widths(errors: Floats, reach: float, freedom: float, voices: int) -> Floats:
    """With few voices the standard error is too small and uncertain itself, as in `spread.tail_for`."""
    return -stdtrit(freedom, ndtr(-reach)) * np.sqrt(voices / (voices - 1)) * errors


def _within(centre: float, half: float) -> tuple[float, float]:
    """All figures that are compared are shares, so that none is further than 1 above another."""
    return float(max(centre - half, -1.0)), float(min(centre + half, 1.0))


def _unseen(each: Compared) -> Floats:
    """By how much the variance of each group falls short of what its number of voices leads to expect: [G].

    Of a few voices in which an error is rare, often none has it: no draw then moves the group's figure, and the
    bootstrap takes it for exact. So every group is thought to vary at least as voices do over all groups.
    """
    voices, variance = each.rests_on.sum(axis=1), np.nanvar(each.drawn, axis=0)
    of_a_voice = np.sum(voices * (voices * variance)) / np.sum(voices)
    return np.maximum(of_a_voice / voices - variance, 0.0)


def _pairs(each: Compared) -> Iterator[tuple[NDArray[np.intp], NDArray[np.intp], Floats]]:
    """The higher and the lower group of some pairs [P], and how far apart each draw has them [R, P]."""
    order = np.argsort(-each.measured, kind="stable")
    for place in range(len(order) - 1):
        low = order[place + 1 :]
        high = np.full(len(low), order[place])
        yield high, low, each.drawn[:, high] - each.drawn[:, low]


def _gap(each: Compared, high: int, low: int, gap: float, error: float, reach: float) -> Gap:
    """Welch's degrees of freedom: the group that varies more has more of a say. Voices in both count once."""
    pair = [high, low]
    voices, variances = each.rests_on[pair].sum(axis=1), np.nanvar(each.drawn[:, pair], axis=0)
    weighed = float(np.sum(variances**2 / (voices - 1)))
    freedom = float(np.sum(variances)) ** 2 / weighed if weighed > 0 else 1.0
    freedom = min(freedom, float(each.rests_on[pair].any(axis=0).sum()) - 1)
    half = float(_half_widths(np.asarray(error), reach, freedom, int(min(voices))))
    return Gap(int(high), int(low), float(gap), _within(gap, half))
