"""From waveform to the picture the network sees. Each front end is a module that `features=` names."""

from __future__ import annotations

import math
from abc import ABC, abstractmethod
from typing import Any

import torch
import torchaudio
from torch import Tensor, nn

from .errors import UserError

# Below the loudest cell of its own window a cell is lifted to this: what lies further down is the noise of
# codecs and of 16-bit rounding, and in digital silence it would be minus infinity.
DYNAMIC_RANGE_DB = 80.0
# Slaney's mel scale: so many hertz a mel up to the corner, and above it a factor of 6.4 in 27 mels.
HZ_PER_MEL = 200 / 3
CORNER_HZ = 1000.0
MELS_PER_OCTAVE = 27 / math.log2(6.4)


class FrontEnd(nn.Module, ABC):
    """Base of all front ends: a picture, and where its cells lie in time and frequency."""

    sample_rate: int
    hop_samples: int

    @abstractmethod
    def forward(self, waveform: Tensor, samples: Tensor) -> tuple[Tensor, Tensor]:
        """[B, T] and its valid lengths [B] -> [B, F, T'] and its valid frames [B]."""

    @abstractmethod
    def bin_edges_hz(self) -> Tensor:
        """Where each bin of the picture begins and the last one ends: [F + 1], rising."""

    @abstractmethod
    def bin_hz(self) -> Tensor:
        """The frequency that each bin listens to: [F], rising."""

    def frame_seconds(self, frames: int) -> Tensor:
        """The middle of each frame, from the first sample on: [frames]."""
        return torch.arange(frames, dtype=torch.float64) * self.hop_samples / self.sample_rate


class LogMel(FrontEnd):
    """Log-mel spectrogram, each window brought to zero mean and unit spread over its own valid frames.

    Zero is therefore the window's mean: what padding and masks are filled with says nothing. The level of the
    recording drops out, so that loudness cannot be learnt.
    """

    def __init__(
        self,
        sample_rate: int = 16_000,
        n_fft: int = 512,
        window_samples: int = 400,
        hop_samples: int = 160,
        n_mels: int = 80,
        f_min_hz: float = 20.0,
        f_max_hz: float | None = None,
    ) -> None:
        super().__init__()
        if min(n_fft, window_samples, hop_samples, n_mels) < 1 or window_samples > n_fft:
            raise UserError(
                "features: n_fft, window_samples, hop_samples and n_mels must be 1 or more, and window_samples "
                "no longer than n_fft"
            )
        self.sample_rate = sample_rate
        self.hop_samples = hop_samples
        self.n_mels = n_mels
        self.band_hz = (f_min_hz, sample_rate / 2 if f_max_hz is None else f_max_hz)
        # pad_mode constant: a short clip ends in zeros either way, so its frames don't depend on how much
        # padding follows it in the batch.
        self.mel = torchaudio.transforms.MelSpectrogram(
            sample_rate=sample_rate,
            n_fft=n_fft,
            win_length=window_samples,
            hop_length=hop_samples,
            f_min=f_min_hz,
            f_max=f_max_hz,
            n_mels=n_mels,
            pad_mode="constant",
            norm="slaney",
            mel_scale="slaney",
        )

    def frames(self, samples: Tensor) -> Tensor:
        """How many frames of the spectrogram belong to the clip: [B] samples -> [B] frames."""
        return torch.div(samples, self.hop_samples, rounding_mode="floor") + 1

    def bin_hz(self) -> Tensor:
        """The peak of each filter: [F]."""
        return self._on_mel_scale(torch.arange(1, self.n_mels + 1, dtype=torch.float64))

    def bin_edges_hz(self) -> Tensor:
        """Where neighbouring filters weigh alike, on the mel scale: [F + 1]."""
        return self._on_mel_scale(torch.arange(0.5, self.n_mels + 1, dtype=torch.float64))

    def _on_mel_scale(self, place: Tensor) -> Tensor:
        """Hertz of places on the row of filters, where 0 is the lowest frequency and n_mels + 1 the highest."""
        low, high = (_mel(hz) for hz in self.band_hz)
        return _hz(low + place * (high - low) / (self.n_mels + 1))

    @torch.no_grad()
    def forward(self, waveform: Tensor, samples: Tensor) -> tuple[Tensor, Tensor]:
        """[B, T] and its valid lengths [B] -> [B, F, T'] and its valid frames [B]."""
        # A power spectrum spans more than half precision holds.
        with torch.autocast(waveform.device.type, enabled=False):
            power = self.mel(waveform.float())
        frames = self.frames(samples)
        valid = valid_frames(frames, power.shape[-1]).unsqueeze(1)
        level_db = 10 * torch.log10(power.clamp_min(1e-12))
        loudest = level_db.masked_fill(~valid, -torch.inf).amax(dim=(1, 2), keepdim=True)
        level_db = torch.maximum(level_db, loudest - DYNAMIC_RANGE_DB)
        return _standardised(level_db, valid), frames


FRONT_ENDS: dict[str, type[FrontEnd]] = {"logmel": LogMel}


def build_features(name: str, **arguments: Any) -> FrontEnd:
    """The front end called `name`, from plain values such as a config or a detector's file holds."""
    if name not in FRONT_ENDS:
        raise UserError(f"features {name!r} is not known; there is {', '.join(sorted(FRONT_ENDS))}")
    return FRONT_ENDS[name](**arguments)


def valid_frames(frames: Tensor, total: int) -> Tensor:
    """[B] -> [B, T'], true where a frame belongs to the clip and not to its padding."""
    return torch.arange(total, device=frames.device).unsqueeze(0) < frames.unsqueeze(1)


def _mel(hz: float) -> float:
    corner = CORNER_HZ / HZ_PER_MEL
    return hz / HZ_PER_MEL if hz < CORNER_HZ else corner + MELS_PER_OCTAVE * math.log2(hz / CORNER_HZ)


def _hz(mel: Tensor) -> Tensor:
    corner = CORNER_HZ / HZ_PER_MEL
    above = CORNER_HZ * torch.exp2((mel - corner) / MELS_PER_OCTAVE)
    return torch.where(mel < corner, mel * HZ_PER_MEL, above)


def _standardised(values: Tensor, valid: Tensor) -> Tensor:
    """Zero mean, unit spread per sample over the valid cells, and exact zero elsewhere: [B, F, T'] -> same."""
    cells = valid.sum(dim=(1, 2), keepdim=True) * values.shape[1]
    mean = (values * valid).sum(dim=(1, 2), keepdim=True) / cells
    centred = (values - mean) * valid
    spread = (centred.square().sum(dim=(1, 2), keepdim=True) / cells).sqrt()
    return centred / spread.clamp_min(1e-3)
