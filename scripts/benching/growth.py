"""How cost grows with size: the slope of a curve, and what it says of sizes beyond."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np

from .frame import Point


def slope(points: Sequence[Point]) -> float:
    """The power of the size that seconds grow with, fitted over all sizes; 1 is in proportion."""
    sizes, seconds = ([math.log(getattr(point, name)) for point in points] for name in ("size", "seconds"))
    return float(np.polyfit(sizes, seconds, 1)[0])


def seconds_at(points: Sequence[Point], size: float) -> float:
    """What the largest size measured takes, drawn on with the slope of the last step.

    Never flatter than in proportion: a small size is mostly what is paid once, and that ends.
    """
    ordered = sorted(points, key=lambda point: point.size)
    last = ordered[-1]
    steep = slope(ordered[-2:]) if len(ordered) > 1 else 1.0
    return last.seconds * (size / last.size) ** max(1.0, steep)


def mib_at(points: Sequence[Point], size: float) -> float | None:
    """Memory at most, drawn on in a straight line; None where it was not measured."""
    known = sorted((point.size, point.peak_mib) for point in points if point.peak_mib is not None)
    if not known:
        return None
    (low_size, low), (high_size, high) = known[0], known[-1]
    each = max(0.0, (high - low) / (high_size - low_size)) if len(known) > 1 else 0.0
    return high + each * (size - high_size)
