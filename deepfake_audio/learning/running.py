"""A mean over the clips of an epoch that can be kept half way."""

from __future__ import annotations

import torch
from torch import Tensor


class RunningMean:
    """Of what each batch says, each clip counting alike."""

    def __init__(self) -> None:
        self.clear()

    def clear(self) -> None:
        """Begin anew."""
        self.total, self.clips = torch.zeros(()), 0

    def add(self, value: Tensor, clips: int) -> None:
        """The mean [] of so many clips, which stays on its device: nothing waits for it."""
        self.total = self.total + value.detach().float() * clips
        self.clips += clips

    def mean(self) -> Tensor:
        """Over all clips so far -> []; no number where there are none."""
        return self.total / self.clips if self.clips else torch.full((), torch.nan)

    def state(self) -> dict[str, Tensor | int]:
        """To go on from."""
        return {"total": self.total, "clips": self.clips}

    def restore(self, state: dict[str, Tensor | int]) -> None:
        """Go on where the one stood that told its state."""
        self.total, self.clips = torch.as_tensor(state["total"]), int(state["clips"])
