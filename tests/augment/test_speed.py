"""Speed: frequencies go up by the factor, lengths down by it."""

from __future__ import annotations

import numpy as np
import pytest

from deepfake_audio.augment import Speed

from .tones import loudest_hz, tone


@pytest.mark.parametrize("rate", [8_000, 16_000, 44_100])
@pytest.mark.parametrize("factor", [0.8, 0.93, 1.07, 1.5])
def test_a_tone_and_its_length_follow_the_factor(factor: float, rate: int) -> None:
    wave = tone(440, rate)
    changed = Speed(1.0, (factor, factor)).change(wave, rate, np.random.default_rng(0))
    assert len(changed) == pytest.approx(len(wave) / factor, abs=1)
    assert loudest_hz(changed, rate) == pytest.approx(440 * factor, abs=1)
    middle = slice(len(changed) // 4, -len(changed) // 4)
    assert np.abs(changed[middle]).max() == pytest.approx(np.abs(wave).max(), rel=0.01)


def test_the_whole_range_is_drawn_and_no_more() -> None:
    wave, rng = np.zeros(10_000, dtype=np.float32), np.random.default_rng(0)
    lengths = {len(Speed(1.0, (0.98, 1.02)).change(wave, 16_000, rng)) for _ in range(100)}
    assert lengths == {-(-10_000 * 100 // percent) for percent in (98, 99, 100, 101, 102)}
