"""Where the evidence is said to lie, and how it sounds."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from deepfake_audio.explaining import explain
from deepfake_audio.explaining.patches import means, patches, sums
from deepfake_audio.explaining.sound import cut, isolated, loudest_evidence
from deepfake_audio.explaining.where import MOSTLY, shortest_holding

from .made import RATE, detector_of, high_band, noise, tone, with_tone_at


@given(st.lists(st.integers(0, 9), min_size=1, max_size=12).filter(any))
def test_the_shortest_run_that_holds_enough(weights: list[int]) -> None:
    """Against all runs there are."""
    weight = np.array(weights, dtype=float)
    first, last = shortest_holding(weight)
    enough = [
        b - a
        for a in range(len(weight))
        for b in range(a, len(weight))
        if weight[a : b + 1].sum() >= MOSTLY * weight.sum() - 1e-9
    ]
    assert weight[first : last + 1].sum() >= MOSTLY * weight.sum() - 1e-9
    assert last - first == min(enough)


def test_patches_cover_every_cell_once() -> None:
    grid = patches(80, np.arange(300) * 0.01)
    assert sorted(set(grid.ravel())) == list(range(8 * 12))
    assert (np.bincount(grid.ravel()) == 10 * 25).all()
    values = np.random.default_rng(0).random((80, 300))
    assert sums(values, grid).sum() == pytest.approx(values.sum())
    assert means(values, grid)[0] == pytest.approx(values[:10, :25].mean())
    assert set(patches(3, np.arange(5) * 0.01).ravel()) == {0, 1, 2}


def test_the_second_with_the_most_evidence_is_around_the_tone() -> None:
    told = explain(detector_of(high_band()), with_tone_at(2.4, 2.6, 6000, 5.0), "integrated_gradients")
    span = loudest_evidence(list(told.stretches), told.label)
    assert span is not None
    start, end = span
    assert end - start == pytest.approx(1.0)
    assert start < 2.4
    assert end > 2.6


def test_a_cut_keeps_its_level_and_has_soft_ends() -> None:
    wave = tone(440, 2.0)
    part = cut(wave, RATE, 0.5, 1.5)
    assert len(part) == RATE
    assert np.array_equal(part[400:-400], wave[8_400 : 24_000 - 400])
    assert abs(part[0]) < 1e-3
    assert abs(part[-1]) < 1e-3
    assert wave[8_000:8_100].any()


@pytest.mark.parametrize("label", ["fake", "real"])
def test_what_speaks_for_the_verdict_is_heard_alone(label: str) -> None:
    """Two tones, and a detector that listens to the higher one: the lower is gone, the higher as loud as it was."""
    low, high = tone(500, 1.0, 0.2), tone(5000, 1.0, 0.2)
    wave = low + high + noise(1.0, level=1e-4)
    detector = detector_of(high_band(scale=1000.0 if label == "fake" else -1000.0))
    told = explain(detector, wave, "integrated_gradients", random_orders=0)
    assert told.label == label
    alone = isolated(wave, RATE, told.stretches[0], label, told.bin_hz)
    spectrum = np.abs(np.fft.rfft(alone)) / np.abs(np.fft.rfft(wave))[[500, 5000]].mean()
    assert len(alone) == len(wave)
    assert 0.5 < spectrum[5000] < 1.1
    assert spectrum[500] < 0.02
