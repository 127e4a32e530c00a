"""Pitch: another height at the same length, and everything at the same time."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import soundfile

from deepfake_audio.augment import Pitch
from deepfake_audio.augment.base import Wave
from deepfake_audio.augment.pitch import stretched

from .tones import loudest_hz, tone

RATE_HZ = 16_000


def shifted(wave: Wave, semitones: float, rate: int = RATE_HZ) -> Wave:
    return Pitch(1.0, (semitones, semitones)).change(wave, rate, np.random.default_rng(0))


@pytest.mark.parametrize("rate", [8_000, RATE_HZ, 44_100])
@pytest.mark.parametrize("semitones", [-12, -2, 1, 7])
def test_a_tone_moves_by_the_factor_stays_as_long_and_as_loud_and_pure(semitones: float, rate: int) -> None:
    for hz in (110, 900):
        wave = tone(hz, rate)
        changed = shifted(wave, semitones, rate)
        assert len(changed) == len(wave)
        # In steps of a hundredth.
        assert loudest_hz(changed, rate) == pytest.approx(hz * 2 ** (semitones / 12), rel=0.008)
        middle = changed[len(wave) // 5 : -len(wave) // 5]
        assert np.square(middle).mean() == pytest.approx(np.square(wave).mean(), rel=0.05)
        power = np.abs(np.fft.rfft(middle * np.hanning(len(middle)))) ** 2
        peak = int(power.argmax())
        assert power[max(0, peak - 8) : peak + 9].sum() > 0.98 * power.sum()


def test_a_stretch_keeps_the_pitch_and_has_the_length_it_was_asked_for() -> None:
    wave = tone(300, RATE_HZ)
    for samples in (1, 7_000, 24_000, 40_001):
        assert len(stretched(wave, samples, RATE_HZ)) == samples
    for samples in (16_000, 40_001):
        assert loudest_hz(stretched(wave, samples, RATE_HZ), RATE_HZ) == pytest.approx(300, abs=1)
    np.testing.assert_allclose(stretched(wave, len(wave), RATE_HZ), wave, atol=1e-5)


def test_sounds_stay_where_they_are() -> None:
    """Bursts of a buzz: how loud each 20 ms is follows the original without a shift."""
    clock = np.arange(2 * RATE_HZ) / RATE_HZ
    rng = np.random.default_rng(3)
    on = np.repeat(rng.random(20) < 0.5, RATE_HZ // 10)
    wave = (0.2 * on * np.sign(np.sin(2 * np.pi * 130 * clock))).astype(np.float32)
    for semitones in (-4, 3):
        loud, before = (
            np.sqrt(np.square(one).reshape(-1, 320).mean(axis=1)) for one in (shifted(wave, semitones), wave)
        )
        likeness = [np.corrcoef(np.roll(loud, lag), before)[0, 1] for lag in (-2, -1, 0, 1, 2)]
        assert int(np.argmax(likeness)) == 2 and likeness[2] > 0.95


def heights_hz(wave: Wave) -> np.ndarray:
    """The pitch of each 40 ms, where its autocorrelation is highest between 70 and 400 Hz."""
    frames = wave[: len(wave) // 640 * 640].reshape(-1, 640)
    shortest, longest = RATE_HZ // 400, RATE_HZ // 70
    likeness = np.stack([np.correlate(frame, frame, "full")[639:][shortest:longest] for frame in frames])
    return RATE_HZ / (shortest + likeness.argmax(axis=1))


def test_a_real_voice_is_heard_at_the_other_height(bench: Path) -> None:
    for path in sorted((bench / "speech" / "librispeech").glob("*.flac"))[:4]:
        wave, _ = soundfile.read(path, dtype="float32", frames=4 * RATE_HZ)
        loud = np.square(wave[: len(wave) // 640 * 640]).reshape(-1, 640).mean(axis=1)
        moved = 12 * np.log2(heights_hz(shifted(wave, 3)) / heights_hz(wave))
        assert np.median(moved[loud > np.median(loud)]) == pytest.approx(3, abs=0.3)
