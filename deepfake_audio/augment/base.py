"""What an augmentation is: of one of four kinds, by what it changes. All act in training only."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import fields, replace
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from ..errors import UserError
from ..features import valid_frames

Wave = NDArray[np.float32]


class WindowAugmentation(ABC):
    """Changes single windows where they are read: what is slow, changes their length, or leaves Python.

    Args:
        share: of the windows that are changed.
    """

    def __init__(self, share: float) -> None:
        self.share = checked_share(share, type(self).__name__)

    def __call__(self, waveform: Wave, sample_rate: int, rng: np.random.Generator) -> Wave:
        """A window without padding [T] -> [T'], as it was unless it is of the share."""
        return self.change(waveform, sample_rate, rng) if rng.random() < self.share else waveform

    @abstractmethod
    def change(self, waveform: Wave, sample_rate: int, rng: np.random.Generator) -> Wave:
        """One window changed as `rng` draws: [T] -> [T'], a longer one is cut afterwards."""


class WaveAugmentation(nn.Module, ABC):
    """Changes the waveforms of a batch on the device, each clip by a draw of its own, or each pair.

    Args:
        share: of the clips that are changed.
        sample_rate: of the waveforms, in Hz.
    """

    def __init__(self, share: float, sample_rate: int = 16_000) -> None:
        super().__init__()
        self.share = checked_share(share, type(self).__name__)
        self.sample_rate = sample_rate

    def forward(self, waveform: Tensor, samples: Tensor, pair: Tensor | None = None) -> Tensor:
        """[B, T], valid lengths [B] and of which pair each is [B], from 0 on -> [B, T], padding still zero."""
        if not self.training:
            return waveform
        hit = torch.rand(drawn_for(waveform, pair), device=waveform.device) < self.share
        chosen = (hit if pair is None else hit[pair]).nonzero().squeeze(1)
        if len(chosen) == 0:
            return waveform
        draws = len(chosen) if pair is None else int(hit.sum())
        drawn = self.draw(draws, waveform.shape[1], waveform.device)
        if pair is not None:
            drawn = picked(drawn, (hit.cumsum(0) - 1)[pair[chosen]])
        # Half precision holds neither the spectrum of a clip nor the power of a faint one.
        some, lengths = waveform[chosen].float(), samples[chosen]
        changed = self.change(some, lengths, **drawn)
        changed = changed * valid_frames(lengths, waveform.shape[1])
        return waveform.index_copy(0, chosen, changed.to(waveform.dtype))

    @abstractmethod
    def draw(self, clips: int, length: int, device: torch.device) -> dict[str, Any]:
        """What `change` is to do to each of so many clips of so many samples, all of its randomness.

        Tensors, alone or in dictionaries and dataclasses, whose first dimension is the clip.
        """

    @abstractmethod
    def change(self, waveform: Tensor, samples: Tensor, *_: Any, **drawn: Any) -> Tensor:
        """[B, T] and valid lengths [B] -> [B, T] by what was drawn; nothing is random here."""


class PictureAugmentation(nn.Module, ABC):
    """Changes what a front end has made of a batch, each clip by a draw of its own, or each pair."""

    @abstractmethod
    def forward(self, features: Tensor, frames: Tensor, pair: Tensor | None = None) -> Tensor:
        """[B, F, T'], its valid frames [B] and of which pair each is [B], from 0 on -> [B, F, T']."""


class Mixing(nn.Module, ABC):
    """Makes a batch's clips into mixtures of two, labels included."""

    @abstractmethod
    def forward(self, features: Tensor, frames: Tensor, labels: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """[B, F, T'], its valid frames [B] and labels [B] -> the same; labels may lie between 0 and 1."""


def drawn_for(clips: Tensor, pair: Tensor | None) -> int:
    """How many draws a batch [B, ...] needs: one for each pair [B], or for each clip where there are none."""
    return len(clips) if pair is None else int(pair.max()) + 1


def picked(drawn: Any, rows: Tensor) -> Any:
    """Of what was drawn for clips, what was drawn for these rows: of tensors in whatever holds them."""
    if isinstance(drawn, Tensor):
        return drawn[rows]
    if isinstance(drawn, Mapping):
        return {name: picked(part, rows) for name, part in drawn.items()}
    return replace(drawn, **{part.name: picked(getattr(drawn, part.name), rows) for part in fields(drawn)})


def checked_share(share: float, name: str) -> float:
    """A share, or an error that says whose."""
    if isinstance(share, bool) or not isinstance(share, int | float) or not 0 <= share <= 1:
        raise UserError(f"augment: share={share} of {name} is a share of the clips: give 0 to 1")
    return float(share)
