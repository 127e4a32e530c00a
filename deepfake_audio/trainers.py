"""Lightning's trainer as a run's settings ask for it, on one process or on several."""

from __future__ import annotations

import os
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from .errors import UserError

if TYPE_CHECKING:
    from pytorch_lightning import Trainer

# Settings beside Lightning's own: what `Speed` does.
SPEED = ("channels_last", "fused", "compile")


def is_distributed(trainer: Mapping[str, Any]) -> bool:
    """Whether a trainer's settings ask for more than one process."""
    return (
        bool(trainer.get("strategy")) or trainer["devices"] not in (1, "1") or trainer.get("num_nodes", 1) > 1
    )


# Strategies that leave each process with a share of the weights, of which no whole detector could be written.
IN_SHARES = ("fsdp", "deepspeed")


def build_trainer(settings: dict[str, Any], callbacks: list[Any], find_unused: bool) -> Trainer:
    """The trainer of a config, carrying our callbacks."""
    import torch
    from hydra.errors import InstantiationException
    from hydra.utils import instantiate

    from .learning.speed import Speed

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
    _check_devices(settings)
    if settings.get("strategy") == "ddp" and find_unused:
        # While the backbone is frozen its weights get no gradient, which plain ddp takes for a fault.
        settings["strategy"] = "ddp_find_unused_parameters_true"
    # Our samplers share themselves out between processes; Lightning's would undo the balance.
    speed = Speed(*(settings.get(name, False) for name in SPEED))
    own = {name: value for name, value in settings.items() if name not in SPEED}
    try:
        trainer: Trainer = instantiate(own, callbacks=[*callbacks, speed], use_distributed_sampler=False)
    except InstantiationException as error:
        reason = " ".join(str(error.__cause__ or error).split())
        raise UserError(f"the trainer can't be made with these settings of trainer.*: {reason}") from None
    return trainer


def _check_devices(settings: dict[str, Any]) -> None:
    """Raise where there is not what is asked for, or what would come of it could not be shipped."""
    import torch

    strategy = str(settings.get("strategy") or "")
    if strategy.startswith(IN_SHARES):
        raise UserError(
            f"trainer.strategy={strategy} leaves each process a share of the weights, and a detector is whole: use ddp"
        )
    if settings.get("plugins") and "SLURM_PROCID" not in os.environ:
        raise UserError(
            "trainer=slurm is for processes that srun starts (docs/clusters.md): else use trainer=ddp"
        )
    gpus, cores, devices = torch.cuda.device_count(), os.cpu_count() or 1, str(settings["devices"])
    # Who asks for the CPU by name may share its cores out among more processes than there are.
    if settings["accelerator"] != "cpu" and devices.isdigit() and int(devices) > max(cores, gpus):
        raise UserError(
            f"trainer.devices={devices}: there are {gpus} GPUs and {cores} cores here; to share the cores, add "
            "trainer.accelerator=cpu"
        )
