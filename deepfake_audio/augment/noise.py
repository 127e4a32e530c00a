"""Noise under speech: of a drawn colour, of many voices at once, or from the user's own recordings."""

from __future__ import annotations

import math
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch
from scipy.fft import next_fast_len
from torch import Tensor
from torch.nn.functional import avg_pool1d, interpolate

from .base import WaveAugmentation, checked_share
from .draws import between
from .filters import DB_PER_OCTAVE_AND_ORDER, frequencies
from .levels import FAINTEST_POWER, mean_power, speech_power
from .recordings import read_recording, recordings_in

# Below, a slope goes no further up: rumble that nobody hears would take all of the noise's power.
LOWEST_HZ = 40.0
# Wide enough to smear the harmonics of one voice, narrow enough to keep the shape of speech.
SMEAR_HZ = 200.0
# Voices together swell and fade a few times a second, by so many decibels.
SWELLS_PER_SECOND = 4.0
SWELL_DB = 6.0
# Of a folder of recordings so much is held in memory, dealt evenly: 230 MB at 16 kHz.
HELD_SECONDS = 3_600.0


class Noise(WaveAugmentation):
    """Adds noise at a drawn distance below the speech.

    Noise that sounds like many voices is made from the clip's own average spectrum: with voices of other clips
    the evidence of their class would come in.

    Args:
        snr_db: range of how far the noise lies below the speech (its pauses not counted).
        slope_db_per_octave: range of the colour: 0 is white, -3 pink, -6 brown.
        babble_share: of the noisy clips that get noise like many voices.
        folder: the user's recordings of noise, used in the place of what is made here.
        folder_share: of the noisy clips that get those, where there is a folder.
    """

    held: Tensor

    def __init__(
        self,
        snr_db: Sequence[float] = (5.0, 30.0),
        slope_db_per_octave: Sequence[float] = (-6.0, 0.0),
        babble_share: float = 0.3,
        folder: str | Path | None = None,
        folder_share: float = 1.0,
        share: float = 0.5,
        sample_rate: int = 16_000,
    ) -> None:
        super().__init__(share, sample_rate)
        self.snr_db = between(snr_db, "snr_db", least=-50, most=100)
        self.slope = between(slope_db_per_octave, "slope_db_per_octave", least=-24, most=24)
        self.babble_share = checked_share(babble_share, "babble")
        folder_share = checked_share(folder_share, "folder")
        self.folder_share = folder_share if folder is not None else 0.0
        held = torch.zeros(1) if folder is None else torch.from_numpy(_held(folder, sample_rate))
        self.register_buffer("held", held, persistent=False)

    def draw(self, clips: int, length: int, device: torch.device) -> dict[str, Any]:
        """SNR, slope and which kind [B], where in the recordings [B], white noise [B, F] and swells [B, S]."""
        bins = self._size(length) // 2 + 1
        swells = math.ceil(length / self.sample_rate * SWELLS_PER_SECOND) + 2
        return {
            "snr_db": self.snr_db.drawn(clips, device=device),
            "slope": self.slope.drawn(clips, device=device),
            "babble": torch.rand(clips, device=device) < self.babble_share,
            "recorded": torch.rand(clips, device=device) < self.folder_share,
            "start": torch.randint(len(self.held), (clips,), device=device),
            "white": torch.randn(clips, bins, dtype=torch.complex64, device=device),
            "swell_db": SWELL_DB * (2 * torch.rand(clips, swells, device=device) - 1),
        }

    def change(
        self,
        waveform: Tensor,
        samples: Tensor,
        *,
        snr_db: Tensor,
        slope: Tensor,
        babble: Tensor,
        recorded: Tensor,
        start: Tensor,
        white: Tensor,
        swell_db: Tensor,
    ) -> Tensor:
        """[B, T] -> [B, T]."""
        noise = self._made(waveform, slope, babble, white, swell_db)
        if self.folder_share:
            noise = torch.where(recorded.unsqueeze(1), self._recorded(start, waveform.shape[1]), noise)
        wanted = speech_power(waveform, samples, self.sample_rate) * 10 ** (-snr_db / 10)
        there = mean_power(noise, samples).clamp_min(FAINTEST_POWER)
        return waveform + noise * (wanted / there).sqrt().unsqueeze(1)

    def _made(
        self, waveform: Tensor, slope: Tensor, babble: Tensor, white: Tensor, swell_db: Tensor
    ) -> Tensor:
        """Coloured noise, or for some clips noise like many voices: [B, T]."""
        length = waveform.shape[1]
        size = self._size(length)
        hz = frequencies(size, self.sample_rate, waveform.device)
        order = (slope / DB_PER_OCTAVE_AND_ORDER).unsqueeze(1)
        colour = (hz.clamp_min(LOWEST_HZ) / LOWEST_HZ).pow(order) * (hz > 0)
        shape = torch.where(babble.unsqueeze(1), smeared(waveform, size, self.sample_rate), colour)
        noise = torch.fft.irfft(white * shape, size)[:, :length]
        swells = 10 ** (swell_db / 20)
        swelling = interpolate(swells.unsqueeze(1), length, mode="linear", align_corners=True).squeeze(1)
        return torch.where(babble.unsqueeze(1), noise * swelling, noise)

    def _recorded(self, start: Tensor, length: int) -> Tensor:
        """A stretch of the recordings from a sample on, the first after the last: [B] -> [B, T]."""
        return self.held[(start.unsqueeze(1) + torch.arange(length, device=start.device)) % len(self.held)]

    def _size(self, length: int) -> int:
        return int(next_fast_len(length, real=True))


def smeared(waveform: Tensor, size: int, sample_rate: int) -> Tensor:
    """Magnitude of each clip's average spectrum, without its harmonics: [B, T] -> [B, F] for `size` samples."""
    power = torch.fft.rfft(waveform, size).abs().square()
    width = max(1, round(SMEAR_HZ * size / sample_rate))
    bands = avg_pool1d(power.unsqueeze(1), width, ceil_mode=True)
    return interpolate(bands, power.shape[1], mode="linear").squeeze(1).sqrt()


def _held(folder: str | Path, sample_rate: int) -> np.ndarray:
    """What is held of the user's noises, one after the other, each as loud as the others: [N]."""
    files = recordings_in(folder, "folder")
    read = (read_recording(path, sample_rate, HELD_SECONDS / len(files)) for path in files)
    return np.concatenate([noise / np.sqrt(np.mean(np.square(noise))) for noise in read])
