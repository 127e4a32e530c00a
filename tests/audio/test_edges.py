"""Where speech begins and ends, whatever silence was put around it."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import soundfile
from hypothesis import given, settings
from hypothesis import strategies as st

from deepfake_audio.audio.edges import CELL_SECONDS, file_bounds, speech_bounds

RATE_HZ = 16_000
CELL = round(CELL_SECONDS * RATE_HZ)
SILENCE_DB = 30.0


def babble(samples: int = 16_000, seed: int = 0) -> np.ndarray:
    """Loud from its first to its last sample."""
    rng = np.random.default_rng(seed)
    return (rng.normal(0, 0.1, samples) * (1.2 + np.sin(np.arange(samples) / 900))).astype(np.float32)


@settings(deadline=None, max_examples=60)
@given(before=st.integers(0, 20_000), after=st.integers(0, 20_000), room_db=st.sampled_from([None, -45, -60]))
def test_planted_silence_is_found_to_a_cell(before: int, after: int, room_db: float | None) -> None:
    wave = np.pad(babble(), (before, after))
    if room_db is not None:
        noise = np.random.default_rng(1).normal(0, 0.1 * 10 ** (room_db / 20), len(wave))
        wave = (wave + noise).astype(np.float32)
    start, end = speech_bounds(wave, RATE_HZ, SILENCE_DB)
    assert abs(start - before) <= CELL
    assert abs(end - (before + 16_000)) <= CELL


@settings(deadline=None, max_examples=30)
@given(cells=st.integers(1, 200), seed=st.integers(0, 5))
def test_silence_in_front_moves_the_bounds_by_its_length_and_nothing_else(cells: int, seed: int) -> None:
    """A recording that begins with a softer sound: where it is cut must not depend on what was put in front."""
    wave = np.concatenate([0.02 * babble(3_000, seed), babble(12_000, seed), 0.02 * babble(3_000, seed)])
    start, end = speech_bounds(wave, RATE_HZ, SILENCE_DB)
    assert 2_900 <= start <= 3_100
    moved = speech_bounds(np.pad(wave, (cells * CELL, 0)), RATE_HZ, SILENCE_DB)
    assert moved == (start + cells * CELL, end + cells * CELL)


def test_level_polarity_and_offset_move_nothing() -> None:
    wave = np.pad(babble(), (4_000, 2_000))
    found = speech_bounds(wave, RATE_HZ, SILENCE_DB)
    for other in (0.01 * wave, -wave, wave + np.float32(0.2)):
        assert speech_bounds(other, RATE_HZ, SILENCE_DB) == found


def test_a_pause_inside_and_a_click_outside_are_left_alone() -> None:
    wave = np.pad(
        np.concatenate([babble(4_000), np.zeros(16_000, np.float32), babble(4_000)]), (8_000, 8_000)
    )
    wave[1_000] = 0.05
    start, end = speech_bounds(wave, RATE_HZ, SILENCE_DB)
    assert abs(start - 8_000) <= CELL
    assert abs(end - 32_000) <= CELL


def test_half_a_second_is_kept_or_all_there_is() -> None:
    for place in (0, 100, 20_000, 39_000):
        wave = np.zeros(40_000, dtype=np.float32)
        wave[place : place + 1_000] = babble(1_000)
        start, end = speech_bounds(wave, RATE_HZ, SILENCE_DB)
        assert end - start == 8_000
        assert 0 <= start <= place
        assert place + 1_000 - CELL <= end <= 40_000
    for samples in (0, 1, 50, 300, 5_000):
        assert speech_bounds(np.pad(babble(samples), (0, 0)), RATE_HZ, SILENCE_DB) == (0, samples)
    short = np.pad(babble(1_000), (2_000, 2_000))
    assert speech_bounds(short, RATE_HZ, SILENCE_DB) == (0, 5_000)


@pytest.mark.parametrize("value", [0.0, 0.3])
def test_where_there_is_no_sound_nothing_is_trimmed(value: float) -> None:
    assert speech_bounds(np.full(30_000, value, dtype=np.float32), RATE_HZ, SILENCE_DB) == (0, 30_000)


def test_a_file_has_the_bounds_of_its_samples_also_when_read_in_blocks(tmp_path: Path) -> None:
    """Longer than what is read at a time, stereo, at an odd rate, with a broken last cell."""
    rate = 11_025
    wave = np.pad(babble(rate * 40), (rate * 33 + 17, rate * 2 + 5))
    stereo = np.stack([wave, 0.5 * wave], axis=1)
    soundfile.write(tmp_path / "a.wav", stereo, rate, subtype="PCM_16")
    read = soundfile.read(tmp_path / "a.wav", dtype="float32")[0].mean(axis=1)
    found = file_bounds(tmp_path / "a.wav", SILENCE_DB)
    assert found == speech_bounds(read, rate, SILENCE_DB)
    assert abs(found[0] - (rate * 33 + 17)) <= 60
