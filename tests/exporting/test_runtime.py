"""Asking an exported file without torch: the same verdict, by the same words."""

from __future__ import annotations

import dataclasses
import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import onnx
import pytest
import soundfile

from deepfake_audio.detector import Detector
from deepfake_audio.errors import UserError
from deepfake_audio.exporting.onnx_file import export_onnx
from deepfake_audio.exporting.runtime import ExportedDetector

from .made import RATE, SMALL, make_detector

HEAVY = ("torch", "torchaudio", "pytorch_lightning", "scipy", "pandas", "moviepy", "matplotlib", "av")
ASK = f"""
import json, sys
from deepfake_audio.exporting.runtime import main
status = main(sys.argv[1:])
print(json.dumps([status, [name for name in {HEAVY} if name in sys.modules]]), file=sys.stderr)
"""


def buzz(path: Path, seconds: float, lead: float = 0.0) -> Path:
    rng = np.random.default_rng(round(100 * seconds))
    time = np.arange(round(seconds * RATE)) / RATE
    wave = 0.3 * np.sign(np.sin(2 * np.pi * 120 * time)) * (1 + np.sin(2 * np.pi * 3 * time)) / 2
    wave = np.concatenate([np.zeros(round(lead * RATE)), wave + rng.normal(0, 0.02, len(time))])
    soundfile.write(path, wave, RATE, subtype="PCM_16")
    return path


@pytest.mark.parametrize("seconds", [0.6, 1.0, 2.5, 20.3])
def test_the_verdict_is_the_detectors(
    exported: tuple[Detector, Path], tmp_path: Path, seconds: float
) -> None:
    detector, file = exported
    wav = buzz(tmp_path / "a.wav", seconds)
    mine, its = ExportedDetector(file, threads=1).predict(wav), detector.predict(wav)
    assert mine.p_fake == pytest.approx(its.p_fake, abs=1e-4)
    assert [w.p_fake for w in mine.windows] == pytest.approx([w.p_fake for w in its.windows], abs=1e-4)
    figures = {"p_fake": 0, "logit": 0, "windows": (), "segments": ()}
    assert dataclasses.replace(mine, **figures) == dataclasses.replace(its, **figures)
    times = [[(w.start_seconds, w.end_seconds) for w in verdict.windows] for verdict in (mine, its)]
    assert times[0] == times[1]


def test_edges_are_trimmed_as_the_detector_does(tmp_path: Path) -> None:
    detector = make_detector(SMALL["cnn"], {"name": "logmel"}, neutral={"name": "trim", "level_db": -26.0})
    export_onnx(detector, tmp_path / "trim.onnx")
    wav = buzz(tmp_path / "a.wav", 2.3, lead=0.77)
    mine, its = ExportedDetector(tmp_path / "trim.onnx").predict(wav), detector.predict(wav)
    assert mine.p_fake == pytest.approx(its.p_fake, abs=1e-4)
    assert mine.windows[0].start_seconds == its.windows[0].start_seconds > 0.7
    assert mine.warnings == its.warnings and mine.doubts == its.doubts


def test_it_runs_without_torch(exported: tuple[Detector, Path], tmp_path: Path) -> None:
    """In an interpreter of its own: onnxruntime, numpy and soundfile are all that is loaded."""
    detector, file = exported
    wav, text = buzz(tmp_path / "a.wav", 1.7), tmp_path / "text.flac"
    soundfile.write(text, np.zeros(RATE), RATE)
    done = subprocess.run(
        [sys.executable, "-c", ASK, str(file), str(wav), str(text), "--json"],
        capture_output=True, text=True, timeout=120,
    )  # fmt: skip
    *errors, last = done.stderr.splitlines()
    assert json.loads(last) == [3, []]
    assert len(errors) == 1 and "is silent" in errors[0]
    verdict, failure = json.loads(done.stdout)
    assert failure["file"] == str(text) and "is silent" in failure["error"]
    assert verdict["p_fake"] == pytest.approx(detector.predict(wav).p_fake, abs=1e-4)


def test_other_files_are_refused_by_name(exported: tuple[Detector, Path], tmp_path: Path) -> None:
    _, file = exported
    with pytest.raises(UserError, match=r"gone\.onnx is missing"):
        ExportedDetector(tmp_path / "gone.onnx")
    (tmp_path / "torn.onnx").write_bytes(file.read_bytes()[:1000])
    with pytest.raises(UserError, match="is no ONNX file that can be run"):
        ExportedDetector(tmp_path / "torn.onnx")
    model = onnx.load(file)
    told = {each.key: each for each in model.metadata_props}
    told["deepfake_audio_export"].value = "99"
    onnx.save(model, tmp_path / "newer.onnx")
    with pytest.raises(UserError, match="upgrade deepfake-audio"):
        ExportedDetector(tmp_path / "newer.onnx")
    del model.metadata_props[:]
    onnx.save(model, tmp_path / "other.onnx")
    with pytest.raises(UserError, match="is no detector of ours"):
        ExportedDetector(tmp_path / "other.onnx")
