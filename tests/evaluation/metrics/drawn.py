"""Clips drawn for property tests, from so few scores that ties are the rule."""

from __future__ import annotations

import numpy as np
from hypothesis import settings
from hypothesis import strategies as st

Rows = list[tuple[int, int]]

# Of a label and a score from 0 to 6 each.
some_clips = st.lists(st.tuples(st.integers(0, 1), st.integers(0, 6)), min_size=1, max_size=40)
clips = some_clips.filter(lambda rows: len({label for label, _ in rows}) == 2)

# A machine that is busy with other tests is no failure.
unhurried = settings(deadline=None, max_examples=50)


def arrays(rows: Rows) -> tuple[np.ndarray, np.ndarray]:
    """Labels [N], and scores [N] from 0 to 1."""
    labels, scores = np.array(rows).T
    return labels, scores / 6


def every_cut(labels: np.ndarray, scores: np.ndarray) -> list[tuple[float, float]]:
    """The shares of reals called fake and of fakes missed, cut by cut as their definition says, none first."""
    cuts = [np.inf, *sorted(set(scores), reverse=True)]
    return [
        (float(np.mean(scores[labels == 0] >= cut)), float(np.mean(scores[labels == 1] < cut)))
        for cut in cuts
    ]
