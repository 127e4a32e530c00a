"""A run's curves in TensorBoard while it trains."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytorch_lightning as pl

from ..runs import RunFolder
from .tensorboard import CURVES, add_curves, begin

if TYPE_CHECKING:
    from torch.utils.tensorboard import SummaryWriter

    from ..callbacks import History


class Curves(pl.Callback):
    """Each epoch of the history as a point of the curves, as soon as it is over.

    Args:
        history: that of the same trainer, before this one in its callbacks.
    """

    def __init__(self, run: RunFolder, history: History) -> None:
        self.run = run
        self.history = history
        self._writer: SummaryWriter | None = None
        self._written = 0

    def on_train_epoch_end(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:
        """After the history has its row; those that a resumed run brings along come first."""
        self._write(trainer)

    def on_fit_end(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:
        """Also a run that resumes a finished one has its curves."""
        self._write(trainer)
        self._close()

    def on_exception(
        self, trainer: pl.Trainer, pl_module: pl.LightningModule, exception: BaseException
    ) -> None:
        """What there is stays readable."""
        self._close()

    def _write(self, trainer: pl.Trainer) -> None:
        rows = self.history.rows[self._written :]
        if not (trainer.is_global_zero and rows):
            return
        if self._writer is None:
            self._writer = begin(self.run, CURVES)
        add_curves(self._writer, rows)
        self._writer.flush()
        self._written += len(rows)

    def _close(self) -> None:
        if self._writer is not None:
            self._writer.close()
        self._writer = None
