"""Each warning and each doubt, by a sound made for it; and none for a sound like those of training."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from scipy.signal import butter, sosfiltfilt

from deepfake_audio.listening.cautions import of_parts
from deepfake_audio.verdict import Verdict, WindowScore

from .made import CONFIG, HEARD, RATE, made_detector, speech


def told(wave: np.ndarray, **changes: Any) -> Verdict:
    return made_detector(**{"heard": HEARD, **changes}).predict_waveform(wave.astype(np.float32), "a.wav")


def low_passed(wave: np.ndarray, hz: float) -> np.ndarray:
    return sosfiltfilt(butter(12, hz, fs=RATE, output="sos"), wave)


def test_a_sound_like_those_of_training_has_neither() -> None:
    verdict = told(speech(4.0), threshold={"threshold": 0.999})
    assert (verdict.verdict, verdict.doubts, verdict.warnings) == ("real", (), ())


QUIET = np.random.default_rng(1).normal(0, 1e-4, 10 * RATE)
CASES: dict[str, tuple[np.ndarray, str]] = {
    "short": (speech(0.9 / 0.7 - 0.35), "shorter than the 1.0 s"),
    "silent for more than half": (np.concatenate([speech(4.0), QUIET[: 3 * RATE]]), "% of it is silence"),
    "clipped": (np.clip(speech(4.0) * 16, -1, 1), "clipped: "),
    "telephone": (low_passed(speech(4.0), 3_000), "narrow band"),
    "louder": (speech(4.0, -14.0), "louder than nearly all"),
    "quieter": (speech(4.0, -40.0), "quieter than nearly all"),
    "noisy": (speech(4.0) + np.random.default_rng(2).normal(0, 0.03, 4 * RATE), "noisier in its pauses"),
}


@pytest.mark.parametrize("name", CASES)
def test_a_warning_names_what_it_saw(name: str) -> None:
    wave, words = CASES[name]
    warnings = told(wave).warnings
    assert any(words in warning for warning in warnings), warnings


def test_level_is_no_matter_to_a_detector_that_makes_all_alike() -> None:
    neutral = {"level_db": -26.0}
    for level_db in (-50.0, -14.0):
        assert not any("er than" in w for w in told(speech(4.0, level_db), neutral=neutral).warnings)


def test_a_detector_that_knows_nothing_of_its_training_warns_by_absolute_figures() -> None:
    assert not told(speech(4.0, -60.0), heard=None).warnings
    assert any("narrow" in warning for warning in told(CASES["telephone"][0], heard=None).warnings)


DOUBTS: dict[str, tuple[np.ndarray, dict[str, Any], str]] = {
    "little speech": (np.concatenate([speech(0.8), QUIET[: RATE // 2]]), {}, "of it is no silence"),
    "mostly silent": (np.concatenate([speech(2.5), QUIET]), {}, "little that could be judged"),
    "an octave missing": (
        low_passed(speech(4.0), 2_000),
        {},
        "most of what the detector listens to is missing",
    ),
    "at the threshold": (
        speech(4.0),
        {"threshold": {"threshold": 0.5, "interval": [0.0, 1.0]}},
        "too close to the threshold",
    ),
    "a threshold that calls nothing": (
        speech(4.0),
        {"threshold": {"threshold": 0.5, "calls": "nothing"}},
        "called nothing fake",
    ),
    "no better than all fake": (
        speech(4.0),
        {"threshold": {"threshold": 0.5, "better_than_all_fake": False}},
        "no better than calling everything fake",
    ),
}


@pytest.mark.parametrize("name", DOUBTS)
def test_a_doubt_takes_the_verdict_and_leaves_the_figures(name: str) -> None:
    wave, changes, words = DOUBTS[name]
    verdict = told(wave, **changes)
    assert verdict.verdict == "can't tell"
    assert any(words in doubt for doubt in verdict.doubts), verdict.doubts
    assert len(verdict.doubts) == 1
    assert verdict.leaning == ("fake" if verdict.p_fake >= verdict.threshold else "real")
    assert verdict.p_fake == told(wave, threshold=CONFIG["threshold"]).p_fake


def test_beside_the_interval_of_the_threshold_there_is_no_doubt() -> None:
    p_fake = told(speech(4.0)).p_fake
    for interval in ([p_fake + 1e-6, 1.0], [0.0, p_fake - 1e-6], None):
        assert not told(speech(4.0), threshold={"threshold": 0.5, "interval": interval}).doubts


def test_a_band_that_the_detector_never_hears_is_not_missed() -> None:
    """It listens up to 2 kHz: what ends at 3 has all of that."""
    wave = low_passed(speech(4.0), 3_000)
    assert not told(wave, neutral={"high_hz": 2_000.0}).doubts


def test_stretches_that_reach_the_threshold_are_told_of_where_the_whole_does_not() -> None:
    detector = made_detector()
    wave = np.concatenate([speech(3.0), 0.2 * np.sin(np.arange(2 * RATE) * 0.3), speech(3.0, seed=3)])
    p = [window.p_fake for window in detector.predict_waveform(wave.astype(np.float32)).windows]
    detector.threshold = (sorted(p)[-1] + sorted(p)[-2]) / 2
    verdict = detector.predict_waveform(wave.astype(np.float32))
    assert verdict.verdict == "real"
    assert len(verdict.segments) == 1
    assert not verdict.warnings, "one window of eight may be an accident"
    detector.threshold = sorted(p)[-3]
    assert (
        "3 of 8 windows reach the threshold"
        in detector.predict_waveform(wave.astype(np.float32)).warnings[-1]
    )


def test_scattered_windows_are_no_part_and_neighbours_may_be_one() -> None:
    def said(*reach: int) -> tuple[str, ...]:
        return of_parts("real", [WindowScore(n, n + 1.0, float(p)) for n, p in enumerate(reach)], 0.5)

    assert said(*[1, 0, 0, 0, 0] * 4) == () == said(0, 0, 0) == said()
    assert "2 of 20 windows reach" in said(*[0] * 9, 1, 1, *[0] * 9)[0]
    assert "5 of 20 windows reach" in said(*[1, 0, 0, 0] * 5)[0]
    assert "1 of 2 windows reaches" in said(1, 0)[0]
    assert "so do some windows of real recordings" in said(1, 0)[0]
    assert of_parts("fake", [WindowScore(0.0, 1.0, 1.0)] * 2, 0.5) == ()


def test_an_explanation_of_what_it_cannot_tell_is_of_where_it_leans() -> None:
    from deepfake_audio.explaining import explain

    detector = made_detector(threshold={"threshold": 0.5, "interval": [0.0, 1.0]})
    found = explain(detector, speech(2.0), random_orders=0)
    assert found.verdict.verdict == "can't tell"
    assert found.label == found.verdict.leaning
    assert found.to_dict()["patches_speak_for"] in ("fake", "real")
    assert found.verdict.in_words == f"can't tell (leans to {found.label})"
