"""Detectors to be exported: random weights, and answers that differ from clip to clip."""

from __future__ import annotations

from typing import Any

import numpy as np
import torch
from torch import nn

from deepfake_audio.detector import Detector
from deepfake_audio.exporting.parity import made_up
from deepfake_audio.features import build_features
from deepfake_audio.models import build_network, fitted_to

RATE = 16_000
# Random answers lie close together. Steeper than this, single precision itself shows in the fourth digit.
STEEPEST = 2_000.0
SMALL: dict[str, dict[str, Any]] = {
    "cnn": {"name": "cnn", "channels": [4, 8], "hidden": 8, "bins": None},
    "patches": {"name": "patches", "channels": [8, 12], "bins": None},
}
FEATURES = {"cnn": "logmel", "patches": "spectrum"}


def make_detector(
    network: dict[str, Any], features: dict[str, Any], window: int = RATE, **more: Any
) -> Detector:
    """One whose logits spread over clips by about 1, so that what is wrong in a graph shows in P(fake)."""
    torch.manual_seed(0)
    features = {"sample_rate": RATE, **features}
    network = fitted_to(build_features(**features), network)
    built = build_network(**network)
    for module in built.modules():
        if isinstance(module, nn.BatchNorm1d | nn.BatchNorm2d):
            nn.init.normal_(module.running_mean, 0, 0.1)  # type: ignore[arg-type]
            nn.init.uniform_(module.running_var, 0.5, 2)  # type: ignore[arg-type]
    config = {
        "features": features,
        "network": network,
        "window_samples": window,
        "threshold": {"threshold": 0.5},
        **more,
    }
    detector = Detector(config, built.state_dict())
    logits = [float(detector.window_logits(clip[:length])[1].mean()) for clip, length in clips(window)]
    slope = min(1 / max(float(np.std(logits)), 1e-6), STEEPEST)
    calibration = {"kind": "platt", "slope": slope, "offset": -slope * float(np.mean(logits))}
    return Detector({**config, "calibration": calibration}, built.state_dict())


def clips(window: int) -> list[tuple[np.ndarray, int]]:
    """Clips and their valid lengths, one by one."""
    return [each for batch in made_up(window, RATE, seed=1) for each in zip(*batch, strict=True)]
