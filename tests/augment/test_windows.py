"""What every augmentation of windows must be: drawn from its generator alone, and at a loss for no window."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import soundfile

from deepfake_audio.augment import Codecs, Pitch, Silence, Speed, WindowAugmentation, build_augmentation
from deepfake_audio.augment.base import Wave
from deepfake_audio.errors import UserError

from ..audio.test_codecs import speech

STEPS = ["codec", "pitch", "silence", "speed"]
RATE_HZ = 16_000


def step(name: str) -> WindowAugmentation:
    """With its default settings, for every window."""
    return {"codec": Codecs, "pitch": Pitch, "silence": Silence, "speed": Speed}[name](share=1.0)


@pytest.mark.parametrize("name", STEPS)
def test_equal_seeds_give_equal_windows_and_others_others(name: str) -> None:
    windows, wave = build_augmentation(name, share=1.0).windows, speech(1.5)
    made = [windows(wave, seed) for seed in range(6)]
    for seed, one in enumerate(made):
        np.testing.assert_array_equal(windows(wave, seed), one)
        assert one.dtype == np.float32 and np.isfinite(one).all()
    assert len({one.tobytes() for one in made}) > 3
    np.testing.assert_array_equal(wave, speech(1.5))


@pytest.mark.parametrize("name", STEPS)
def test_a_share_of_the_windows_is_changed(name: str) -> None:
    windows, wave = build_augmentation(name, share=0.5).windows, speech(0.3)
    untouched = sum(windows(wave, seed) is wave for seed in range(100))
    assert 35 <= untouched <= 65
    assert build_augmentation(name, share=0.0).windows(wave, 1) is wave


@pytest.mark.parametrize("rate", [8_000, RATE_HZ, 44_100])
@pytest.mark.parametrize("name", STEPS)
def test_silence_and_the_shortest_windows_come_back_whole(name: str, rate: int) -> None:
    for samples in (1, 2, 3, 37, 500, 4_001):
        for seed in range(3):
            rng = np.random.default_rng(seed)
            for wave in (np.zeros(samples, np.float32), np.full(samples, 0.1, np.float32)):
                changed = step(name).change(wave, rate, rng)
                assert np.isfinite(changed).all() and changed.dtype == np.float32
                assert 0.4 * samples <= len(changed) <= 2 * samples + 1
                if not wave.any():
                    assert np.abs(changed).max() < 0.01


@pytest.mark.parametrize("name", STEPS)
def test_what_reads_real_speech_hears_speech_of_the_same_level(name: str, bench: Path) -> None:
    for path in sorted((bench / "speech" / "librispeech").glob("*.flac"))[:3]:
        wave, rate = soundfile.read(path, dtype="float32", frames=3 * RATE_HZ)
        changed = step(name).change(wave, rate, np.random.default_rng(1))
        assert level_db(changed) == pytest.approx(level_db(wave), abs=1.5)


def level_db(wave: Wave) -> float:
    """Of the louder half of its frames, so that pauses don't count."""
    frames = wave[: len(wave) // 320 * 320].reshape(-1, 320)
    power = np.sort(np.square(frames, dtype=np.float64).mean(axis=1))
    return float(10 * np.log10(power[len(power) // 2 :].mean()))


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"name": "codec", "bit_rates": {"vorbis": []}}, "'vorbis' is not known; there is aac"),
        ({"name": "codec", "bit_rates": {"gsm": [13_000]}}, "bit_rate=13000 is no choice for the codec gsm"),
        ({"name": "codec", "bit_rates": {"aac": None}}, "codec.bit_rates=.* names no codec"),
        ({"name": "codec", "bit_rates": None}, "codec.bit_rates=None names no codec"),
        ({"name": "codec", "bit_rates": {"aac": 32_000}}, "codec.bit_rates.aac=32000 must be a list"),
        (
            {"name": "codec", "bit_rates": {"aac": ["32k"]}},
            "bit_rate=32k of the codec aac must be a whole number",
        ),
        (
            {"name": "codec", "bit_rates": {"opus": [1]}},
            "the codec libopus cannot be used at 16000 Hz and bit_rate=1",
        ),
        ({"name": "speed", "factors": [1.1, 0.9]}, r"speed.factors=\[1.1, 0.9\] must be a range"),
        ({"name": "speed", "factors": 1.1}, "speed.factors=1.1 must be a range"),
        ({"name": "pitch", "semitones": [-24, 0]}, "pitch.semitones=.* between -12 and 12"),
        ({"name": "silence", "longest_seconds": -1}, "silence.longest_seconds=-1"),
        ({"name": "silence", "longest_seconds": "half"}, "silence.longest_seconds=half must be a number"),
        ({"name": "silence", "silence_db": 0}, "silence.silence_db=0"),
        ({"name": "silence", "pauses": [-1, 1]}, "silence.pauses"),
        ({"name": "pitch", "share": 2}, "share=2 of Pitch"),
    ],
    ids=str,
)
def test_settings_that_make_no_sense_are_refused_by_name(settings: dict[str, object], message: str) -> None:
    with pytest.raises(UserError, match=message):
        build_augmentation(**settings)  # type: ignore[arg-type]
