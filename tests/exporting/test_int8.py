"""8 bits: the network gets smaller, the front end stays, and the loss is counted rightly."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import numpy as np
import onnx
import pandas as pd
import pytest
from sklearn.metrics import fbeta_score, roc_auc_score

from deepfake_audio.detector import Detector
from deepfake_audio.exporting.int8 import Loss, measure, quantise, tell
from deepfake_audio.exporting.runtime import ExportedDetector


def test_quantised_and_measured(exported: tuple[Detector, Path], little_corpus: Path, tmp_path: Path) -> None:
    _, file = exported
    clips = pd.read_csv(little_corpus / "clips.csv").query("split == 'val'")
    recordings, labels = [little_corpus / path for path in clips["path"]], clips["label"].to_numpy()
    small = tmp_path / "small.onnx"
    shutil.copy(file, small)
    quantise(small, recordings)
    weights = {each.name: each.data_type for each in onnx.load(small).graph.initializer}
    kept = [kind for name, kind in weights.items() if name.startswith("listener.features")]
    assert kept and onnx.TensorProto.INT8 not in kept and onnx.TensorProto.INT8 in weights.values()
    loss = measure(file, small, recordings, labels)
    for opened, f2, auc in (
        (ExportedDetector(file, 1), loss.f2_before, loss.auc_before),
        (ExportedDetector(small, 1), loss.f2_after, loss.auc_after),
    ):
        p_fake = np.array([opened.predict(wav).p_fake for wav in recordings])
        assert f2 == pytest.approx(fbeta_score(labels, p_fake >= opened.threshold, beta=2))
        assert auc == pytest.approx(roc_auc_score(labels, p_fake))
    assert 0 < loss.p_fake_mean < 0.1
    tell(small, loss)
    assert ExportedDetector(small).about["int8"]["f2_after"] == loss.f2_after
    assert json.loads(json.dumps(ExportedDetector(small).about))["window_samples"] == 16_000


def test_a_loss_that_hurts_says_so() -> None:
    assert "it hurts" in Loss(100, 0.95, 0.93, 0.99, 0.98, 0.02, 0.3).in_words()
    assert "it hurts" in Loss(100, 0.95, float("nan"), 0.99, 0.98, 0.02, 0.3).in_words()
    assert "it hurts" not in Loss(100, 0.95, 0.945, 0.99, 0.99, 0.01, 0.1).in_words()
