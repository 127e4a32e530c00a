"""The EER by system, and the tandem cost, over drawn voices: as sets put together clip by clip have them."""

from __future__ import annotations

import numpy as np
import pytest

from deepfake_audio.evaluation import metrics
from deepfake_audio.evaluation.statistics import eer_by_system, intervals

from ...scored import FAKE_SYSTEMS, made_scores
from .plainly import drawn_sets, ends


def test_each_system_is_measured_against_all_reals_of_every_drawn_set() -> None:
    scores = made_scores(voices=15)
    told = eer_by_system(scores["label"], scores["p_fake"], scores["system"], scores["voice"], 100)
    assert list(told) == sorted(FAKE_SYSTEMS)
    sets = drawn_sets(scores, 100, seed=0)
    for system, (rate, interval) in told.items():
        rates = [metrics.equal_error_rates_by(s["label"], s["p_fake"], s["system"])[system] for s in sets]
        voices = scores.loc[scores["system"] == system, "voice"].nunique()
        assert interval == pytest.approx(ends(rates, voices), abs=1e-12)
        assert interval is not None and interval[0] <= rate <= interval[1]


def test_a_system_of_one_voice_or_without_reals_has_no_interval() -> None:
    scores = made_scores(voices=6)
    lone = (scores["voice"] == "val000") & (scores["label"] == 1)
    scores.loc[lone, "system"] = "rare"
    told = eer_by_system(scores["label"], scores["p_fake"], scores["system"], scores["voice"], 50)
    assert told["rare"][1] is None and np.isfinite(told["rare"][0]) and told["tacotron"][1] is not None
    fakes = scores[scores["label"] == 1]
    for rate, interval in eer_by_system(
        fakes["label"], fakes["p_fake"], fakes["system"], fakes["voice"], 50
    ).values():
        assert np.isnan(rate) and interval is None


@pytest.mark.parametrize("form", ["2019", "2021"])
def test_the_tandem_cost_of_drawn_voices_beside_the_same_asv(form: metrics.Form) -> None:
    scores, rng = made_scores(voices=12, distance=1.0), np.random.default_rng(0)
    asv = metrics.AsvScores(rng.normal(3, 1, 200), rng.normal(-3, 1, 200), rng.normal(2, 1, 200))
    cost = metrics.TandemCost(asv, form)
    voices = scores["voice"]
    told = intervals(scores["label"], scores["logit"], voices, 0.0, resamples=100, more={"cost": cost})
    measured = metrics.min_tdcf(scores["label"], scores["logit"], asv, form)
    drawn = [
        metrics.min_tdcf(one["label"], one["logit"], asv, form) for one in drawn_sets(scores, 100, seed=0)
    ]
    assert told["cost"] == pytest.approx(ends(drawn, 12, measured), abs=1e-12)
