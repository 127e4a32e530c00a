"""Edges found on the way are those of the whole recording."""

from __future__ import annotations

import numpy as np
import pytest

from deepfake_audio.audio.edges import speech_bounds
from deepfake_audio.listening.edges import EdgeFinder

from .made import RATE, speech


def found(wave: np.ndarray, silence_db: float, cuts: list[int]) -> tuple[int, int]:
    finder = EdgeFinder(RATE, silence_db)
    for block in np.split(wave, cuts):
        finder.add(block)
    return finder.bounds()


@pytest.mark.parametrize("silence_db", [10.0, 30.0, 60.0])
@pytest.mark.parametrize("seed", range(6))
def test_the_same_as_of_the_whole(seed: int, silence_db: float) -> None:
    """Swells, fades, offsets and silences of any length, in blocks of any length."""
    rng = np.random.default_rng(seed)
    samples = int(rng.integers(8_000, 70_000))
    wave = rng.normal(0, 0.1, samples) * np.interp(
        np.arange(samples), np.sort(rng.integers(0, samples, 6)), rng.choice([0, 0.01, 0.3, 1], 6)
    )
    wave = (wave + rng.choice([0, 0.2])).astype(np.float32)
    cuts = np.sort(rng.integers(0, samples, 7)).tolist()
    assert found(wave, silence_db, cuts) == speech_bounds(wave, RATE, silence_db)


def test_the_loudest_comes_last_and_first(subtests: None = None) -> None:
    """What counts as silence is known late: a quiet beginning is speech until then, and a quiet end after it."""
    rising = (np.geomspace(1e-4, 0.5, 80_000) * np.random.default_rng(0).normal(0, 0.3, 80_000)).astype(
        np.float32
    )
    for wave in (rising, rising[::-1].copy()):
        assert found(wave, 30.0, list(range(0, 80_000, 999))[1:]) == speech_bounds(wave, RATE, 30.0)


def test_few_frames_are_remembered() -> None:
    """Of an even recording a handful, however long it is."""
    finder = EdgeFinder(RATE, 30.0)
    for seed in range(40):
        finder.add(speech(5.0, seed=seed))
    assert len(finder._firsts._places) + len(finder._lasts._places) < 60
