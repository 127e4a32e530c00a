"""What is measured on the way, of signals whose measures are known."""

from __future__ import annotations

import numpy as np
import pytest

from deepfake_audio.audio.measures import measure
from deepfake_audio.listening.conditions import MOST_LOOKS, Excerpt, conditions_of
from deepfake_audio.listening.profile import MEASURED, from_config, heard_in_training

from .made import RATE, speech, written


def test_up_to_a_minute_nothing_is_left_out() -> None:
    wave = speech(37.7)
    excerpt = Excerpt(RATE)
    for block in np.array_split(wave, 9):
        excerpt.add(block)
    assert np.array_equal(excerpt.waveform(), wave)
    told, found = measure(wave, RATE), conditions_of(np.array_split(wave, 9), RATE)
    assert {name: getattr(found, name) for name in MEASURED} == {name: told[name] for name in MEASURED}


def test_of_a_long_recording_looks_lie_all_over_it() -> None:
    """A ramp shows where each sample is from."""
    samples = 40 * 60 * RATE // 10
    excerpt = Excerpt(RATE)
    for start in range(0, samples, 100_000):
        excerpt.add(np.arange(start, min(start + 100_000, samples), dtype=np.float32))
    looks = excerpt.waveform().reshape(-1, excerpt.look_samples)
    assert MOST_LOOKS / 2 <= len(looks) <= MOST_LOOKS
    gaps = np.diff(looks[:, 0])
    assert len(set(gaps.tolist())) == 1
    assert looks[0, 0] == 0
    assert samples - looks[-1, -1] <= gaps[0] + excerpt.look_samples
    assert (np.diff(looks, axis=1) == 1).all()


def test_shares_of_a_long_recording_are_found_from_looks() -> None:
    """Five minutes, three of every eight seconds silent."""
    blocks = []
    for number in range(38):
        blocks += [speech(5.0, seed=number), np.zeros(3 * RATE, np.float32)]
    whole, found = measure(np.concatenate(blocks), RATE), conditions_of(blocks, RATE)
    assert found.seconds == 304
    assert found.silence_share == pytest.approx(whole["silence_share"], abs=0.05)
    assert found.loudness_db == pytest.approx(whole["loudness_db"], abs=0.3)
    assert found.bandwidth_hz == pytest.approx(whole["bandwidth_hz"], rel=0.02)
    assert found.sound_seconds == pytest.approx(304 * (1 - whole["silence_share"]), rel=0.1)


def test_what_training_heard(tmp_path) -> None:  # type: ignore[no-untyped-def]
    """Levels from -40 to -21 dB: their range, the same for the same seed, and back from the config."""
    files = [written(tmp_path / f"{n}.wav", speech(1.0, level_db=n - 40.0, seed=n)) for n in range(20)]
    labels = [n % 2 for n in range(20)]
    heard = heard_in_training(files, labels, RATE)
    levels = [measure(speech(1.0, level_db=n - 40.0, seed=n), RATE)["loudness_db"] for n in range(20)]
    assert heard["loudness_db"].low == pytest.approx(np.quantile(levels, 0.01), abs=0.05)
    assert heard["loudness_db"].high == pytest.approx(np.quantile(levels, 0.99), abs=0.05)
    assert heard["seconds"].middle == 1.0
    assert from_config(heard.to_config()) == heard
    assert from_config(None) is None
    assert heard_in_training(files, labels, RATE) == heard
