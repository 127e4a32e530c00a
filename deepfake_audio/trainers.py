"""Lightning's trainer as a run's settings ask for it, on one process or on several."""

from __future__ import annotations

import os
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from .errors import UserError

if TYPE_CHECKING:
    from pytorch_lightning import Trainer


def is_distributed(trainer: Mapping[str, Any]) -> bool:
    """Whether a trainer's settings ask for more than one process."""
    return (
        bool(trainer.get("strategy")) or trainer["devices"] not in (1, "1") or trainer.get("num_nodes", 1) > 1
    )


def build_trainer(settings: dict[str, Any], callbacks: list[Any], find_unused: bool) -> Trainer:
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
