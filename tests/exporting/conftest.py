"""The default network and the small one, exported once for all that asks them."""

from __future__ import annotations

from pathlib import Path

import pytest

from deepfake_audio.detector import Detector
from deepfake_audio.exporting.onnx_file import export_onnx

from .made import FEATURES, SMALL, make_detector

pytest.importorskip("onnx", reason="needs onnx: pip install '.[dev]'")


@pytest.fixture(scope="session", params=["cnn", "patches"])
def exported(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> tuple[Detector, Path]:
    """A detector and its ONNX file."""
    detector = make_detector(SMALL[request.param], {"name": FEATURES[request.param]})
    file = tmp_path_factory.mktemp("exported") / f"{request.param}.onnx"
    export_onnx(detector, file)
    return detector, file
