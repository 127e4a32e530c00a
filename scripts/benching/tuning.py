"""Choosing a threshold among ten million scores, beside sorting them."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np

from .frame import Point, Row, seconds_of, side_by_side

SCORES, FEW = 10_000_000, 200_000
SIZES = (100_000, 1_000_000, 10_000_000)
GOAL_AT_MOST = 1.5
# So many scores stand apart where a detector tells few things apart: ties by the thousand.
COARSE = 1000


def rows(work: Path, quick: bool) -> list[Row]:
    """`choose` by F2, beside numpy's sort of the same 64-bit scores, and beside the order of them."""
    size, repeats = (FEW, 3) if quick else (SCORES, 5)
    found = []
    for name, made in (("all distinct", scores(size)), ("1,000 distinct", coarse(size))):
        times = side_by_side(ways(*made), repeats)
        for way in ("np.argsort", "np.sort"):
            ratio = times["ours"] / times[way]
            found.append(
                Row(
                    measure=f"best F2 threshold of {size:,} scores, {name}",
                    against=f"{way} of them (float64)",
                    unit="s",
                    ours=times["ours"],
                    theirs=times[way],
                    ratio=ratio,
                    goal_at_most=GOAL_AT_MOST if way == "np.argsort" else None,
                )
            )
    return found


def growth(work: Path, quick: bool) -> list[Point]:
    """Seconds over the number of scores."""
    from deepfake_audio.evaluation.thresholds import best_threshold

    points = []
    for size in SIZES[:2] if quick else SIZES:
        labels, p_fake = scores(size)
        best_threshold(labels, p_fake)
        taken = float(np.median([seconds_of(lambda: best_threshold(labels, p_fake)) for _ in range(3)]))  # noqa: B023
        points.append(Point("choose a threshold", size, "scores", taken))
    return points


def ways(labels: np.ndarray, p_fake: np.ndarray) -> dict[str, Callable[[], object]]:
    from deepfake_audio.evaluation.thresholds import best_threshold

    return {
        "ours": lambda: best_threshold(labels, p_fake),
        "np.argsort": lambda: np.argsort(p_fake),
        "np.sort": lambda: np.sort(p_fake),
    }


def scores(size: int) -> tuple[np.ndarray, np.ndarray]:
    """Labels and P(fake) of a detector that is right nine times in ten: [size] each."""
    rng = np.random.default_rng(0)
    labels = (rng.random(size) < 0.5).astype(np.int64)
    return labels, 1 / (1 + np.exp(-rng.normal(2.6 * labels - 1.3, 1.0)))


def coarse(size: int) -> tuple[np.ndarray, np.ndarray]:
    labels, p_fake = scores(size)
    return labels, np.round(p_fake * COARSE) / COARSE
