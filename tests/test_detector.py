"""A detector's folder: what goes in comes out, and what does not belong is refused."""

from __future__ import annotations

import json
import math
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import soundfile
import torch
from safetensors.torch import save_file

from deepfake_audio.detector import Detector, load_detector, save_detector
from deepfake_audio.errors import UserError
from deepfake_audio.features import build_features
from deepfake_audio.models import build_network

CONFIG: dict[str, Any] = {
    "features": {"name": "logmel", "sample_rate": 16_000},
    "window_samples": 16_000,
    "network": {"name": "cnn", "channels": [8, 16], "hidden": 8},
    "threshold": {"threshold": 0.5},
}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    torch.manual_seed(0)
    network = build_network(**CONFIG["network"])
    save_detector(tmp_path / "detector", CONFIG, network.state_dict())
    return tmp_path / "detector"


def noise(path: Path, seconds: float, rate: int = 16_000, channels: int = 1) -> Path:
    wave = np.random.default_rng(0).normal(0, 0.1, (int(seconds * rate), channels))
    soundfile.write(path, wave, rate)
    return path


def test_it_is_data_and_no_pickle(folder: Path) -> None:
    assert sorted(file.name for file in folder.iterdir()) == ["config.json", "model.safetensors"]


def test_windows_their_mean_and_the_verdict(folder: Path, tmp_path: Path) -> None:
    """Against the parts put together by hand from the folder's own files."""
    wav = noise(tmp_path / "a.wav", 2.5)
    verdict = load_detector(folder).predict(wav)
    network = build_network(**CONFIG["network"]).eval()
    torch.manual_seed(0)
    network.load_state_dict(build_network(**CONFIG["network"]).state_dict())
    wave = torch.from_numpy(soundfile.read(wav, dtype="float32")[0])
    logits = []
    for start in (0, 16_000, 24_000):
        window = wave[start : start + 16_000].unsqueeze(0)
        features, frames = build_features("logmel")(window, torch.tensor([16_000]))
        logits.append(network(features, frames).item())
    assert verdict.logit == pytest.approx(np.mean(logits), abs=1e-5)
    assert verdict.p_fake == pytest.approx(1 / (1 + math.exp(-np.mean(logits))), abs=1e-6)
    assert [(w.start_seconds, w.end_seconds) for w in verdict.windows] == [(0, 1), (1, 2), (1.5, 2.5)]
    assert verdict.verdict == ("fake" if verdict.p_fake >= 0.5 else "real")
    assert json.loads(json.dumps(verdict.to_dict()))["seconds"] == 2.5


def test_the_threshold_itself_is_fake(folder: Path, tmp_path: Path) -> None:
    wav = noise(tmp_path / "a.wav", 1.0)
    detector = load_detector(folder)
    detector.threshold = detector.predict(wav).p_fake
    assert detector.predict(wav).verdict == "fake"
    detector.threshold = float(np.nextafter(detector.threshold, 1))
    assert detector.predict(wav).verdict == "real"


def test_long_and_short_go_the_same_way(folder: Path, tmp_path: Path) -> None:
    detector = load_detector(folder)
    assert len(detector.predict(noise(tmp_path / "long.wav", 40.0)).windows) == 40
    short = detector.predict(noise(tmp_path / "short.wav", 0.7))
    assert len(short.windows) == 1
    assert "shorter" in short.warnings[0]


@pytest.mark.parametrize("name", ["a.flac", "b.mp3", "c_44k.wav"])
def test_other_formats_and_rates(folder: Path, tmp_path: Path, name: str) -> None:
    file = noise(tmp_path / name, 2.0, 44_100 if "44k" in name else 16_000, 2 if "44k" in name else 1)
    verdict = load_detector(folder).predict(file)
    assert verdict.seconds == pytest.approx(2.0, abs=0.15)
    assert 0 < verdict.p_fake < 1


def test_bad_recordings_are_refused_by_name(folder: Path, tmp_path: Path) -> None:
    detector = load_detector(folder)
    files = {
        name: tmp_path / name
        for name in ("silent.wav", "blink.wav", "text.wav", "none.wav", "nan.wav", "gone.wav")
    }
    soundfile.write(files["silent.wav"], np.zeros(16_000), 16_000)
    noise(files["blink.wav"], 0.2)
    files["text.wav"].write_text("no audio here")
    files["none.wav"].touch()
    soundfile.write(files["nan.wav"], np.full(16_000, np.nan), 16_000, subtype="FLOAT")
    expected = ("silent", "0.20 s; at least 0.5 s", "cannot be read", "0 bytes", "NaN", "is missing")
    for (name, file), message in zip(files.items(), expected, strict=True):
        with pytest.raises(UserError, match=message) as error:
            detector.predict(file)
        assert name in str(error.value)
        assert "\n" not in str(error.value)


def test_one_that_cannot_be_answered_is_no_real_one(folder: Path, tmp_path: Path) -> None:
    """A sample far out of range makes the network's answer no number, which must not pass for real."""
    wave = np.random.default_rng(0).normal(0, 0.1, 16_000).astype(np.float32)
    wave[5_000] = 1e30
    soundfile.write(tmp_path / "spike.wav", wave, 16_000, subtype="FLOAT")
    with pytest.raises(UserError, match="out of range"):
        load_detector(folder).predict(tmp_path / "spike.wav")


def edited(folder: Path, **changes: Any) -> None:
    config = json.loads((folder / "config.json").read_text())
    (folder / "config.json").write_text(json.dumps({**config, **changes}))


def test_one_that_is_no_better_than_calling_everything_fake_says_so(folder: Path, tmp_path: Path) -> None:
    file = noise(tmp_path / "a.wav", 2.0)
    assert not any("everything fake" in told for told in load_detector(folder).predict(file).doubts)
    edited(folder, threshold={**CONFIG["threshold"], "better_than_all_fake": False})
    verdict = load_detector(folder).predict(file)
    assert any("everything fake" in told for told in verdict.doubts)
    assert verdict.verdict == "can't tell"
    assert verdict.leaning == ("fake" if verdict.p_fake >= 0.5 else "real")


def test_only_a_detector_that_hears_through_a_treatment_is_of_the_newer_format(
    folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What only knows the first format would pass over the treatment: it must refuse, and does by the number."""
    weights = build_network(**CONFIG["network"]).state_dict()
    for neutral, number in (
        (None, 1),
        ({"name": "none"}, 1),
        ({"name": "trim"}, 2),
        ({"silence_db": 20.0}, 2),
    ):
        save_detector(tmp_path / "other", {**CONFIG, "neutral": neutral}, weights)
        assert json.loads((tmp_path / "other" / "config.json").read_text())["format"] == number
        assert load_detector(tmp_path / "other").neutral.does_nothing == (number == 1)
    assert json.loads((folder / "config.json").read_text())["format"] == 1
    monkeypatch.setattr("deepfake_audio.detector_format.NEWEST_FORMAT", 1)
    load_detector(folder)
    with pytest.raises(UserError, match="upgrade deepfake-audio"):
        load_detector(tmp_path / "other")


def test_a_calibration_changes_p_and_not_the_logit(folder: Path, tmp_path: Path) -> None:
    wav = noise(tmp_path / "a.wav", 2.5)
    bare = load_detector(folder).predict(wav)
    edited(folder, format=3, calibration={"kind": "platt", "slope": 0.5, "offset": -1.0})
    verdict = load_detector(folder).predict(wav)
    assert verdict.logit == bare.logit
    assert verdict.p_fake == pytest.approx(1 / (1 + math.exp(1 - bare.logit / 2)), abs=1e-12)
    for window, before in zip(verdict.windows, bare.windows, strict=True):
        logit = math.log(before.p_fake / (1 - before.p_fake))
        assert window.p_fake == pytest.approx(1 / (1 + math.exp(1 - logit / 2)), abs=1e-9)


def test_only_a_calibrated_detector_is_of_the_third_format(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Who reads up to the second would hold a bare sigmoid against a calibrated threshold."""
    weights = build_network(**CONFIG["network"]).state_dict()
    for kind, neutral, number in (
        ("none", None, 1),
        ("none", {"name": "trim"}, 2),
        ("platt", None, 3),
        ("temperature", {"name": "trim"}, 3),
    ):
        told = {"kind": kind, "slope": 1.0 if kind == "none" else 0.5, "offset": 0.0}
        save_detector(tmp_path / "other", {**CONFIG, "neutral": neutral, "calibration": told}, weights)
        assert json.loads((tmp_path / "other" / "config.json").read_text())["format"] == number
        assert load_detector(tmp_path / "other").calibration.kind == kind
    monkeypatch.setattr("deepfake_audio.detector_format.NEWEST_FORMAT", 2)
    with pytest.raises(UserError, match="upgrade deepfake-audio"):
        load_detector(tmp_path / "other")


@pytest.mark.parametrize(
    ("calibration", "message"),
    [
        ({"kind": "platt", "slope": -1.0, "offset": 0.0}, "slope above 0"),
        ({"kind": "spline", "slope": 1.0, "offset": 0.0}, "'spline' is not known"),
        ({"kind": "platt", "slope": 1.0}, "do not make a detector"),
    ],
)
def test_a_calibration_that_cannot_be_right_is_refused(
    folder: Path, calibration: dict[str, Any], message: str
) -> None:
    edited(folder, format=3, calibration=calibration)
    with pytest.raises(UserError, match=message):
        load_detector(folder)


def test_a_threshold_that_is_not_after_f2_is_not_called_unreliable_for_it(
    folder: Path, tmp_path: Path
) -> None:
    file = noise(tmp_path / "a.wav", 2.0)
    rule = {"name": "false_alarm", "max_false_alarm": 0.01}
    threshold = {**CONFIG["threshold"], "rule": rule, "better_than_all_fake": False, "calls": "some"}
    edited(folder, threshold=threshold)
    assert load_detector(folder).predict(file).doubts == ()
    edited(folder, threshold={**threshold, "calls": "nothing"})
    assert "called nothing fake" in load_detector(folder).predict(file).doubts[0]


def test_folders_that_are_no_detector(folder: Path, tmp_path: Path) -> None:
    with pytest.raises(UserError, match="is no detector"):
        load_detector(tmp_path / "nowhere")
    edited(folder, format=99)
    with pytest.raises(UserError, match="upgrade"):
        load_detector(folder)
    for threshold in (float("nan"), 2.0, -0.1, "x"):
        edited(folder, format=1, threshold={"threshold": threshold})
        with pytest.raises(UserError, match="do not make a detector"):
            load_detector(folder)
    edited(folder, threshold=CONFIG["threshold"])
    edited(folder, format=1, network={"name": "cnn", "channels": [4, 4]})
    with pytest.raises(UserError, match="holds not the weights"):
        load_detector(folder)
    edited(folder, network=CONFIG["network"], neutral={"name": "trim", "loudest": 3})
    with pytest.raises(UserError, match="do not make a detector"):
        load_detector(folder)
    edited(folder, neutral=None)
    edited(folder, network={"name": "nonesuch"})
    with pytest.raises(UserError, match="nonesuch"):
        load_detector(folder)
    edited(folder, **CONFIG)
    save_file({"other": torch.zeros(1)}, folder / "model.safetensors")
    with pytest.raises(UserError, match="holds not the weights"):
        load_detector(folder)
    (folder / "model.safetensors").write_bytes(b"\x80\x04torn")
    with pytest.raises(UserError, match="has a header of"):
        load_detector(folder)
    (folder / "model.safetensors").unlink()
    (folder / "model.safetensors").mkdir()
    with pytest.raises(UserError, match="cannot be read: Is a directory"):
        load_detector(folder)
    (folder / "config.json").write_text("{")
    with pytest.raises(UserError, match="no valid JSON"):
        load_detector(folder)


HUGE, INFINITE = 10**400, float("inf")
HEARD = {
    "clips": 9, "seconds": [1, 2, 3], "silence_share": [0, 0.1, 0.2], "clipped_share": [0, 0, 0],
    "loudness_db": [-30, -26, -22], "noise_floor_db": [-80, -65, -45], "bandwidth_hz": [7000, 7500, 8000],
}  # fmt: skip
SLOPE = {"kind": "platt", "offset": 0.0}


@pytest.mark.parametrize(
    "changes",
    [
        *(
            {"threshold": told}
            for told in ("x", None, [0.5], 1, {"threshold": HUGE}, {"threshold": INFINITE})
        ),
        *(
            {"threshold": {"threshold": 0.5, "interval": told}}
            for told in (
                "ab",
                1,
                {},
                [1],
                [0.4, "b"],
                [0.4, HUGE],
                [0.6, 0.4],
                [0, 9],
                [0, True],
                [0, float("nan")],
            )
        ),
        *(
            {"threshold": {"threshold": 0.5, "rule": told}}
            for told in ("f_beta", [1], 3, {"name": ["f_beta"]}, {"name": "x"}, {"of": 1}, {"max_miss": HUGE})
        ),
        {"threshold": {"threshold": 0.5, "calls": {}}},
        *(
            {"calibration": told}
            for told in ("x", [1], {**SLOPE, "slope": HUGE}, {**SLOPE, "slope": INFINITE})
        ),
        *({"heard": told} for told in ("x", [1], {"clips": 1}, {**HEARD, "clips": INFINITE})),
        *(
            {"heard": {**HEARD, "seconds": told}}
            for told in (3, [1, 2], [3, 2, 1], [1, 2, HUGE], [1, 2, INFINITE])
        ),
        *({"features": {"name": "logmel", "sample_rate": told}} for told in (HUGE, INFINITE, "x", -1, 10**9)),
        *({"window_samples": told} for told in (HUGE, INFINITE, 0.5, "x", 0)),
        {"features": "x"},
        {"network": [1]},
        {"neutral": "x"},
    ],
)
def test_wrong_kinds_in_a_config_are_one_line(folder: Path, changes: dict[str, Any]) -> None:
    edited(folder, **changes)
    with pytest.raises(UserError) as error:
        load_detector(folder)
    assert "\n" not in str(error.value)


def test_a_rule_without_a_name_is_the_usual_one(folder: Path, tmp_path: Path) -> None:
    """And what is heard in order is taken."""
    edited(folder, threshold={"threshold": 0.5, "rule": {}, "interval": [0.4, 0.6]}, heard=HEARD)
    assert load_detector(folder).predict(noise(tmp_path / "a.wav", 2.0)).verdict in (
        "fake",
        "real",
        "can't tell",
    )
    told = {"threshold": 0.5, "rule": {"beta": 2.0}, "better_than_all_fake": False}
    edited(folder, threshold=told)
    assert "everything fake" in load_detector(folder).predict(tmp_path / "a.wav").doubts[-1]


def test_a_config_that_no_reader_takes_is_no_valid_json(folder: Path) -> None:
    for text in ('{"format": ' + "9" * 5000 + "}", "[" * 100_000):
        (folder / "config.json").write_text(text)
        with pytest.raises(UserError, match="no valid JSON"):
            load_detector(folder)
    for told in (True, "1", None):
        (folder / "config.json").write_text(json.dumps({"format": told}))
        with pytest.raises(UserError, match="says no format"):
            load_detector(folder)


def test_a_device_that_is_none_is_not_a_broken_detector(folder: Path) -> None:
    for name in ("foo", "", "meta", "cpu:x"):
        with pytest.raises(UserError, match="is not known: give cpu or cuda"):
            load_detector(folder, name)
    with pytest.raises(UserError, match=r"no GPU|the last GPU"):
        load_detector(folder, "cuda:99")


def test_a_run_is_taken_for_its_detector(folder: Path) -> None:
    assert isinstance(load_detector(folder.parent), Detector)
