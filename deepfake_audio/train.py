"""Train a detector: `python -m deepfake_audio.train [model=effnet corpus=fakeavceleb split=strict ...]`."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, nullcontext
from pathlib import Path
from typing import TYPE_CHECKING, Any

from .configs import verb
from .errors import UserError, one_line
from .preparation import audited, corpus_named_in, own_table, split_clips_of
from .repeating import is_complete, keep_for_repeating, repeated, splits_anew, warn_of_changes
from .trainers import build_trainer, is_distributed

if TYPE_CHECKING:
    import pandas as pd
    from omegaconf import DictConfig
    from pytorch_lightning import Trainer

    from .data import ClipDataModule
    from .evaluation.thresholds import Rule
    from .learning.module import DetectorModule
    from .runs import RunFolder

# Keys of `model` that say where weights come from; the rest describes the network.
ORIGIN = ("pretrained", "weights")
# Of `ckpt_path`: whatever this folder's last checkpoint is.
LAST = "last"


@verb("train")
def main(config: DictConfig) -> float | None:
    """Corpus, split, fit, threshold, test, report: the run folder is complete at the end.

    Returns:
        What a search goes by: how good validation found the run. Only a job of a sweep is asked.
    """
    from hydra.core.hydra_config import HydraConfig
    from hydra.types import RunMode

    from .runs import RunFolder

    hydra = HydraConfig.get()
    run = RunFolder(Path(hydra.runtime.output_dir))
    as_in = None
    if config.from_run:
        overrides = list(hydra.overrides.task)
        config = repeated(config, overrides)
        as_in = None if splits_anew(overrides) else RunFolder(Path(config.from_run))
    if hydra.mode != RunMode.MULTIRUN:
        train_from_config(config, run, as_in=as_in)
        return None
    if is_distributed(config.trainer):
        _run_alone(list(hydra.overrides.task), run)
    else:
        train_from_config(config, run, hydra.sweeper.get("pruning"), as_in)
    from .sweeping.objective import value_of

    return value_of(run)


def train_from_config(
    config: DictConfig,
    run: RunFolder,
    pruning: Mapping[str, Any] | None = None,
    as_in: RunFolder | None = None,
) -> dict[str, Any]:
    """One run, as a resolved config tells it. Every process of a distributed run comes through here.

    Args:
        as_in: a run that is repeated: its split is taken, and what is other than it was is told.
    """
    from omegaconf import OmegaConf

    from .files import read_json

    plain: dict[str, Any] = OmegaConf.to_container(config, resolve=True, throw_on_missing=False)  # type: ignore[assignment]
    # Before anything slow is imported: what is wrong with the tables is said at once.
    clips, root, split_told = split_clips_of(config, as_in)
    if as_in is not None:
        warn_of_changes(as_in, clips)
    if plain["clips"] != str(own_table(config)):
        # Of other tables the corpus' settings say nothing.
        plain["corpus"] = {"name": corpus_named_in(clips)}

    goes_on = config.ckpt_path == LAST
    if goes_on and is_complete(run, plain):
        print(f"{run.path} is complete: there is nothing to go on with")
        return read_json(run.metrics)

    from .files import alone_in, write_text
    from .training import train

    ckpt_path = _checkpoint_of(config.ckpt_path, run)
    module, data, trainer = build_run(plain, clips, root, run, ckpt_path, pruning)
    # Listening takes minutes, so whatever else could be refused was refused before. One process is enough to look.
    audit = audited(config, clips, root, **plain["audit"]) if trainer.is_global_zero else None
    # Who began it again elsewhere must not write into the same files.
    with alone_in(run.path, "run") if trainer.is_global_zero else nullcontext():
        if trainer.is_global_zero:
            run.claim(config.overwrite or goes_on)
            keep_for_repeating(run, clips)
            write_text(run.config, OmegaConf.to_yaml(OmegaConf.create(plain)))
        metrics = train(
            module,
            data,
            trainer,
            run,
            features=data.identity["features"],
            about={"corpus": corpus_named_in(clips), "split": split_told, "seed": config.seed},
            audit=audit,
            rule=_rule(plain),
            calibrate=plain["calibration"],
            ckpt_path=ckpt_path,
        )
        if trainer.is_global_zero:
            _finish(run, metrics, plain["record"], config.explain)
    return metrics


def _checkpoint_of(ckpt_path: str | None, run: RunFolder) -> Path | None:
    """What to go on from; `last` means where this very folder stood last, if it has begun."""
    if ckpt_path != LAST:
        return Path(ckpt_path) if ckpt_path else None
    last = run.checkpoints / "last.ckpt"
    if last.is_file():
        return last
    print(f"{run.path} has no checkpoint yet: the run starts at its beginning")
    return None


def build_run(
    plain: dict[str, Any],
    clips: pd.DataFrame,
    root: Path,
    run: RunFolder,
    ckpt_path: Path | None,
    pruning: Mapping[str, Any] | None = None,
) -> tuple[DetectorModule, ClipDataModule, Trainer]:
    """All that a run is made of, or an error about the setting that it cannot be made with."""
    import pytorch_lightning as pl

    from .callbacks import callbacks
    from .data import ClipDataModule
    from .evaluation.calibration import check_kind
    from .fitting import fits_at_once
    from .records import check_mlflow
    from .sweeping.pruning import Pruning
    from .sweeping.watching import Pruner
    from .training import check_checkpoint, check_goes_on

    check_checkpoint(ckpt_path)
    check_mlflow(plain["record"]["mlflow"])
    _rule(plain)
    check_kind(plain["calibration"])
    if plain["audit"]["on_leak"] not in ("error", "warn"):
        raise UserError(f"audit.on_leak={plain['audit']['on_leak']} is not known: give error or warn")
    _hush()
    with _fitting_settings():
        # Each of several processes needs the same weights to begin with, and draws of its own after that.
        pl.seed_everything(plain["seed"], workers=True, verbose=False)
        module, features = _module(plain, clips)
        data = ClipDataModule(
            clips,
            root,
            features,
            plain["augment"],
            seed=plain["seed"],
            neutral=plain["neutral"],
            forging=plain["forging"],
            domain_column=plain["adversary"]["column"],
            **plain["data"],
        )
        carried = callbacks(run, plain["seed"], ckpt_path, plain["early_stopping"], **plain["checkpoint"])
        if pruning is not None:
            carried.append(Pruner(run, Pruning(**pruning)))
        trainer = build_trainer(plain["trainer"], carried, find_unused=bool(plain["optim"]["freeze_epochs"]))
    # Each says now what a fit of its kind cannot do.
    if not fits_at_once(module, data, trainer, ckpt_path):
        module.check_plan(trainer)
        check_goes_on(ckpt_path, module, data, trainer)
    return module, data, trainer


def _module(plain: dict[str, Any], clips: pd.DataFrame) -> tuple[DetectorModule, dict[str, Any]]:
    """What learns, and the features that batches are made into for it."""
    from .data.domains import with_domains
    from .features import build_features
    from .learning.module import DetectorModule
    from .models import assembled, fitted_to

    network = {key: value for key, value in plain["model"].items() if key not in ORIGIN}
    # What is learnt of a front end belongs to the network.
    features, network = assembled(plain["features"], network)
    network = fitted_to(build_features(**features), network)
    adversary = with_domains(plain["adversary"], clips)
    module = DetectorModule(network, **plain["optim"], loss=plain["loss"], adversary=adversary)
    _load_pretrained(module, plain)
    return module, features


def _rule(plain: dict[str, Any]) -> Rule:
    """What the threshold is chosen for, or an error where the settings have no meaning together."""
    from .evaluation.thresholds import Rule

    settings = dict(plain["threshold"])
    with _fitting_settings():
        return Rule(name=settings.pop("rule"), **settings)


def _hush() -> None:
    """Leave out what Lightning advertises and what it deprecates in itself; warnings about a run stay."""
    import logging
    import warnings

    for talker in ("utilities.rank_zero", "trainer.connectors.signal_connector"):
        logging.getLogger(f"pytorch_lightning.{talker}").setLevel(logging.WARNING)
    warnings.filterwarnings("ignore", message=".*treespec.*")
    warnings.filterwarnings("ignore", message=".*does not have many workers.*")
    # A run that goes on in its own folder finds it so.
    warnings.filterwarnings("ignore", message=".*exists and is not empty.*")


@contextmanager
def _fitting_settings() -> Iterator[None]:
    """What PyTorch and Lightning refuse to be built with came from the config: one line says what."""
    from lightning_fabric.utilities.exceptions import MisconfigurationException

    try:
        yield
    except (TypeError, ValueError, RuntimeError, MisconfigurationException) as error:
        reason = " ".join(str(error).split())
        raise UserError(f"a setting has a value it cannot have: {reason}") from error


def _load_pretrained(module: DetectorModule, plain: dict[str, Any]) -> None:
    weights = plain["model"].get("weights")
    if "path" in plain["features"]:
        # An encoder that is a front end comes with its own weights, always.
        if plain["model"].get("pretrained"):
            raise UserError(
                "model.pretrained has no meaning behind features=ssl: the weights are features.path's"
            )
        module.network.load_pretrained(Path(plain["features"]["path"]))
    elif plain["model"].get("pretrained"):
        module.network.load_pretrained(Path(weights) if weights else None)
    elif plain["optim"]["freeze_epochs"]:
        raise UserError(
            "optim.freeze_epochs would freeze random weights: add model.pretrained=true, or set it to 0"
        )


def _run_alone(overrides: list[str], run: RunFolder) -> None:
    """A job of a sweep that itself starts processes runs as a command of its own.

    Lightning starts the further processes with this command's own arguments, and those say --multirun: each
    would run the whole sweep again.
    """
    command = [sys.executable, "-m", "deepfake_audio.train", *overrides, f"hydra.run.dir='{run.path}'"]
    status = subprocess.run(command, env={**os.environ, "HYDRA_FULL_ERROR": "0"}, check=False).returncode
    if status:
        raise UserError(f"the job in {run.path} ended with status {status}; its own message stands above")


def _finish(run: RunFolder, metrics: dict[str, Any], where: dict[str, Any], explain: bool) -> None:
    """Draw the report, record the run, and print what one wants to know at once."""
    from .files import read_json
    from .records import record
    from .report import write_report
    from .report.summing_up import taken_together
    from .report.words import alarms, cautions, verdict

    if explain:
        from .report.examples_page import write_examples

        # Before the report, which points at it. A run is no worse for the want of pictures.
        try:
            write_examples(run)
        except UserError as error:
            print(f"warning: no explained examples: {one_line(error)}", file=sys.stderr)
    page = write_report(run.path)
    recorded = record(run, **where)
    print(f"\n{verdict(metrics)}\n{taken_together(metrics)}")
    for line in (*alarms(metrics), *cautions(read_json(run.threshold), metrics)):
        print(f"note: {line}")
    print("\n".join([f"report: {page}", f"detector: {run.detector}", *recorded]))


if __name__ == "__main__":
    main()
