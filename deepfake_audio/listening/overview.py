"""A recording of any length as a picture's worth of numbers, in one pass."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

# As many columns as a picture has pixels to tell apart.
MOST_COLUMNS = 800
# 32 ms: the harmonics of a voice lie apart; and a step of a quarter of that.
SPECTRUM_SECONDS, STEP_SECONDS = 0.032, 0.008
RANGE_DB = 80.0

Wave = NDArray[np.float32]


@dataclass(frozen=True)
class Overview:
    """The lowest and highest sample of each column [C], and levels in dB under the loudest cell [F, C]."""

    seconds: float
    sample_rate: int
    low: Wave
    high: Wave
    level_db: Wave


def overview(blocks: Iterable[Wave], samples: int, sample_rate: int) -> Overview:
    """Of a stream, float32 [T] each, that is `samples` long; of a long one each column shows one moment's spectrum."""
    size = round(SPECTRUM_SECONDS * sample_rate)
    step = max(round(STEP_SECONDS * sample_rate), -(-samples // MOST_COLUMNS))
    bell = np.hanning(size).astype(np.float32)
    need = max(size, step)
    lows, highs, powers = [], [], []
    held = np.zeros(0, np.float32)

    def columns(last: bool) -> None:
        nonlocal held
        begin = 0
        while len(held) - begin >= (1 if last else need):
            piece = held[begin : begin + step]
            lows.append(piece.min())
            highs.append(piece.max())
            frame = held[begin : begin + size]
            spectrum = np.fft.rfft(np.pad(frame, (0, size - len(frame))) * bell)
            powers.append((spectrum.real**2 + spectrum.imag**2).astype(np.float32))
            begin += step
        held = held[begin:]

    for block in blocks:
        held = np.concatenate([held, block])
        columns(last=False)
    columns(last=True)
    power = np.stack(powers, axis=1)
    level = 10 * np.log10(np.maximum(power, 1e-30) / max(float(power.max()), 1e-30))
    return Overview(
        samples / sample_rate, sample_rate, np.array(lows), np.array(highs), np.maximum(level, -RANGE_DB)
    )
