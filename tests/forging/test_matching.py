"""What is no part of a voice comes out as it was."""

from __future__ import annotations

import numpy as np
import pytest

from deepfake_audio.forging.matching import matched


def shaped_noise(rng: np.random.Generator, samples: int = 32_000) -> np.ndarray:
    """Noise with the rise and fall of syllables, pauses, and a low-pass at 5 kHz."""
    spectrum = np.fft.rfft(rng.normal(size=samples))
    spectrum[np.fft.rfftfreq(samples, 1 / 16_000) > 5000] *= 1e-3
    loudness = np.maximum(np.sin(np.arange(samples) / 2500), 0.003)
    return 0.1 * np.fft.irfft(spectrum, samples) * loudness


def test_colour_level_peak_and_offset_are_the_originals() -> None:
    rng = np.random.default_rng(0)
    original = shaped_noise(rng) + 0.004
    # White, flat, loud, with an offset of its own and peaks that stand out.
    forged = 3 * rng.laplace(size=len(original)) + 1
    out = matched(forged, original)

    assert abs(out.mean() - original.mean()) < 1e-9
    assert np.abs(out).max() <= np.abs(original).max() * 1.01
    blocks = [np.log10(np.std(each.reshape(-1, 800), axis=1) + 1e-5) for each in (out, original)]
    assert np.abs(blocks[0] - blocks[1]).mean() < 0.15
    hz = np.fft.rfftfreq(len(out), 1 / 16_000)
    above = [np.sum(np.abs(np.fft.rfft(each - each.mean())[hz > 5500]) ** 2) for each in (out, original)]
    below = [np.sum(np.abs(np.fft.rfft(each - each.mean())[hz < 5500]) ** 2) for each in (out, original)]
    assert above[0] < 3e-3 * below[0]
    assert abs(np.log10(below[0] / below[1])) < 0.1


def test_a_pause_has_neither_noise_nor_an_offset_that_the_original_has_not() -> None:
    rng = np.random.default_rng(1)
    original = rng.normal(0, 0.1, 32_000)
    original[8000:16_000] *= 1e-4
    # All its peaks on one side: limiting them moves the mean.
    forged = rng.exponential(1.0, 32_000) ** 2
    out = matched(forged, original)
    assert abs(out.mean() - original.mean()) < 1e-9
    pause = out[9000:15_000]
    assert np.sqrt(np.mean(pause**2)) == pytest.approx(1e-5, rel=0.3)


def test_what_is_like_its_original_already_stays_as_it_is() -> None:
    original = shaped_noise(np.random.default_rng(2))
    assert np.abs(matched(original, original) - original).max() < 0.03 * original.std()
