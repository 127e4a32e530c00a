"""Fit a detector, score validation and test with its best epoch, and fill the run folder."""

from __future__ import annotations

import pickle
from importlib.metadata import version
from pathlib import Path
from typing import Any

import pandas as pd
import pytorch_lightning as pl
import torch
from lightning_fabric.utilities.exceptions import MisconfigurationException

from .auditing import Audit
from .callbacks import BestCheckpoint
from .card import write_card
from .data import ClipDataModule
from .detector import save_detector
from .errors import UserError
from .evaluation.judgement import judge
from .evaluation.shortcuts import shortcut_verdict
from .files import read_json
from .models.module import ClipScores, DetectorModule
from .runs import RunFolder, read_scores, write_scores

# What a run is later repeated with, or blamed on.
VERSIONS_OF = ("deepfake-audio", "torch", "torchaudio", "pytorch-lightning", "numpy")


def train(
    module: DetectorModule,
    data: ClipDataModule,
    trainer: pl.Trainer,
    run: RunFolder,
    *,
    features: dict[str, Any],
    about: dict[str, Any],
    audit: Audit | None = None,
    beta: float = 2.0,
    max_false_alarm: float | None = None,
    ckpt_path: Path | None = None,
) -> dict[str, Any]:
    """Fit, keep the epoch that is best on validation, choose the threshold there, apply both once to test.

    Args:
        trainer: carries `callbacks(run, seed)`.
        features: name and arguments of the front end, which the detector takes along.
        about: what the detector's config and the metrics should tell besides (corpus, split, ...).
        audit: what was found out about the data, see `audit_clips`; told beside the figures.
        beta: of the F-beta that the threshold maximises.
        max_false_alarm: a cap on the share of validation's real clips that are called fake.
        ckpt_path: a checkpoint of an earlier run to go on from.

    Returns:
        The content of `metrics.json`, on the first process; nothing on the others.
    """
    _fit(module, data, trainer, run, ckpt_path)
    best = _best_epoch(trainer)
    trainer.validate(module, datamodule=data, ckpt_path=best, verbose=False)
    _save_scores(trainer, run.scores("val"), data.parts["val"], module.scores)
    trainer.test(module, datamodule=data, verbose=False)
    _save_scores(trainer, run.scores("test"), data.parts["test"], module.scores)
    _part_from_other_processes()
    if not trainer.is_global_zero:
        return {}
    metrics = judge(run.path, beta, max_false_alarm, {**about, **_truths(audit, run)})
    config = _detector_config(module, data, features, about, audit, read_json(run.threshold))
    save_detector(run.detector, config, module.network.state_dict())
    write_card(run)
    return metrics


def _detector_config(
    module: DetectorModule,
    data: ClipDataModule,
    features: dict[str, Any],
    about: dict[str, Any],
    audit: Audit | None,
    threshold: dict[str, Any],
) -> dict[str, Any]:
    """All that prediction rebuilds the detector from, and what is told of how it came about."""
    return {
        "label": {
            "positive": "fake",
            "real": 0,
            "fake": 1,
            "p_fake": "sigmoid of the mean logit of the windows",
        },
        "features": features,
        **({} if data.neutral.does_nothing else {"neutral": data.identity["neutral"]}),
        "window_samples": data.window_samples,
        "network": dict(module.hparams["network"]),
        "threshold": threshold,
        **about,
        **({} if audit is None else {"audit": {key: audit.told[key] for key in ("passed", "words")}}),
        "versions": {name: version(name) for name in VERSIONS_OF},
    }


def _truths(audit: Audit | None, run: RunFolder) -> dict[str, Any]:
    """What the data was found to give away, and whether the detector does better than that."""
    if audit is None:
        return {}
    if "shortcuts" not in audit.told:
        return {"audit": audit.told}
    scores = {part: read_scores(run.scores(part)) for part in ("val", "test")}
    return {"audit": audit.told, "shortcuts": shortcut_verdict(audit.measured, scores)}


def check_checkpoint(ckpt_path: Path | None) -> None:
    """Raise if there is nothing to go on from where something was named."""
    if ckpt_path is not None and not ckpt_path.is_file():
        raise UserError(
            f"ckpt_path={ckpt_path} is missing; a run keeps its last epoch in checkpoints/last.ckpt"
        )
    if ckpt_path is not None:
        try:
            torch.load(ckpt_path, map_location="cpu", weights_only=True)["state_dict"]
        except (OSError, EOFError, RuntimeError, KeyError, TypeError, ValueError, pickle.UnpicklingError):
            raise UserError(f"ckpt_path={ckpt_path} is no checkpoint of this library, or damaged") from None


def _fit(
    module: DetectorModule, data: ClipDataModule, trainer: pl.Trainer, run: RunFolder, ckpt_path: Path | None
) -> None:
    check_checkpoint(ckpt_path)
    last = run.checkpoints / "last.ckpt"
    try:
        trainer.fit(module, datamodule=data, ckpt_path=ckpt_path)
    except SystemExit:
        # So Lightning leaves on Ctrl-C, without a word about how to go on.
        if not trainer.interrupted:
            raise
        way_on = f"go on with ckpt_path={last}" if last.is_file() else "no epoch was finished"
        raise UserError(f"stopped: {way_on}") from None
    except MisconfigurationException as error:
        raise UserError(" ".join(str(error).split())) from None
    except RuntimeError as error:
        if "loading state_dict" not in str(error):
            raise
        raise UserError(
            f"{ckpt_path} is of another model than this run's: give the model=... it was trained with"
        ) from None


def _best_epoch(trainer: pl.Trainer) -> str:
    """The checkpoint that validation chose; never silently the weights that training happened to end with."""
    keeper = next(
        (callback for callback in trainer.checkpoint_callbacks if isinstance(callback, BestCheckpoint)), None
    )
    if keeper is None:
        raise UserError("the trainer keeps no best epoch: make it with callbacks=callbacks(run, seed)")
    if not keeper.best_model_path:
        raise UserError(
            "no epoch was trained, so there is none to choose: set trainer.max_epochs to 1 or more"
        )
    return keeper.best_model_path


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
