"""Figures over all thresholds against scikit-learn, against pairs and cuts counted out, and against published ones."""

from __future__ import annotations

import warnings
from fractions import Fraction
from pathlib import Path
from random import Random

import numpy as np
import pandas as pd
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from sklearn import metrics as reference

from deepfake_audio.errors import UserError
from deepfake_audio.evaluation import metrics

from .drawn import Rows, arrays, clips, every_cut, some_clips, unhurried

RANK_FIGURES = (metrics.roc_auc, metrics.equal_error_rate, metrics.average_precision, metrics.min_dcf)


def swept(labels: np.ndarray, scores: np.ndarray) -> list[float]:
    """Each figure of rank."""
    counts = metrics.sweep(labels, scores).counts
    return [float(figure(counts)) for figure in RANK_FIGURES]


@unhurried
@given(clips)
def test_curves_agree_with_scikit_learn_and_with_pairs_counted_out(rows: Rows) -> None:
    labels, scores = arrays(rows)
    sweep = metrics.sweep(labels, scores)
    far, hit, cuts = reference.roc_curve(labels, scores, drop_intermediate=False)
    roc = metrics.roc_points(sweep)
    np.testing.assert_allclose(roc.x, far)
    np.testing.assert_allclose(roc.y, hit)
    np.testing.assert_array_equal(roc.thresholds, cuts)
    det = metrics.det_points(sweep)
    np.testing.assert_allclose(list(zip(det.x, det.y, strict=True)), every_cut(labels, scores))
    pairs = np.subtract.outer(scores[labels == 1], scores[labels == 0])
    assert metrics.roc_auc(sweep.counts) == pytest.approx(np.mean((pairs > 0) + 0.5 * (pairs == 0)))
    assert metrics.average_precision(sweep.counts) == pytest.approx(
        reference.average_precision_score(labels, scores)
    )


@unhurried
@given(clips)
def test_precision_against_recall_agrees_with_scikit_learn(rows: Rows) -> None:
    """It draws one point more, of a precision of 1 where nothing is called fake, which it made up."""
    labels, scores = arrays(rows)
    share, hit, cuts = reference.precision_recall_curve(labels, scores)
    points = metrics.pr_points(metrics.sweep(labels, scores))
    np.testing.assert_allclose(points.x, hit[:-1][::-1])
    np.testing.assert_allclose(points.y, share[:-1][::-1])
    np.testing.assert_array_equal(points.thresholds, cuts[::-1])


@unhurried
@given(clips)
def test_the_eer_is_at_the_cut_where_the_errors_are_closest(rows: Rows) -> None:
    labels, scores = arrays(rows)
    first = min(every_cut(labels, scores), key=lambda errors: abs(errors[1] - errors[0]))
    found = metrics.equal_error_rate(metrics.sweep(labels, scores).counts)
    assert found == pytest.approx(sum(first) / 2, abs=1e-15)


@unhurried
@given(some_clips)
def test_every_cut_of_the_sweep_is_the_confusion_at_its_threshold(rows: Rows) -> None:
    labels, scores = arrays(rows)
    sweep = metrics.sweep(labels, scores)
    for k, threshold in enumerate(sweep.thresholds):
        assert metrics.confusion(labels, scores, threshold) == tuple(cell[k] for cell in sweep.counts)


@unhurried
@given(some_clips, st.randoms())
def test_the_order_of_clips_means_nothing(rows: Rows, random: Random) -> None:
    mixed = list(rows)
    random.shuffle(mixed)
    first, second = (metrics.sweep(*arrays(each)) for each in (rows, mixed))
    for one, other in zip(first.counts, second.counts, strict=True):
        np.testing.assert_array_equal(one, other)


@unhurried
@given(some_clips, st.integers(2, 5))
def test_clips_that_stand_several_times_change_nothing(rows: Rows, times: int) -> None:
    np.testing.assert_allclose(swept(*arrays(rows * times)), swept(*arrays(rows)), atol=1e-12)


@unhurried
@given(some_clips)
def test_only_the_order_of_the_scores_counts(rows: Rows) -> None:
    labels, scores = arrays(rows)
    plain = swept(labels, scores)
    to_the_ends = np.where(scores == 1, np.inf, np.where(scores == 0, -np.inf, scores))
    for changed in (
        scores * 1e-300,
        3 * scores - 7,
        np.expm1(9 * scores),
        np.cbrt(scores - 0.5),
        to_the_ends,
    ):
        assert swept(labels, changed) == pytest.approx(plain, abs=0, nan_ok=True)


@unhurried
@given(clips)
def test_looking_for_reals_instead_is_the_same_task(rows: Rows) -> None:
    """With labels swapped and scores turned round AUC and EER stay, but where two cuts are equally close."""
    labels, scores = arrays(rows)
    auc, eer, *_ = swept(labels, scores)
    other_auc, other_eer, *_ = swept(1 - labels, -scores)
    assert other_auc == pytest.approx(auc, abs=1e-12)
    fakes, reals = int(labels.sum()), int((1 - labels).sum())
    counts = metrics.sweep(labels, scores).counts
    apart = sorted(
        abs(Fraction(int(fn), fakes) - Fraction(int(fp), reals))
        for fn, fp in zip(counts.fn, counts.fp, strict=True)
    )
    assume(apart[0] != apart[1])
    assert other_eer == pytest.approx(eer, abs=1e-12)


def test_tied_infinities_are_one_cut_and_zero_has_no_sign() -> None:
    labels = [0, 1, 1, 0, 1, 0, 1]
    scores = [-np.inf, -np.inf, 0.0, -0.0, np.inf, np.inf, np.inf]
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        sweep = metrics.sweep(labels, scores)
        assert metrics.roc_auc(sweep.counts) == pytest.approx(
            reference.roc_auc_score(labels, np.sign(scores))
        )
    np.testing.assert_array_equal(sweep.thresholds, [np.inf, np.inf, 0, -np.inf])
    np.testing.assert_array_equal(sweep.counts.tp, [0, 2, 3, 4])
    np.testing.assert_array_equal(sweep.counts.fp, [0, 1, 2, 3])


@pytest.mark.parametrize("number", [1, 5])
@pytest.mark.parametrize("label", [0, 1])
def test_with_one_class_only_what_needs_the_other_is_undefined(label: int, number: int) -> None:
    labels, scores = np.full(number, label), np.linspace(0, 1, number)
    sweep = metrics.sweep(labels, scores)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        auc, eer, average, dcf = swept(labels, scores)
        for points in (metrics.roc_points, metrics.pr_points, metrics.det_points):
            assert len(points(sweep).x) == len(points(sweep).thresholds)
    assert np.isnan([auc, eer, dcf]).all()
    assert average == 1 if label == 1 else np.isnan(average)


@unhurried
@given(st.lists(clips, min_size=1, max_size=4), st.integers(0, 2**32 - 1))
def test_many_sweeps_at_once_are_each_its_own(rows: list[Rows], seed: int) -> None:
    """As the bootstrap has them: one set of clips in which each stands as often as it was drawn, or not at all."""
    labels, scores = arrays(rows[0])
    times = np.random.default_rng(seed).integers(0, 3, (len(rows), len(labels)))
    order = np.argsort(-scores, kind="stable")
    tp = np.insert(np.cumsum((times * labels)[:, order], axis=1), 0, 0, axis=1).astype(float)
    fp = np.insert(np.cumsum((times * (1 - labels))[:, order], axis=1), 0, 0, axis=1).astype(float)
    last = np.append(0, 1 + np.flatnonzero(np.append(np.diff(scores[order]) != 0, True)))
    tp, fp = tp[:, last], fp[:, last]
    counts = metrics.Counts(tp, fp, fp[:, -1:] - fp, tp[:, -1:] - tp)
    for figure in RANK_FIGURES:
        found = figure(counts)
        assert found.shape == (len(rows),)
        for one, drawn in zip(found, times, strict=True):
            if not drawn.any():
                assert np.isnan(one)
                continue
            alone = metrics.sweep(np.repeat(labels, drawn), np.repeat(scores, drawn))
            assert one == pytest.approx(float(figure(alone.counts)), abs=1e-12, nan_ok=True), figure.__name__


@unhurried
@given(clips, st.randoms())
def test_each_system_is_judged_against_all_reals(rows: Rows, random: Random) -> None:
    labels, scores = arrays(rows)
    systems = np.array([random.choice("AB") if label else "human" for label in labels])
    found = metrics.equal_error_rates_by(labels, scores, systems)
    assert set(found) == set(systems[labels == 1])
    for name, eer in found.items():
        mine = (labels == 0) | (systems == name)
        assert eer == metrics.equal_error_rate(metrics.sweep(labels[mine], scores[mine]).counts)


def test_systems_that_do_not_fit_and_reals_that_are_missing() -> None:
    with pytest.raises(UserError, match="one name a clip"):
        metrics.equal_error_rates_by([0, 1], [0.1, 0.9], ["A"])
    alone = metrics.equal_error_rates_by([1, 1], [0.1, 0.9], ["A", "B"])
    assert list(alone) == ["A", "B"] and np.isnan(list(alone.values())).all()
    assert metrics.equal_error_rates_by([0, 0], [0.1, 0.9], ["A", "B"]) == {}


def test_a_million_clips_agree_with_scikit_learn() -> None:
    rng = np.random.default_rng(0)
    labels = rng.integers(0, 2, 1_000_000)
    scores = rng.normal(labels, 1.0).astype(np.float32)
    counts = metrics.sweep(labels, scores).counts
    assert metrics.roc_auc(counts) == pytest.approx(reference.roc_auc_score(labels, scores), abs=1e-12)
    assert counts.tp[-1] == labels.sum() and len(counts.tp) == len(np.unique(scores)) + 1


def test_the_published_error_rates_of_aasist_l(bench: Path) -> None:
    """Its authors' scores (higher is bona fide) and the figures they print, each to the last digit they print."""
    folder = bench / "scores"
    scores = pd.read_csv(
        folder / "aasist-l_asvspoof2019_la_eval.txt", sep=" ", names=["clip", "attack", "key", "score"]
    )
    lines = (folder / "aasist-l_asvspoof2019_la_eval_published.txt").read_text().splitlines()
    printed = {line.split()[1]: line.split("=")[1].split("%")[0].strip() for line in lines if "%" in line}
    fake = (scores["key"] == "spoof").astype(int)
    pooled = metrics.equal_error_rate(metrics.sweep(fake, -scores["score"]).counts)
    found = {"=": pooled} | metrics.equal_error_rates_by(fake, -scores["score"], scores["attack"])
    assert len(printed) == 14
    assert {name: f"{100 * eer:.9f}" for name, eer in found.items()} == printed


def test_reversed_scores_show(bench: Path) -> None:
    file = bench / "scores" / "ocsoftmax_reversed_asvspoof2019_la_eval.txt"
    scores = pd.read_csv(file, sep=" ", names=["clip", "attack", "key", "score"])
    fake = (scores["key"] == "spoof").astype(int)
    as_it_stands, turned_round = (
        metrics.equal_error_rate(metrics.sweep(fake, sign * scores["score"]).counts) for sign in (-1, 1)
    )
    assert as_it_stands == pytest.approx(0.978, abs=1e-3)
    assert turned_round == pytest.approx(0.02178, abs=1e-5)
