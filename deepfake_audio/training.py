"""Fit a detector, score validation and test with its best epoch, and fill the run folder."""

from __future__ import annotations

import csv
import shutil
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytorch_lightning as pl
import torch
from pytorch_lightning.callbacks import ModelCheckpoint

from .card import write_card
from .data import ClipDataModule
from .detector import save_detector
from .errors import UserError
from .evaluation.judgement import judge
from .files import read_json, replacing, write_json
from .models.module import ClipScores, DetectorModule
from .runs import RunFolder, write_scores

# What a run is later repeated with, or blamed on.
VERSIONS_OF = ("deepfake-audio", "torch", "torchaudio", "pytorch-lightning", "numpy")


class BestCheckpoint(ModelCheckpoint):
    """Keeps the epoch that is best on validation, as `DetectorModule` judges it.

    A run that goes on from another folder's checkpoint brings that run's best epoch along; Lightning would
    forget how good it was and take the next epoch for the best, however bad.
    """

    def __init__(self, folder: Path) -> None:
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
        old = Path(state_dict["best_model_path"])
        here = Path(self.dirpath) / old.name
        if old.is_file() and old.resolve() != here.resolve() and self._trainer_is_first():
            here.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(old, here)
        elif not old.is_file():
            raise UserError(
                f"the checkpoint goes on from a run whose best epoch {old} is gone: restore it, or start anew"
            )
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


def callbacks(run: RunFolder, seed: int) -> list[pl.Callback]:
    """What a trainer must carry for `train` to be repeatable and to find the best epoch and the history.

    The order matters: each checkpoint holds the state of those before it.
    """
    return [
        EpochSeed(seed),
        History(run.history),
        BestCheckpoint(run.checkpoints),
        LastCheckpoint(run.checkpoints),
    ]


def train(
    module: DetectorModule,
    data: ClipDataModule,
    trainer: pl.Trainer,
    run: RunFolder,
    *,
    features: dict[str, Any],
    about: dict[str, Any],
    beta: float = 2.0,
    max_false_alarm: float | None = None,
    ckpt_path: Path | None = None,
) -> dict[str, Any]:
    """Fit, keep the epoch that is best on validation, choose the threshold there, apply both once to test.

    Args:
        trainer: carries `callbacks(run, seed)`.
        features: name and arguments of the front end, which the detector takes along.
        about: what the detector's config and the metrics should tell besides (corpus, split, ...).
        beta: of the F-beta that the threshold maximises.
        max_false_alarm: a cap on the share of validation's real clips that are called fake.
        ckpt_path: a checkpoint of an earlier run to go on from.

    Returns:
        The content of `metrics.json`, on the first process; nothing on the others.
    """
    if ckpt_path is not None and not ckpt_path.is_file():
        raise UserError(
            f"ckpt_path={ckpt_path} is missing; a run keeps its last epoch in checkpoints/last.ckpt"
        )
    trainer.fit(module, datamodule=data, ckpt_path=ckpt_path)
    if trainer.interrupted:
        raise UserError(f"stopped; go on with ckpt_path={run.checkpoints / 'last.ckpt'}")
    best = getattr(trainer.checkpoint_callback, "best_model_path", "") or None
    trainer.validate(module, datamodule=data, ckpt_path=best, verbose=False)
    _save_scores(trainer, run.scores("val"), data.parts["val"], module.scores)
    trainer.test(module, datamodule=data, verbose=False)
    _save_scores(trainer, run.scores("test"), data.parts["test"], module.scores)
    _part_from_other_processes()
    if not trainer.is_global_zero:
        return {}
    write_json(run.metrics, about)
    judge(run.path, beta, max_false_alarm)
    config = {
        "label": {
            "positive": "fake",
            "real": 0,
            "fake": 1,
            "p_fake": "sigmoid of the mean logit of the windows",
        },
        "features": features,
        "window_samples": data.window_samples,
        "network": dict(module.hparams["network"]),
        "threshold": read_json(run.threshold),
        **about,
        "versions": {name: version(name) for name in VERSIONS_OF},
    }
    save_detector(run.detector, config, module.network.state_dict())
    write_card(run)
    metrics: dict[str, Any] = read_json(run.metrics)
    return metrics


def _part_from_other_processes() -> None:
    """What is left to do is the first process' alone; one that leaves without this may abort, and take it along."""
    if torch.distributed.is_initialized():
        torch.distributed.barrier()
        torch.distributed.destroy_process_group()


def _save_scores(trainer: pl.Trainer, path: Path, clips: pd.DataFrame, scores: ClipScores | None) -> None:
    if not trainer.is_global_zero:
        return
    assert scores is not None and len(scores.clip) == len(clips), "each clip is scored exactly once"
    system = clips["system"] if "system" in clips else pd.Series([""] * len(clips))
    p_fake = torch.from_numpy(scores.logit).sigmoid().numpy()
    table = pd.DataFrame(
        {"clip": clips["clip"], "voice": clips["voice"], "system": system, "label": clips["label"]}
    )
    write_scores(table.assign(logit=scores.logit, p_fake=p_fake), path)
