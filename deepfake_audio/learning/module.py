"""How a network is trained: loss, optimiser, and what is judged and shipped of it."""

from __future__ import annotations

import copy
from collections.abc import Callable
from functools import partial
from typing import Any

import pytorch_lightning as pl
from pytorch_lightning.utilities.types import OptimizerLRSchedulerConfig
from torch import Tensor

from ..errors import UserError
from ..models import build_network
from ..models.heads import embedding_size, with_head_of_loss
from ..models.network import Network
from .adversary import Adversary
from .averaging import build_average
from .groups import build_optimiser, groups_of
from .judged import JudgedModule
from .losses import build_loss
from .rates import Rates, ramp
from .running import RunningMean
from .sharpness import uphill
from .speed import Speed
from .teacher import consistency


class DetectorModule(JudgedModule):
    """Trains any network; all arguments are plain values, so that a checkpoint loads weights-only.

    `network` is what is judged and shipped, `learner` what learns: the same, unless an average is asked for.

    Args:
        network: name and arguments, see `build_network`.
        lr, schedule, warmup_epochs, freeze_epochs, finetune_scale, layer_decay: see `Rates`.
        weight_decay: of AdamW.
        sam_rho: sharpness-aware minimisation, see `uphill`; above 0 a step takes twice as long.
        average: what is judged and shipped, see `learning.averaging`: "ema", "swa", or "none" (what learns itself).
        average_decay: of "ema".
        average_start: of "swa".
        teacher_weight: of answering as the moving average does, see `consistency`; needs average="ema".
        loss: name and arguments, see `build_loss`.
        adversary: arguments of `Adversary` but `size`; none if not given.
    """

    def __init__(
        self,
        network: dict[str, Any],
        lr: float = 1e-3,
        weight_decay: float = 1e-2,
        freeze_epochs: int = 0,
        finetune_scale: float = 0.1,
        schedule: str = "cosine",
        warmup_epochs: float = 0.0,
        layer_decay: float = 1.0,
        sam_rho: float = 0.0,
        average: str = "none",
        average_decay: float = 0.999,
        average_start: float = 0.5,
        teacher_weight: float = 0.0,
        loss: dict[str, Any] | None = None,
        adversary: dict[str, Any] | None = None,
    ) -> None:
        super().__init__()
        if not (weight_decay >= 0 and sam_rho >= 0 and teacher_weight >= 0):
            raise UserError("optim: weight_decay, sam_rho and teacher_weight must be 0 or more")
        if teacher_weight and average != "ema":
            raise UserError("optim.teacher_weight needs a teacher: add optim.average=ema")
        self.rates = Rates(lr, schedule, warmup_epochs, freeze_epochs, finetune_scale, layer_decay)
        self.loss = build_loss(**(loss or {}))
        # The head goes into the settings, which a detector is rebuilt from.
        network = with_head_of_loss(network, self.loss.head())
        self.save_hyperparameters()
        self.network = build_network(**network)
        self.weight_decay = weight_decay
        self.sam_rho = sam_rho
        self.teacher_weight = teacher_weight
        self.average = build_average(average, average_decay, average_start)
        if self.average is not None:
            self.learning = copy.deepcopy(self.network)
            self.network.requires_grad_(False)
        self.adversary = Adversary(embedding_size(self.network), **adversary) if adversary else None
        self._train_loss = RunningMean()
        self._uphill = False

    @property
    def learner(self) -> Network:
        """The network that learns."""
        learner: Network = self.network if self.average is None else self.learning
        return learner

    def setup(self, stage: str) -> None:
        """What learns begins where the network stands, whose weights may have been loaded since it was built."""
        if stage == "fit" and self.average is not None:
            self.learning.load_state_dict(self.network.state_dict())

    def check_plan(self, trainer: pl.Trainer) -> None:
        """Raise if what is to be learnt cannot be learnt by this trainer, before anything costly is done."""
        if self.sam_rho and trainer.accumulate_grad_batches > 1:
            raise UserError("optim.sam_rho needs whole steps: set trainer.accumulate_grad_batches=1")
        if trainer.max_epochs == 0:
            raise UserError(
                "trainer.max_epochs=0 learns nothing: set it to 1 or more; without training only a network judges "
                "whose weights come whole, as aasist's do with model.pretrained=true and loss=bce"
            )
        self.rates.check_epochs(max(trainer.max_epochs or 0, 0))
        groups_of(self.learner, self.adversary, self.rates)
        for carried in trainer.callbacks:  # type: ignore[attr-defined]
            if isinstance(carried, Speed):
                carried.check(self, trainer.strategy.root_device)

    def on_save_checkpoint(self, checkpoint: dict[str, Any]) -> None:
        """What the epoch has cost so far, which may be left in its middle."""
        checkpoint["train_loss"] = self._train_loss.state()

    def on_load_checkpoint(self, checkpoint: dict[str, Any]) -> None:
        """Refuse to go on with other settings: the optimiser's state would silently overrule them, or not fit."""
        # Older checkpoints know fewer settings.
        told = checkpoint.get("hyper_parameters", {})
        changed = [name for name, value in self.hparams.items() if name in told and told[name] != value]
        if changed:
            raise UserError(
                f"the checkpoint was trained with other settings of {', '.join(changed)} than this run has: go on "
                "with the same model, optim, loss and adversary, or start anew"
            )
        if "train_loss" in checkpoint:
            self._train_loss.restore(checkpoint["train_loss"])

    def on_train_start(self) -> None:
        """A run that goes on in the middle of an epoch doesn't begin it."""
        self._set_modes()

    def on_train_epoch_start(self) -> None:
        self._train_loss.clear()
        self._set_modes()

    def _set_modes(self) -> None:
        """In the first phase hold the backbone still, its batch statistics included."""
        if self.average is not None:
            self.network.eval()
        backbone = self.learner.backbone()
        if self.rates.freeze_epochs and backbone is not None:
            frozen = self.current_epoch < self.rates.freeze_epochs
            backbone.requires_grad_(not frozen)
            backbone.train(not frozen)

    def training_step(self, batch: dict[str, Tensor], batch_idx: int) -> Tensor:
        labels = batch["label"].float()
        logits, embedding = self._answers(batch["features"], batch["frames"])
        loss = self.loss(logits, labels, embedding)
        if not self._uphill:
            self._train_loss.add(loss, len(logits))
        strength = ramp(self._progress(batch_idx))
        if self.teacher_weight:
            apart = consistency(logits, self.network, batch["features"], batch["frames"])
            loss = loss + self.teacher_weight * strength * apart
        if self.adversary is not None:
            assert embedding is not None
            loss = loss + self.adversary(embedding, batch["domain"], labels, strength)
        return loss

    def _answers(self, features: Tensor, frames: Tensor) -> tuple[Tensor, Tensor | None]:
        """Logits [B], and embeddings [B, D] where something looks at them."""
        if not self.loss.needs_embedding and self.adversary is None:
            return self.learner(features, frames).float(), None
        logits, embedding = self.learner.with_embedding(features, frames)
        return logits.float(), embedding

    def _progress(self, batch_idx: int) -> float:
        """Share of the planned training that is over."""
        epoch = self.current_epoch + batch_idx / self.trainer.num_training_batches
        return epoch / self._planned_epochs if self._planned_epochs else 1.0

    @property
    def _planned_epochs(self) -> int:
        """How many epochs there will be; 0 where there is no end."""
        return max(self.trainer.max_epochs or 0, 0)

    def optimizer_step(
        self,
        epoch: int,
        batch_idx: int,
        optimizer: Any,
        optimizer_closure: Callable[[], Any] | None = None,
    ) -> None:
        if self.sam_rho and optimizer_closure is not None:
            optimizer_closure = partial(self._from_uphill, optimizer_closure)
        super().optimizer_step(epoch, batch_idx, optimizer, optimizer_closure)
        if self.average is not None:
            # The trainer counts this step only afterwards.
            self.average.after_step(self.network, self.learner, self.trainer.global_step + 1)

    def _from_uphill(self, closure: Callable[[], Any]) -> Any:
        """The gradients of the weights that stand uphill, in the place of those of the weights as they are."""
        closure()
        self._uphill = True
        try:
            with uphill(self.learner, self.sam_rho):
                return closure()
        finally:
            self._uphill = False

    def on_train_batch_end(self, outputs: Any, batch: Any, batch_idx: int) -> None:
        if self.average is not None and self.trainer.is_last_batch:
            self.average.after_epoch(self.network, self.learner, self.current_epoch, self._planned_epochs)
        if self.trainer.is_last_batch and not self.trainer.enable_validation:
            self.log_train_loss()

    def log_train_loss(self) -> None:
        """With validation's figures: a run that goes on at validation has no batch to log it by."""
        self.log("train_loss", self._train_loss.mean(), on_epoch=True, on_step=False, prog_bar=True,
                 sync_dist=True, batch_size=1)  # fmt: skip

    def configure_optimizers(self) -> OptimizerLRSchedulerConfig:
        self.check_plan(self.trainer)
        planned = self._planned_epochs
        groups = groups_of(self.learner, self.adversary, self.rates)
        return build_optimiser(groups, self.rates, self.weight_decay, planned, self._steps_an_epoch)

    def _steps_an_epoch(self) -> float:
        return self.trainer.estimated_stepping_batches / self._planned_epochs
