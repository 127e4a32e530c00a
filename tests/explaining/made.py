"""Detectors whose reasons are known, and recordings to play to them."""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor, nn

from deepfake_audio.detector import Detector
from deepfake_audio.features import LogMel
from deepfake_audio.models import build_network
from deepfake_audio.models.network import Network

RATE = 16_000
FRAMES = 101  # of a second


class Weighs(Network):
    """A weighted mean of the picture: weights [F, T'], over the whole of a window."""

    def __init__(self, weights: Tensor, scale: float = 1000.0) -> None:
        super().__init__()
        self.register_buffer("weights", scale * weights / weights.numel())

    def forward(self, features: Tensor, frames: Tensor) -> Tensor:
        return (features * self.weights).sum(dim=(1, 2))


class Maps(Network):
    """Two maps: what is loud in the upper half speaks for fake, what is faint in the lower half against, doubly."""

    def __init__(self) -> None:
        super().__init__()
        self.maps = nn.Identity()

    def forward(self, features: Tensor, frames: Tensor) -> Tensor:
        return (self.maps(self.shown(features)).sum(dim=(2, 3)) * torch.tensor([1.0, -2.0])).sum(dim=1)

    @staticmethod
    def shown(features: Tensor) -> Tensor:
        upper = (torch.arange(features.shape[1]) >= features.shape[1] // 2)[:, None]
        return torch.stack([features.relu() * upper, (-features).relu() * ~upper], dim=1)

    def mapped_layers(self) -> tuple[str, ...]:
        return ("maps",)


def detector_of(network: Network, window_samples: int = RATE, features: str = "logmel") -> Detector:
    """A detector with this network in it, its threshold at 0.5."""
    small = {"name": "cnn", "channels": [4], "hidden": 4}
    config = {
        "features": {"name": features, "sample_rate": RATE},
        "window_samples": window_samples,
        "network": small,
        "threshold": {"threshold": 0.5},
    }
    detector = Detector(config, build_network(**small).state_dict())
    detector.network = network.eval()
    return detector


def high_band(frames: int = FRAMES, from_hz: float = 4000.0, scale: float = 1000.0) -> Weighs:
    """It goes by how loud it is above 4 kHz, whenever."""
    above = LogMel().bin_hz() > from_hz
    return Weighs(above.float()[:, None].expand(80, frames), scale)


def leading_silence(frames: int = FRAMES, seconds: float = 0.3) -> Weighs:
    """It goes by how faint the first 0.3 s are."""
    early = LogMel().frame_seconds(frames) < seconds
    return Weighs(-early.float()[None, :].expand(80, frames))


def noise(seconds: float, seed: int = 0, level: float = 0.1) -> np.ndarray:
    return np.random.default_rng(seed).normal(0, level, round(RATE * seconds)).astype(np.float32)


def tone(hz: float, seconds: float, level: float = 0.3) -> np.ndarray:
    return (level * np.sin(2 * np.pi * hz * np.arange(round(RATE * seconds)) / RATE)).astype(np.float32)


def with_tone_at(start: float, end: float, hz: float, seconds: float) -> np.ndarray:
    """Faint noise, and a loud tone from `start` to `end`."""
    wave = noise(seconds, level=0.003)
    first = round(start * RATE)
    burst = tone(hz, end - start)
    wave[first : first + len(burst)] += burst
    return wave
