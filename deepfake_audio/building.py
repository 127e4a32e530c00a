"""All that a run is made of, from its settings as plain values."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from .errors import UserError
from .trainers import build_trainer

if TYPE_CHECKING:
    import pandas as pd
    from pytorch_lightning import Trainer

    from .data import ClipDataModule
    from .evaluation.thresholds import Rule
    from .learning.module import DetectorModule
    from .runs import RunFolder

# Keys of `model` that say where weights come from; the rest describes the network.
ORIGIN = ("pretrained", "weights")


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
    from .fitting import fits_at_once
    from .going_on import check_checkpoint, check_goes_on
    from .sweeping.pruning import Pruning
    from .sweeping.watching import Pruner

    _check_settings(plain)
    check_checkpoint(ckpt_path)
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


def _check_settings(plain: dict[str, Any]) -> None:
    """Those that come into play only at the end, when an error would cost hours."""
    from .evaluation.calibration import check_kind
    from .records import check_mlflow

    check_mlflow(plain["record"]["mlflow"])
    threshold_rule(plain)
    check_kind(plain["calibration"])
    if plain["audit"]["on_leak"] not in ("error", "warn"):
        raise UserError(f"audit.on_leak={plain['audit']['on_leak']} is not known: give error or warn")


def _module(plain: dict[str, Any], clips: pd.DataFrame) -> tuple[DetectorModule, dict[str, Any]]:
    """What learns, and the features that batches are made into for it."""
    from .data.domains import with_domains
    from .features import build_features
    from .fusing import with_members
    from .learning.module import DetectorModule
    from .models import assembled, fitted_to

    network = {key: value for key, value in plain["model"].items() if key not in ORIGIN}
    # What is learnt of a front end belongs to the network.
    features, network = assembled(plain["features"], network)
    if "members" in network:
        network = with_members(network, plain, clips)
    network = fitted_to(build_features(**features), network)
    adversary = with_domains(plain["adversary"], clips)
    module = DetectorModule(network, **plain["optim"], loss=plain["loss"], adversary=adversary)
    _load_pretrained(module, plain)
    return module, features


def threshold_rule(plain: dict[str, Any]) -> Rule:
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
    if "members" in plain["model"] and not plain["model"].get("pretrained"):
        from .fusing import load_members

        load_members(module.network, plain["model"]["members"])
    elif "path" in plain["features"]:
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
