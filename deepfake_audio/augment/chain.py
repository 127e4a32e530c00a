"""Several augmentations in one, each at its place between the file and the network."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from torch import Tensor, nn

from .base import Mixing, PictureAugmentation, Wave, WaveAugmentation, WindowAugmentation

# So that what is done to a window has draws of its own, apart from where it lies and how it is forged.
STREAM = 2

Step = WindowAugmentation | WaveAugmentation | PictureAugmentation | Mixing


class WindowSteps:
    """What is done to a window where it is read, all of it drawn from the window's own seed."""

    def __init__(self, steps: Sequence[WindowAugmentation], sample_rate: int) -> None:
        self.steps = tuple(steps)
        self.sample_rate = sample_rate

    def __call__(self, waveform: Wave, seed: int, apart: bool = False) -> Wave:
        """A window without padding [T] -> [T'].

        Args:
            apart: each step has draws of its own, so that for two windows they are the same though one step takes
                more of them for the one, as where there are more pauses in it.
        """
        rng = np.random.default_rng([seed, STREAM])
        for place, step in enumerate(self.steps):
            own = np.random.default_rng([seed, STREAM, place]) if apart else rng
            waveform = step(waveform, self.sample_rate, own)
        return waveform


class Chain(nn.Module):
    """Augmentations in the order in which they were named, within each of the four kinds.

    Windows come first (`windows`, where they are read), then waveforms, pictures and mixtures, on the device.
    Where a batch is of pairs (`pair` [B], numbers from 0 on), both of one are changed by the same draws; mixtures
    are of any two clips.
    """

    def __init__(self, steps: Sequence[Step], sample_rate: int) -> None:
        super().__init__()
        self.windows = WindowSteps([s for s in steps if isinstance(s, WindowAugmentation)], sample_rate)
        self.waves = nn.ModuleList(s for s in steps if isinstance(s, WaveAugmentation))
        self.pictures = nn.ModuleList(s for s in steps if isinstance(s, PictureAugmentation))
        self.mixings = nn.ModuleList(s for s in steps if isinstance(s, Mixing))

    def on_waveform(self, waveform: Tensor, samples: Tensor, pair: Tensor | None = None) -> Tensor:
        """[B, T] and its valid lengths [B] -> [B, T]."""
        for step in self.waves:
            waveform = step(waveform, samples, pair)
        return waveform

    def on_picture(
        self, features: Tensor, frames: Tensor, labels: Tensor, pair: Tensor | None = None
    ) -> tuple[Tensor, Tensor, Tensor]:
        """[B, F, T'], its valid frames [B] and labels [B] -> the same; labels may lie between 0 and 1."""
        for step in self.pictures:
            features = step(features, frames, pair)
        for step in self.mixings if self.training else ():
            features, frames, labels = step(features, frames, labels)
        return features, frames, labels
