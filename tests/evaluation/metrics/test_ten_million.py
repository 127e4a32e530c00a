"""Ten million scores, on a construction whose figures are known by hand: exact, and about as quick as sorting them."""

from __future__ import annotations

import time

import numpy as np
import pytest

from deepfake_audio.evaluation import metrics
from deepfake_audio.evaluation.thresholds import best_threshold

OF_A_KIND = 5_000_000
# Fakes lead by so many places.
AHEAD = OF_A_KIND // 2


def clips(gap: int) -> tuple[np.ndarray, np.ndarray]:
    """Labels and scores in no order: reals at 0, 2, 4, ..., fakes `AHEAD` places further on, and `gap` more."""
    places = 2 * np.arange(OF_A_KIND)
    scores = np.concatenate([places, places + 2 * AHEAD + gap]) / (4 * OF_A_KIND)
    labels = np.repeat([0, 1], OF_A_KIND)
    order = np.random.default_rng(0).permutation(len(labels))
    return labels[order], scores[order]


@pytest.mark.slow  # ten seconds, and two gigabytes of memory
@pytest.mark.parametrize("gap", [1, 0])
def test_figures_are_those_worked_out_by_hand(gap: int) -> None:
    """With all scores apart, and with half of all clips in ties of a real and a fake."""
    n, ahead = OF_A_KIND, AHEAD
    labels, scores = clips(gap)
    sweep = metrics.sweep(labels, scores)
    among = n - ahead  # fakes that have a real above or beside them
    assert len(sweep.thresholds) == 1 + 2 * n - (0 if gap else among)
    below = among * (among - 1) // 2 + among * (ahead + gap) + ahead * n
    pairs = below + (0 if gap else among / 2)
    assert metrics.roc_auc(sweep.counts) == pytest.approx(pairs / n**2, abs=1e-12)
    assert metrics.equal_error_rate(sweep.counts) == among / (2 * n)

    # F2 wants every fake: of the reals those are called fake that lie above the lowest one.
    highest_f2 = best_threshold(labels, scores)
    assert highest_f2.f_beta == pytest.approx(5 * n / (6 * n - ahead - gap), rel=1e-15)
    next_lower = 2 * ahead - (0 if gap else 2)
    assert highest_f2.threshold == pytest.approx((2 * ahead + gap + next_lower) / (8 * n), rel=1e-15)
    # F0.5 wants no real: of the fakes those are caught that lie above them all.
    highest_half = best_threshold(labels, scores, beta=0.5)
    assert highest_half.f_beta == pytest.approx(1.25 * (ahead + gap) / (ahead + gap + 0.25 * n), rel=1e-15)
    assert highest_half.threshold == pytest.approx((4 * n - gap - 2) / (8 * n), rel=1e-15)


@pytest.mark.slow  # some seconds, and a gigabyte of memory
def test_a_sweep_takes_little_longer_than_an_order() -> None:
    """In seconds of the processor's own, which other programs don't lengthen."""
    labels, scores = clips(1)
    began = time.process_time()
    np.argsort(scores)
    sorted_at = time.process_time()
    metrics.sweep(labels, scores)
    order, sweep = sorted_at - began, time.process_time() - sorted_at
    print(f"np.argsort {order:.2f} s, sweep {sweep:.2f} s")
    assert sweep < 5 * order
