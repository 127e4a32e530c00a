"""Detectors and sounds that several tests of this room need."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import soundfile
import torch
from numpy.typing import NDArray

from deepfake_audio.detector import Detector
from deepfake_audio.models import build_network

RATE = 16_000
CONFIG: dict[str, Any] = {
    "features": {"name": "logmel", "sample_rate": RATE},
    "window_samples": RATE,
    "network": {"name": "cnn", "channels": [8, 16], "hidden": 8},
    "threshold": {"threshold": 0.5},
}
# Of clips at -26 dB in a quiet room, over all of the band.
HEARD: dict[str, Any] = {
    "clips": 100,
    "quantiles": [0.01, 0.5, 0.99],
    "seconds": [1.0, 3.0, 9.0],
    "silence_share": [0.0, 0.2, 0.4],
    "clipped_share": [0.0, 0.0, 0.0001],
    "loudness_db": [-30.0, -26.0, -22.0],
    "noise_floor_db": [-80.0, -65.0, -45.0],
    "bandwidth_hz": [7000.0, 7500.0, 8000.0],
}


def made_detector(**changes: Any) -> Detector:
    """An untrained one, always the same."""
    torch.manual_seed(0)
    config = {**CONFIG, **changes}
    return Detector(config, build_network(**config["network"]).state_dict())


def speech(seconds: float, level_db: float = -26.0, seed: int = 0) -> NDArray[np.float32]:
    """Syllables of noise with short pauses of a quiet room, at a level: [T]."""
    rng = np.random.default_rng(seed)
    clock = np.arange(round(seconds * RATE)) / RATE
    loud = np.sin(2 * np.pi * 2 * clock) > -0.6
    wave = rng.normal(0, 1, len(clock)) * np.where(loud, 1.0, 0.004)
    return (wave * 10 ** (level_db / 20)).astype(np.float32)


def written(path: Path, wave: NDArray[Any], rate: int = RATE, **settings: Any) -> Path:
    soundfile.write(path, wave, rate, **settings)
    return path
