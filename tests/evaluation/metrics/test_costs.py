"""Detection costs against their definition, clip by clip, in the direction that the challenges look."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from deepfake_audio.errors import UserError
from deepfake_audio.evaluation import metrics
from deepfake_audio.evaluation.metrics import ASVSPOOF5, DcfCosts

from .drawn import Rows, arrays, clips, every_cut, unhurried

all_costs = st.builds(
    DcfCosts,
    st.sampled_from([0.5, 1.0, 10.0]),
    st.sampled_from([1.0, 10.0]),
    st.sampled_from([0.05, 0.5, 0.9]),
)


def cost_of_accepting(labels: np.ndarray, accepted: np.ndarray, costs: DcfCosts) -> float:
    """Equation by equation from ASVspoof 5's plan, which asks who is accepted as bona fide."""
    bona_fide, spoof = labels == 0, labels == 1
    p_miss, p_false_alarm = np.mean(~accepted[bona_fide]), np.mean(accepted[spoof])
    dcf = costs.c_miss * (1 - costs.p_spoof) * p_miss + costs.c_false_alarm * costs.p_spoof * p_false_alarm
    return float(dcf / min(costs.c_miss * (1 - costs.p_spoof), costs.c_false_alarm * costs.p_spoof))


@unhurried
@given(clips, all_costs)
def test_the_lowest_cost_is_that_of_the_best_cut(rows: Rows, costs: DcfCosts) -> None:
    labels, scores = arrays(rows)
    bona_fide = -scores
    lowest = min(
        cost_of_accepting(labels, bona_fide >= cut, costs) for cut in [-np.inf, *bona_fide + 1e-9, np.inf]
    )
    counts = metrics.sweep(labels, scores).counts
    assert metrics.min_dcf(counts, costs) == pytest.approx(lowest)
    assert metrics.min_dcf(counts, costs) <= 1, "calling everything one thing is among the cuts"


@unhurried
@given(clips, all_costs)
def test_the_actual_cost_is_that_of_taking_ratios_at_their_word(rows: Rows, costs: DcfCosts) -> None:
    """The plan's ratios are for bona fide, and are accepted from minus the log of beta on."""
    labels, scores = arrays(rows)
    llr = 4 * scores - 2
    beta = costs.c_miss * (1 - costs.p_spoof) / (costs.c_false_alarm * costs.p_spoof)
    expected = cost_of_accepting(labels, -llr >= -math.log(beta), costs)
    assert metrics.act_dcf(labels, llr, costs) == pytest.approx(expected)
    assert (
        metrics.act_dcf(labels, llr, costs)
        >= metrics.min_dcf(metrics.sweep(labels, llr).counts, costs) - 1e-12
    )


def test_the_costs_of_asvspoof_5() -> None:
    """Each real refused weighs 1.9 times a fake let through, over equally many: 0.95 against 0.5."""
    labels = np.repeat([0, 1], 10)
    refused, passed = np.where(labels == 0, -9.0, 9.0), np.where(labels == 0, -9.0, 9.0)
    refused[0], passed[10] = 9.0, -9.0
    assert metrics.act_dcf(labels, refused) == pytest.approx(0.19)
    assert metrics.act_dcf(labels, passed) == pytest.approx(0.1)
    assert metrics.act_dcf(labels, np.full(20, 9.0)) == pytest.approx(1.9), "everything fake"
    assert metrics.act_dcf(labels, np.full(20, -np.inf)) == pytest.approx(1.0), "everything real"


def test_ratios_that_hold_cost_no_more_than_the_best_cut() -> None:
    """Scores drawn so that their ratio is known: two normal distributions two apart."""
    rng = np.random.default_rng(0)
    labels = rng.integers(0, 2, 100_000)
    llr = 2 * rng.normal(2.0 * labels - 1, 1.0)
    lowest = float(metrics.min_dcf(metrics.sweep(labels, llr).counts))
    assert metrics.act_dcf(labels, llr) == pytest.approx(lowest, rel=0.02)
    assert metrics.act_dcf(labels, llr + 3) > 1.5 * lowest, "what is off by a constant is badly calibrated"


def test_at_a_given_rate_of_errors_the_cost_is_their_sum() -> None:
    labels, scores = np.array([0, 0, 0, 1, 1, 0, 1, 1]), np.arange(8.0)
    costs = [
        (ASVSPOOF5.of_reals * far + ASVSPOOF5.of_fakes * miss) / 0.5
        for far, miss in every_cut(labels, scores)
    ]
    assert metrics.min_dcf(metrics.sweep(labels, scores).counts) == pytest.approx(min(costs))


@pytest.mark.parametrize("label", [0, 1])
def test_with_one_class_there_is_no_cost(label: int) -> None:
    assert math.isnan(metrics.act_dcf([label, label], [1.0, -1.0]))
    assert np.isnan(metrics.min_dcf(metrics.sweep([label], [1.0]).counts))


@pytest.mark.parametrize(
    ("costs", "message"),
    [
        ((0.0, 10.0, 0.05), "costs must be above 0"),
        ((1.0, -1.0, 0.05), "costs must be above 0"),
        ((1.0, math.inf, 0.05), "costs must be above 0"),
        ((1.0, 10.0, 5.0), "p_spoof is a share"),
        ((1.0, 10.0, 0.0), "p_spoof is a share"),
    ],
)
def test_costs_without_meaning_are_refused(costs: tuple[float, float, float], message: str) -> None:
    with pytest.raises(UserError, match=message):
        DcfCosts(*costs)
