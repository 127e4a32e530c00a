"""Scores in falling order with their labels: one plain sort of numbers that hold both."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from .counts import Floats


def ranked(fake: NDArray[np.bool_], score: Floats) -> tuple[Floats, NDArray[np.bool_]]:
    """Scores [N] (none NaN, infinite ones may be) and labels [N] by falling score. O(n log n).

    The bits of a float that is not negative, read as a whole number, are in the order of the floats, and their first
    is zero: so there is room for the label behind the last. Sorting such numbers is several times as fast as finding
    an order and following it. Negative scores are the same, backwards.
    """
    # A negative zero is a zero.
    score = score + 0.0
    if score.min() >= 0:
        return _falling(fake, score)
    negative = score < 0
    high, fake_high = _falling(fake[~negative], score[~negative])
    # Of what is negative, the smallest without its sign comes first.
    low, fake_low = _falling(fake[negative], -score[negative])
    return np.concatenate([high, -low[::-1]]), np.concatenate([fake_high, fake_low[::-1]])


def _falling(fake: NDArray[np.bool_], score: Floats) -> tuple[Floats, NDArray[np.bool_]]:
    """The same where no score is negative; `score` is used up."""
    keys = np.ascontiguousarray(score).view(np.uint64)
    keys <<= np.uint64(1)
    keys |= fake
    keys.sort()
    labels = (keys & np.uint64(1)).astype(np.bool_)
    keys >>= np.uint64(1)
    return keys.view(np.float64)[::-1], labels[::-1]
