"""Cuts through scores in falling order: the best of all, found a few at a time, and the number it stands at."""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from .metrics import Counts, Floats

# Cuts that are weighed together: few enough for a processor's own memory.
AT_ONCE = 2**14


def first_highest(
    figure: Callable[[Counts], Floats], falling: Floats, fake: NDArray[np.bool_]
) -> tuple[int, Counts, float]:
    """How many clips the best cut calls fake, its counts, and its figure; of equal cuts the one that calls fewest.

    Every distinct score is a cut, equal scores together, and so is calling nothing fake.

    Args:
        figure: counts of some cuts -> what is to be high, each for itself.
        falling: scores [N] in falling order, `fake` [N] their labels.
    """
    n, fakes = len(falling), float(np.count_nonzero(fake))
    nothing = Counts(*(np.asarray(cell, dtype=np.float64) for cell in (0, 0, n - fakes, fakes)))
    best = (0, nothing, float(figure(nothing)))
    caught = 0.0
    for first in range(0, n, AT_ONCE):
        end = min(first + AT_ONCE, n)
        tp = caught + np.cumsum(fake[first:end], dtype=np.float64)
        caught = tp[-1]
        # A cut lies behind the last of equal scores.
        ends = np.append(falling[first : end - 1] != falling[first + 1 : end], True)
        ends[-1] = end == n or falling[end - 1] != falling[end]
        rows = np.flatnonzero(ends)
        if not len(rows):
            continue
        tp, fp = tp[rows], first + rows + 1 - tp[rows]
        counts = Counts(tp, fp, n - fakes - fp, fakes - tp)
        figures = figure(counts)
        cut = int(np.argmax(figures))
        if figures[cut] > best[2]:
            best = (
                first + int(rows[cut]) + 1,
                Counts(*(cell[cut] for cell in counts)),
                float(figures[cut]),
            )
    return best


def between(falling: Floats, cut: int, lowest: float = 0.0, highest: float = 1.0) -> float:
    """A threshold that calls fake exactly the `cut` highest of the distinct, falling scores: halfway to the next.

    The ends of the scale stand in for the neighbours that the outermost cuts lack.
    """
    above = float(falling[cut - 1]) if cut > 0 else max(highest, math.nextafter(falling[0], math.inf))
    below = float(falling[cut]) if cut < len(falling) else lowest
    if math.isinf(below):
        return below if cut == len(falling) else above
    middle = below + (above - below) / 2
    # Between neighbouring floats there is no middle: then it is the score itself, still at or above itself.
    return middle if below < middle <= above else above
