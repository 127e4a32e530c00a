"""How a batch gets from a worker to the training process: in one piece, and no larger than what was on the disk.

Every tensor that a worker hands over lies in memory of its own that both share, and to make and find that costs as
much as to read the windows. So the small columns of a batch travel as plain bytes, and waveforms of 16 bits as 16.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from typing import Any

import numpy as np
import torch
from torch import Tensor
from torch.utils.data import default_collate, get_worker_info

from ..audio.wav import FULL_SCALE
from ..memory import keep_freed_memory

Batch = dict[str, Tensor]
# More than a batch of windows takes on its way out of a worker; what is beyond goes back as ever.
KEPT_BYTES = 64 * 2**20


class Parcel:
    """A batch on its way: what comes out at the other end is the batch itself."""

    def __init__(self, waveform: np.ndarray | Tensor, columns: dict[str, np.ndarray]) -> None:
        self.waveform = waveform
        self.columns = columns

    def __reduce__(self) -> tuple[Any, ...]:
        return opened, (self.waveform, self.columns)


def opened(waveform: np.ndarray | Tensor, columns: dict[str, np.ndarray]) -> Batch:
    """The batch that was sent: waveforms of 16 bits [B, T] as floats again, columns [B] as tensors."""
    if isinstance(waveform, np.ndarray):
        waveform = torch.from_numpy(waveform).float().div_(float(FULL_SCALE))
    return {"waveform": waveform, **{name: torch.from_numpy(column) for name, column in columns.items()}}


def collated(items: Sequence[Any]) -> Batch | Parcel:
    """Windows as a batch; within a worker packed for the way out of it."""
    if get_worker_info() is None:
        batch: Batch = default_collate(list(items))
        return batch
    _keep_freed_memory()
    waves = [item["waveform"] for item in items]
    sixteen = as_16_bits(waves)
    rest = [{name: value for name, value in item.items() if name != "waveform"} for item in items]
    columns = {name: column.numpy() for name, column in default_collate(rest).items()}
    return Parcel(default_collate(waves) if sixteen is None else sixteen, columns)


def as_16_bits(waves: Sequence[np.ndarray]) -> np.ndarray | None:
    """Waveforms [T] as they were in a file of 16 bits, [B, T]; None where any is not exactly that."""
    packed = np.empty((len(waves), len(waves[0])), dtype=np.int16)
    for row, wave in zip(packed, waves, strict=True):
        steps = wave * FULL_SCALE
        # What lies outside of 16 bits is no longer itself afterwards, and is seen by that.
        with np.errstate(invalid="ignore"):
            row[:] = steps
        if not np.array_equal(row, steps):
            return None
    return packed


@cache
def _keep_freed_memory() -> None:
    """Once in each worker."""
    keep_freed_memory(KEPT_BYTES)
