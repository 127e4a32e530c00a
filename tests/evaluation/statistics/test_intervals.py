"""Intervals: over voices, as wide as they should be, and as the plain way of drawing them gives."""

from __future__ import annotations

import time

import numpy as np
import pandas as pd
import pytest
from scipy.special import expit
from sklearn.metrics import roc_auc_score

from deepfake_audio.evaluation.statistics import Interval, intervals, threshold_interval
from deepfake_audio.evaluation.statistics.figures import CURVE_CELLS, FEWEST_RESAMPLES, FLATTERED, affordable
from deepfake_audio.evaluation.statistics.spread import spread, tail_for
from deepfake_audio.evaluation.thresholds import Rule

from ...drawn import draw_voices
from ...scored import made_scores
from .plainly import PREVALENCE, drawn_sets, ends, figures

# Sums and roots that are no whole numbers, so that copies may differ in the last bit.
ROUNDED = ("brier", "cllr", "mcc", "average_precision")


def of(scores: pd.DataFrame, **settings: float) -> dict[str, Interval]:
    settings = {"prevalence": PREVALENCE, **settings}
    return intervals(scores["label"], scores["p_fake"], scores["voice"], 0.5, **settings)  # type: ignore[arg-type]


@pytest.mark.parametrize("decimals", [16, 1])
def test_the_intervals_are_those_of_sets_put_together_clip_by_clip(decimals: int) -> None:
    """With distinct scores, and with scores that are mostly equal; every figure there is."""
    scores = made_scores(voices=12)
    scores["p_fake"] = scores["p_fake"].round(decimals).clip(0.01, 0.99)
    sets, plain = drawn_sets(scores, resamples=120, seed=3), figures(0.5)
    ours = of(scores, resamples=120, seed=3)
    assert ours.keys() == {*plain, "ece"}
    for name, figure in plain.items():
        measured = figure(scores) if name in FLATTERED else None
        assert ours[name] == pytest.approx(ends([figure(one) for one in sets], 12, measured), abs=1e-9), name


def test_copies_of_clips_tell_nothing_new() -> None:
    """Ten copies leave every interval exactly as it was; ten times the voices narrow it by about root ten."""
    scores = made_scores()
    once, copied = of(scores), of(pd.concat([scores] * 10))
    for name, interval in once.items():
        assert copied[name] == (pytest.approx(interval, abs=1e-12) if name in ROUNDED else interval), name
    few, many = once["f2"], of(made_scores(voices=300))["f2"]
    assert few and many
    assert 2 < (few[1] - few[0]) / (many[1] - many[0]) < 5


def test_the_interval_holds_the_truth_about_as_often_as_it_says() -> None:
    """False alarms of voices that each have their own rate, .2 on average: seen in most of 200 worlds."""
    rng = np.random.default_rng(1)
    voices, labels = np.repeat(np.arange(20), 10), np.zeros(200, int)
    held = clips_held = 0
    worlds = 200
    for world in range(worlds):
        scores = (rng.random(200) < rng.beta(0.5, 2, size=20)[voices]).astype(float)
        for by_clip in (False, True):
            who = np.arange(200) if by_clip else voices
            interval = intervals(labels, scores, who, 0.5, resamples=300, seed=world)["false_alarm_rate"]
            low, high = interval or (1, 0)
            held += (not by_clip) and low <= 0.2 <= high
            clips_held += by_clip and low <= 0.2 <= high
    assert held >= 0.9 * worlds
    assert clips_held < 0.8 * worlds, "if clips were taken for independent the interval would be too narrow"


def test_few_voices_are_allowed_for() -> None:
    """The tails are Student's and shrink to 2.5 % as voices grow; of 8 voices less is cut off."""
    assert tail_for(10**6) == pytest.approx(0.025, abs=1e-4)
    assert tail_for(8) == pytest.approx(0.0057, abs=1e-4)
    drawn = np.random.default_rng(0).normal(size=2000)
    wide, narrow = spread(drawn, 8), spread(drawn, 1000)
    assert wide and narrow and wide[0] < narrow[0] and wide[1] > narrow[1]
    assert spread(drawn, 2) == (drawn.min(), drawn.max())


def test_an_interval_is_moved_back_by_what_drawn_sets_flatter() -> None:
    """Draws that lie as far below a figure as it lies below the truth: the interval goes as far above."""
    drawn = np.random.default_rng(0).normal(-1, 1, size=20_000)
    low, high = spread(drawn, 10**6, measured=0.0) or (0, 0)
    assert (low, high) == pytest.approx((1 - 1.96, 1 + 1.96), abs=0.15)
    assert spread(np.ones(100), 50, measured=1.0) == (1, 1)
    assert spread(np.arange(100.0), 50, measured=200.0) == pytest.approx((99, 99), abs=1)


def test_equal_seeds_draw_alike_and_the_names_of_voices_mean_nothing() -> None:
    scores = made_scores()
    assert of(scores) == of(scores.assign(voice="x" + scores["voice"]))
    assert of(scores) != of(scores, seed=1)


def test_more_draws_begin_with_the_fewer() -> None:
    """What two calls measure is paired even if one can afford fewer draws."""
    voices = [f"v{n}" for n in range(70)]
    many, few = draw_voices(voices, 350, seed=5), draw_voices(voices, 130, seed=5)
    assert many.times.shape == (350, 70)
    np.testing.assert_array_equal(many.times[:130], few.times)
    assert (many.times.sum(axis=1) == 70).all()
    # Each voice as often as the next, give or take what 350 draws vary.
    assert np.abs(many.times.mean(axis=0) - 1).max() < 5 / np.sqrt(350)


def test_what_cannot_be_told_is_none() -> None:
    one_voice = of(made_scores(voices=1))
    assert set(one_voice.values()) == {None}
    reals = made_scores().query("label == 0")
    told = of(reals)
    assert told.keys() == of(made_scores()).keys() == one_voice.keys()
    assert told["f2"] is None and told["auc"] is None and told["recall"] is None and told["cllr"] is None
    assert told["false_alarm_rate"] is not None and told["brier"] is not None


def test_one_voice_of_a_class_is_no_spread_of_that_class() -> None:
    """Every draw that holds it would have the same rate: an interval without width, which would be a lie."""
    scores = made_scores(voices=20)
    scores = scores[(scores["label"] == 1) | (scores["voice"] == "val003")]
    told = of(scores)
    assert told["false_alarm_rate"] is None and told["f2"] is None and told["eer"] is None
    assert told["recall"] is not None


def test_draws_that_lack_a_class_are_left_out() -> None:
    """Two of twenty voices are real: an eighth of the draws hold none, and the rest give the interval."""
    scores = made_scores(voices=20)
    scores = scores[(scores["label"] == 1) | scores["voice"].isin(["val003", "val011"])]
    sets = drawn_sets(scores, resamples=100, seed=0)
    lacking = [len(one.query("label == 0")) == 0 for one in sets]
    assert 3 < sum(lacking) < 30
    plain = [figures(0.5)["eer"](one) for one, bare in zip(sets, lacking, strict=True) if not bare]
    assert of(scores, resamples=100)["eer"] == pytest.approx(ends(plain, 2), abs=1e-9)


def test_scores_that_are_no_probabilities_have_neither_brier_score_nor_ece() -> None:
    scores = made_scores()
    told = intervals(scores["label"], scores["logit"], scores["voice"], 0.0)
    assert told["brier"] is None and told["ece"] is None and "cllr" not in told
    assert told["f2"] == of(scores)["f2"]


def test_a_wrong_call_made_with_certainty_costs_infinitely_much_where_it_is_drawn() -> None:
    scores = made_scores()
    scores.loc[scores.index[scores["label"] == 1][0], "p_fake"] = 0.0
    interval = of(scores)["cllr"]
    assert interval and np.isfinite(interval[0]) and interval[1] == np.inf


def test_curves_keep_all_draws_up_to_a_hundred_thousand_clips() -> None:
    assert affordable(2000, 20_000) == affordable(2000, CURVE_CELLS // 2000) == 2000
    assert affordable(2000, 10**7) == FEWEST_RESAMPLES
    assert affordable(50, 10**7) == 50


def test_a_clip_can_be_a_voice_of_its_own() -> None:
    """Ten thousand voices: draws come in several blocks, and nothing else changes."""
    scores = made_scores(voices=2500, clips=4)
    scores["voice"] = "clip:" + scores["clip"]
    told = intervals(scores["label"], scores["p_fake"], scores["voice"], 0.5, resamples=300)
    low, high = told["auc"] or (1, 0)
    assert low <= roc_auc_score(scores["label"], scores["p_fake"]) <= high
    recall = (scores.query("label == 1")["p_fake"] >= 0.5).mean()
    low, high = told["recall"] or (1, 0)
    # Of independent clips the width is the binomial's.
    assert high - low == pytest.approx(2 * 1.96 * np.sqrt(recall * (1 - recall) / 5000), rel=0.2)


def test_two_thousand_draws_of_twenty_thousand_scores_take_seconds() -> None:
    """All intervals and the threshold's: under 5 s on two cores, which is 10 s of their work."""
    rng = np.random.default_rng(0)
    voices, labels = np.repeat(np.arange(500), 40), rng.integers(0, 2, 20_000)
    scores = expit(rng.normal(2.0 * labels - 1, 1))
    begun = time.process_time()
    told = intervals(labels, scores, voices, 0.5, prevalence=0.5)
    threshold = threshold_interval(labels, scores, voices, Rule())
    assert time.process_time() - begun < 10
    assert all(told.values()) and threshold
