"""Exported files say what the detector says, over lengths and batches, and tell what they are."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from deepfake_audio.detector import Detector, save_detector
from deepfake_audio.errors import UserError
from deepfake_audio.export import main
from deepfake_audio.exporting import onnx_file, torchscript
from deepfake_audio.exporting.parity import Answer, differences
from deepfake_audio.models import build_network

from .made import RATE, SMALL, clips, make_detector

WITHIN = 1e-4
EVERY: dict[str, tuple[dict[str, Any], dict[str, Any], int]] = {
    "cnn": ({"name": "cnn", "bins": None}, {"name": "logmel"}, 48_000),
    "cnn, CQT": ({"name": "cnn", "bins": None}, {"name": "cqt"}, 48_000),
    "cnn, attentive": ({"name": "cnn", "bins": None, "pooling": "attentive"}, {"name": "logmel"}, 48_000),
    "effnet": ({"name": "effnet", "version": "b0"}, {"name": "logmel"}, 48_000),
    "patches": ({"name": "patches", "bins": None}, {"name": "spectrum"}, 64_600),
    "lcnn": ({"name": "lcnn", "bins": None}, {"name": "lfcc"}, 48_000),
    "meso": ({"name": "meso", "bins": None}, {"name": "mfcc"}, 48_000),
    "rawnet2": ({"name": "rawnet2", "gru": 64}, {"name": "waveform", "level": "rms"}, 64_600),
}


def worst(detector: Detector, ask: Answer) -> float:
    """Over other clips than those that the export tried by itself."""
    return differences(detector, ask, seed=7)[0]


def test_answers_to_be_told_apart() -> None:
    """Else parity would say nothing: a graph that always gives the same would agree."""
    detector = make_detector(SMALL["cnn"], {"name": "logmel"})
    p_fake = [
        detector.predict_waveform(clip[:length]).p_fake for clip, length in clips(RATE) if length >= 8_000
    ]
    assert max(p_fake) - min(p_fake) > 0.3


def test_parity_over_lengths_and_batches(exported: tuple[Detector, Path]) -> None:
    detector, file = exported
    assert worst(detector, onnx_file.asked(onnx_file.session(file))) < WITHIN


@pytest.mark.parametrize("batch", range(1, 9))
def test_a_clip_scores_alike_in_any_batch(exported: tuple[Detector, Path], batch: int) -> None:
    """Beside other clips, and with anything behind its end."""
    _, file = exported
    ask = onnx_file.asked(onnx_file.session(file))
    rng = np.random.default_rng(batch)
    waves = rng.normal(0, 0.1, (batch, 30_001)).astype(np.float32)
    samples = rng.integers(6_000, 30_002, batch)
    together = ask(waves, samples)[0]
    alone = [
        ask(wave[None, :length], np.array([length]))[0].item()
        for wave, length in zip(waves, samples, strict=True)
    ]
    np.testing.assert_allclose(together, alone, atol=1e-5)


def test_the_file_alone_tells_what_it_is(exported: tuple[Detector, Path]) -> None:
    detector, file = exported
    opened = onnx_file.session(file)
    told = {key: json.loads(value) for key, value in opened.get_modelmeta().custom_metadata_map.items()}
    assert told["sample_rate"] == RATE and told["window_samples"] == detector.window_samples
    assert told["threshold"]["threshold"] == detector.threshold
    assert told["labels"] == {"0": "real", "1": "fake"}
    assert told["calibration"]["slope"] == detector.calibration.slope
    shapes = {each.name: each.shape for each in [*opened.get_inputs(), *opened.get_outputs()]}
    assert shapes == {
        "waveform": ["clips", "time"],
        "samples": ["clips"],
        "p_fake": ["clips"],
        "logit": ["clips"],
    }
    # Nothing of the machine that it was made on.
    assert str(Path.cwd()).encode() not in file.read_bytes()


def test_torchscript_says_the_same_and_knows_itself(tmp_path: Path) -> None:
    detector = make_detector(SMALL["patches"], {"name": "spectrum"}, neutral={"level_db": -26.0})
    file = tmp_path / "detector.pt"
    assert torchscript.export_torchscript(detector, file) < WITHIN
    told = {"threshold": "", "window_samples": ""}
    opened = torch.jit.load(str(file), _extra_files=told)
    assert worst(detector, torchscript.asked(opened)) < WITHIN
    assert json.loads(told["threshold"])["threshold"] == 0.5 and json.loads(told["window_samples"]) == RATE


def test_level_and_trimming_are_exported(tmp_path: Path) -> None:
    detector = make_detector(SMALL["cnn"], {"name": "logmel"}, neutral={"name": "trim", "level_db": -26.0})
    file = tmp_path / "detector.onnx"
    onnx_file.export_onnx(detector, file)
    told = onnx_file.session(file).get_modelmeta().custom_metadata_map
    assert json.loads(told["neutral"])["silence_db"] == 30.0


def test_what_does_not_export_says_so_in_a_line_and_leaves_nothing(tmp_path: Path) -> None:
    detector = make_detector({"name": "logreg", "bins": None}, {"name": "handcrafted"})
    with pytest.raises(UserError, match="logreg on handcrafted cannot be exported to ONNX") as error:
        onnx_file.export_onnx(detector, tmp_path / "detector.onnx")
    assert "\n" not in str(error.value) and not list(tmp_path.iterdir())


def test_a_graph_that_says_something_else_is_not_written(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    detector = make_detector(SMALL["cnn"], {"name": "logmel"})
    (tmp_path / "detector.onnx").write_text("the one before")
    monkeypatch.setattr(
        onnx_file,
        "asked",
        lambda opened: lambda wave, samples: (np.full(len(wave), 0.5), np.zeros(len(wave))),
    )
    with pytest.raises(UserError, match="does not say what the detector says"):
        onnx_file.export_onnx(detector, tmp_path / "detector.onnx")
    assert [file.read_text() for file in tmp_path.iterdir()] == ["the one before"]


def test_the_command(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    detector = make_detector(SMALL["cnn"], {"name": "logmel"})
    save_detector(tmp_path / "detector", detector.config, detector.network.state_dict())
    place = ["--detector", str(tmp_path / "detector")]
    assert main([*place, "--out", str(tmp_path / "a.onnx")]) == 0
    told = capsys.readouterr()
    assert told.out.startswith(f"{tmp_path / 'a.onnx'}: 0.") and told.err == ""
    for bad, said in (
        (["--format", "torchscript", "--int8"], "--int8 and --page are for --format onnx"),
        (["--int8"], "is no run: give it with --run"),
        (["--out", str(tmp_path)], "is a folder"),
        (["--page", str(tmp_path / "page"), "--onnxruntime-web", str(tmp_path)], "holds no onnxruntime-web"),
    ):
        with pytest.raises(SystemExit) as left:
            main([*place, *bad])
        assert left.value.code == 2 and said in capsys.readouterr().err


@pytest.mark.slow  # networks of their full size, EfficientNet among them
@pytest.mark.parametrize("name", EVERY)
def test_parity_of_every_network(name: str, tmp_path: Path) -> None:
    network, features, window = EVERY[name]
    check_both(make_detector(network, features, window), tmp_path)


@pytest.mark.slow  # half a minute a file
def test_parity_of_published_aasist(bench: Path, tmp_path: Path) -> None:
    """Random weights would not do: the nodes that it keeps would be chosen by rounding."""
    network = build_network("aasist-l")
    network.load_pretrained(bench / "weights" / "aasist" / "AASIST-L.pth")
    config = {
        "features": {"name": "waveform", "sample_rate": RATE},
        "network": {"name": "aasist-l"},
        "window_samples": 64_600,
        "threshold": {"threshold": 0.5},
    }
    check_both(Detector(config, network.state_dict()), tmp_path)


def check_both(detector: Detector, tmp_path: Path) -> None:
    onnx_file.export_onnx(detector, tmp_path / "detector.onnx")
    assert worst(detector, onnx_file.asked(onnx_file.session(tmp_path / "detector.onnx"))) < WITHIN
    torchscript.export_torchscript(detector, tmp_path / "detector.pt")
    assert worst(detector, torchscript.asked(torch.jit.load(str(tmp_path / "detector.pt")))) < WITHIN
