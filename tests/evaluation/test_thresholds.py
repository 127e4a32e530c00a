"""The chosen threshold against every threshold there is."""

from __future__ import annotations

import math
import time

import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from sklearn.metrics import fbeta_score

from deepfake_audio.errors import UserError
from deepfake_audio.evaluation import metrics
from deepfake_audio.evaluation.thresholds import best_threshold

# Ties, both ends of the scale, and neighbouring floats between which there is no middle.
AWKWARD = [0.0, 5e-324, 1e-9, 0.25, math.nextafter(0.25, 1), 0.5, 1 - 2**-53, 1.0]
clips = st.lists(
    st.tuples(st.integers(0, 1), st.one_of(st.sampled_from(AWKWARD), st.floats(0, 1))),
    min_size=2,
    max_size=25,
).filter(lambda rows: len({label for label, _ in rows}) == 2)
betas = st.sampled_from([0.5, 1.0, 2.0])


def by_brute_force(
    labels: np.ndarray, scores: np.ndarray, beta: float, cap: float | None
) -> tuple[float, int]:
    """The best F-beta of all cuts that keep to the cap, and the fewest false alarms it can be had with."""
    options = []
    for threshold in [*np.unique(scores), 2.0]:
        called = scores >= threshold
        false_alarms = int(np.sum(called & (labels == 0)))
        if cap is None or false_alarms / np.sum(labels == 0) <= cap:
            figure = fbeta_score(labels, called, beta=beta, zero_division=0)
            options.append((round(float(figure), 12), -false_alarms))
    figure, fewest = max(options)
    return figure, -fewest


@given(clips, betas, st.one_of(st.none(), st.sampled_from([0.0, 0.1, 0.29, 0.5, 1.0])))
@example([(0, 1.0), (1, 1.0)], 2.0, 0.0)
@example([(0, 0.0), (1, 0.0)], 2.0, None)
@example([(0, 1.0), (1, 0.5)], 2.0, 0.0)
def test_no_threshold_is_better(rows: list[tuple[int, float]], beta: float, cap: float | None) -> None:
    labels, scores = (np.array(column) for column in zip(*rows, strict=True))
    choice = best_threshold(labels, scores, beta, cap)
    called = scores >= choice.threshold
    best, fewest_false_alarms = by_brute_force(labels, scores, beta, cap)
    assert fbeta_score(labels, called, beta=beta, zero_division=0) == pytest.approx(best, abs=1e-11)
    assert choice.f_beta == pytest.approx(best, abs=1e-11)
    assert np.sum(called & (labels == 0)) == fewest_false_alarms
    assert choice.counts.tp == np.sum(called & (labels == 1))
    assert choice.counts.fp == fewest_false_alarms
    assert choice.calls == ("everything" if called.all() else "some" if called.any() else "nothing")


def test_the_threshold_stands_in_the_middle_of_the_gap() -> None:
    """Well apart, so that any threshold in the gap would do: the middle is farthest from both."""
    choice = best_threshold([0, 0, 1, 1], [0.1, 0.2, 0.8, 0.9])
    assert choice.threshold == pytest.approx(0.5)
    assert choice.f_beta == 1


def test_a_cap_of_exactly_what_it_costs_is_kept() -> None:
    """29 false alarms in 100 are 0.29, though 0.29 * 100 is a little less than 29 in floats."""
    labels = np.r_[np.zeros(100, int), np.ones(10, int)]
    scores = np.r_[np.linspace(0.2, 0.1, 100), np.full(10, 0.05)]
    scores[:29] = 0.9
    scores[100:] = 0.9
    assert best_threshold(labels, scores, 2.0, 0.29).counts.fp == 29
    assert best_threshold(labels, scores, 2.0, 0.28).calls == "nothing"


def test_of_useless_scores_everything_is_called_fake() -> None:
    labels = np.tile([0, 1], 50)
    choice = best_threshold(labels, np.full(100, 0.4))
    assert choice.calls == "everything"
    assert choice.f_beta == pytest.approx(5 / 6)


def test_a_million_scores_take_less_than_a_second() -> None:
    rng = np.random.default_rng(0)
    labels = rng.integers(0, 2, 1_000_000)
    scores = rng.beta(1 + labels, 2 - labels)
    start = time.process_time()
    choice = best_threshold(labels, scores)
    assert time.process_time() - start < 1
    assert choice.f_beta >= max(metrics.f_beta(metrics.confusion(labels, scores, t)) for t in scores[:20])


@pytest.mark.parametrize(
    ("labels", "scores", "beta", "cap", "message"),
    [
        ([0, 1], [0.1, 0.9], 0.0, None, "beta must be above 0"),
        ([0, 1], [0.1, 0.9], math.nan, None, "beta must be above 0"),
        ([0, 1], [0.1, 0.9], 2.0, 1.5, "share from 0 to 1"),
        ([0, 1], [0.1, 0.9], 2.0, math.nan, "share from 0 to 1"),
        ([1, 1], [0.1, 0.9], 2.0, None, "no real clip"),
        ([0, 0], [0.1, 0.9], 2.0, None, "no fake clip"),
        ([0, 1], [-3.0, 4.0], 2.0, None, "apply a sigmoid"),
    ],
)
def test_what_has_no_answer_is_an_error(
    labels: list[int], scores: list[float], beta: float, cap: float | None, message: str
) -> None:
    with pytest.raises(UserError, match=message):
        best_threshold(labels, scores, beta, cap)
