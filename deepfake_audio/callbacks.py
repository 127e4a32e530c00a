"""What a trainer carries: the best epoch, the last one, the history, and each epoch's own seed."""

from __future__ import annotations

import csv
import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pytorch_lightning as pl
import torch
from pytorch_lightning.callbacks import EarlyStopping, ModelCheckpoint

from .errors import UserError
from .files import replacing
from .records.curves import Curves
from .runs import RunFolder


class BestCheckpoint(ModelCheckpoint):
    """Keeps the epoch that is best on validation, as `DetectorModule` judges it.

    A run that goes on from another folder's checkpoint brings that run's best epoch along; Lightning would
    forget how good it was and take the next epoch for the best, however bad.

    Args:
        resumed_from: the checkpoint that the run goes on from. Its best epoch is looked for beside it too: the
            run may have been moved since.
    """

    def __init__(self, folder: Path, resumed_from: Path | None = None) -> None:
        self.resumed_from = resumed_from
        self._restored = False
        super().__init__(
            dirpath=folder,
            filename="best",
            monitor="val_choice",
            mode="max",
            save_on_train_epoch_end=True,
            enable_version_counter=False,
        )

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        """Restore the best epoch so far, copied into this run's folder."""
        assert self.dirpath is not None
        told = Path(state_dict["best_model_path"])
        here = Path(self.dirpath) / told.name
        # Lightning comes here again when the best epoch is scored: what this run has kept since must stand.
        if not self._restored and told != here:
            self._bring(told, here)
        self._restored = True
        best = str(here)
        super().load_state_dict(
            {
                **state_dict,
                "dirpath": self.dirpath,
                "best_model_path": best,
                "kth_best_model_path": best,
                "best_k_models": {best: state_dict["best_model_score"]},
            }
        )

    def _bring(self, told: Path, here: Path) -> None:
        beside = [self.resumed_from.with_name(told.name)] if self.resumed_from else []
        old = next((path for path in (*beside, told) if path.is_file()), None)
        if old is None:
            raise UserError(
                f"the checkpoint goes on from a run whose best epoch {told} is gone: restore it, or start anew"
            )
        if old.resolve() != here.resolve() and self._trainer_is_first():
            here.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(old, here)
        if torch.distributed.is_initialized():
            # The others read it next.
            torch.distributed.barrier()

    @staticmethod
    def _trainer_is_first() -> bool:
        return not torch.distributed.is_initialized() or torch.distributed.get_rank() == 0


class LastCheckpoint(ModelCheckpoint):
    """Keeps the last epoch, whether good or bad, to go on from. Lightning's `save_last` skips those that are not best.

    Saved at the end of the epoch and not within it, so that what goes on from it begins the next one.
    """

    def __init__(self, folder: Path) -> None:
        super().__init__(
            dirpath=folder, filename="last", save_on_train_epoch_end=True, enable_version_counter=False
        )

    def state_dict(self) -> dict[str, Any]:
        """Nothing: there is always one last epoch, and it is this run's."""
        return {}

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        """Nothing to restore."""


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
        return {"rows": self.rows}

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        """Go on below the epochs of the run that is resumed."""
        self.rows = list(state_dict["rows"])


class EpochSeed(pl.Callback):
    """Masks and dropout of an epoch follow from (seed, epoch, process) alone.

    So a run that goes on from a checkpoint draws what the unbroken run would have drawn.
    """

    def __init__(self, seed: int) -> None:
        self.seed = seed

    def on_train_epoch_start(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:
        """Before the epoch's first batch is drawn on."""
        entropy = [self.seed, trainer.current_epoch, trainer.global_rank]
        torch.manual_seed(int(np.random.SeedSequence(entropy).generate_state(1, np.uint64)[0]))


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
    run: RunFolder, seed: int, resumed_from: Path | None = None, early_stopping: int | None = None
) -> list[pl.Callback]:
    """What a trainer must carry for `train` to be repeatable and to find the best epoch and the history.

    The order matters: the curves follow the history, and each checkpoint holds the state of those before it.

    Args:
        early_stopping: end after so many epochs without a better one, see `Patience`.
    """
    return [
        EpochSeed(seed),
        History(run.history),
        Curves(run),
        *([] if early_stopping is None else [Patience(early_stopping)]),
        BestCheckpoint(run.checkpoints, resumed_from),
        LastCheckpoint(run.checkpoints),
    ]
