"""The chosen threshold against every threshold there is."""

from __future__ import annotations

import math
import time
from fractions import Fraction
from typing import Any

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from sklearn.metrics import fbeta_score

from deepfake_audio.errors import UserError
from deepfake_audio.evaluation import metrics
from deepfake_audio.evaluation.metrics import Counts
from deepfake_audio.evaluation.thresholds import (
    Rule,
    best_threshold,
    choose,
    in_words,
    normalised_cost,
    values,
)

# Ties, both ends of the scale, and neighbouring floats between which there is no middle.
AWKWARD = [0.0, 5e-324, 1e-9, 0.25, math.nextafter(0.25, 1), 0.5, 1 - 2**-53, 1.0]
clips = st.lists(
    st.tuples(st.integers(0, 1), st.one_of(st.sampled_from(AWKWARD), st.floats(0, 1))),
    min_size=2,
    max_size=25,
).filter(lambda rows: len({label for label, _ in rows}) == 2)
betas = st.sampled_from([0.5, 1.0, 2.0])


rules = st.one_of(
    st.builds(
        Rule,
        beta=betas,
        max_false_alarm=st.one_of(st.none(), st.sampled_from([0.0, 0.29, 1.0])),
        prevalence=st.one_of(st.none(), st.sampled_from([0.01, 0.5, 0.9])),
    ),
    st.builds(Rule, name=st.just("false_alarm"), max_false_alarm=st.sampled_from([0.0, 0.1, 0.29, 0.5, 1.0])),
    st.builds(Rule, name=st.just("miss"), max_miss=st.sampled_from([0.0, 0.1, 0.29, 0.5, 1.0])),
    st.builds(
        Rule,
        name=st.just("cost"),
        prevalence=st.sampled_from([0.01, 0.5, 0.9]),
        cost_miss=st.sampled_from([0.5, 1.0, 10.0]),
        cost_false_alarm=st.sampled_from([1.0, 3.0]),
    ),
)


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


@settings(deadline=None)
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


def wanted(rule: Rule, labels: np.ndarray, called: np.ndarray) -> tuple[Fraction, ...] | None:
    """What a rule is after, in exact fractions; None where its limit is broken."""
    share = {
        (label, call): Fraction(int(np.sum(called[labels == label] == call)), int(np.sum(labels == label)))
        for label in (0, 1)
        for call in (True, False)
    }
    alarms, hits, missed = share[0, True], share[1, True], share[1, False]
    if rule.max_false_alarm is not None and float(alarms) > rule.max_false_alarm:
        return None
    if rule.max_miss is not None and float(missed) > rule.max_miss:
        return None
    fakes = Fraction(rule.prevalence) if rule.prevalence else Fraction(int(labels.sum()), len(labels))
    if rule.name == "false_alarm":
        return (hits,)
    if rule.name == "miss":
        return (-alarms, hits)
    if rule.name == "cost":
        of_misses, of_alarms = Fraction(rule.cost_miss), Fraction(rule.cost_false_alarm)
        return (-(of_misses * fakes * missed + of_alarms * (1 - fakes) * alarms),)
    weight = Fraction(rule.beta) ** 2
    return ((1 + weight) * fakes * hits / (fakes * hits + (1 - fakes) * alarms + weight * fakes),)


@settings(deadline=None)
@given(clips, rules)
@example([(0, 0.5), (1, 0.5), (1, 0.25), (0, 0.75)], Rule("miss", max_miss=0.5))
def test_every_rule_finds_the_best_of_all_cuts(rows: list[tuple[int, float]], rule: Rule) -> None:
    labels, scores = (np.array(column) for column in zip(*rows, strict=True))
    options = {}
    for threshold in [2.0, *np.unique(scores)[::-1]]:
        figure = wanted(rule, labels, scores >= threshold)
        if figure is not None:
            # To the decimals at which weighted figures count as equal.
            options[threshold] = tuple(round(float(part), 11) for part in figure)
    best = max(options.values())
    highest = next(threshold for threshold, figure in options.items() if figure == best)
    choice = choose(labels, scores, rule)
    np.testing.assert_array_equal(scores >= choice.threshold, scores >= highest)
    assert choice.f_beta == pytest.approx(
        fbeta_score(labels, scores >= highest, beta=rule.beta, zero_division=0), abs=1e-12
    )


@settings(deadline=None)
@given(clips, rules)
def test_only_the_order_of_scores_counts(rows: list[tuple[int, float]], rule: Rule) -> None:
    labels, scores = (np.array(column) for column in zip(*rows, strict=True))
    ranks = np.unique(scores, return_inverse=True)[1] / (2 * len(scores)) + 0.1
    np.testing.assert_array_equal(
        scores >= choose(labels, scores, rule).threshold, ranks >= choose(labels, ranks, rule).threshold
    )


@settings(deadline=None)
@given(clips, betas)
def test_the_corpus_own_prevalence_changes_nothing(rows: list[tuple[int, float]], beta: float) -> None:
    labels, scores = (np.array(column) for column in zip(*rows, strict=True))
    plain, weighted = Rule(beta=beta), Rule(beta=beta, prevalence=float(labels.mean()))
    counts = metrics.sweep(labels, scores).counts
    np.testing.assert_allclose(values(weighted, counts), values(plain, counts), atol=1e-11)
    assert choose(labels, scores, weighted).value == pytest.approx(choose(labels, scores, plain).value)


def test_a_prevalence_is_what_the_corpus_would_be_with_more_reals() -> None:
    """Each real clip five times is the same as to state the share of fakes that this gives."""
    rng = np.random.default_rng(0)
    labels, scores = rng.integers(0, 2, 400), rng.random(400)
    copies = np.where(labels == 0, 5, 1)
    share = float(np.average(labels, weights=copies))
    choice = choose(labels, scores, Rule(prevalence=share))
    bigger = choose(np.repeat(labels, copies), np.repeat(scores, copies), Rule())
    assert choice.threshold == bigger.threshold
    assert choice.value == pytest.approx(bigger.value)
    assert choice.f_beta != pytest.approx(choice.value), "that of the clips as they are is told as well"


def test_rarer_fakes_and_dearer_alarms_raise_the_threshold() -> None:
    rng = np.random.default_rng(0)
    labels = rng.integers(0, 2, 1000)
    scores = 1 / (1 + np.exp(-rng.normal(2 * labels - 1, 1.5)))
    by_share = [choose(labels, scores, Rule(prevalence=p)).threshold for p in (0.5, 0.1, 0.01)]
    assert by_share == sorted(by_share) and by_share[0] < by_share[-1]
    by_cost = [
        choose(labels, scores, Rule("cost", prevalence=0.5, cost_false_alarm=cost)).threshold
        for cost in (0.1, 1.0, 10.0)
    ]
    assert by_cost == sorted(by_cost) and by_cost[0] < by_cost[-1]


def test_many_sweeps_at_once_are_each_as_alone() -> None:
    """What a bootstrap redoes the choice with: [3, K+1] as three times [K+1], and NaN where a class is missing."""
    rng = np.random.default_rng(1)
    times = rng.integers(0, 3, (3, 40)).astype(float)
    labels = rng.integers(0, 2, 40)
    times[2, labels == 0] = 0
    tp = np.cumsum(np.pad(times * labels, ((0, 0), (1, 0))), axis=1)
    fp = np.cumsum(np.pad(times * (1 - labels), ((0, 0), (1, 0))), axis=1)
    many = Counts(tp, fp, fp[:, -1:] - fp, tp[:, -1:] - tp)
    for rule in (
        Rule(), Rule(prevalence=0.1, max_false_alarm=0.2), Rule("false_alarm", max_false_alarm=0.1),
        Rule("miss", max_miss=0.1), Rule("cost", prevalence=0.1),
    ):  # fmt: skip
        figures = values(rule, many)
        assert figures.shape == (3, 41)
        for row in range(3):
            np.testing.assert_array_equal(figures[row], values(rule, Counts(*(cell[row] for cell in many))))
        assert np.isnan(figures[2]).all()
        assert not np.isnan(figures[:2]).any()


def test_the_cost_of_an_answer_without_listening_is_one() -> None:
    rule = Rule("cost", prevalence=0.2, cost_miss=3.0)
    ends = metrics.sweep([0, 0, 1, 1], [0.1, 0.2, 0.3, 0.4]).counts
    costs = normalised_cost(rule, ends)
    assert costs.min() == 0 and min(costs[0], costs[-1]) == 1


def test_a_limit_of_exactly_what_is_missed_is_kept() -> None:
    """29 missed of 100 are 0.29, though 1 - 0.71 is a little more in floats."""
    labels = np.r_[np.ones(100, int), np.zeros(10, int)]
    scores = np.r_[np.full(71, 0.9), np.full(29, 0.1), np.full(10, 0.5)]
    assert choose(labels, scores, Rule("miss", max_miss=0.29)).counts.fp == 0
    assert choose(labels, scores, Rule("miss", max_miss=0.28)).counts.fp == 10


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"name": "best"}, "'best' is not known; known are f_beta, false_alarm, miss, cost"),
        ({"name": "false_alarm"}, "needs max_false_alarm"),
        ({"name": "miss", "max_false_alarm": 0.1}, "needs max_miss"),
        ({"name": "miss", "max_miss": 0.1, "max_false_alarm": 0.1}, "does nothing with max_false_alarm"),
        ({"name": "cost", "cost_miss": 2.0}, "needs prevalence"),
        ({"max_miss": 0.1}, "f_beta does nothing with max_miss"),
        ({"cost_miss": 2.0}, "f_beta does nothing with cost_miss"),
        ({"prevalence": 0.0}, "above 0 and below 1"),
        ({"prevalence": "rare"}, "above 0 and below 1"),
        ({"name": "cost", "prevalence": 0.5, "cost_miss": 0.0}, "cost_miss must be above 0"),
        ({"name": "cost", "prevalence": 0.5, "cost_false_alarm": math.inf}, "cost_false_alarm must be"),
        ({"beta": "two"}, "beta must be above 0"),
        ({"max_false_alarm": True}, "share from 0 to 1"),
    ],
)
def test_settings_without_a_meaning_are_refused(settings: dict[str, Any], message: str) -> None:
    with pytest.raises(UserError, match=message):
        Rule(**settings)


@pytest.mark.parametrize(
    ("rule", "words"),
    [
        (Rule(), "highest F2 over every distinct score"),
        (
            Rule(beta=0.5, max_false_alarm=0.1, prevalence=0.01),
            "highest F0.5 where 1 % of the clips are fake, over every distinct score, at most 0.1 of the reals "
            "called fake",
        ),
        (
            Rule("false_alarm", max_false_alarm=0.01),
            "highest recall with at most 0.01 of the reals called fake",
        ),
        (Rule("miss", max_miss=0.05), "fewest reals called fake with at most 0.05 of the fakes missed"),
        (
            Rule("cost", prevalence=0.05, cost_miss=10.0),
            "least expected cost where 5 % of the clips are fake, a missed fake costs 10 and a false alarm 1",
        ),
    ],
)
def test_a_rule_in_words(rule: Rule, words: str) -> None:
    assert in_words(rule) == words


def test_a_number_of_any_kind_is_a_setting() -> None:
    assert Rule(beta=np.float32(2), max_false_alarm=np.float64(0.5), prevalence=0.5).beta == 2


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
