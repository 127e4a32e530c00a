"""Differences of two sets of scores: paired, and as the plain way of drawing them gives."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from deepfake_audio.evaluation.statistics import auc_drop, difference, intervals

from ...drawn import draw_voices
from ...scored import made_scores
from .plainly import ends, figures

NAMES = ("f2", "recall", "false_alarm_rate", "balanced_accuracy", "auc", "eer", "average_precision")


def two_runs(voices: int = 12, noise: float = 1.0) -> pd.DataFrame:
    """One set of clips with the scores of a run and of another that hears the same, less clearly."""
    scores = made_scores(voices=voices, distance=1.0)
    other = scores["logit"] + np.random.default_rng(4).normal(0.3, noise, len(scores))
    return scores.assign(other=1 / (1 + np.exp(-other)))


def test_differences_are_those_of_the_same_sets_put_together_clip_by_clip() -> None:
    scores = two_runs()
    told = difference(
        scores["label"], scores["p_fake"], scores["other"], scores["voice"], 0.5, 0.6, resamples=80, seed=1
    )
    assert tuple(told) == NAMES
    draws = draw_voices(scores["voice"], 80, 1)
    sets = [scores.loc[scores.index.repeat(times[draws.voice])] for times in draws.times]
    for name in NAMES:
        a, b = figures(0.5)[name], figures(0.6)[name]
        less = [a(one) - b(one.assign(p_fake=one["other"])) for one in [scores, *sets]]
        assert told[name][0] == pytest.approx(less[0], abs=1e-9), name
        assert told[name][1] == pytest.approx(ends(less[1:], 12), abs=1e-9), name


def test_pairing_takes_out_what_is_hard_about_a_voice() -> None:
    """The runs agree almost clip by clip, so that their difference is known far better than either."""
    scores = two_runs(voices=30, noise=0.1)
    fixed = (scores["label"], scores["p_fake"])
    paired = difference(*fixed, scores["other"], scores["voice"], 0.5, 0.5)["auc"][1]
    alone = intervals(*fixed, scores["voice"], 0.5)["auc"]
    assert paired and alone
    assert np.ptp(paired) < np.ptp(alone) / 5


def test_a_run_does_not_differ_from_itself_nor_by_its_order() -> None:
    scores = made_scores()
    told = difference(scores["label"], scores["p_fake"], scores["p_fake"], scores["voice"], 0.5, 0.5)
    assert set(told.values()) == {(0.0, (0.0, 0.0))}
    there = two_runs()
    fixed = (there["label"], there["voice"])
    one = difference(fixed[0], there["p_fake"], there["other"], fixed[1], 0.5, 0.6)
    back = difference(fixed[0], there["other"], there["p_fake"], fixed[1], 0.6, 0.5)
    for name in NAMES:
        (value, interval), (turned, turned_interval) = one[name], back[name]
        assert value is not None and interval and turned_interval
        assert turned == pytest.approx(-value, abs=1e-12)
        assert turned_interval == pytest.approx((-interval[1], -interval[0]), abs=1e-12)


def test_the_fall_of_the_auc_is_one_of_the_differences() -> None:
    scores = two_runs()
    fixed = (scores["label"], scores["p_fake"], scores["other"], scores["voice"])
    assert auc_drop(*fixed) == difference(*fixed, 0.5, 0.5)["auc"]


def test_what_is_undefined_has_no_difference() -> None:
    scores = two_runs()
    reals = scores[scores["label"] == 0]
    told = difference(reals["label"], reals["p_fake"], reals["other"], reals["voice"], 0.5, 0.5)
    assert told["auc"] == told["f2"] == (None, None)
    assert told["false_alarm_rate"][0] is not None and told["false_alarm_rate"][1]
    one = scores[scores["voice"] == scores["voice"].iloc[0]]
    told = difference(one["label"], one["p_fake"], one["other"], one["voice"], 0.5, 0.5)
    assert told["auc"][0] is not None and told["auc"][1] is None
