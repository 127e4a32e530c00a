"""One treatment for reals and fakes, in training, evaluation and prediction alike."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
import soundfile
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from deepfake_audio.audio.codecs import Wave, recode
from deepfake_audio.audio.edges import speech_bounds
from deepfake_audio.data import ClipDataModule, FixedWindows, TrainingWindows
from deepfake_audio.detector import Detector
from deepfake_audio.errors import UserError
from deepfake_audio.models import build_network
from deepfake_audio.neutral import NEUTRALS, Neutral, band_limited, build_neutral, levelled, speech_level_db

RATE_HZ = 16_000
FEATURES = {"name": "logmel", "sample_rate": RATE_HZ}
CNN = {"name": "cnn", "channels": [8, 16], "hidden": 8}
ALL = {"name": "all"}


def noise(samples: int = 16_000, level: float = 0.1, seed: int = 0) -> Wave:
    return np.random.default_rng(seed).normal(0, level, samples).astype(np.float32)


def share_of_power(wave: Wave, low_hz: float, high_hz: float) -> float:
    power, hz = np.abs(np.fft.rfft(wave)) ** 2, np.fft.rfftfreq(len(wave), 1 / RATE_HZ)
    return float(power[(hz >= low_hz) & (hz < high_hz)].sum() / power.sum())


@pytest.fixture(scope="module")
def edged(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """24 wavs of 0.9 to 2.6 s, silent at their edges; each stands twice, once as a real and once as a fake."""
    root = tmp_path_factory.mktemp("edged")
    rng = np.random.default_rng(0)
    rows = []
    for number in range(24):
        before, sound, after = (int(n) for n in rng.integers((800, 12_000, 800), (9_000, 24_000, 9_000)))
        wave = np.pad(noise(sound, 10 ** rng.uniform(-3, -0.8), number), (before, after))
        part = ("train", "val", "test")[number % 3]
        for label in (0, 1):
            soundfile.write(root / f"{number}_{label}.wav", wave, RATE_HZ, subtype="PCM_16")
            rows.append((f"{number}_{label}", f"{number}_{label}.wav", label, f"v{number}", part))
    clips = pd.DataFrame(rows, columns=["clip", "path", "label", "voice", "split"])
    clips.to_csv(root / "clips.csv", index=False)
    return root


def module(root: Path, neutral: dict[str, Any] | None, **changes: Any) -> ClipDataModule:
    clips = pd.read_csv(root / "clips.csv")
    arguments: dict[str, Any] = {"window_seconds": 0.5, "batch_size": 8, "neutral": neutral} | changes
    return ClipDataModule(clips, root, FEATURES, {"name": "none"}, **arguments)


@pytest.mark.parametrize("name", NEUTRALS)
def test_the_same_sound_is_treated_the_same_whatever_its_label(edged: Path, name: str) -> None:
    data = module(edged, {"name": name})
    for part in ("train", "val", "test"):
        clips = data.parts[part]
        fixed = FixedWindows(clips, *data._heard(part))
        training = TrainingWindows(clips, *data._heard(part))
        windows = [fixed[place] for place in range(len(fixed))]
        reals, fakes = ([w for w in windows if w["label"] == label] for label in (0, 1))
        assert len(reals) == len(fakes) > 0
        drawn = [(training[2 * n, 5], training[2 * n + 1, 5]) for n in range(len(clips) // 2)]
        for real, fake in [*zip(reals, fakes, strict=True), *drawn]:
            assert (real["label"], fake["label"]) == (0, 1)
            np.testing.assert_array_equal(real["waveform"], fake["waveform"])


def test_windows_never_leave_the_bounds_and_cover_them(edged: Path) -> None:
    trimmed, plain = module(edged, {"name": "trim"}), module(edged, None)
    for part, clips in trimmed.parts.items():
        for clip, path in enumerate(clips["path"]):
            wave = soundfile.read(edged / path, dtype="float32")[0]
            first, end = trimmed.bounds[part][clip]
            assert (first, end) == speech_bounds(wave, RATE_HZ, 30.0)
            assert first >= 700
            assert end <= len(wave) - 700
            assert plain.bounds[part][clip] == (0, len(wave))
            heard = np.zeros(len(wave), dtype=bool)
            fixed = FixedWindows(clips.iloc[[clip]], edged, 8_000, RATE_HZ, trimmed.neutral)
            for _, _, start in fixed.windows:
                heard[start : start + 8_000] = True
            assert np.flatnonzero(heard).tolist() == list(range(first, end))
            for seed in range(20):
                drawn = TrainingWindows(clips, *trimmed._heard(part))[clip, seed]["waveform"]
                assert drawn.tobytes() in wave[first:end].tobytes()


def test_a_clip_shorter_than_a_window_ends_with_its_bounds(edged: Path) -> None:
    data = module(edged, {"name": "trim"}, window_seconds=5.0)
    for batch in data.test_dataloader():
        for clip, samples, waveform in zip(batch["clip"], batch["samples"], batch["waveform"], strict=True):
            first, end = data.bounds["test"][int(clip)]
            assert int(samples) == end - first
            assert not waveform[end - first :].any()


@pytest.mark.parametrize("neutral", [None, {"name": "trim"}, ALL, ALL | {"codec": "gsm", "bit_rate": None}])
def test_prediction_hears_what_the_batches_hold(edged: Path, neutral: dict[str, Any] | None) -> None:
    """The detector's answer to a file is that of the data module's windows through the same network."""
    data = module(edged, neutral, window_seconds=0.7)
    torch.manual_seed(0)
    network = build_network(**CNN).eval()
    config = {
        "features": FEATURES, "window_samples": data.window_samples, "network": CNN,
        "threshold": {"threshold": 0.5}, "neutral": neutral,
    }  # fmt: skip
    detector = Detector(config, network.state_dict())
    logits: dict[int, list[float]] = {}
    for batch in data.test_dataloader():
        ready = data.with_features(batch, training=False)
        with torch.inference_mode():
            answers = network(ready["features"], ready["frames"])
        for clip, answer in zip(ready["clip"].tolist(), answers.tolist(), strict=True):
            logits.setdefault(clip, []).append(answer)
    assert len(logits) == len(data.parts["test"])
    for clip, found in logits.items():
        verdict = detector.predict(edged / data.parts["test"]["path"][clip])
        assert verdict.logit == pytest.approx(np.mean(found), abs=1e-5)
        first, end = data.bounds["test"][clip]
        assert verdict.windows[0].start_seconds == first / RATE_HZ
        assert verdict.windows[-1].end_seconds == end / RATE_HZ


def test_trimming_leaves_nothing_of_planted_silence_in_the_answer(edged: Path) -> None:
    config = {
        "features": FEATURES, "window_samples": 8_000, "network": CNN, "threshold": {"threshold": 0.5},
        "neutral": {"name": "trim"},
    }  # fmt: skip
    torch.manual_seed(0)
    detector = Detector(config, build_network(**CNN).state_dict())
    wave = soundfile.read(edged / "0_0.wav", dtype="float32")[0]
    alone = detector.predict_waveform(wave).logit
    for before, after in ((4_800, 0), (0, 4_800), (16_000, 400)):
        assert detector.predict_waveform(np.pad(wave, (before, after))).logit == pytest.approx(
            alone, abs=1e-5
        )


def test_a_recording_that_is_silent_but_for_a_blink_is_answered(edged: Path, tmp_path: Path) -> None:
    wave = np.zeros(20_000, dtype=np.float32)
    wave[9_000:9_200] = noise(200)
    soundfile.write(tmp_path / "a.wav", wave, RATE_HZ)
    clips = pd.DataFrame({"clip": ["a"], "path": ["a.wav"], "label": [1], "voice": ["v"], "split": ["test"]})
    data = ClipDataModule(clips, tmp_path, FEATURES, {"name": "none"}, neutral=ALL)
    (batch,) = data.test_dataloader()
    assert int(batch["samples"][0]) == 8_000
    assert torch.isfinite(data.with_features(batch, False)["features"]).all()


@settings(deadline=None, max_examples=30)
@given(low=st.floats(50, 1_000), high=st.floats(2_000, 7_500), samples=st.integers(2_000, 20_000))
def test_a_band_is_kept_and_the_rest_is_gone(low: float, high: float, samples: int) -> None:
    wave = noise(samples)
    limited = band_limited(wave, RATE_HZ, low, high)
    assert limited.shape == wave.shape
    assert limited.dtype == np.float32
    assert share_of_power(limited, high * 1.02, 8_001) < 0.01
    middle = np.sin(2 * np.pi * (low + high) / 2 * np.arange(samples) / RATE_HZ).astype(np.float32)
    kept = band_limited(middle, RATE_HZ, low, high)
    inner = slice(samples // 4, -samples // 4)
    np.testing.assert_allclose(kept[inner], middle[inner], atol=0.02)


def test_an_offset_and_hum_lie_below_the_band() -> None:
    wave = noise() + np.float32(0.3)
    assert abs(band_limited(wave, RATE_HZ, 60, None)[2_000:-2_000].mean()) < 0.005
    assert share_of_power(band_limited(noise(), RATE_HZ, None, 4_000), 0, 4_000) > 0.999


def test_every_level_becomes_the_same_and_pauses_count_nothing() -> None:
    for gain in (0.003, 0.1, 1.0, 3.0):
        for pause in (0, 16_000, 48_000):
            wave = np.pad(gain * noise(level=0.03), (pause, 0))
            assert speech_level_db(levelled(wave, RATE_HZ, -26.0), RATE_HZ) == pytest.approx(-26, abs=0.01)
    click = 0.001 * noise()
    click[500] = 1.0
    assert np.abs(levelled(click, RATE_HZ, -3.0)).max() <= 1.0
    silent = np.zeros(100, dtype=np.float32)
    np.testing.assert_array_equal(levelled(silent, RATE_HZ, -26.0), silent)
    assert len(levelled(silent[:0], RATE_HZ, -26.0)) == 0


def test_the_codec_comes_last_and_gets_all_at_one_level() -> None:
    wave = noise()
    neutral = Neutral(level_db=-26.0, codec="mulaw")
    np.testing.assert_array_equal(
        neutral.treat(wave, RATE_HZ), recode(levelled(wave, RATE_HZ, -26.0), RATE_HZ, "mulaw")
    )


def test_what_is_done_is_told_in_order() -> None:
    assert build_neutral().in_words() == ""
    assert build_neutral("all").in_words() == (
        "silence at the edges (30 dB under the loudest sound) is trimmed, what lies below 60 Hz and above 7000 Hz is "
        "taken out, speech is brought to -26 dB, each window is sent through mp3 at 32 kbit/s"
    )
    assert Neutral(high_hz=4_000.0, codec="gsm").in_words() == (
        "what lies above 4000 Hz is taken out, each window is sent through gsm"
    )


def test_settings_that_make_no_sense_are_refused() -> None:
    for settings_, words in (
        ({"name": "most"}, r"neutral 'most' is not known; there is none, trim, all"),
        ({"name": "trim", "silence_db": -3}, "silence_db=-3"),
        ({"name": "all", "codec": "vorbis"}, "'vorbis' is not known"),
        ({"name": "all", "codec": "gsm"}, "bit_rate=32000 is no choice for the codec gsm"),
        ({"name": "all", "low_hz": 9_000}, "low_hz=9000"),
        ({"name": "all", "level_db": 6}, "level_db=6"),
    ):
        with pytest.raises(UserError, match=words):
            build_neutral(**settings_)
    assert build_neutral().does_nothing
    assert not build_neutral("trim").does_nothing


def test_going_on_asks_for_the_same_treatment(edged: Path) -> None:
    trimmed, plain = module(edged, {"name": "trim"}), module(edged, None)
    trimmed.load_state_dict(trimmed.state_dict())
    with pytest.raises(UserError, match="another neutral than this run has"):
        plain.load_state_dict(trimmed.state_dict())
    # A checkpoint from before there was a treatment had none.
    older = {key: value for key, value in plain.state_dict().items() if key != "neutral"}
    plain.load_state_dict(older)
    with pytest.raises(UserError, match="another neutral"):
        trimmed.load_state_dict(older)
