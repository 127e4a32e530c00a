"""A run's curves in TensorBoard while it trains."""

from __future__ import annotations

import pytorch_lightning as pl

from ..runs import RunFolder
from . import contents
from .events import Events
from .tensorboard import CURVES, add_curves, begin


class Curves(pl.Callback):
    """Each epoch of the run's history as a point of the curves, as soon as it is over.

    It reads the file that the history is kept in, so it stands below whoever writes that in a trainer's callbacks.
    """

    def __init__(self, run: RunFolder) -> None:
        self.run = run
        self._writer: Events | None = None
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
        if not trainer.is_global_zero:
            return
        rows = contents.curves(self.run)[self._written :]
        if not rows:
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
