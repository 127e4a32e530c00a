"""Several processes of one run stop after the same step, and are not left waiting for one that has died."""

from __future__ import annotations

import signal
from types import FrameType
from typing import Any

import pytorch_lightning as pl
import torch

from .stopping import SIGNALS

# What gloo and NCCL say on the others when a process is gone.
PARTED = ("Connection closed by peer", "Connection reset by peer", "Broken pipe", "remote process exited")


class StopTogether(pl.Callback):
    """Asks the first process after each step whether it was told to stop; what the others are told is passed over.

    A scheduler asks all of them at once, and each hears it in the middle of some other step. Lightning talks to the
    others from within the handler of the signal, which cuts into whatever they are just saying to each other.
    """

    def __init__(self) -> None:
        self._asked = False

    def on_train_start(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:
        """In the place of Lightning's handlers, which put back what was there before at the end of fitting."""
        if trainer.world_size > 1:
            for number in SIGNALS:
                signal.signal(number, self._hear if trainer.is_global_zero else signal.SIG_IGN)

    def on_train_batch_end(
        self, trainer: pl.Trainer, pl_module: pl.LightningModule, outputs: Any, batch: Any, batch_idx: int
    ) -> None:
        """Lightning ends a run that has this set, and keeps its last checkpoint, each process at the same place."""
        if trainer.world_size > 1:
            told = torch.tensor([self._asked], dtype=torch.uint8, device=trainer.strategy.root_device)
            torch.distributed.broadcast(told, src=0)
            trainer._signal_connector.received_sigterm = bool(told.item())

    def _hear(self, number: int, frame: FrameType | None) -> None:
        self._asked = True


def has_parted(error: BaseException) -> bool:
    """Whether an error is that another process of the run is gone."""
    return any(words in str(error) for words in PARTED)
