"""What a trainer carries: its checkpoints, the history, patience, and each epoch's own seed."""

from __future__ import annotations

import csv
import random
from pathlib import Path
from typing import Any

import numpy as np
import pytorch_lightning as pl
import torch
from pytorch_lightning.callbacks import EarlyStopping

from .checkpoints import BestCheckpoint, LastCheckpoint
from .errors import UserError
from .files import replacing
from .learning.finite import FiniteLoss
from .ranks import StopTogether
from .records.curves import Curves
from .runs import RunFolder


class History(pl.Callback):
    """One row an epoch in `history.csv`, written whole each time so that it can be watched."""

    COLUMNS = ("epoch", "train_loss", "val_loss", "val_ap", "val_f2", "val_choice", "lr")

    def __init__(self, path: Path) -> None:
        self.path = path
        self.rows: list[dict[str, float]] = []
        self.rate = 0.0

    def on_train_epoch_start(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:
        """The rate this epoch learns at; by its end it is already the next one's."""
        self.rate = trainer.optimizers[0].param_groups[0]["lr"]

    def on_train_epoch_end(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:
        """Runs after validation, so the epoch's validation figures are there."""
        logged = {key: float(value) for key, value in trainer.callback_metrics.items()}
        row = {"epoch": trainer.current_epoch, **logged, "lr": self.rate}
        self.rows.append({key: row[key] for key in self.COLUMNS if key in row})
        self._write(trainer)

    def on_fit_end(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:
        """Also a run that resumes a finished one has its history."""
        self._write(trainer)

    def _write(self, trainer: pl.Trainer) -> None:
        if trainer.is_global_zero:
            with replacing(self.path) as part, part.open("w", newline="", encoding="utf-8") as file:
                writer = csv.DictWriter(file, self.COLUMNS, lineterminator="\n")
                writer.writeheader()
                writer.writerows(self.rows)

    def state_dict(self) -> dict[str, Any]:
        """The epochs so far, so that a resumed run shows them all."""
        return {"rows": self.rows, "rate": self.rate}

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        """Go on below the epochs of the run that is resumed."""
        self.rows = list(state_dict["rows"])
        # Of an epoch that is gone on with, which doesn't begin again.
        self.rate = state_dict.get("rate", self.rate)


class EpochSeed(pl.Callback):
    """Masks and dropout of an epoch follow from (seed, epoch, process) alone.

    So a run that goes on from a checkpoint draws what the unbroken run would have drawn.
    """

    def __init__(self, seed: int) -> None:
        self.seed = seed

    def on_train_epoch_start(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:
        """Before the epoch's first batch is drawn on."""
        entropy = [self.seed, trainer.current_epoch, trainer.global_rank]
        seed = int(np.random.SeedSequence(entropy).generate_state(1, np.uint64)[0])
        torch.manual_seed(seed)
        # Nothing of ours draws from these.
        np.random.seed(seed % 2**32)
        random.seed(seed)


class Patience(EarlyStopping):
    """Ends training when so many epochs in a row were no better on validation than the best before them.

    A run that goes on from a checkpoint goes on waiting where that one stood; with more patience, waits longer.
    """

    def __init__(self, epochs: int) -> None:
        if isinstance(epochs, bool) or not isinstance(epochs, int) or epochs < 1:
            raise UserError(f"early_stopping={epochs} is a number of epochs: give 1 or more, or null")
        super().__init__(monitor="val_choice", mode="max", patience=epochs, check_on_train_epoch_end=True)
        self._given = epochs

    def on_train_start(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:
        """What had ended does not learn for another epoch first."""
        self.patience = self._given
        if self.wait_count >= self.patience:
            trainer.should_stop = True

    def on_train_end(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:
        """Say why there are fewer epochs than were asked for."""
        cut_short = trainer.current_epoch < (trainer.max_epochs or 0)
        if self.wait_count >= self.patience and cut_short and trainer.is_global_zero:
            best = trainer.current_epoch - self.wait_count
            print(
                f"stopped after {trainer.current_epoch} epochs: {self.wait_count} in a row were no better on "
                f"validation than epoch {best - 1} (early_stopping={self.patience})"
            )


def callbacks(
    run: RunFolder,
    seed: int,
    resumed_from: Path | None = None,
    early_stopping: int | None = None,
    every_steps: int | None = None,
    every_minutes: float | None = None,
) -> list[pl.Callback]:
    """What a trainer must carry for `train` to be repeatable and to find the best epoch and the history.

    The order matters: the curves follow the history, and each checkpoint holds the state of those before it.

    Args:
        early_stopping: end after so many epochs without a better one, see `Patience`.
        every_steps, every_minutes: how often to keep where the run stands within an epoch, see `LastCheckpoint`.
    """
    return [
        FiniteLoss(),
        StopTogether(),
        EpochSeed(seed),
        History(run.history),
        Curves(run),
        *([] if early_stopping is None else [Patience(early_stopping)]),
        BestCheckpoint(run.checkpoints, resumed_from),
        LastCheckpoint(run.checkpoints, every_steps, every_minutes),
    ]
