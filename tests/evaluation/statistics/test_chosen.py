"""The threshold's interval: what the rule would choose in each set, put together clip by clip."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from deepfake_audio.evaluation.statistics import threshold_interval
from deepfake_audio.evaluation.thresholds import Rule, choose

from ...scored import made_scores
from .plainly import drawn_sets, ends

RULES = [
    Rule(),
    Rule(beta=0.5, max_false_alarm=0.1),
    Rule("false_alarm", max_false_alarm=0.0),
    Rule("miss", max_miss=0.05),
    Rule("cost", prevalence=0.02, cost_miss=2.0),
    Rule("cost", prevalence=0.999),
]


@pytest.mark.parametrize("rule", RULES, ids=str)
@pytest.mark.parametrize("decimals", [16, 1])
def test_each_drawn_set_chooses_as_if_it_stood_alone(rule: Rule, decimals: int) -> None:
    """Down to the very threshold, ties and the ends of the scale included."""
    scores = made_scores(voices=9, clips=6, distance=0.8)
    scores["p_fake"] = scores["p_fake"].round(decimals)
    chosen = [
        choose(one["label"], one["p_fake"], rule).threshold
        for one in drawn_sets(scores, resamples=60, seed=2)
    ]
    ours = threshold_interval(scores["label"], scores["p_fake"], scores["voice"], rule, resamples=60, seed=2)
    assert ours == pytest.approx(ends(chosen, 9), abs=1e-15)


def test_sets_that_lack_a_class_choose_nothing() -> None:
    scores = made_scores(voices=8)
    scores = scores[(scores["label"] == 1) | scores["voice"].isin(["val001", "val002"])]
    sets = [one for one in drawn_sets(scores, 100, 0) if one["label"].nunique() == 2]
    assert len(sets) < 95
    chosen = [choose(one["label"], one["p_fake"], Rule()).threshold for one in sets]
    ours = threshold_interval(scores["label"], scores["p_fake"], scores["voice"], Rule(), resamples=100)
    assert ours == pytest.approx(ends(chosen, 2), abs=1e-15)


def test_copies_change_nothing_and_one_voice_tells_nothing() -> None:
    def of(scores: pd.DataFrame) -> tuple[float, float] | None:
        return threshold_interval(scores["label"], scores["p_fake"], scores["voice"], Rule())

    scores = made_scores()
    assert of(scores) == of(pd.concat([scores] * 10))
    assert of(made_scores(voices=1)) is None
    assert of(scores[scores["label"] == 0]) is None


def test_it_narrows_as_voices_grow_and_holds_the_choice_of_many() -> None:
    few, many = made_scores(voices=15), made_scores(voices=1000)
    wide = threshold_interval(few["label"], few["p_fake"], few["voice"], Rule(), resamples=300)
    narrow = threshold_interval(many["label"], many["p_fake"], many["voice"], Rule(), resamples=300)
    assert wide and narrow
    assert np.ptp(narrow) < np.ptp(wide) / 2
    assert wide[0] <= choose(many["label"], many["p_fake"], Rule()).threshold <= wide[1]
