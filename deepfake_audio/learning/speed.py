"""What may make a step faster and changes nothing of what is learnt but the last bits of its numbers."""

from __future__ import annotations

import os
import shutil
from typing import TYPE_CHECKING, Any, cast

import pytorch_lightning as pl
import torch
from pytorch_lightning.trainer.states import TrainerFn
from torch import nn

from ..errors import UserError, one_line
from ..memory import keep_freed_memory

if TYPE_CHECKING:
    from .module import DetectorModule

# What a step on the CPU takes and frees; asked of the kernel anew each time, it costs a quarter of the step.
KEPT_BYTES = 2**30


class Speed(pl.Callback):
    """Carried by every trainer, so that a run's own settings hold whatever a checkpoint was made with.

    A checkpoint has the same content with these options and without, and evaluation never uses them.

    Args:
        channels_last: lay out maps with their channels side by side, as convolutions of some GPUs like them.
        fused: one kernel for the optimiser's whole step.
        compiled: have the network compiled; the first step of each length waits for that.
    """

    def __init__(self, channels_last: bool = False, fused: bool = False, compiled: bool = False) -> None:
        for name, value in (("channels_last", channels_last), ("fused", fused), ("compile", compiled)):
            if not isinstance(value, bool):
                raise UserError(f"trainer.{name}={value} must be true or false")
        self.channels_last = channels_last
        self.fused = fused
        self.compiled = compiled
        self._call: Any = None

    def check(self, module: DetectorModule, device: torch.device) -> None:
        """Raise if an option has no meaning for what is to be trained, before anything costly is done."""
        if self.channels_last and not any(isinstance(part, nn.Conv2d) for part in module.modules()):
            raise UserError(f"trainer.channels_last=true: {_name(module)} has no two-dimensional convolution")
        if self.compiled and (module.loss.needs_embedding or module.adversary is not None):
            raise UserError(
                "trainer.compile=true compiles the way to the logit alone, and this loss or adversary looks at "
                "embeddings: leave it off, or use loss=bce and adversary=none"
            )
        if self.compiled:
            check_compiler(device)

    def setup(self, trainer: pl.Trainer, pl_module: pl.LightningModule, stage: str) -> None:
        """Before several processes agree on where each weight lies."""
        if stage == "fit" and self.channels_last:
            _lay_out(pl_module, torch.channels_last)

    def on_fit_start(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:
        """Prepare for many steps."""
        if pl_module.device.type == "cpu":
            keep_freed_memory(KEPT_BYTES)
        if self.compiled:
            # In place, so that no weight is called otherwise afterwards.
            learner = _learner(pl_module)
            learner.compile()
            self._call = learner._compiled_call_impl

    def on_train_start(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:
        """After a checkpoint has brought its own settings of the optimiser along."""
        for optimiser in trainer.optimizers:
            for group in optimiser.param_groups:
                group["fused"] = True if self.fused else None
            for state in optimiser.state.values():
                # The fused kernel counts its steps where the weights are.
                state["step"] = state["step"].to(pl_module.device if self.fused else "cpu")

    def on_validation_start(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:
        """Evaluation is of the network as it is: what is compiled for training would be compiled once more."""
        if self._call is not None:
            _learner(pl_module)._compiled_call_impl = None

    def on_validation_end(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:
        """Back to training."""
        if self._call is not None and trainer.state.fn == TrainerFn.FITTING:
            _learner(pl_module)._compiled_call_impl = self._call

    def teardown(self, trainer: pl.Trainer, pl_module: pl.LightningModule, stage: str) -> None:
        """Leave the network as any other, for scoring and for the file it is shipped in."""
        if stage == "fit" and self._call is not None:
            self._call = _learner(pl_module)._compiled_call_impl = None
        if stage == "fit" and self.channels_last:
            _lay_out(pl_module, torch.contiguous_format)


def check_compiler(device: torch.device) -> None:
    """Raise if nothing can be compiled here; tried on next to nothing, for what is missing differs by machine."""
    if device.type == "cpu" and shutil.which(os.environ.get("CXX", "g++")) is None:
        raise UserError("trainer.compile=true needs a C++ compiler, and there is no g++: leave it off")
    try:
        torch.compile(torch.nn.functional.silu)(torch.zeros(8, device=device))
    except Exception as error:  # whatever the toolchain raises
        raise UserError(
            f"trainer.compile=true: nothing can be compiled here ({one_line(error)[:200]}); leave it off"
        ) from None


def _lay_out(module: nn.Module, layout: torch.memory_format) -> None:
    """Weights of convolutions over pictures; all others have no such layout."""
    for part in module.modules():
        if isinstance(part, nn.Conv2d):
            part.to(memory_format=layout)  # type: ignore[call-overload]


def _learner(module: pl.LightningModule) -> Any:
    return cast("DetectorModule", module).learner


def _name(module: DetectorModule) -> str:
    return f"model={module.hparams['network']['name']}"
