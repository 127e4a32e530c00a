"""Train a detector: `python -m deepfake_audio.train [model=effnet corpus=fakeavceleb split=strict ...]`."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Mapping
from contextlib import nullcontext
from pathlib import Path
from typing import TYPE_CHECKING, Any

from .building import build_run, threshold_rule
from .configs import verb
from .errors import UserError, one_line
from .preparation import audited, corpus_named_in, own_table, split_clips_of
from .repeating import is_complete, keep_for_repeating, repeated, splits_anew, tell_changes, warn_of_changes
from .trainers import is_distributed

if TYPE_CHECKING:
    import pandas as pd
    from omegaconf import DictConfig

    from .runs import RunFolder

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
        _run_alone([*hydra.overrides.task, f"hydra.job.num={hydra.job.num}"], run)
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

    from .files import alone_in, read_json, write_text

    # Before anything slow is imported: what is wrong with the tables is said at once.
    clips, root, split_told = split_clips_of(config, as_in)
    if as_in is not None:
        warn_of_changes(as_in, clips)
    plain = _settings(config, clips)
    goes_on = config.ckpt_path == LAST
    if goes_on and is_complete(run, plain):
        print(f"{run.path} is complete: there is nothing to go on with")
        return read_json(run.metrics)

    from .training import train

    ckpt_path = _checkpoint_of(config.ckpt_path, run)
    if goes_on and ckpt_path is not None:
        tell_changes(run, plain)
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
            rule=threshold_rule(plain),
            calibrate=plain["calibration"],
            ckpt_path=ckpt_path,
        )
        if trainer.is_global_zero:
            _finish(run, metrics, plain["record"], config.explain)
    return metrics


def _settings(config: DictConfig, clips: pd.DataFrame) -> dict[str, Any]:
    """A run's settings as plain values, and of the corpus what is true of these clips."""
    from omegaconf import OmegaConf

    plain: dict[str, Any] = OmegaConf.to_container(config, resolve=True, throw_on_missing=False)  # type: ignore[assignment]
    if plain["clips"] != str(own_table(config)):
        # Of other tables the corpus' settings say nothing.
        plain["corpus"] = {"name": corpus_named_in(clips)}
    return plain


def _checkpoint_of(ckpt_path: str | None, run: RunFolder) -> Path | None:
    """What to go on from; `last` means where this very folder stood last, if it has begun."""
    if ckpt_path != LAST:
        return Path(ckpt_path) if ckpt_path else None
    last = run.checkpoints / "last.ckpt"
    if last.is_file():
        return last
    print(f"{run.path} has no checkpoint yet: the run starts at its beginning")
    return None


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
