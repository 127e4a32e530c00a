"""The tandem cost against every trial counted out, and against the published one."""

from __future__ import annotations

from functools import partial
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from deepfake_audio.errors import UserError
from deepfake_audio.evaluation import metrics
from deepfake_audio.evaluation.metrics import AsvScores
from deepfake_audio.evaluation.metrics.tandem import _asv_threshold

from .drawn import Rows, arrays, clips, unhurried


def made_asv(seed: int) -> AsvScores:
    """A verification system that errs on all three kinds of trial; no two scores are equal."""
    rng = np.random.default_rng(seed)
    return AsvScores(*(rng.normal(mean, 1.0, count) for mean, count in ((2, 40), (-2, 60), (1, 50))))


def asv_threshold(target: np.ndarray, nontarget: np.ndarray) -> float:
    """Refusing the lowest trials one by one, the last refused where the errors first are closest."""
    trials = np.sort(np.concatenate([target, nontarget]))
    apart = [abs(np.mean(target <= trial) - np.mean(nontarget > trial)) for trial in [trials[0] - 1, *trials]]
    return float([trials[0] - 1, *trials][int(np.argmin(apart))])


def tandem_cost(refused_real: float, passed_fake: float, asv: AsvScores, threshold: float) -> float:
    """What detector and ASV in a row cost, outcome by outcome of the evaluation plan of 2021."""
    target, nontarget, spoof = (np.asarray(each) for each in asv)
    missed = refused_real + (1 - refused_real) * np.mean(target < threshold)
    stranger = (1 - refused_real) * np.mean(nontarget >= threshold)
    spoofed = passed_fake * np.mean(spoof >= threshold)
    return float(0.9405 * 1 * missed + 0.0095 * 10 * stranger + 0.05 * 10 * spoofed)


@unhurried
@given(clips, st.integers(0, 20))
def test_both_forms_are_the_cost_of_the_two_systems_in_a_row(rows: Rows, seed: int) -> None:
    """2021: over that of a detector that is no use. 2019: both less what is paid beside a perfect detector."""
    labels, scores = arrays(rows)
    asv = made_asv(seed)
    cost = partial(tandem_cost, asv=asv, threshold=asv_threshold(asv.target, asv.nontarget))
    cuts = {-np.inf, *scores, np.inf}
    lowest = min(
        cost(np.mean(scores[labels == 0] >= cut), np.mean(scores[labels == 1] < cut)) for cut in cuts
    )
    useless, perfect = min(cost(0, 1), cost(1, 0)), cost(0, 0)
    assert metrics.min_tdcf(labels, scores, asv, "2021") == pytest.approx(lowest / useless)
    assert metrics.min_tdcf(labels, scores, asv, "2019") == pytest.approx(
        (lowest - perfect) / (useless - perfect), abs=1e-12
    )


def test_a_perfect_detector_leaves_what_the_asv_does_wrong() -> None:
    labels, scores = np.array([0, 0, 1, 1]), np.array([0.1, 0.2, 0.8, 0.9])
    asv = made_asv(3)
    assert metrics.min_tdcf(labels, scores, asv, "2019") == 0
    assert 0 < metrics.min_tdcf(labels, scores, asv, "2021") < 0.5
    assert metrics.min_tdcf(labels, -scores, asv, "2019") == pytest.approx(1), "turned round it is no use"


def test_an_asv_that_refuses_every_fake_leaves_nothing_to_do() -> None:
    asv = AsvScores([3.0, 4.0, -5.0], [-3.0, -4.0, 5.0], [-9.0, -9.0])
    assert np.isnan(metrics.min_tdcf([0, 1], [0.1, 0.9], asv, "2019"))
    assert metrics.min_tdcf([0, 1], [0.1, 0.9], asv, "2021") == pytest.approx(1)


def test_an_asv_worse_than_none_has_no_tandem_cost() -> None:
    asv = AsvScores(np.arange(50.0), np.arange(50.0) + 100, np.arange(50.0))
    for form in ("2019", "2021"):
        assert np.isnan(metrics.min_tdcf([0, 1], [0.1, 0.9], asv, form))


def test_tied_and_single_trials_of_the_asv() -> None:
    """One score for all is one cut: everyone is accepted. What is apart is cut below what is accepted."""
    assert _asv_threshold(np.ones(3), np.ones(4)) == 1.0
    assert _asv_threshold(np.array([2.0]), np.array([1.0])) == 1.0


@pytest.mark.parametrize("label", [0, 1])
def test_with_one_class_there_is_no_cost(label: int) -> None:
    assert np.isnan(metrics.min_tdcf([label, label], [0.1, 0.9], made_asv(0)))


@pytest.mark.parametrize(
    ("asv", "form", "message"),
    [
        (AsvScores([1.0], [0.0], []), "2019", "no spoof trial"),
        (AsvScores([1.0], [np.nan], [1.0]), "2019", "ASV scores of nontarget trials: 1 of 1"),
        (AsvScores([1.0], [0.0], [1.0]), "2018", "forms 2019 and 2021"),
    ],
)
def test_what_is_no_tandem_is_an_error(asv: AsvScores, form: str, message: str) -> None:
    with pytest.raises(UserError, match=message):
        metrics.min_tdcf([0, 1], [0.1, 0.9], asv, form)  # type: ignore[arg-type]


def test_the_published_tandem_cost_of_aasist_l(bench: Path) -> None:
    """Beside the challenge's own verification system, to the last digit that is printed."""
    folder = bench / "scores"
    scores = pd.read_csv(
        folder / "aasist-l_asvspoof2019_la_eval.txt", sep=" ", names=["clip", "attack", "key", "score"]
    )
    trials = pd.read_csv(
        folder / "asvspoof2019_la_asv_eval.txt", sep=" ", names=["attack", "key", "score"]
    ).groupby("key")["score"]
    asv = AsvScores(*(trials.get_group(key).to_numpy() for key in AsvScores._fields))
    fake = (scores["key"] == "spoof").astype(int)
    printed = (folder / "aasist-l_asvspoof2019_la_eval_published.txt").read_text()
    published = printed.split("min-tDCF")[1].split("=")[1].split()[0]
    assert f"{metrics.min_tdcf(fake, -scores['score'], asv):.9f}" == published
    # Beside a perfect detector that ASV costs 0.0627 of a useless one, as the challenge's package prints it.
    assert metrics.min_tdcf(fake, fake, asv, "2021") == pytest.approx(0.06273, abs=5e-6)
