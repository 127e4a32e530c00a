"""The interval of the calibration error: by the textbook, and as often right as it says."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from scipy.special import expit

from deepfake_audio.evaluation import metrics
from deepfake_audio.evaluation.statistics.honest import calibration_error_interval
from deepfake_audio.evaluation.statistics.measured import Clips

from ...scored import made_scores
from .plainly import drawn_sets, ends

WORLDS = 120


def interval(scores: pd.DataFrame, resamples: int = 200) -> tuple[float, float]:
    clips = Clips.of(scores["label"], scores["p_fake"], scores["voice"])
    found = calibration_error_interval(clips, scores["voice"].nunique(), resamples, seed=0)
    assert found is not None
    return found


def test_where_it_is_off_the_draws_are_turned_round_at_what_was_measured() -> None:
    """A detector that is twice too sure: each drawn set put together clip by clip, and measured the plain way."""
    scores = made_scores(distance=0.5)
    scores["p_fake"] = expit(3 * scores["logit"])
    error = metrics.expected_calibration_error(scores["label"], scores["p_fake"])
    sets = drawn_sets(scores, 200, seed=0)
    low, high = ends([metrics.expected_calibration_error(one["label"], one["p_fake"]) for one in sets], 30)
    assert interval(scores) == pytest.approx((2 * error - high, max(error, 2 * error - low)), abs=1e-9)
    assert interval(scores)[0] > 0.02


def world(rng: np.random.Generator, voices: int, sureness: float) -> pd.DataFrame:
    """Clips whose odds are known: of voices that stray, and a detector that states them `sureness` times over."""
    fake = rng.random((voices, 10)) < 0.5
    score = np.where(fake, 1.5, -1.5) + 0.5 * rng.normal(size=(voices, 1)) + rng.normal(size=fake.shape)
    p_fake = expit(sureness * 3 * score / 1.25)
    voice = np.repeat(np.arange(voices), 10)
    return pd.DataFrame({"label": fake.ravel().astype(int), "p_fake": p_fake.ravel(), "voice": voice})


@pytest.mark.parametrize("sureness", [1.0, 2.0])
def test_it_holds_the_truth_about_as_often_as_it_says(sureness: float) -> None:
    """Also where the truth is 0, which no measured error ever is."""
    rng = np.random.default_rng(0)
    many = world(rng, 30_000, sureness)
    truth = metrics.expected_calibration_error(many["label"], many["p_fake"])
    assert truth < 0.003 if sureness == 1 else truth > 0.02
    found = [interval(world(rng, 30, sureness), 100) for _ in range(WORLDS)]
    held = sum(low <= truth <= high for low, high in found)
    assert held >= 0.88 * WORLDS
    assert np.mean([high - low for low, high in found]) < 0.1, "wide enough to hold anything is no interval"


def test_one_voice_and_scores_that_are_no_probabilities_tell_nothing() -> None:
    scores = made_scores(voices=1)
    clips = Clips.of(scores["label"], scores["p_fake"], scores["voice"])
    assert calibration_error_interval(clips, 1, 50, 0) is None
    assert calibration_error_interval(Clips.of([0, 1], [-1.0, 2.0], ["a", "b"]), 2, 50, 0) is None
