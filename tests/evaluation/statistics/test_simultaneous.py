"""Simultaneous intervals: the reach is that of the textbook where a textbook has it."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.stats import norm, studentized_range

from deepfake_audio.evaluation.statistics.simultaneous import Compared, Gap, gaps_of


def compared(groups: int, seed: int = 0, voices: int = 2) -> Compared:
    """Groups whose figures vary alike and on their own, by one hundredth."""
    rng = np.random.default_rng(seed)
    measured = np.linspace(0.5, 0.6, groups)
    rests_on = np.repeat(np.eye(groups, dtype=bool), voices, axis=1)
    return Compared(measured, measured + rng.normal(0, 0.01, (40_000, groups)), rests_on)


def reach(gaps: list[Gap]) -> list[float]:
    """Half the width of each interval in standard errors of the gap."""
    return [(gap.interval[1] - gap.gap) / (0.01 * np.sqrt(2)) for gap in gaps]


def test_all_pairs_reach_as_far_as_tukeys_range() -> None:
    each = compared(5, voices=20_000)
    gaps = gaps_of([each])[0]
    tukey = studentized_range.ppf(0.95, 5, np.inf) / np.sqrt(2)
    assert reach(gaps) == pytest.approx([tukey] * 10, rel=0.02)
    assert [gap.gap for gap in gaps] == sorted((gap.gap for gap in gaps), reverse=True)
    assert (gaps[0].highest, gaps[0].lowest) == (4, 0) and gaps[0].certain and not gaps[-1].certain


def test_one_pair_reaches_as_far_as_ever_and_each_further_set_makes_all_reach_further() -> None:
    pair = compared(2, voices=20_000)
    assert reach(gaps_of([pair])[0]) == pytest.approx([1.96], rel=0.02)
    further = gaps_of([pair, compared(2, seed=1, voices=20_000)])
    # Two that have nothing to do with each other: each may err half as often.
    assert reach(further[0]) == pytest.approx([norm.isf((1 - 0.95**0.5) / 2)], rel=0.02)
    # The same twice is no second chance to err.
    assert reach(gaps_of([pair, pair])[1]) == pytest.approx([1.96], rel=0.02)


def test_few_voices_reach_further() -> None:
    few, many = compared(2, voices=8), compared(2, voices=20_000)
    assert reach(gaps_of([few])[0])[0] > 1.1 * reach(gaps_of([many])[0])[0]


def test_gaps_that_no_draw_moves_are_as_they_are() -> None:
    """Every voice of a group has the same rate: no width, and no say in how far the others reach."""
    still = Compared(
        np.array([0.9, 0.3]), np.tile([0.9, 0.3], (40_000, 1)), np.eye(2, dtype=bool).repeat(9, 1)
    )
    pair = compared(2, voices=20_000)
    found = gaps_of([still, pair])
    assert found[0][0].interval == pytest.approx((0.6, 0.6)) and found[0][0].certain
    assert reach(found[1]) == pytest.approx([1.96], rel=0.02)
    assert gaps_of([]) == []
