"""Calibration figures against scikit-learn, torchmetrics and their definitions."""

from __future__ import annotations

import math
import warnings

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from scipy.special import expit
from sklearn import metrics as reference
from torchmetrics.functional.classification import binary_calibration_error

from deepfake_audio.errors import UserError
from deepfake_audio.evaluation import metrics

from .drawn import Rows, arrays, clips, some_clips, unhurried

prevalences = st.sampled_from([0.05, 0.3, 0.5, 0.9])


@unhurried
@given(clips)
def test_brier_agrees_with_scikit_learn(rows: Rows) -> None:
    labels, p_fake = arrays(rows)
    assert metrics.brier(labels, p_fake) == pytest.approx(reference.brier_score_loss(labels, p_fake))


@unhurried
@given(clips)
def test_cllr_is_the_log_loss_where_both_classes_weigh_the_same(rows: Rows) -> None:
    """In bits; scikit-learn's loss of the probabilities that the ratios make of even odds."""
    labels, scores = arrays(rows)
    llr = 8 * scores - 4
    weights = np.where(labels == 1, 1 / labels.sum(), 1 / (1 - labels).sum())
    loss = reference.log_loss(labels, expit(llr), sample_weight=weights, labels=[0, 1])
    assert metrics.cllr(labels, llr) == pytest.approx(loss / math.log(2))


@unhurried
@given(clips, st.integers(1, 12))
def test_calibration_error_agrees_with_torchmetrics(rows: Rows, bins: int) -> None:
    """Scores stand in the middle of a bin, because the two round the edges of bins differently."""
    labels, scores = arrays(rows)
    p_fake = (np.minimum((scores * bins).astype(int), bins - 1) + 0.5 - scores / 10) / bins
    expected = binary_calibration_error(torch.from_numpy(p_fake), torch.from_numpy(labels), n_bins=bins)
    assert metrics.expected_calibration_error(labels, p_fake, bins) == pytest.approx(
        float(expected), abs=1e-6
    )


@unhurried
@given(some_clips, st.integers(1, 12))
def test_the_bins_hold_what_lies_between_their_edges(rows: Rows, bins: int) -> None:
    labels, p_fake = arrays(rows)
    found = metrics.reliability(labels, p_fake, bins)
    assert found.count.sum() == len(rows)
    for k in range(bins):
        low, high = found.edges[k], found.edges[k + 1]
        inside = (p_fake >= low) & ((p_fake < high) | (k == bins - 1))
        assert found.count[k] == inside.sum()
        if inside.any():
            assert found.mean_p[k] == pytest.approx(p_fake[inside].mean())
            assert found.share_fake[k] == pytest.approx(labels[inside].mean())
        else:
            assert np.isnan([found.mean_p[k], found.share_fake[k]]).all()


def test_a_round_probability_opens_the_bin_that_it_names() -> None:
    tenths = np.array([0.0, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9])
    np.testing.assert_array_equal(metrics.reliability(np.zeros(10), tenths).count, np.ones(10))


def test_probabilities_that_hold_are_calibrated() -> None:
    rng = np.random.default_rng(0)
    p_fake = rng.random(200_000)
    labels = (rng.random(200_000) < p_fake).astype(int)
    assert metrics.expected_calibration_error(labels, p_fake) < 0.005
    assert metrics.brier(labels, p_fake) == pytest.approx(1 / 6, abs=0.002), "the mean of p(1 - p)"
    boastful = expit(3 * (np.log(p_fake) - np.log1p(-p_fake)))
    assert metrics.expected_calibration_error(labels, boastful) > 0.1


@unhurried
@given(some_clips, st.integers(2, 5), prevalences)
def test_clips_that_stand_several_times_change_nothing(rows: Rows, times: int, prevalence: float) -> None:
    def figures(clips: Rows) -> list[float]:
        labels, p_fake = arrays(clips)
        llr = metrics.log_likelihood_ratios(p_fake, prevalence)
        calibration = metrics.expected_calibration_error(labels, p_fake)
        return [
            metrics.brier(labels, p_fake),
            calibration,
            metrics.cllr(labels, llr),
            metrics.act_dcf(labels, llr),
        ]

    assert figures(rows * times) == pytest.approx(figures(rows), nan_ok=True)


@unhurried
@given(st.lists(st.floats(1e-9, 1 - 1e-9), min_size=1), prevalences)
def test_a_ratio_times_the_prior_odds_gives_the_odds_back(p_fake: list[float], prevalence: float) -> None:
    """Bayes' rule, done with plain odds."""
    llr = metrics.log_likelihood_ratios(p_fake, prevalence)
    odds = np.exp(llr) * prevalence / (1 - prevalence)
    np.testing.assert_allclose(odds / (1 + odds), p_fake, rtol=1e-7)


def test_what_says_nothing_costs_one_bit() -> None:
    labels = np.array([0, 0, 0, 0, 1])
    assert metrics.cllr(labels, np.zeros(5)) == pytest.approx(1.0)
    always = np.full(5, 0.2)
    assert metrics.cllr(labels, metrics.log_likelihood_ratios(always, 0.2)) == pytest.approx(1.0)
    assert metrics.cllr(labels, -9.0 * (2 * labels - 1)) > 10, "confident and wrong"


def test_certainty_is_free_where_right_and_ruinous_where_wrong() -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        llr = metrics.log_likelihood_ratios([0.0, 1.0], 0.5)
        np.testing.assert_array_equal(llr, [-np.inf, np.inf])
        assert metrics.cllr([0, 1], llr) == 0
        assert metrics.cllr([1, 0], llr) == math.inf
        assert metrics.cllr([0, 1, 1], [-1.0, 1.0, 800.0]) < 1, "no overflow on the way"


@pytest.mark.parametrize("label", [0, 1])
def test_with_one_class_probabilities_are_judged_and_ratios_are_not(label: int) -> None:
    assert metrics.brier([label], [0.5]) == 0.25
    assert metrics.expected_calibration_error([label], [0.3]) == pytest.approx(abs(label - 0.3))
    assert math.isnan(metrics.cllr([label], [0.5]))


def test_what_is_no_probability_is_an_error() -> None:
    for figure in (metrics.brier, metrics.reliability, metrics.expected_calibration_error):
        with pytest.raises(UserError, match="apply a sigmoid"):
            figure([0, 1], [-3.0, 2.5])
    for p_fake in ([1.5], [math.nan]):
        with pytest.raises(UserError, match="must lie in 0 to 1"):
            metrics.log_likelihood_ratios(p_fake, 0.5)
    for prevalence in (0.0, 1.0, math.nan):
        with pytest.raises(UserError, match="a prevalence is a share"):
            metrics.log_likelihood_ratios([0.5], prevalence)
    with pytest.raises(UserError, match="at least one bin"):
        metrics.reliability([0, 1], [0.1, 0.9], bins=0)
