"""Train a detector: `python -m deepfake_audio.train [model=effnet corpus=fakeavceleb split=strict ...]`."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from .configs import split_settings, tables_in, verb
from .errors import UserError, one_line

if TYPE_CHECKING:
    import pandas as pd
    from omegaconf import DictConfig
    from pytorch_lightning import Trainer

    from .auditing import Audit
    from .data import ClipDataModule
    from .evaluation.thresholds import Rule
    from .models.module import DetectorModule
    from .runs import RunFolder

# Keys of `model` that say where weights come from; the rest describes the network.
ORIGIN = ("pretrained", "weights")


@verb("train")
def main(config: DictConfig) -> None:
    """Corpus, split, fit, threshold, test, report: the run folder is complete at the end."""
    from hydra.core.hydra_config import HydraConfig
    from hydra.types import RunMode

    from .runs import RunFolder

    hydra = HydraConfig.get()
    run = RunFolder(Path(hydra.runtime.output_dir))
    if hydra.mode == RunMode.MULTIRUN and is_distributed(config.trainer):
        _run_alone(list(hydra.overrides.task), run)
    else:
        train_from_config(config, run)


def train_from_config(config: DictConfig, run: RunFolder) -> dict[str, Any]:
    """One run, as a resolved config tells it. Every process of a distributed run comes through here."""
    from omegaconf import OmegaConf

    plain: dict[str, Any] = OmegaConf.to_container(config, resolve=True, throw_on_missing=False)  # type: ignore[assignment]
    # Before anything slow is imported: what is wrong with the tables is said at once.
    clips, root, split_told = _split_clips(config)
    if plain["clips"] != str(_own_table(config)):
        # Of other tables the corpus' settings say nothing.
        plain["corpus"] = {"name": _corpus_named_in(clips)}

    from .files import write_text
    from .training import train

    ckpt_path = Path(config.ckpt_path) if config.ckpt_path else None
    module, data, trainer = _built(plain, clips, root, run, ckpt_path)
    # Listening takes minutes, so whatever else could be refused was refused before. One process is enough to look.
    audit = _audited(config, clips, root, **plain["audit"]) if trainer.is_global_zero else None
    if trainer.is_global_zero:
        run.claim(config.overwrite)
        write_text(run.config, OmegaConf.to_yaml(OmegaConf.create(plain)))
    metrics = train(
        module,
        data,
        trainer,
        run,
        features=plain["features"],
        about={"corpus": _corpus_named_in(clips), "split": split_told, "seed": config.seed},
        audit=audit,
        rule=_rule(plain),
        calibrate=plain["calibration"],
        ckpt_path=ckpt_path,
    )
    if trainer.is_global_zero:
        _finish(run, metrics, plain["record"], config.explain)
    return metrics


def _built(
    plain: dict[str, Any], clips: pd.DataFrame, root: Path, run: RunFolder, ckpt_path: Path | None
) -> tuple[DetectorModule, ClipDataModule, Trainer]:
    """All that a run is made of, or an error about the setting that it cannot be made with."""
    import pytorch_lightning as pl

    from .callbacks import callbacks
    from .data import ClipDataModule
    from .evaluation.calibration import check_kind
    from .models.module import DetectorModule
    from .records import check_mlflow
    from .training import check_checkpoint

    check_checkpoint(ckpt_path)
    check_mlflow(plain["record"]["mlflow"])
    _rule(plain)
    check_kind(plain["calibration"])
    if plain["audit"]["on_leak"] not in ("error", "warn"):
        raise UserError(f"audit.on_leak={plain['audit']['on_leak']} is not known: give error or warn")
    network = {key: value for key, value in plain["model"].items() if key not in ORIGIN}
    _hush()
    with _fitting_settings():
        # Each of several processes needs the same weights to begin with, and draws of its own after that.
        pl.seed_everything(plain["seed"], workers=True, verbose=False)
        module = DetectorModule(network, **plain["optim"])
        _load_pretrained(module, plain)
        data = ClipDataModule(
            clips,
            root,
            plain["features"],
            plain["augment"],
            seed=plain["seed"],
            neutral=plain["neutral"],
            forging=plain["forging"],
            **plain["data"],
        )
        carried = callbacks(run, plain["seed"], ckpt_path)
        trainer = _trainer(plain["trainer"], carried, find_unused=bool(plain["optim"]["freeze_epochs"]))
    return module, data, trainer


def _rule(plain: dict[str, Any]) -> Rule:
    """What the threshold is chosen for, or an error where the settings have no meaning together."""
    from .evaluation.thresholds import Rule

    settings = dict(plain["threshold"])
    with _fitting_settings():
        return Rule(name=settings.pop("rule"), **settings)


def _split_clips(config: DictConfig) -> tuple[pd.DataFrame, Path, dict[str, Any]]:
    """The clip table (or several as one) with its `split` column, its folder, and what the split is and leaks."""
    from .extract import check_same_corpus
    from .joined import read_corpora, table_paths
    from .splitting import describe_split, split_clips

    settings = split_settings(config)
    tables = table_paths(tables_in(config))
    for table in tables:
        if not table.is_file():
            _extract(config, table, alone=len(tables) == 1)
        elif table == _own_table(config):
            # It must have been made with the settings that are asked for now.
            check_same_corpus(config, table.parent)
    clips, root = read_corpora(tables, config.same_voices)
    # With `warn` it is for the audit to tell what stands on two sides.
    clips = split_clips(clips, **settings, kept_apart=config.audit.on_leak != "warn")
    return clips, root, describe_split(clips, settings)


def _own_table(config: DictConfig) -> Path:
    """Where the table of the corpus that a config names is, unless it says otherwise."""
    from .extract import CLIPS

    return Path("data") / config.corpus.name / CLIPS


def _extract(config: DictConfig, table: Path, alone: bool) -> None:
    """Extraction writes a table of this name: where the media are known, it is the first step of the run."""
    from omegaconf import OmegaConf

    from .extract import CLIPS, extract_from_config

    if not (alone and config.corpus.get("root") and table.name == CLIPS):
        corpus = config.corpus.name if alone else "NAME"
        raise UserError(
            f"{table} is missing: run `python -m deepfake_audio.extract corpus={corpus} corpus.root=DIR "
            f"out={table.parent}` first, or say where it is with clips=FILE"
        )
    # Only these: `overwrite` of a training run is about the run, not about wavs.
    extract_from_config(OmegaConf.masked_copy(config, ["corpus", "features"]), table.parent)


def _audited(
    config: DictConfig,
    clips: pd.DataFrame,
    root: Path,
    on_leak: str,
    forbid: list[str] | None,
    shortcuts: bool,
) -> Audit:
    """What the audit of the split finds, or an error if that is forbidden."""
    from .auditing import audit_clips, findings
    from .joined import folders_of, table_paths
    from .splitting import broken_promise

    settings = split_settings(config)
    audit = audit_clips(
        clips,
        root,
        forbid or [],
        shortcuts=shortcuts,
        folders=folders_of(table_paths(tables_in(config))),
        broken=broken_promise(clips, settings["policy"], settings.get("column")),
    )
    if not audit.told["passed"]:
        found = f"the audit found what would flatter every figure: {findings(audit.told)}"
        if on_leak == "error":
            raise UserError(
                f"{found}; mend the split (`python -m deepfake_audio.audit` shows examples), or say "
                "audit.on_leak=warn to go on, and the report will say so"
            )
        print(f"warning: {found}", file=sys.stderr)
    return audit


def _corpus_named_in(clips: pd.DataFrame) -> str:
    """As the table itself says: `clips=FILE` may be of any corpus, whatever `corpus=` is."""
    return ", ".join(sorted(set(clips["corpus"].astype(str)))) if "corpus" in clips else "unnamed"


def _hush() -> None:
    """Leave out what Lightning advertises and what it deprecates in itself; warnings about a run stay."""
    import logging
    import warnings

    logging.getLogger("pytorch_lightning.utilities.rank_zero").setLevel(logging.WARNING)
    warnings.filterwarnings("ignore", message=".*treespec.*")
    warnings.filterwarnings("ignore", message=".*does not have many workers.*")


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
    if plain["model"].get("pretrained"):
        module.network.load_pretrained(Path(weights) if weights else None)
    elif plain["optim"]["freeze_epochs"]:
        raise UserError(
            "optim.freeze_epochs would freeze random weights: add model.pretrained=true, or set it to 0"
        )


def is_distributed(trainer: Mapping[str, Any]) -> bool:
    """Whether a trainer's settings ask for more than one process."""
    return (
        bool(trainer.get("strategy")) or trainer["devices"] not in (1, "1") or trainer.get("num_nodes", 1) > 1
    )


def _trainer(settings: dict[str, Any], callbacks: list[Any], find_unused: bool) -> Trainer:
    """The trainer of a config, carrying our callbacks."""
    import torch
    from hydra.utils import instantiate

    if str(settings["precision"]).endswith("-true") and settings["precision"] != "32-true":
        raise UserError(
            f"trainer.precision={settings['precision']}: use 32-true, bf16-mixed or 16-mixed; a threshold must be "
            "tuned on the full precision that the detector answers with"
        )
    if is_distributed(settings):
        settings["strategy"] = settings.get("strategy") or "ddp"
    if settings["devices"] is None:
        gpus = 0 if settings["accelerator"] == "cpu" else torch.cuda.device_count()
        settings["devices"] = gpus or 2
    cores = os.cpu_count() or 1
    if str(settings["devices"]).isdigit() and int(settings["devices"]) > max(
        cores, torch.cuda.device_count()
    ):
        raise UserError(
            f"trainer.devices={settings['devices']}: there are {torch.cuda.device_count()} GPUs and {cores} cores here"
        )
    if settings.get("strategy") == "ddp" and find_unused:
        # While the backbone is frozen its weights get no gradient, which plain ddp takes for a fault.
        settings["strategy"] = "ddp_find_unused_parameters_true"
    # Our samplers share themselves out between processes; Lightning's would undo the balance.
    trainer: Trainer = instantiate(settings, callbacks=callbacks, use_distributed_sampler=False)
    return trainer


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
