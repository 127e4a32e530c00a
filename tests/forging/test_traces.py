"""Systems that leave one trace each: what they change is what they say, and the rest stays."""

from __future__ import annotations

import numpy as np
import pytest

from deepfake_audio.forging import highband, phases, smoothed
from deepfake_audio.forging.frames import SAMPLE_RATE_HZ, istft, stft
from deepfake_audio.forging.mel import through_mel

SIZE = 512
Voices = list[np.ndarray]


def spectrum_of(wave: np.ndarray) -> np.ndarray:
    return stft(wave.astype(np.float64), SIZE, SIZE // 4)


def test_quantised_phases_are_whole_steps_and_the_nearest(voices: Voices) -> None:
    spectra = spectrum_of(voices[0])
    bent = phases.quantised(spectra, 0.7)
    assert np.allclose(bent / 0.7, np.round(bent / 0.7))
    assert np.abs(bent - np.angle(spectra)).max() <= 0.35 + 1e-9


def test_a_drift_grows_as_a_walk_does(voices: Voices) -> None:
    spectra = spectrum_of(voices[0])
    away = phases.drifting(np.random.default_rng(0), spectra, 0.3) - np.angle(spectra)
    for frame in (3, 15, 99):
        assert np.std(away[frame]) == pytest.approx(0.3 * np.sqrt(frame + 1), rel=0.15)


def test_the_least_delay_of_a_decaying_pulse_is_its_own() -> None:
    """A pulse that decays has no less delay to give: its true phase comes back, halved as the system does."""
    pulse = np.zeros(SIZE)
    pulse[:100] = 0.9 ** np.arange(100)
    spectra = np.fft.rfft(pulse)[None]
    assert np.allclose(2 * phases.smallest_delay(spectra, 0.0), np.angle(spectra), atol=1e-3)


def test_true_phases_give_the_wave_back(voices: Voices) -> None:
    wave = voices[0].astype(np.float64)
    spectra = spectrum_of(wave)
    again = phases.agreed(np.abs(spectra), np.angle(spectra), 3, SIZE, len(wave))
    assert np.allclose(again, wave, atol=1e-6)


def test_what_is_kept_whole_is_not_smoothed_and_more_bands_miss_less(voices: Voices) -> None:
    magnitudes = np.abs(spectrum_of(voices[0]))
    assert np.allclose(smoothed.smoothed(magnitudes, 50, 3, 3, kept=1.0), magnitudes, atol=1e-6)

    def miss(bands: int) -> float:
        return float(np.abs(through_mel(magnitudes, bands) - magnitudes).mean())

    assert miss(20) > miss(50) > miss(100) > 0


def test_phases_shake_more_above(voices: Voices) -> None:
    zeros = np.zeros((400, 257))
    shaken = smoothed.shaken(np.random.default_rng(0), zeros, 0.2, more_above=1.0, from_share=0.5)
    assert np.std(shaken[:, :128]) == pytest.approx(0.2, rel=0.02)
    assert np.std(shaken[:, -1]) == pytest.approx(1.2, rel=0.1)


@pytest.mark.parametrize(("factor", "image_hz"), [(2, 7_000), (4, 3_000)])
def test_thinned_samples_mirror_the_low_band(factor: int, image_hz: int) -> None:
    tone = np.sin(2 * np.pi * 1_000 * np.arange(SAMPLE_RATE_HZ) / SAMPLE_RATE_HZ)
    for held in (False, True):
        power = np.abs(np.fft.rfft(highband.images(tone, factor, held))) ** 2
        assert power[image_hz] > 1e-3 * power[1_000]
        assert power[image_hz] > 1e6 * power[image_hz + 500]
    assert np.abs(np.fft.rfft(highband.images(tone, factor, False)))[1_000] == pytest.approx(8_000, rel=1e-6)


def test_only_the_high_band_is_replaced_and_its_envelope_stays(voices: Voices) -> None:
    wave = voices[0].astype(np.float64)
    noise = np.random.default_rng(0).normal(size=len(wave))
    made = highband.replaced(wave, noise, SIZE, from_bin=128, width=1.0, share=1.0, even=(3, 7))
    before, after = (spectrum_of(each) for each in (wave, made))
    assert np.allclose(after[4:-4, :110], before[4:-4, :110], atol=1e-2 * np.abs(before).max())
    above = slice(140, 250)
    levels = [10 * np.log10((np.abs(each[4:-4, above]) ** 2).mean()) for each in (before, after)]
    assert abs(levels[0] - levels[1]) < 1.5
    assert abs(np.corrcoef(np.abs(before[:, above]).ravel(), np.abs(after[:, above]).ravel())[0, 1]) < 0.95
    assert len(istft(before, SIZE, SIZE // 4, len(wave))) == len(made)
