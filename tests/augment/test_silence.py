"""Silence: edges trimmed, added or left, pauses of other lengths, and what was said untouched."""

from __future__ import annotations

import numpy as np
import pytest

from deepfake_audio.augment import Silence
from deepfake_audio.augment.base import Wave
from deepfake_audio.augment.silence import pauses_of

RATE_HZ = 16_000


def window(rate: int = RATE_HZ) -> tuple[Wave, Wave]:
    """0.3 s of faint hiss, 0.6 s of noise, a pause of 0.4 s, 0.7 s of noise, 0.2 s of hiss; and the noise alone."""
    rng = np.random.default_rng(0)
    wave = rng.normal(0, 0.0005, round(2.2 * rate)).astype(np.float32)
    parts = [slice(round(0.3 * rate), round(0.9 * rate)), slice(round(1.3 * rate), round(2.0 * rate))]
    for part in parts:
        wave[part] = rng.normal(0, 0.1, part.stop - part.start)
    return wave, np.concatenate([wave[part] for part in parts])


def loud(wave: Wave) -> Wave:
    """The samples within 5 ms of one that stands out."""
    near = np.convolve(np.abs(wave) > 0.01, np.ones(161), mode="same") > 0
    return wave[near]


@pytest.mark.parametrize("rate", [8_000, RATE_HZ])
def test_pauses_are_found_where_they_are(rate: int) -> None:
    wave, _ = window(rate)
    (start, end), *more = pauses_of(wave, rate, 35)
    assert not more
    assert start == pytest.approx(0.9 * rate, abs=0.01 * rate) and end == pytest.approx(
        1.3 * rate, abs=0.01 * rate
    )
    assert (
        pauses_of(np.zeros(0, np.float32), rate, 35) == pauses_of(np.zeros(rate, np.float32), rate, 35) == []
    )


@pytest.mark.parametrize("factor", [0.0, 0.5, 1.0, 2.5])
def test_a_pause_lasts_as_long_as_the_factor_says_and_no_word_is_lost(factor: float) -> None:
    wave, noise = window()
    for seed in range(12):
        changed = Silence(1.0, 0.0, (factor, factor)).change(wave, RATE_HZ, np.random.default_rng(seed))
        # Frames of 10 ms: both ends of a pause of 0.4 s may be off by one.
        inner = np.flatnonzero(np.abs(changed) > 0.01)
        said = inner[-1] - inner[0] + 1
        assert said == pytest.approx(len(noise) + factor * 0.4 * RATE_HZ, abs=0.025 * RATE_HZ * (1 + factor))
        kept = loud(changed)
        assert np.square(kept).sum() == pytest.approx(np.square(noise).sum(), rel=0.01)


def test_each_edge_is_left_trimmed_or_longer_by_lot() -> None:
    wave, _ = window()
    augment = Silence(1.0, 0.5, (1.0, 1.0))
    fronts, backs = [], []
    for seed in range(120):
        changed = augment.change(wave, RATE_HZ, np.random.default_rng(seed))
        inner = np.flatnonzero(np.abs(changed) > 0.01)
        fronts.append(inner[0] / RATE_HZ)
        backs.append((len(changed) - 1 - inner[-1]) / RATE_HZ)
    for found, had in ((fronts, 0.3), (backs, 0.2)):
        edge = np.array(found)
        trimmed, left = edge < 0.05, np.abs(edge - had) < 0.005
        for kind in (trimmed, left, ~(trimmed | left)):
            assert 0.2 < kind.mean() < 0.47
        # A quarter of the window is more than half a second.
        assert edge.max() == pytest.approx(had + 0.5, abs=0.05)
    assert np.corrcoef(fronts, backs)[0, 1] ** 2 < 0.1


def test_what_is_added_is_digital_silence_or_noise_of_the_level_drawn() -> None:
    wave, _ = window()
    augment = Silence(1.0, 0.5, (1.0, 1.0), noise_db=(-60, -60))
    levels = []
    for seed in range(60):
        changed = augment.change(wave, RATE_HZ, np.random.default_rng(seed))
        if np.flatnonzero(np.abs(changed) > 0.01)[0] > 0.4 * RATE_HZ:
            levels.append(float(np.sqrt(np.square(changed[: RATE_HZ // 10], dtype=np.float64).mean())))
    noisy = [level for level in levels if level > 0]
    assert 0 < len(noisy) < len(levels)
    np.testing.assert_allclose(20 * np.log10(noisy), -60, atol=0.5)


def test_no_edge_takes_more_than_a_quarter_of_a_short_window() -> None:
    wave, _ = window()
    for seed in range(30):
        changed = Silence(1.0, 5.0, (1.0, 1.0)).change(wave, RATE_HZ, np.random.default_rng(seed))
        assert len(changed) <= 1.5 * len(wave)
