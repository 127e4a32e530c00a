"""Rooms: reverberation by responses made on the spot, or by the user's own."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch
from scipy.fft import next_fast_len
from torch import Tensor

from .base import WaveAugmentation
from .draws import Between, between, whole
from .filters import low_pass, through
from .levels import FAINTEST_POWER, at_level_of
from .recordings import read_recording, recordings_in

# When the walls' first echoes arrive; later ones are too many to tell apart.
EARLY_SECONDS = Between(0.002, 0.05)
# How far an early echo stands out of the others' noise.
EARLY_STRENGTH = 6.0
# Walls and air swallow high frequencies: echoes are darker than the voice, by a filter of the first order.
DARK_HZ = Between(1_500.0, 8_000.0)
DARK_DB_PER_OCTAVE = 6.02
# Of recorded responses: longer ones are cut, and of more files every so many-th is taken (a second each, 64 MB).
RESPONSE_SECONDS = 1.0
MOST_RESPONSES = 1_000


class Room(WaveAugmentation):
    """Puts each clip into a room: the voice stays where it was and as loud, its echoes come on top.

    Args:
        rt60_seconds: range of the time in which echoes fade by 60 dB.
        direct_db: range of how far the voice's direct way lies above all echoes together.
        echoes: early ones, from walls nearby.
        folder: the user's recorded room responses, used in the place of those made here.
    """

    recorded: Tensor

    def __init__(
        self,
        rt60_seconds: Sequence[float] = (0.1, 0.8),
        direct_db: Sequence[float] = (0.0, 18.0),
        echoes: int = 8,
        folder: str | Path | None = None,
        share: float = 0.3,
        sample_rate: int = 16_000,
    ) -> None:
        super().__init__(share, sample_rate)
        self.rt60_seconds = between(rt60_seconds, "rt60_seconds", least=0.02, most=10)
        self.direct_db = between(direct_db, "direct_db", least=-60, most=100)
        self.echoes = whole(echoes, "room.echoes", least=0)
        recorded = torch.zeros(0, 1) if folder is None else torch.from_numpy(_recorded(folder, sample_rate))
        self.register_buffer("recorded", recorded, persistent=False)

    def draw(self, clips: int, length: int, device: torch.device) -> dict[str, Any]:
        """The responses, of which nothing depends on the clip: [B, K]."""
        if len(self.recorded):
            return {"response": self.recorded[torch.randint(len(self.recorded), (clips,), device=device)]}
        rt60 = self.rt60_seconds.drawn_by_ratio(clips, device=device)
        return {"response": self.responses(rt60, self.direct_db.drawn(clips, device=device))}

    def responses(self, rt60_seconds: Tensor, direct_db: Tensor) -> Tensor:
        """Random rooms that fade and weigh as told: [B] and [B] -> [B, K], the direct way first and of strength 1."""
        clips, device = len(rt60_seconds), rt60_seconds.device
        size = round(self.rt60_seconds.high * self.sample_rate) + 1
        seconds = torch.arange(size, device=device) / self.sample_rate
        echoes = torch.randn(clips, size, device=device)
        if self.echoes:
            delay = EARLY_SECONDS.drawn_by_ratio(clips, self.echoes, device=device)
            place = (delay * self.sample_rate).long().clamp(1, size - 1)
            sign = torch.randint(2, place.shape, device=device) * 2.0 - 1
            echoes.scatter_add_(1, place, EARLY_STRENGTH * sign)
        echoes = echoes * 10 ** (-3 * seconds / rt60_seconds.unsqueeze(1))
        dark, slope = (
            DARK_HZ.drawn_by_ratio(clips, device=device),
            torch.full_like(direct_db, DARK_DB_PER_OCTAVE),
        )
        echoes = through(echoes, lambda hz: low_pass(hz, dark, slope), self.sample_rate)
        echoes[:, 0] = 0
        energy = echoes.square().sum(dim=1).clamp_min(FAINTEST_POWER)
        response = echoes * (10 ** (-direct_db / 10) / energy).sqrt().unsqueeze(1)
        response[:, 0] = 1
        return response

    def change(self, waveform: Tensor, samples: Tensor, *, response: Tensor) -> Tensor:
        """[B, T] -> [B, T] at the level it had."""
        heard = convolved(waveform, response)
        return at_level_of(heard, waveform, samples, self.sample_rate)


def convolved(waveform: Tensor, response: Tensor) -> Tensor:
    """Each clip through its own response, cut off where the clip ends: [B, T] and [B, K] -> [B, T]."""
    length = waveform.shape[1]
    size = next_fast_len(length + response.shape[1] - 1, real=True)
    return torch.fft.irfft(torch.fft.rfft(waveform, size) * torch.fft.rfft(response, size), size)[:, :length]


def _recorded(folder: str | Path, sample_rate: int) -> np.ndarray:
    """The user's responses, each from its strongest sample on, which is 1: [N, K]."""
    files = recordings_in(folder, "folder")
    files = files[:: -(-len(files) // MOST_RESPONSES)]
    size = round(RESPONSE_SECONDS * sample_rate)
    rows = np.zeros((len(files), size), np.float32)
    for row, path in zip(rows, files, strict=True):
        read = read_recording(path, sample_rate, 2 * RESPONSE_SECONDS)
        direct = int(np.abs(read).argmax())
        heard = read[direct : direct + size] / read[direct]
        row[: len(heard)] = heard
    return rows
