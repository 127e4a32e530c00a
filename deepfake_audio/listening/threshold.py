"""Whether what a detector's config says of its threshold can be relied on; else no verdict is given by it."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..evaluation.thresholds import Rule

# Calling nothing fake is a threshold just above 1; anything else out of range would pass every fake.
BEYOND = 1.001
CALLS = ("some", "everything", "nothing")


def checked_threshold(told: Any) -> dict[str, Any]:
    """`threshold` of a config as it is; an error of any kind where it can't be right.

    Args:
        told: has `threshold`; may have `interval` (lowest and highest), `rule` (settings of a `Rule`) and `calls`.
    """
    if not isinstance(told, dict):
        raise TypeError(f"threshold is {told!r:.40}, which holds no settings")
    if not 0 <= _number(told["threshold"], "threshold") < BEYOND:
        raise ValueError("threshold is out of range")
    interval = told.get("interval")
    if interval is not None:
        if not isinstance(interval, list | tuple) or len(interval) != 2:
            raise TypeError(
                f"threshold.interval is {interval!r:.40}, which is no lowest and highest threshold"
            )
        low, high = (_number(end, "threshold.interval") for end in interval)
        if not 0 <= low <= high < BEYOND:
            raise ValueError(f"threshold.interval is out of range: {low} to {high}")
    rule = told.get("rule")
    if rule is not None:
        if not isinstance(rule, dict):
            raise TypeError(f"threshold.rule is {rule!r:.40}, which holds no settings")
        Rule(**rule)
    if told.get("calls", "some") not in CALLS:
        raise ValueError(f"threshold.calls is none of {', '.join(CALLS)}")
    return told


def _number(value: Any, name: str) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float) or not np.isfinite(float(value)):
        raise ValueError(f"{name} is no number")
    return float(value)
