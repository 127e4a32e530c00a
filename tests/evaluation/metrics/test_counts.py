"""Figures at a threshold against scikit-learn, and what they are where something is missing."""

from __future__ import annotations

import math
import warnings

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn import metrics as reference

from deepfake_audio.errors import UserError
from deepfake_audio.evaluation import metrics

from .drawn import Rows, arrays, clips, some_clips, unhurried


@unhurried
@given(clips, st.integers(-1, 7), st.sampled_from([0.5, 1.0, 2.0, 3.0]))
def test_figures_at_a_threshold_agree_with_scikit_learn(rows: Rows, cut: int, beta: float) -> None:
    labels, scores = arrays(rows)
    called = scores >= cut / 6
    counts = metrics.confusion(labels, scores, cut / 6)
    tn, fp, fn, tp = reference.confusion_matrix(labels, called, labels=[0, 1]).ravel()
    assert counts == (tp, fp, tn, fn)
    hit, passed = (reference.recall_score(labels, called, pos_label=each) for each in (1, 0))
    assert metrics.recall(counts) == pytest.approx(hit)
    assert metrics.miss_rate(counts) == pytest.approx(1 - hit)
    assert metrics.false_alarm_rate(counts) == pytest.approx(1 - passed)
    assert metrics.f_beta(counts, beta) == pytest.approx(
        reference.fbeta_score(labels, called, beta=beta, zero_division=0)
    )
    assert metrics.accuracy(counts) == pytest.approx(reference.accuracy_score(labels, called))
    assert metrics.balanced_accuracy(counts) == pytest.approx(
        reference.balanced_accuracy_score(labels, called)
    )
    assert metrics.matthews(counts) == pytest.approx(reference.matthews_corrcoef(labels, called))
    if called.any():
        assert metrics.precision(counts) == pytest.approx(reference.precision_score(labels, called))
    else:
        assert np.isnan(metrics.precision(counts)), "of nothing called fake there is no share"


@unhurried
@given(some_clips, st.integers(-1, 7), st.integers(2, 5))
def test_clips_that_stand_several_times_change_nothing(rows: Rows, cut: int, times: int) -> None:
    once = metrics.confusion(*arrays(rows), cut / 6)
    often = metrics.confusion(*arrays(rows * times), cut / 6)
    for figure in (metrics.f_beta, metrics.recall, metrics.precision, metrics.accuracy, metrics.matthews):
        assert figure(often) == pytest.approx(figure(once), abs=1e-12, nan_ok=True), figure.__name__


@unhurried
@given(clips, st.integers(-1, 7))
def test_the_correlation_is_that_of_what_is_and_what_is_called(rows: Rows, cut: int) -> None:
    """Against its definition; calling everything one thing correlates with nothing."""
    labels, scores = arrays(rows)
    called = scores >= cut / 6
    found = metrics.matthews(metrics.confusion(labels, scores, cut / 6))
    if called.all() or not called.any():
        assert found == 0
    else:
        assert found == pytest.approx(np.corrcoef(labels, called)[0, 1])


def test_the_correlation_holds_for_more_clips_than_their_products_fit() -> None:
    counts = metrics.Counts(*(np.asarray(each) for each in (4e9, 1e9, 3e9, 2e9)))
    fours = [math.prod(pair) for pair in ((5e9, 6e9), (4e9, 5e9))]
    expected = (4e9 * 3e9 - 1e9 * 2e9) / math.sqrt(fours[0]) / math.sqrt(fours[1])
    assert metrics.matthews(counts) == pytest.approx(expected, rel=1e-12)
    perfect = metrics.Counts(*(np.asarray(each) for each in (7e6, 0.0, 3e6, 0.0)))
    assert metrics.matthews(perfect) == pytest.approx(1, abs=1e-15)


@pytest.mark.parametrize(("prevalence", "f2"), [(0.5, 0.833), (0.5261, 0.847), (11335 / 11835, 0.991)])
def test_calling_everything_fake(prevalence: float, f2: float) -> None:
    """Round numbers that the field knows, and the figure itself on labels of that share."""
    assert metrics.f_beta_all_fake(prevalence) == pytest.approx(f2, abs=6e-4)
    labels = (np.arange(1000) < 1000 * prevalence).astype(int)
    counts = metrics.confusion(labels, np.ones(1000), 0.5)
    assert metrics.f_beta_all_fake(labels.mean()) == pytest.approx(float(metrics.f_beta(counts)), abs=1e-12)


@pytest.mark.parametrize("number", [1, 5])
@pytest.mark.parametrize("label", [0, 1])
def test_with_one_class_only_what_needs_the_other_is_undefined(label: int, number: int) -> None:
    at = metrics.confusion(np.full(number, label), np.linspace(1, 0, number), 0.5)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert np.isnan(metrics.balanced_accuracy(at))
        assert np.isnan(metrics.matthews(at))
        assert np.isnan(metrics.f_beta(at)) == (label == 0)
        assert np.isnan(metrics.recall(at)) == np.isnan(metrics.miss_rate(at)) == (label == 0)
        assert np.isnan(metrics.false_alarm_rate(at)) == (label == 1)
        right = {1: {0: 0.0, 1: 1.0}, 5: {0: 0.4, 1: 0.6}}[number][label]
        assert metrics.accuracy(at) == pytest.approx(right)


def test_infinite_scores_are_called_as_they_stand() -> None:
    scores = [-np.inf, 0.0, np.inf, np.inf]
    assert metrics.confusion([0, 1, 0, 1], scores, 0.5) == (1, 1, 1, 1)
    assert metrics.confusion([0, 1, 0, 1], scores, -np.inf) == (2, 2, 0, 0)


@pytest.mark.parametrize(
    ("labels", "scores", "message"),
    [
        ([0, 1], [0.5, np.nan], "1 of 2 scores are NaN"),
        ([0, 2], [0.5, 0.5], "labels must be 0"),
        ([0, 0.5], [0.5, 0.5], "labels must be 0"),
        (["real", "fake"], [0.5, 0.5], "labels must be 0"),
        ([0, 1], ["low", "high"], "scores must be numbers"),
        ([0, 1, 1], [0.5, 0.5], "equally long"),
        ([[0, 1]], [[0.5, 0.5]], "equally long"),
        ([], [], "equally long"),
    ],
)
def test_what_is_no_score_is_an_error(labels: list[int], scores: list[float], message: str) -> None:
    for figure in (metrics.sweep, metrics.brier, metrics.cllr, metrics.act_dcf):
        with pytest.raises(UserError, match=message):
            figure(labels, scores)
