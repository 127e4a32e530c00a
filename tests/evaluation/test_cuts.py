"""Cuts weighed a few at a time beside all at once, and the order of scores beside numpy's."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from deepfake_audio.evaluation import cuts, metrics
from deepfake_audio.evaluation.thresholds import Rule, choose, values

SCORES = st.one_of(
    st.sampled_from([-np.inf, -1.0, -5e-324, -0.0, 0.0, 5e-324, 1.0, np.inf]), st.floats(allow_nan=False)
)


@given(st.lists(st.tuples(st.booleans(), SCORES), min_size=1, max_size=40))
def test_falling_scores_keep_their_labels(rows: list[tuple[bool, float]]) -> None:
    fake, score = (np.array(each) for each in zip(*rows, strict=True))
    given_scores = score.copy()
    falling, labels = metrics.ranked(fake, score)
    assert np.array_equal(falling, np.sort(score)[::-1])
    # Among equal scores their order is nobody's business.
    assert sorted(zip(falling, labels, strict=True)) == sorted(zip(score, fake, strict=True))
    assert np.array_equal(score, given_scores) and np.array_equal(np.signbit(score), np.signbit(given_scores))


@pytest.mark.parametrize("at_once", [1, 2, 7, 1000])
@pytest.mark.parametrize("decimals", [1, 3, 17])
@pytest.mark.parametrize(
    "rule", [Rule(), Rule(max_false_alarm=0.1), Rule("miss", max_miss=0.2), Rule("cost", prevalence=0.1)]
)
def test_a_few_at_a_time_is_all_at_once(
    rule: Rule, decimals: int, at_once: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(cuts, "AT_ONCE", at_once)
    rng = np.random.default_rng(decimals)
    for _ in range(5):
        labels = rng.integers(0, 2, 200)
        scores = np.round(1 / (1 + np.exp(-rng.normal(2 * labels - 1, 1))), decimals)
        sweep = metrics.sweep(labels, scores)
        best = int(np.argmax(figures := values(rule, sweep.counts)))
        found = choose(labels, scores, rule)
        assert found.value == figures[best]
        assert found.counts == metrics.Counts(*(cell[best] for cell in sweep.counts))
        assert found.threshold == cuts.between(sweep.thresholds[1:], best)
