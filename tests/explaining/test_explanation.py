"""A recording explained: when, at which frequency, how much of it silence, and which windows."""

from __future__ import annotations

import json

import numpy as np
import pytest
import torch

from deepfake_audio.errors import UserError
from deepfake_audio.explain import METHODS as OFFERED
from deepfake_audio.explaining import METHODS, explain
from deepfake_audio.explaining.silence import Silence, silent_frames
from deepfake_audio.features import LogMel
from deepfake_audio.models import build_network

from .made import FRAMES, RATE, Weighs, detector_of, high_band, leading_silence, noise, tone, with_tone_at


@pytest.mark.parametrize("method", ["integrated_gradients", "lime"])
def test_the_evidence_lies_where_the_tone_is(method: str) -> None:
    """Over windows that overlap: 2.5 s are heard as 0 to 1, 1 to 2 and 1.5 to 2.5 s."""
    told = explain(detector_of(high_band()), with_tone_at(1.6, 1.8, 5000, 2.5), method, samples=128)
    assert len(told.windows) == 3
    assert len(told.stretches) == 1
    stretch = told.stretches[0]
    assert np.allclose(np.diff(stretch.seconds), 0.01)
    assert stretch.seconds[-1] == pytest.approx(2.5, abs=0.02)
    strongest = told.patches[0]
    assert strongest.low_hz < 5000 < strongest.high_hz
    assert strongest.start_seconds - 0.05 <= 1.7 <= strongest.end_seconds + 0.05
    if method == "integrated_gradients":
        bin_, frame = np.unravel_index(stretch.evidence.argmax(), stretch.evidence.shape)
        assert told.bin_hz[bin_] == pytest.approx(5000, rel=0.05)
        assert 1.6 <= stretch.seconds[frame] <= 1.8


def test_where_windows_overlap_their_mean_stands() -> None:
    told = explain(detector_of(high_band()), noise(1.5), "integrated_gradients", random_orders=0)
    first, second = told.windows
    stretch = told.stretches[0]
    assert np.allclose(stretch.evidence[:, :50], first.evidence[:, :50])
    both = (first.evidence[:, 50:] + second.evidence[:, : len(first.seconds) - 50]) / 2
    assert np.allclose(stretch.evidence[:, 50:101], both)


def test_one_that_listens_to_silence_is_found_out() -> None:
    wave = np.concatenate([np.zeros(int(0.3 * RATE), np.float32), noise(0.7)])
    silence = explain(detector_of(leading_silence()), wave, "integrated_gradients", random_orders=0)
    assert silence.silence.of_time == pytest.approx(0.3, abs=0.03)
    assert silence.silence.of_evidence_for_fake > 0.95
    assert "may go by silence" in silence.words
    voice = explain(detector_of(high_band()), wave, "integrated_gradients", random_orders=0)
    assert voice.silence.of_evidence_for_fake < 0.02
    assert "may go by silence" not in voice.words


def test_silent_frames_are_those_that_are_faint_beside_the_loud_ones() -> None:
    wave = np.concatenate([noise(0.5, level=0.1), noise(0.5, level=0.1 * 10 ** (-45 / 20)), noise(0.5)])
    seconds = np.arange(150) * 0.01
    for gain in (1.0, 0.05):
        silent = silent_frames(gain * wave, RATE, seconds)
        assert silent[52:98].all()
        assert not silent[:49].any()
        assert not silent[101:].any()
    assert silent_frames(np.zeros(RATE, np.float32), RATE, seconds[:100]).all()


def test_of_a_long_recording_the_windows_that_sound_fakest_are_explained() -> None:
    detector = detector_of(high_band(scale=4.0))
    wave = with_tone_at(7.2, 7.6, 6000, 10.0)
    told = explain(detector, wave, "integrated_gradients", most_windows=1, random_orders=0)
    assert [(w.start_seconds, w.end_seconds) for w in told.windows] == [(7.0, 8.0)]
    assert "Of 10 windows" in told.chosen_windows
    assert "between 7." in told.words
    apart = explain(detector, wave, "integrated_gradients", most_windows=4, random_orders=0)
    assert sum(len(s.seconds) for s in apart.stretches) < 10 * 101
    assert all(
        a.end_seconds <= b.start_seconds for a, b in zip(apart.stretches, apart.stretches[1:], strict=False)
    )


def test_words_say_when_and_at_which_frequencies() -> None:
    told = explain(
        detector_of(high_band(from_hz=0)), with_tone_at(0.4, 0.6, 700, 1.0), "integrated_gradients"
    )
    assert told.words.startswith("Of all evidence ")
    assert " speaks for fake. It lies mostly between 0.4 and 0.6 s and " in told.words
    assert told.faithfulness is not None
    assert told.faithfulness.faithful


def test_nothing_for_fake_is_said_so() -> None:
    network = high_band()
    network.weights *= 0
    told = explain(detector_of(network), noise(1.0), "integrated_gradients")
    decides = "the threshold, or the network's bias, decides"
    assert told.words == f"Nothing in what was explained speaks for fake: {decides}."
    assert told.patches == []
    assert told.silence.of_evidence_for_fake is None
    assert told.share_for("fake") is None


def goes_by(early: float, late: float) -> Weighs:
    """How faint the first 0.3 s are speaks for fake, how faint the rest is for real: so strongly each."""
    is_early = LogMel().frame_seconds(FRAMES) < 0.3
    return Weighs(torch.where(is_early, -early, late)[None, :].expand(80, FRAMES))


def pausing(faint_seconds: float = 0.3) -> np.ndarray:
    return np.concatenate([np.zeros(int(faint_seconds * RATE), np.float32), noise(1 - faint_seconds)])


def test_a_verdict_of_real_is_explained_by_what_speaks_for_real() -> None:
    """What little speaks for fake lies on silence: no reason for an alarm, nor what is heard."""
    detector = detector_of(goes_by(early=0.01, late=-1.0))
    told = explain(detector, pausing(), "integrated_gradients", random_orders=0)
    assert told.label == "real"
    assert told.share_for("real") + told.share_for("fake") == pytest.approx(1)  # type: ignore[operator]
    assert told.share_for("real") > 0.9  # type: ignore[operator]
    assert told.silence.speaks_loudly("fake")
    assert not told.suspicious
    assert "speaks for real. It " in told.words
    assert "may go by silence" not in told.words
    content = told.to_dict()
    assert content["patches_speak_for"] == "real"
    assert content["evidence"]["for_real"] == told.share_for("real")
    assert all(patch.start_seconds > 0.2 for patch in told.patches[:2])


def test_silence_that_speaks_for_real_is_an_alarm_where_the_verdict_is_real() -> None:
    detector = detector_of(goes_by(early=-1.0, late=-0.001))
    told = explain(detector, pausing(), "integrated_gradients", random_orders=0)
    assert told.label == "real"
    assert told.suspicious
    assert "may go by silence" in told.words


def test_a_sliver_for_the_verdict_is_called_one_and_raises_no_alarm() -> None:
    """Called fake by its bias, though nearly all that was found speaks for real."""
    detector = detector_of(goes_by(early=0.01, late=-1.0))
    detector.threshold = 0.0
    told = explain(detector, pausing(), "integrated_gradients", random_orders=0)
    assert told.label == "fake"
    assert told.silence.speaks_loudly("fake")
    assert not told.suspicious
    assert "speaks for fake: the threshold, or the network's bias, decides." in told.words


@pytest.mark.parametrize(
    ("of_time", "of_evidence", "alarm"),
    [(0.05, 0.15, False), (0.05, 0.25, True), (0.3, 0.55, False), (0.3, 0.65, True),
     (0.57, 0.7, False), (0.57, 0.94, True), (1.0, 1.0, False)],
)  # fmt: skip
def test_silence_may_be_much_of_the_time_and_still_speak_too_loudly(
    of_time: float, of_evidence: float, alarm: bool
) -> None:
    assert Silence(of_time, of_evidence, None).speaks_loudly("fake") is alarm
    assert Silence(of_time, None, of_evidence).speaks_loudly("real") is alarm


def test_of_a_long_recording_that_is_called_real_the_windows_that_sound_most_real_are_explained() -> None:
    detector = detector_of(high_band(scale=4.0))
    detector.threshold = 1.0
    told = explain(
        detector, with_tone_at(7.2, 7.6, 6000, 10.0), "integrated_gradients", most_windows=9, random_orders=0
    )
    assert 7.0 not in [window.start_seconds for window in told.windows]
    assert "with the lowest P(fake)" in told.chosen_windows


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("seconds", [0.7, 2.3])
def test_every_method_explains_a_real_network(method: str, seconds: float) -> None:
    torch.manual_seed(0)
    detector = detector_of(build_network("cnn", channels=(8, 16), hidden=8))
    told = explain(detector, noise(seconds), method, samples=64, random_orders=2)
    verdict = detector.predict_waveform(noise(seconds))
    assert told.verdict == verdict
    assert np.mean([window.logit for window in told.windows]) == pytest.approx(verdict.logit, abs=1e-4)
    assert told.stretches[0].evidence.shape == (80, len(told.stretches[0].seconds))
    content = json.loads(json.dumps(told.to_dict(), allow_nan=False))
    assert content["method"] == method
    assert (content["layer"] is not None) == (method == "gradcam")
    assert (content["stability"] is not None) == (method == "lime")
    assert (content["error_logits"] is not None) == (method == "integrated_gradients")


def test_what_the_detector_takes_away_first_is_not_explained() -> None:
    """One that trims silence is explained over what it heard, on the recording's own time."""
    detector = detector_of(high_band())
    from deepfake_audio.neutral import Neutral

    detector.neutral = Neutral(silence_db=30.0)
    wave = np.concatenate([np.zeros(RATE, np.float32), tone(5000, 1.0), np.zeros(RATE, np.float32)])
    told = explain(detector, wave, "integrated_gradients", random_orders=0)
    assert told.stretches[0].start_seconds == pytest.approx(1.0, abs=0.02)
    assert told.stretches[0].end_seconds == pytest.approx(2.0, abs=0.02)


def test_bad_wishes_are_refused() -> None:
    detector = detector_of(high_band())
    for wish, message in (
        ({"method": "magic"}, "gradcam, integrated_gradients, lime"),
        ({"method": "gradcam"}, "integrated_gradients or lime"),
        ({"method": "lime", "layer": "maps.0"}, "for --method gradcam"),
        ({"method": "lime", "most_windows": 0}, "1 or more"),
        ({"method": "lime", "seed": -5}, "--seed must be 0 or more"),
        ({"method": "lime", "seed": 2**32}, "--seed must be 0 or more"),
    ):
        with pytest.raises(UserError, match=message):
            explain(detector, noise(1.0), **wish)  # type: ignore[arg-type]


def test_the_command_offers_what_there_is() -> None:
    assert OFFERED == METHODS
