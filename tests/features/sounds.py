"""What front ends are played."""

from __future__ import annotations

import numpy as np
import torch

RATE = 16_000


def tone(hz: float, seconds: float = 1.0, level: float = 1.0) -> torch.Tensor:
    """[1, T]."""
    return level * torch.sin(2 * torch.pi * hz * torch.arange(int(RATE * seconds)) / RATE).unsqueeze(0)


def noise(clips: int = 1, samples: int = RATE, level: float = 0.1, seed: int = 0) -> torch.Tensor:
    """[B, T]."""
    return level * torch.randn(clips, samples, generator=torch.Generator().manual_seed(seed))


def voice_like(seconds: float = 1.0) -> np.ndarray:
    """Harmonics of a gliding pitch over faint noise, louder and fainter by turns: [T]."""
    time = np.arange(int(RATE * seconds)) / RATE
    phase = 2 * np.pi * (120 * time + 20 * time**2)
    voiced = sum(np.sin(number * phase) / number for number in range(1, 30))
    faint = np.random.default_rng(0).normal(0, 1e-3, len(time))
    return (0.2 * voiced * (0.6 + 0.4 * np.sin(2 * np.pi * 3 * time)) + faint).astype(np.float32)
