"""Intervals: over voices, as wide as they should be, and as the plain way of drawing them gives."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from sklearn.metrics import fbeta_score, roc_auc_score

from deepfake_audio.evaluation import metrics
from deepfake_audio.evaluation.statistics import draw_voices, intervals

from ..scored import made_scores


def of(scores: pd.DataFrame, **settings: float) -> dict[str, tuple[float, float] | None]:
    return intervals(scores["label"], scores["p_fake"], scores["voice"], 0.5, **settings)  # type: ignore[arg-type]


def test_copies_of_clips_tell_nothing_new() -> None:
    """Ten copies of each clip leave every interval as it was; ten times the voices narrow it by about root ten."""
    scores = made_scores()
    copied = of(pd.concat([scores] * 10))
    for name, interval in of(scores).items():
        if name not in ("auc", "eer"):  # of whose curves fewer may be drawn the more clips there are
            assert copied[name] == pytest.approx(interval, abs=1e-12)
    few, many = of(scores)["f2"], of(made_scores(voices=300))["f2"]
    assert few and many
    assert 2 < (few[1] - few[0]) / (many[1] - many[0]) < 5


def test_the_intervals_are_those_of_sets_drawn_the_plain_way() -> None:
    """The very voices of each draw, put together clip by clip and measured by scikit-learn."""
    scores = made_scores(voices=12)
    draws = draw_voices(scores["voice"], resamples=200, seed=3)
    plain: dict[str, list[float]] = {"f2": [], "auc": [], "eer": [], "false_alarm_rate": []}
    for times in draws.times:
        drawn = scores.loc[scores.index.repeat(times[draws.voice])]
        called = drawn["p_fake"] >= 0.5
        plain["f2"].append(fbeta_score(drawn["label"], called, beta=2))
        plain["auc"].append(roc_auc_score(drawn["label"], drawn["p_fake"]))
        plain["eer"].append(
            float(metrics.equal_error_rate(metrics.sweep(drawn["label"], drawn["p_fake"]).counts))
        )
        plain["false_alarm_rate"].append(called[drawn["label"] == 0].mean())
    ours = of(scores, resamples=200, seed=3)
    for name, values in plain.items():
        assert ours[name] == pytest.approx(np.quantile(values, [0.025, 0.975]), abs=1e-9), name


def test_the_interval_holds_the_truth_about_as_often_as_it_says() -> None:
    """Recall of voices that each succeed at their own rate, .8 on average: seen in most of 100 worlds."""
    rng = np.random.default_rng(1)
    held = clips_held = 0
    voices = np.repeat(np.arange(40), 20)
    for world in range(100):
        rate = rng.beta(4, 1, size=40)
        scores = (rng.random(800) < rate[voices]).astype(float)
        labels = np.ones(800, int)
        low, high = intervals(labels, scores, voices, 0.5, resamples=200, seed=world)["recall"] or (1, 0)
        held += low <= 0.8 <= high
        low, high = intervals(labels, scores, np.arange(800), 0.5, resamples=200, seed=world)["recall"] or (
            1,
            0,
        )
        clips_held += low <= 0.8 <= high
    assert held >= 0.88 * 100
    assert clips_held < 0.8 * 100, "if clips were taken for independent the interval would be too narrow"


def test_equal_seeds_draw_alike_and_the_names_of_voices_mean_nothing() -> None:
    scores = made_scores()
    assert of(scores) == of(scores.assign(voice="x" + scores["voice"]))
    assert of(scores) != of(scores, seed=1)


def test_what_cannot_be_told_is_none() -> None:
    one_voice = of(made_scores(voices=1))
    assert set(one_voice.values()) == {None}
    reals = made_scores().query("label == 0")
    told = of(reals)
    assert told.keys() == of(made_scores()).keys() == one_voice.keys()
    assert told["f2"] is None and told["auc"] is None and told["recall"] is None
    assert told["false_alarm_rate"] is not None


def test_a_large_set_is_quick_because_fewer_curves_are_drawn() -> None:
    scores = made_scores(voices=500, clips=40)
    low, high = of(scores)["auc"] or (1, 0)
    assert low <= roc_auc_score(scores["label"], scores["p_fake"]) <= high
