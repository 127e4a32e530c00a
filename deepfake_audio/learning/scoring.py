"""From logits of windows to scores of clips, over all processes."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
import torch
from torch import Tensor


class ClipScores(NamedTuple):
    """One row a clip, in the order of the table."""

    clip: np.ndarray  # int, row in its part of the table
    label: np.ndarray
    logit: np.ndarray  # mean over the clip's windows
    loss: float  # mean over windows


class SeenWindows:
    """The windows that an evaluation has heard so far."""

    def __init__(self) -> None:
        self._rows: list[Tensor] = []

    def clear(self) -> None:
        """Forget them all."""
        self._rows.clear()

    def add(self, batch: dict[str, Tensor], logits: Tensor) -> None:
        """A batch's `clip`, `window` and `label` [B], and its logits [B]."""
        row = [batch["clip"], batch["window"], batch["label"], logits]
        self._rows.append(torch.stack([column.double() for column in row], dim=1))

    def scores(self, processes: int) -> ClipScores:
        """All processes' windows, each counted once though samplers repeat some to fill up, averaged by clip."""
        rows = torch.cat(self._rows).cpu().numpy()
        self.clear()
        if processes > 1:
            shares: list[Any] = [None] * processes
            torch.distributed.all_gather_object(shares, rows)
            rows = np.concatenate(shares)
        _, first = np.unique(rows[:, :2], axis=0, return_index=True)
        clip, _, label, logit = rows[first].T
        loss = float(np.mean(np.logaddexp(0, logit) - label * logit))
        clips, starts, windows = np.unique(clip.astype(int), return_index=True, return_counts=True)
        return ClipScores(clips, label[starts].astype(int), np.add.reduceat(logit, starts) / windows, loss)
