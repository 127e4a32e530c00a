"""Each synthesiser's inside, against an independent way to the same."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.linalg import solve_toeplitz

from deepfake_audio.forging import codec, griffinlim, lpc
from deepfake_audio.forging.frames import cut, stft, window
from deepfake_audio.forging.world import world

Voices = list[np.ndarray]


def test_the_transform_is_the_textbook_one_and_comes_back() -> None:
    wave, hop = np.random.default_rng(0).normal(size=1000), 16
    coefficients = codec._analysed(wave, hop)
    padded = np.pad(wave, (hop, 4 * hop))
    n, k = np.arange(2 * hop), np.arange(hop)
    kernel = np.cos(np.pi / hop * (n + 0.5 + hop / 2) * (k[:, None] + 0.5)) * np.sqrt(2 / hop)
    shape = np.sin(np.pi * (n + 0.5) / (2 * hop))
    expected = np.stack(
        [kernel @ (padded[f * hop : (f + 2) * hop] * shape) for f in range(len(coefficients))]
    )
    assert np.allclose(coefficients, expected)
    assert np.allclose(codec._synthesised(coefficients, hop, len(wave)), wave)


def noise_db(wave: np.ndarray, decoded: np.ndarray) -> float:
    return float(10 * np.log10(np.sum((decoded - wave) ** 2) / np.sum(wave**2)))


def test_more_codebooks_and_larger_ones_miss_less(voices: Voices) -> None:
    wave = voices[0]

    def miss(**settings: int) -> float:
        return noise_db(wave, codec.codec(np.random.default_rng(0), wave, **settings))

    one, two, three = (miss(codes=32, stages=stages) for stages in (1, 2, 3))
    assert one > two + 1 and two > three + 1
    assert miss(codes=8, stages=1) > one > miss(codes=128, stages=1)
    assert -30 < three < one < 0


def test_learnt_codes_miss_less_than_drawn_ones() -> None:
    rng = np.random.default_rng(0)
    vectors = rng.normal(size=(2000, 8)) * np.geomspace(3, 0.1, 8)
    learnt = codec._learn_codebook(np.random.default_rng(1), vectors, 32)
    drawn = vectors[np.random.default_rng(1).permutation(2000)[:32]]

    def miss(book: np.ndarray) -> float:
        return float(np.mean(((vectors[:, None] - book) ** 2).sum(axis=2).min(axis=1)))

    assert miss(learnt) < 0.8 * miss(drawn)
    nearest = ((vectors[:, None] - learnt) ** 2).sum(axis=2).argmin(axis=1)
    assert np.array_equal(codec._nearest(vectors, learnt), nearest)


def spectral_miss(fake: np.ndarray, wave: np.ndarray) -> float:
    heard, wanted = (np.abs(stft(each, 512, 128)) for each in (fake, wave))
    return float(np.linalg.norm(heard - wanted) / np.linalg.norm(wanted))


def test_griffin_lim_comes_nearer_with_rounds_bands_and_momentum(voices: Voices) -> None:
    wave = voices[1]

    def miss(**settings: float) -> float:
        return spectral_miss(griffinlim.griffin_lim(np.random.default_rng(0), wave, **settings), wave)  # type: ignore[arg-type]

    assert miss(bands=80, rounds=2) > miss(bands=80, rounds=30) > miss(bands=80, rounds=30, momentum=0.9)
    assert miss(bands=20, rounds=30) > miss(bands=80, rounds=30)


@pytest.mark.parametrize("order", [10, 24])
def test_linear_prediction_solves_the_normal_equations(order: int, voices: Voices) -> None:
    frames = cut(voices[0], 512, 128)[100:110] * window(512)
    predictors, _ = lpc._linear_prediction(frames, order)
    for frame, predictor in zip(frames, predictors, strict=True):
        lags = np.correlate(frame, frame, "full")[511 : 511 + order + 1]
        lags[0] = lags[0] * 1.0001 + 1e-12 * (window(512) ** 2).sum()
        assert np.allclose(predictor[1:], solve_toeplitz(lags[:-1], -lags[1:]), atol=1e-4)


def test_a_mixed_excitation_has_noise_where_pulses_had_harmonics(voices: Voices) -> None:
    """Above the border the two halves of a steady vowel's periods no longer repeat each other."""
    wave = np.zeros(16_000)
    wave[::100] = 1.0
    wave = np.convolve(wave, np.exp(-np.arange(64) / 8), "same")
    plain, mixed = (
        lpc.lpc(np.random.default_rng(0), wave, order=12, noise_from_hz=border)[4000:12_000]
        for border in (None, 3000)
    )

    def repeats(sound: np.ndarray, low_hz: int, high_hz: int) -> float:
        spectrum = np.fft.rfft(sound)
        hz = np.fft.rfftfreq(len(sound), 1 / 16_000)
        band = np.fft.irfft(spectrum * ((hz >= low_hz) & (hz < high_hz)), len(sound))
        return float(np.corrcoef(band[:-100], band[100:])[0, 1])

    assert repeats(plain, 4000, 8000) > 0.9 and repeats(mixed, 100, 2500) > 0.9
    assert abs(repeats(mixed, 4000, 8000)) < 0.5


def test_world_loses_more_the_fewer_numbers_it_keeps(voices: Voices) -> None:
    pytest.importorskip("pyworld")
    whole, coded, coarse = (
        spectral_miss(world(voices[2], numbers=count), voices[2]) for count in (None, 40, 8)
    )
    assert whole < coarse and coded < coarse
    assert len(world(voices[2][:20_001])) == 20_001
