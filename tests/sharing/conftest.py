"""A run whose detector is small, and a hub of one's own."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
import torch

from deepfake_audio.detector import save_detector
from deepfake_audio.files import write_json
from deepfake_audio.judgement import judge
from deepfake_audio.models import build_network
from deepfake_audio.runs import RunFolder

from ..scored import made_run
from .hub_server import Hub, running

CONFIG: dict[str, Any] = {
    "features": {"name": "logmel", "sample_rate": 16_000},
    "window_samples": 16_000,
    "network": {"name": "cnn", "bins": 80, "channels": [4, 8], "hidden": 8},
    "threshold": {"threshold": 0.5},
    "corpus": "mine",
    "split": {"policy": "voice", "file": "/home/ann/private/split.csv"},
    "audit": {"passed": True, "words": ["2 faces on two sides, such as ann/tape 1: look there"]},
}


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> RunFolder:
    """Made-up scores, judged, and a detector with random weights; with clips that must never go anywhere."""
    run = made_run(tmp_path_factory.mktemp("shared") / "run")
    torch.manual_seed(0)
    save_detector(run.detector, CONFIG, build_network(**CONFIG["network"]).state_dict())
    (run.detector / "validation.csv").write_text("label,logit,voice\n1,2.5,0\n0,-1.25,1\n")
    (run.path / "clip.wav").write_bytes(b"somebody's voice")
    run.checkpoints.mkdir()
    (run.checkpoints / "best.ckpt").write_bytes(b"a pickle")
    write_json(run.path / ".hydra" / "overrides.yaml", ["clips=/home/ann/private/clips.csv", "seed=1"])
    judge(run.path)
    return run


@pytest.fixture
def hub() -> Iterator[Hub]:
    with running() as hub:
        yield hub
