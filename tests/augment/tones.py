"""Tones, and what is heard of them."""

from __future__ import annotations

import numpy as np

from deepfake_audio.augment.base import Wave


def tone(hz: float, rate: int, seconds: float = 1.5) -> Wave:
    clock = np.arange(round(seconds * rate)) / rate
    return (0.3 * np.sin(2 * np.pi * hz * clock)).astype(np.float32)


def loudest_hz(wave: Wave, rate: int) -> float:
    """Frequency of the highest line of a spectrum of fine steps."""
    size = 8 * len(wave)
    return float(np.abs(np.fft.rfft(wave * np.hanning(len(wave)), size)).argmax() * rate / size)
