"""Fit a detector, score validation and test with its best epoch, and fill the run folder."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pandas as pd
import pytorch_lightning as pl
import torch
from lightning_fabric.utilities.exceptions import MisconfigurationException

from .auditing import Audit
from .breakdowns import told_in_a_line
from .card import write_card
from .checkpoints import BestCheckpoint
from .data import ClipDataModule
from .detector import save_detector
from .errors import UserError
from .evaluation import calibration
from .evaluation.shortcuts import shortcut_verdict
from .evaluation.statistics import clusters
from .evaluation.thresholds import Rule
from .files import read_json
from .fitting import fit_at_once, fits_at_once
from .going_on import check_checkpoint, told_how_to_go_on
from .judgement import judge
from .learning.module import DetectorModule
from .learning.scoring import ClipScores
from .listening.operating_points import save_validation
from .listening.profile import heard_in_training
from .measured import measured
from .provenance import now, provenance, versions
from .ranks import has_parted
from .runs import RunFolder, read_scores, score_table, write_scores


@told_in_a_line()
def train(
    module: DetectorModule,
    data: ClipDataModule,
    trainer: pl.Trainer,
    run: RunFolder,
    *,
    features: dict[str, Any],
    about: dict[str, Any],
    audit: Audit | None = None,
    rule: Rule | None = None,
    calibrate: str = "platt",
    ckpt_path: Path | None = None,
) -> dict[str, Any]:
    """Fit, keep the epoch that is best on validation, calibrate and choose the threshold there, apply all once to test.

    Args:
        trainer: carries `callbacks(run, seed)`.
        features: name and arguments of the front end, which the detector takes along.
        about: what the detector's config and the metrics should tell besides (corpus, split, ...).
        audit: what was found out about the data, see `audit_clips`; told beside the figures.
        rule: what the threshold is chosen for; the highest F2 if not given.
        calibrate: how P(fake) is made of the network's answer, see `calibration.fit`.
        ckpt_path: a checkpoint of an earlier run to go on from.

    Returns:
        The content of `metrics.json`, on the first process; nothing on the others.
    """
    started = now()
    at_once = fits_at_once(module, data, trainer, ckpt_path)
    with told_how_to_go_on(run):
        if at_once:
            _clear_epochs(run)
            fit_at_once(module, data, trainer)
        else:
            _fit(module, data, trainer, ckpt_path)
        best = None if at_once else _best_epoch(trainer)
        trainer.validate(module, datamodule=data, ckpt_path=best, verbose=False)
        val = module.scores
        if at_once:
            trainer.save_checkpoint(run.checkpoints / "best.ckpt", weights_only=True)
        trainer.test(module, datamodule=data, verbose=False)
        test = module.scores
    _part_from_other_processes()
    if not trainer.is_global_zero:
        return {}
    told = _save_scores(run, data, {"val": val, "test": test}, calibrate)
    record = provenance(started, pd.concat(data.parts.values()))
    about = {**about, **_learnt(module, at_once), "calibration": told}
    metrics = judge(run.path, rule, about={**about, "provenance": record, **_truths(audit, run)})
    config = _detector_config(module, data, features, about, audit, read_json(run.threshold)) | measured(
        metrics
    )
    _save_validation(run, data.parts["val"], val)
    save_detector(run.detector, config, module.network.state_dict())
    write_card(run)
    return metrics


def _clear_epochs(run: RunFolder) -> None:
    """What an earlier run in this folder kept of its epochs would pass for this one's, which has none."""
    for file in (run.history, run.checkpoints / "last.ckpt"):
        file.unlink(missing_ok=True)


def _learnt(module: DetectorModule, at_once: bool) -> dict[str, Any]:
    """How it learnt what it knows, and whether some of that is from nothing that is told here."""
    elsewhere = at_once and module.network.complete
    return {
        "learnt": "elsewhere" if elsewhere else "at once" if at_once else "in epochs",
        "heard_elsewhere": module.network.heard_elsewhere,
    }


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
            "p_fake": "sigmoid of the calibrated mean logit of the windows",
        },
        "features": features,
        **({} if data.neutral.does_nothing else {"neutral": data.identity["neutral"]}),
        "window_samples": data.window_samples,
        "network": dict(module.hparams["network"]),
        "threshold": threshold,
        "heard": _heard(data),
        **about,
        **({} if audit is None else {"audit": {key: audit.told[key] for key in ("passed", "words")}}),
        "versions": versions(),
    }


def _heard(data: ClipDataModule) -> dict[str, Any]:
    """What the training clips are like, as prediction holds a recording against it."""
    clips = data.parts["train"]
    files = [data.root / path for path in clips["path"]]
    return heard_in_training(files, clips["label"].tolist(), data.sample_rate, data.seed).to_config()


def _save_validation(run: RunFolder, clips: pd.DataFrame, scores: ClipScores | None) -> None:
    """With the detector, so that its threshold can be moved to another use."""
    assert scores is not None, "validation was scored"
    save_validation(run.detector, clips["label"], scores.logit, clusters(clips["voice"], clips.get("track")))


def _truths(audit: Audit | None, run: RunFolder) -> dict[str, Any]:
    """What the data was found to give away, and whether the detector does better than that."""
    if audit is None:
        return {}
    if "shortcuts" not in audit.told:
        return {"audit": audit.told}
    scores = {part: read_scores(run.scores(part)) for part in ("val", "test")}
    return {"audit": audit.told, "shortcuts": shortcut_verdict(audit.measured, scores)}


def _fit(module: DetectorModule, data: ClipDataModule, trainer: pl.Trainer, ckpt_path: Path | None) -> None:
    check_checkpoint(ckpt_path)
    try:
        trainer.fit(module, datamodule=data, ckpt_path=ckpt_path)
    except MisconfigurationException as error:
        raise UserError(" ".join(str(error).split())) from None
    except RuntimeError as error:
        if has_parted(error):
            raise UserError(
                "another process of this run has ended, and what it said, if anything, stands above: go on with "
                "ckpt_path=last and the same hydra.run.dir"
            ) from None
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


def _save_scores(
    run: RunFolder, data: ClipDataModule, scores: dict[str, ClipScores | None], calibrate: str
) -> dict[str, Any]:
    """Write the scores of both parts, as validation's clips calibrate them; return what is told of that."""
    for part, told in scores.items():
        assert told is not None and len(told.clip) == len(data.parts[part]), (
            "each clip is scored exactly once"
        )
    logits = {part: told.logit for part, told in scores.items() if told is not None}
    val = data.parts["val"]
    fitted = calibration.fit(calibrate, val["label"], logits["val"])
    for part, logit in logits.items():
        write_scores(score_table(data.parts[part], logit, fitted.p_fake(logit)), run.scores(part))
    return calibration.about(fitted, calibrate, val["label"], val["voice"], logits["val"])
