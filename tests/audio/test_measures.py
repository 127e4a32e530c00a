"""Each measure on signals whose answer is known beforehand."""

from __future__ import annotations

import math
import time

import numpy as np
import pytest
from scipy.signal import butter, sosfilt

from deepfake_audio.audio.measures import MEASURES, measure

RATE = 16_000


def noise(seconds: float, level: float = 0.1, seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).normal(0, level, round(seconds * RATE)).astype(np.float32)


def tone(seconds: float, hz: float, amplitude: float, rate: int = RATE) -> np.ndarray:
    return (amplitude * np.sin(2 * np.pi * hz * np.arange(round(seconds * rate)) / rate)).astype(np.float32)


def test_the_keys_are_always_the_same() -> None:
    for wave in (noise(1), np.zeros(1, np.float32), np.zeros(RATE, np.float32)):
        assert tuple(measure(wave, RATE)) == MEASURES


@pytest.mark.parametrize("lead,trail", [(0.3, 0.0), (0.0, 0.45), (0.12, 0.2), (0.0, 0.0)])
@pytest.mark.parametrize("gain", [1.0, 0.01])
def test_planted_silence_is_found_whatever_the_gain(lead: float, trail: float, gain: float) -> None:
    """Silence here is a quiet room, 50 dB below the voice, not digital zeros."""
    wave = gain * np.concatenate([noise(lead, 3e-4, 1), noise(1.5), noise(trail, 3e-4, 2)])
    told = measure(wave, RATE)
    assert told["leading_silence_seconds"] == pytest.approx(lead, abs=0.011)
    assert told["trailing_silence_seconds"] == pytest.approx(trail, abs=0.011)
    assert told["silence_share"] == pytest.approx((lead + trail) / (1.5 + lead + trail), abs=0.02)
    assert told["leading_zeros_seconds"] == told["trailing_zeros_seconds"] == 0


def test_a_pause_inside_is_no_edge_but_counts_as_silence() -> None:
    told = measure(np.concatenate([noise(1), noise(0.5, 1e-4), noise(1)]), RATE)
    assert told["leading_silence_seconds"] == told["trailing_silence_seconds"] == 0
    assert told["silence_share"] == pytest.approx(0.2, abs=0.01)


def test_a_click_does_not_turn_speech_into_silence() -> None:
    wave = noise(1, 0.01)
    wave[8000] = 1.0
    assert measure(wave, RATE)["silence_share"] == 0


def test_digital_zeros_are_counted_to_the_sample() -> None:
    told = measure(np.pad(noise(1), (37, 4321)), RATE)
    assert told["leading_zeros_seconds"] * RATE == pytest.approx(37)
    assert told["trailing_zeros_seconds"] * RATE == pytest.approx(4321)


@pytest.mark.parametrize("rate", [8_000, 16_000, 44_100])
def test_levels_of_a_tone(rate: int) -> None:
    """A sine of amplitude a has an RMS of a / sqrt 2; silence around it does not lower its loudness."""
    wave = np.pad(tone(1, 1000, 0.5, rate), (rate, rate)) + np.float32(0.001)
    told = measure(wave, rate)
    assert told["loudness_db"] == pytest.approx(20 * math.log10(0.5 / math.sqrt(2)), abs=0.1)
    assert told["peak_db"] == pytest.approx(20 * math.log10(0.501), abs=0.02)
    assert told["dc"] == pytest.approx(0.001, abs=1e-5)
    assert told["noise_floor_db"] == pytest.approx(-60, abs=0.1)
    assert told["clipped_share"] == 0


def test_lengths() -> None:
    told = measure(noise((3 * 1024 + 17) / RATE), RATE)
    assert told["samples_mod_1024"] == 17
    assert told["seconds"] == (3 * 1024 + 17) / RATE


def test_clipping_is_counted() -> None:
    wave = np.clip(tone(1, 100, 2.0), -1, 1)
    # |2 sin| > 1 outside 30 degrees around each zero: two thirds of the time.
    assert measure(wave, RATE)["clipped_share"] == pytest.approx(2 / 3, abs=0.01)


@pytest.mark.parametrize("edge", [1000, 3400, 6000])
def test_the_band_of_low_passed_noise(edge: int) -> None:
    wave = sosfilt(butter(20, edge, fs=RATE, output="sos"), noise(3)).astype(np.float32)
    told = measure(wave, RATE)
    # This filter falls by 60 dB within 45 % above its edge, at most (steeper near the end of the band).
    assert edge < told["bandwidth_hz"] < 1.45 * edge
    assert told["rolloff_hz"] == pytest.approx(edge, rel=0.04)
    assert measure(noise(3), RATE)["bandwidth_hz"] > 7_900


@pytest.mark.parametrize("slope", [-6.0, -3.0, 0.0, 3.0])
def test_the_tilt_of_coloured_noise(slope: float) -> None:
    spectrum = np.fft.rfft(noise(8))
    octaves = np.log2(np.maximum(np.arange(len(spectrum)), 1))
    wave = np.fft.irfft(spectrum * 10 ** (slope * octaves / 20))
    wave = (0.3 * wave / np.abs(wave).max()).astype(np.float32)
    assert measure(wave, RATE)["spectral_tilt_db_per_octave"] == pytest.approx(slope, abs=0.3)


@pytest.mark.parametrize("gain", [1e-3, 0.1, 3.0])
def test_what_describes_the_spectrum_and_the_edges_ignores_gain(gain: float) -> None:
    wave = np.concatenate([noise(0.2, 1e-4), noise(1)])
    loud, quiet = measure(wave, RATE), measure(np.float32(gain) * wave, RATE)
    for name in ("leading_silence_seconds", "bandwidth_hz", "rolloff_hz", "spectral_tilt_db_per_octave"):
        assert quiet[name] == pytest.approx(loud[name], rel=1e-4), name


@pytest.mark.parametrize(
    "wave",
    [
        np.zeros(0, np.float32),
        np.zeros(1, np.float32),
        np.ones(1, np.float32),
        np.zeros(RATE, np.float32),
        np.ones(RATE, np.float32),
        np.sign(noise(1)),
        np.float32(1e-30) * noise(1),
        np.eye(1, 700, 300, dtype=np.float32)[0],
    ],
    ids=["nothing", "one zero", "one sample", "silence", "only dc", "square", "denormal", "an impulse"],
)
def test_always_finite(wave: np.ndarray) -> None:
    assert all(math.isfinite(value) for value in measure(wave, RATE).values())


def test_silence_is_all_edge() -> None:
    told = measure(np.zeros(RATE, np.float32), RATE)
    edges = ("leading_silence_seconds", "trailing_silence_seconds", "leading_zeros_seconds")
    assert all(told[name] == 1.0 for name in (*edges, "silence_share", "trailing_zeros_seconds"))


def test_five_seconds_take_milliseconds() -> None:
    """The best of many on a busy machine; 21,544 clips must fit into a pass over the audio."""
    wave, took = noise(5), []
    for _ in range(30):
        start = time.perf_counter()
        measure(wave, RATE)
        took.append(time.perf_counter() - start)
    assert min(took) < 0.004
