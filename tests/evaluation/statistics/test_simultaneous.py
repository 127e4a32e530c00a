"""Simultaneous intervals: the reach is that of the textbook where a textbook has it."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.special import expit
from scipy.stats import norm, studentized_range, t

from deepfake_audio.evaluation.statistics.figures import at_cut
from deepfake_audio.evaluation.statistics.measured import Clips
from deepfake_audio.evaluation.statistics.simultaneous import Compared, Gap, gaps_of, together

from ...drawn import draw_voices


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


def test_a_group_that_no_draw_moves_varies_as_voices_do_elsewhere() -> None:
    """Nine voices without an error beside ninety of whom some err: the gap is no surer than nine voices allow."""
    rng = np.random.default_rng(0)
    drawn = np.column_stack([0.08 + rng.normal(0, 0.02, 40_000), np.zeros(40_000)])
    rests_on = np.arange(99) < 90
    (gap,) = gaps_of([Compared(np.array([0.08, 0.0]), drawn, np.stack([rests_on, ~rests_on]))])[0]
    of_a_voice = 0.02 * np.sqrt(90) * np.sqrt(90 / 99)
    assert gap.gap - gap.interval[0] > 1.96 * of_a_voice / np.sqrt(9)
    assert not gap.certain
    far = Compared(np.array([0.40, 0.0]), drawn + np.array([0.32, 0.0]), np.stack([rests_on, ~rests_on]))
    assert gaps_of([far])[0][0].certain, "what is far apart is found all the same"


def test_together_differences_hold_in_95_percent_and_one_alone_is_the_plain_interval() -> None:
    rng = np.random.default_rng(0)
    common = rng.normal(size=(20_000, 1))
    drawn = 0.01 * (common + rng.normal(size=(20_000, 10)) * np.arange(1, 11))
    many_voices = 100_000
    low, high = np.array(together(np.zeros(10), drawn[:10_000], many_voices), dtype=float).T
    fresh = drawn[10_000:]
    assert ((fresh > low) & (fresh < high)).all(axis=1).mean() == pytest.approx(0.95, abs=0.01)
    each = ((fresh > low) & (fresh < high)).mean(axis=0)
    assert (each > 0.985).all(), "each of ten is wider than an interval alone"
    assert np.ptp(each) < 0.01, "none is widened at another's cost"
    alone = together(np.zeros(1), drawn[:, :1], many_voices)[0]
    assert alone == pytest.approx(np.quantile(drawn[:, 0], [0.025, 0.975]), abs=1e-3)


def test_one_difference_of_means_is_students_interval() -> None:
    """Of the mean of eight voices: the textbook's t interval, whose standard error the bootstrap has by sqrt(7/8)."""
    values = np.random.default_rng(1).normal(0.0, 0.1, 8)
    drawn = draw_voices(np.arange(8), 20_000).times @ values / 8
    (interval,) = together(np.array([values.mean()]), drawn[:, None], 8)
    assert interval is not None
    reach = t.ppf(0.975, 7) * values.std(ddof=1) / np.sqrt(8)
    assert (interval[1] - interval[0]) / 2 == pytest.approx(reach, rel=0.05)
    assert np.mean(interval) == pytest.approx(values.mean())


def test_few_voices_or_undefined_draws() -> None:
    drawn = 0.01 * np.random.default_rng(0).normal(size=(2000, 2))
    few, many = together(np.zeros(2), drawn, 5)[0], together(np.zeros(2), drawn, 500)[0]
    assert few is not None and many is not None
    assert np.ptp(few) > np.ptp(many)
    assert together(np.zeros(2), drawn, 1) == [None, None]
    drawn[:1000, 0] = np.nan
    half = together(np.zeros(2), drawn, 500)[0]
    assert half is not None and np.ptp(half) == pytest.approx(np.ptp(many), rel=0.1)
    drawn[:, 0] = np.nan
    first, second = together(np.array([np.nan, 0.0]), drawn, 500)
    assert first is None and second is not None
    assert together(np.zeros(1), np.zeros((10, 1)), 9) == [(0.0, 0.0)], "what no draw moves is as it is"


@pytest.mark.parametrize(("voices", "runs"), [(8, 2), (8, 11), (20, 11)])
def test_runs_that_are_equally_good_are_seldom_told_apart(voices: int, runs: int) -> None:
    """F2 of detectors that stumble over voices of their own: some pair is apart in about one of twenty worlds."""
    wrong, worlds = 0, 100
    voice, label = np.repeat(np.arange(voices), 20), np.tile(np.arange(20) % 2, voices)
    times = draw_voices(np.arange(voices), 400).times
    once = np.ones((1, voices), dtype=np.int32)
    for world in range(worlds):
        rng = np.random.default_rng([world, voices, runs])
        hard = 0.7 * rng.normal(size=voices)[voice]
        measured, drawn = [], []
        for _ in range(runs):
            own = 0.7 * rng.normal(size=voices)[voice]
            scores = expit(2 * (label - 0.5) + hard + own + rng.normal(0, 0.7, len(voice)))
            tell = at_cut(Clips.of(label, scores, voice), 0.35, ("f2",))
            measured.append(tell(once)["f2"])
            drawn.append(tell(times)["f2"])
        value, draws = (np.stack(each, axis=-1) for each in (measured, drawn))
        intervals = together(value[0, :1] - value[0, 1:], draws[:, :1] - draws[:, 1:], voices)
        wrong += any(each is not None and (each[0] > 0 or each[1] < 0) for each in intervals)
    # Eleven or more of a hundred come in one of a hundred tests, were it 5 %.
    assert wrong <= 10
