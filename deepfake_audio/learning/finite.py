"""A loss that is no number any more: training stops, says on which clips, and nothing that was kept is spoilt."""

from __future__ import annotations

from typing import Any

import pytorch_lightning as pl
import torch
from torch import Tensor

from ..errors import UserError, named
from ..models.weights import is_finite

# Looking at a number of a GPU waits until all before it is done: not each step.
LOOK_EVERY = 50
MOST_NAMED = 5


class FiniteLoss(pl.Callback):
    """Stops training at a loss that is no number, and keeps it from every checkpoint.

    On the CPU each step is looked at, on an accelerator every `LOOK_EVERY`, and always before anything is kept; the
    batch that is named is the first whose loss was none.
    """

    def __init__(self) -> None:
        self._seen: list[tuple[Tensor, Tensor]] = []

    def on_train_batch_end(
        self, trainer: pl.Trainer, pl_module: pl.LightningModule, outputs: Any, batch: Any, batch_idx: int
    ) -> None:
        """Keep the loss and which clips it was of, on the device."""
        loss = outputs["loss"] if isinstance(outputs, dict) else outputs
        if loss is None:
            return
        self._seen.append((loss.detach(), batch["clip"]))
        if loss.device.type == "cpu" or len(self._seen) >= LOOK_EVERY:
            self._look(trainer)

    def on_validation_start(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:
        """Before the epoch is judged, which would find no more than that something is wrong."""
        self._look(trainer)

    def on_train_epoch_end(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:
        """Before the epoch is kept."""
        self._look(trainer)

    def on_save_checkpoint(
        self, trainer: pl.Trainer, pl_module: pl.LightningModule, checkpoint: dict[str, Any]
    ) -> None:
        """What comes of such a loss is nothing to go on from; nor of a good one whose slope was no number."""
        self._look(trainer)
        if not all(is_finite(weight) for weight in checkpoint["state_dict"].values()):
            raise UserError(
                f"training diverged in epoch {trainer.current_epoch}: a step made weights that are no numbers, with "
                "a loss that was one; what was kept before stands; lower optim.lr"
            )

    def _look(self, trainer: pl.Trainer) -> None:
        if not self._seen:
            return
        finite = torch.stack([loss for loss, _ in self._seen]).isfinite()
        if finite.all():
            self._seen.clear()
            return
        # It stays, so that whoever would keep something on the way out is refused too.
        loss, clips = self._seen[int((~finite).nonzero()[0])]
        raise UserError(
            f"training diverged in epoch {trainer.current_epoch}: the loss of a batch is no number ({float(loss)}); "
            f"its clips: {_clips(trainer, clips)}; what was kept before stands; look for what is odd in these clips, "
            "or lower optim.lr"
        )


def _clips(trainer: pl.Trainer, rows: Tensor) -> str:
    """The names of a batch's clips, each once."""
    parts = getattr(getattr(trainer, "datamodule", None), "parts", None)
    numbers = rows.tolist()
    names = [str(number) for number in numbers] if parts is None else parts["train"]["clip"].iloc[numbers]
    return named(list(dict.fromkeys(names)), MOST_NAMED)
