"""The fit against simulated truth and against independent fitters; and what it must never do to scores."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.optimize import minimize
from scipy.special import expit
from sklearn.linear_model import LogisticRegression

from deepfake_audio.errors import UserError
from deepfake_audio.evaluation import metrics
from deepfake_audio.evaluation.calibration import (
    KINDS,
    Calibration,
    about,
    fit,
    from_config,
    prevalence_of,
    smoothed_targets,
)

logits_of_clips = st.lists(
    st.tuples(st.integers(0, 1), st.one_of(st.floats(-40, 40), st.sampled_from([-np.inf, 0.0, np.inf]))),
    min_size=2,
    max_size=30,
).filter(lambda rows: len({label for label, _ in rows}) == 2)


def simulated(n: int, slope: float, offset: float, seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    """Labels and logits of which P(fake) is truly sigmoid(slope x logit + offset)."""
    rng = np.random.default_rng(seed)
    logits = rng.normal(0, 3, n)
    return (rng.random(n) < expit(slope * logits + offset)).astype(int), logits


def log_loss(targets: np.ndarray, p_fake: np.ndarray) -> float:
    with np.errstate(divide="ignore", invalid="ignore"):
        told = np.where(targets > 0, targets * np.log(p_fake), 0) + np.where(
            targets < 1, (1 - targets) * np.log1p(-p_fake), 0
        )
    return float(-np.mean(told))


@pytest.mark.parametrize(("slope", "offset"), [(0.3, -0.5), (1.0, 0.0), (2.5, 1.0)])
def test_a_known_slope_and_offset_come_back(slope: float, offset: float) -> None:
    found = fit("platt", *simulated(100_000, slope, offset))
    assert found.slope == pytest.approx(slope, rel=0.04)
    assert found.offset == pytest.approx(offset, abs=0.04)
    assert fit("temperature", *simulated(100_000, slope, 0.0)).slope == pytest.approx(slope, rel=0.04)


@settings(max_examples=50, deadline=None)
@given(logits_of_clips, st.sampled_from(["platt", "temperature"]))
def test_no_slope_and_offset_fit_better(rows: list[tuple[int, float]], kind: str) -> None:
    """Against scipy's general minimiser, on targets that are smoothed by hand."""
    labels, logits = (np.array(column) for column in zip(*rows, strict=True))
    found = fit(kind, labels, logits)
    if found.kind == "none":
        return
    finite = np.abs(logits[np.isfinite(logits)])
    largest = finite.max() if finite.any() else 1.0
    bounded = np.clip(logits, -largest, largest)
    fakes = labels.sum()
    targets = np.where(labels == 1, (fakes + 1) / (fakes + 2), 1 / (len(labels) - fakes + 2))

    def loss(weights: np.ndarray) -> float:
        odds = weights[0] * bounded + (weights[1] if kind == "platt" else 0)
        return float(np.mean(np.logaddexp(0, odds) - targets * odds))

    start = [found.slope, found.offset]
    other = min(minimize(loss, begun).fun for begun in (start, [0.0, 0.0], [1.0 / largest, 0.0]))
    assert loss(np.array(start)) <= other + 1e-7


def test_with_many_clips_it_is_a_logistic_regression() -> None:
    labels, logits = simulated(20_000, 0.6, 0.4)
    other = LogisticRegression(C=np.inf, tol=1e-10).fit(logits[:, None], labels)
    found = fit("platt", labels, logits)
    assert found.slope == pytest.approx(other.coef_[0, 0], abs=2e-3)
    assert found.offset == pytest.approx(other.intercept_[0], abs=2e-3)


@settings(deadline=None)
@given(logits_of_clips, st.sampled_from(KINDS))
def test_the_order_of_clips_stays_and_nothing_overflows(rows: list[tuple[int, float]], kind: str) -> None:
    labels, logits = (np.array(column) for column in zip(*rows, strict=True))
    calibration = fit(kind, labels, logits)
    p_fake = calibration.p_fake(logits)
    assert np.isfinite(p_fake).all() and p_fake.min() >= 0 and p_fake.max() <= 1
    assert (np.diff(p_fake[np.argsort(logits)]) >= 0).all()
    assert calibration.p_fake(np.inf) == 1 and calibration.p_fake(-np.inf) == 0
    assert json.dumps(about(calibration, kind, labels, labels, logits), allow_nan=False)


@settings(deadline=None)
@given(logits_of_clips, st.sampled_from(["platt", "temperature"]))
def test_it_is_never_worse_on_validation_than_none(rows: list[tuple[int, float]], kind: str) -> None:
    labels, logits = (np.array(column) for column in zip(*rows, strict=True))
    if not np.isfinite(logits).all():
        return
    targets = smoothed_targets(labels)
    found = fit(kind, labels, logits)
    assert log_loss(targets, found.p_fake(logits)) <= log_loss(targets, expit(logits)) + 1e-9


def test_fresh_clips_are_better_calibrated_by_it() -> None:
    for kind, offset in (("platt", -0.8), ("temperature", 0.0)):
        labels, logits = simulated(4_000, 0.4, offset)
        fresh, unseen = simulated(4_000, 0.4, offset, seed=1)
        p_fake = fit(kind, labels, logits).p_fake(unseen)
        before = metrics.expected_calibration_error(fresh, expit(unseen))
        assert metrics.expected_calibration_error(fresh, p_fake) < 0.2 * before
    about_80 = np.abs(p_fake - 0.8) < 0.1
    assert fresh[about_80].mean() == pytest.approx(p_fake[about_80].mean(), abs=0.06)


def test_published_scores_are_calibrated_for_other_speakers(bench: Path) -> None:
    """AASIST-L on ASVspoof 2019: fitted on half of the voices, judged on the other half."""
    columns = ["clip", "attack", "key", "score"]
    scores = pd.read_csv(bench / "scores" / "aasist-l_asvspoof2019_la_eval.txt", sep=" ", names=columns)
    protocol = bench / "asvspoof2019_la" / "ASVspoof2019.LA.cm.eval.trl.txt"
    voices = pd.read_csv(protocol, sep=" ", names=["voice", "clip"], usecols=[0, 1])
    scores = scores.merge(voices, on="clip", validate="one_to_one")
    labels, logits = (scores["key"] == "spoof").astype(int), -scores["score"]
    known = scores["voice"].isin(sorted(set(scores["voice"]))[::2])
    found = fit("platt", labels[known], logits[known])
    bare, p_fake = expit(logits[~known]), found.p_fake(logits[~known])
    fresh = labels[~known]
    assert metrics.expected_calibration_error(fresh, bare) > 0.07
    assert metrics.expected_calibration_error(fresh, p_fake) < 0.003
    ratios = metrics.log_likelihood_ratios(p_fake, float(labels[known].mean()))
    lowest = float(metrics.min_dcf(metrics.sweep(fresh, p_fake).counts))
    assert lowest <= metrics.act_dcf(fresh, ratios) < 1.15 * lowest


def test_classes_that_are_apart_stay_short_of_certain() -> None:
    labels = np.repeat([0, 1], 50)
    logits = np.r_[np.linspace(-9, -3, 50), np.linspace(3, 9, 50)]
    for kind in ("platt", "temperature"):
        found = fit(kind, labels, logits)
        assert found.kind == kind
        # About what 50 of 50 say of the next one, by the rule of succession: 51 of 52.
        assert 0.96 < np.mean(found.p_fake(logits)[50:]) < 0.99
        assert found.p_fake(logits).max() < 1


def test_scale_of_logits_does_not_matter() -> None:
    labels, logits = simulated(2_000, 0.7, 0.2)
    found = fit("platt", labels, logits)
    for scale in (1e-9, 1e9, 1e300):
        other = fit("platt", labels, logits * scale)
        np.testing.assert_allclose(other.p_fake(logits * scale), found.p_fake(logits), atol=1e-9)


@pytest.mark.parametrize("kind", ["platt", "temperature"])
def test_answers_that_mean_nothing_are_left_alone_and_that_is_said(kind: str) -> None:
    labels, logits = simulated(2_000, 1.0, 0.0)
    for useless in (-logits, np.zeros(2_000), np.where(labels, -np.inf, np.inf)):
        found = fit(kind, labels, useless)
        assert found == Calibration("none")
        assert "did not mean fake more often" in about(found, kind, labels, labels, useless)["words"]


def test_what_a_run_keeps_of_it() -> None:
    labels, logits = simulated(500, 0.5, 1.0)
    found = fit("platt", labels, logits)
    told = about(found, "platt", labels, ["a", "b"] * 250, logits)
    assert from_config(json.loads(json.dumps(told))) == found
    assert told["prevalence"] == pytest.approx(labels.mean()) == prevalence_of(told)
    assert prevalence_of(None) is prevalence_of({**told, "kind": "temperature"}) is None
    assert (told["n_clips"], told["n_voices"], told["chosen_on"]) == (500, 2, "val")
    assert "80 %" in told["words"]
    assert "With 2 voices in validation that is rough." in told["words"]
    assert "rough" not in about(found, "platt", labels, np.arange(500), logits)["words"]
    assert (
        "no known voices" in about(found, "platt", labels, [f"clip:{n}" for n in range(500)], logits)["words"]
    )
    assert "With 1 voice in validation" in about(found, "platt", labels, ["a"] * 500, logits)["words"]
    assert from_config(None) == from_config({}) == Calibration("none")
    assert "not calibrated. " in about(Calibration(), "none", labels, labels, logits)["words"]


def test_nothing_is_promised_of_what_no_clip_was_given() -> None:
    """Scores that hardly tell clips apart are all given about the share of fakes."""
    labels, logits = simulated(500, 0.5, 1.0)
    wide, narrow, low = (
        about(Calibration("platt", slope, offset), "platt", labels, labels, logits)["words"]
        for slope, offset in ((1.0, 0.0), (0.02, 0.0), (0.02, 4.0))
    )
    assert "about 80 % of what is given 0.8 is fake" in wide and "hardly" not in wide
    p_fake = Calibration("platt", 0.02, 0.0).p_fake(logits)
    assert (
        f"There P(fake) is {p_fake.min():.2g} to {p_fake.max():.2g}, which hardly tells clips apart" in narrow
    )
    assert (
        "80 %" not in narrow
        and f"about {100 * p_fake.max():.0f} % of what is given {p_fake.max():.2g}" in narrow
    )
    assert "80 %" not in low and "hardly" in low
    rare = about(Calibration("platt", 1.0, -8.0), "platt", labels, labels, logits)["words"]
    assert "hardly" not in rare, "where fakes are rare every P(fake) is small, and some are many times others"


def test_what_makes_no_sense_is_refused() -> None:
    with pytest.raises(UserError, match="known are platt, temperature, none"):
        fit("isotonic", [0, 1], [0.0, 1.0])
    with pytest.raises(UserError, match="NaN"):
        fit("platt", [0, 1], [0.0, np.nan])
    for slope, offset in ((-1.0, 0.0), (0.0, 0.0), (1.0, np.nan)):
        with pytest.raises(UserError, match="slope above 0"):
            Calibration("platt", slope, offset)
