"""Figures against scikit-learn, against their definitions counted out, and against published ones."""

from __future__ import annotations

import warnings
from pathlib import Path
from random import Random

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn import metrics as reference

from deepfake_audio.errors import UserError
from deepfake_audio.evaluation import metrics

# Few distinct scores, so that ties are the rule.
clips = st.lists(st.tuples(st.integers(0, 1), st.integers(0, 6)), min_size=2, max_size=40).filter(
    lambda rows: len({label for label, _ in rows}) == 2
)


def arrays(rows: list[tuple[int, int]]) -> tuple[np.ndarray, np.ndarray]:
    labels, scores = np.array(rows).T
    return labels, scores / 6


@given(clips, st.integers(-1, 7), st.sampled_from([0.5, 1.0, 2.0, 3.0]))
def test_figures_at_a_threshold_agree_with_scikit_learn(
    rows: list[tuple[int, int]], cut: int, beta: float
) -> None:
    labels, scores = arrays(rows)
    called = scores >= cut / 6
    counts = metrics.confusion(labels, scores, cut / 6)
    tn, fp, fn, tp = reference.confusion_matrix(labels, called, labels=[0, 1]).ravel()
    assert counts == (tp, fp, tn, fn)
    assert metrics.f_beta(counts, beta) == pytest.approx(
        reference.fbeta_score(labels, called, beta=beta, zero_division=0)
    )
    assert metrics.recall(counts) == pytest.approx(reference.recall_score(labels, called))
    assert metrics.accuracy(counts) == pytest.approx(reference.accuracy_score(labels, called))
    assert metrics.balanced_accuracy(counts) == pytest.approx(
        reference.balanced_accuracy_score(labels, called)
    )
    assert metrics.false_alarm_rate(counts) == pytest.approx(
        1 - reference.recall_score(labels, called, pos_label=0)
    )
    if called.any():
        assert metrics.precision(counts) == pytest.approx(reference.precision_score(labels, called))
    else:
        assert np.isnan(metrics.precision(counts)), "of nothing called fake there is no share"


@given(clips)
def test_curves_agree_with_scikit_learn_and_with_pairs_counted_out(rows: list[tuple[int, int]]) -> None:
    labels, scores = arrays(rows)
    sweep = metrics.sweep(labels, scores)
    far, hit, cuts = reference.roc_curve(labels, scores, drop_intermediate=False)
    np.testing.assert_allclose(metrics.false_alarm_rate(sweep.counts), far)
    np.testing.assert_allclose(metrics.recall(sweep.counts), hit)
    np.testing.assert_array_equal(sweep.thresholds, cuts)
    pairs = np.subtract.outer(scores[labels == 1], scores[labels == 0])
    assert metrics.roc_auc(sweep.counts) == pytest.approx(np.mean((pairs > 0) + 0.5 * (pairs == 0)))
    assert metrics.average_precision(sweep.counts) == pytest.approx(
        reference.average_precision_score(labels, scores)
    )
    miss = 1 - hit
    closest = np.argmin(np.abs(miss - far))
    assert metrics.equal_error_rate(sweep.counts) == pytest.approx((miss + far)[closest] / 2)


@given(clips)
def test_every_cut_of_the_sweep_is_the_confusion_at_its_threshold(rows: list[tuple[int, int]]) -> None:
    labels, scores = arrays(rows)
    sweep = metrics.sweep(labels, scores)
    for k, threshold in enumerate(sweep.thresholds):
        assert metrics.confusion(labels, scores, threshold) == tuple(cell[k] for cell in sweep.counts)


@given(clips, st.randoms())
def test_the_order_of_clips_means_nothing(rows: list[tuple[int, int]], random: Random) -> None:
    mixed = list(rows)
    random.shuffle(mixed)
    first, second = (metrics.sweep(*arrays(each)) for each in (rows, mixed))
    for one, other in zip(first.counts, second.counts, strict=True):
        np.testing.assert_array_equal(one, other)


@pytest.mark.parametrize(("prevalence", "f2"), [(0.5, 0.833), (0.5261, 0.847), (11335 / 11835, 0.991)])
def test_calling_everything_fake(prevalence: float, f2: float) -> None:
    """Round numbers that the field knows, and the figure itself on labels of that share."""
    assert metrics.f_beta_all_fake(prevalence) == pytest.approx(f2, abs=6e-4)
    labels = (np.arange(1000) < 1000 * prevalence).astype(int)
    counts = metrics.confusion(labels, np.ones(1000), 0.5)
    assert metrics.f_beta_all_fake(labels.mean()) == pytest.approx(float(metrics.f_beta(counts)), abs=1e-12)


@pytest.mark.parametrize("label", [0, 1])
def test_with_one_class_only_what_needs_the_other_is_undefined(label: int) -> None:
    labels, scores = np.full(5, label), np.linspace(0, 1, 5)
    curve = metrics.sweep(labels, scores).counts
    at = metrics.confusion(labels, scores, 0.5)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert np.isnan(metrics.roc_auc(curve))
        assert np.isnan(metrics.equal_error_rate(curve))
        assert np.isnan(metrics.balanced_accuracy(at))
        assert np.isnan(metrics.f_beta(at)) == (label == 0)
        assert np.isnan(metrics.recall(at)) == (label == 0)
        assert np.isnan(metrics.false_alarm_rate(at)) == (label == 1)
        assert metrics.accuracy(at) == pytest.approx(0.4 if label == 0 else 0.6)


@pytest.mark.parametrize(
    ("labels", "scores", "message"),
    [
        ([0, 1], [0.5, np.nan], "1 of 2 scores are NaN"),
        ([0, 2], [0.5, 0.5], "labels must be 0"),
        ([0, 1, 1], [0.5, 0.5], "equally long"),
        ([], [], "equally long"),
    ],
)
def test_what_is_no_score_is_an_error(labels: list[int], scores: list[float], message: str) -> None:
    with pytest.raises(UserError, match=message):
        metrics.sweep(labels, scores)


def test_the_published_eer_of_aasist_l(bench: Path) -> None:
    """Its authors' scores (higher is bona fide) and the figure they print, to the last digit they print."""
    folder = bench / "scores"
    scores = pd.read_csv(
        folder / "aasist-l_asvspoof2019_la_eval.txt", sep=" ", names=["clip", "attack", "key", "score"]
    )
    printed = (folder / "aasist-l_asvspoof2019_la_eval_published.txt").read_text()
    published = float(printed.split("EER")[1].split("=")[1].split("%")[0])
    sweep = metrics.sweep((scores["key"] == "spoof").astype(int), -scores["score"])
    assert 100 * metrics.equal_error_rate(sweep.counts) == pytest.approx(published, abs=1e-9)


def test_reversed_scores_show(bench: Path) -> None:
    file = bench / "scores" / "ocsoftmax_reversed_asvspoof2019_la_eval.txt"
    scores = pd.read_csv(file, sep=" ", names=["clip", "attack", "key", "score"])
    fake = (scores["key"] == "spoof").astype(int)
    as_it_stands, turned_round = (
        metrics.equal_error_rate(metrics.sweep(fake, sign * scores["score"]).counts) for sign in (-1, 1)
    )
    assert as_it_stands == pytest.approx(0.978, abs=1e-3)
    assert turned_round == pytest.approx(0.02178, abs=1e-5)
