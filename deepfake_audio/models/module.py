"""How a network is trained: loss, optimiser, two phases, and scores that count each clip once."""

from __future__ import annotations

import math
from typing import Any, NamedTuple

import numpy as np
import pytorch_lightning as pl
import torch
from pytorch_lightning.utilities.types import OptimizerLRScheduler
from torch import Tensor
from torchmetrics.functional.classification import binary_average_precision

from ..errors import UserError
from ..evaluation.thresholds import best_threshold
from . import build_network
from .losses import build_loss

# Of two epochs whose average precision differs by less than so much a nat of loss, the lower loss is better.
TIE = 1e-4


class ClipScores(NamedTuple):
    """One row a clip, in the order of the table."""

    clip: np.ndarray  # int, row in its part of the table
    label: np.ndarray
    logit: np.ndarray  # mean over the clip's windows
    loss: float  # mean over windows


class DetectorModule(pl.LightningModule):
    """Trains any network; all arguments are plain values, so that a checkpoint loads weights-only.

    Args:
        network: name and arguments, see `build_network`.
        lr: learning rate of new layers.
        freeze_epochs: two-phase fine-tuning. For so many epochs only the new layers learn; then everything
            does, at `finetune_scale` times the rate. Needs a pretrained network.
        schedule: "cosine" falls to zero over the planned epochs, "constant" stays.
        loss: name and arguments, see `build_loss`.
    """

    def __init__(
        self,
        network: dict[str, Any],
        lr: float = 1e-3,
        weight_decay: float = 1e-2,
        freeze_epochs: int = 0,
        finetune_scale: float = 0.1,
        schedule: str = "cosine",
        loss: dict[str, Any] | None = None,
    ) -> None:
        super().__init__()
        if not (lr > 0 and weight_decay >= 0 and freeze_epochs >= 0 and finetune_scale > 0):
            raise UserError(
                "optim: lr and finetune_scale must be above 0, weight_decay and freeze_epochs 0 or more"
            )
        if schedule not in ("cosine", "constant"):
            raise UserError(f"optim.schedule={schedule} is not known; there is cosine and constant")
        self.save_hyperparameters()
        self.network = build_network(**network)
        self.lr = lr
        self.weight_decay = weight_decay
        self.freeze_epochs = freeze_epochs
        self.finetune_scale = finetune_scale
        self.schedule = schedule
        self.loss = build_loss(**(loss or {}))
        self.scores: ClipScores | None = None
        self._seen: list[Tensor] = []

    def forward(self, features: Tensor, frames: Tensor) -> Tensor:
        """[B, F, T'] and valid frames [B] -> logits [B]."""
        return self.network(features, frames)

    # Training

    def on_train_epoch_start(self) -> None:
        """In the first phase hold the backbone still, its batch statistics included."""
        backbone = self.network.backbone()
        if self.freeze_epochs and backbone is not None:
            frozen = self.current_epoch < self.freeze_epochs
            backbone.requires_grad_(not frozen)
            backbone.train(not frozen)

    def training_step(self, batch: dict[str, Tensor], batch_idx: int) -> Tensor:
        logits, embedding = self._answers(batch["features"], batch["frames"])
        loss = self.loss(logits, batch["label"].float(), embedding)
        self.log(
            "train_loss",
            loss,
            on_step=False,
            on_epoch=True,
            prog_bar=True,
            sync_dist=True,
            batch_size=len(logits),
        )
        return loss

    def _answers(self, features: Tensor, frames: Tensor) -> tuple[Tensor, Tensor | None]:
        """Logits [B], and embeddings [B, D] where the loss looks at them."""
        if not self.loss.needs_embedding:
            return self(features, frames), None
        return self.network.with_embedding(features, frames)

    def configure_optimizers(self) -> OptimizerLRScheduler:
        backbone = self.network.backbone()
        if self.freeze_epochs and backbone is None:
            raise UserError("optim.freeze_epochs needs a pretrained model; for this one set it to 0")
        old = list(backbone.parameters()) if self.freeze_epochs and backbone is not None else []
        kept = {id(parameter) for parameter in old}
        new = [parameter for parameter in self.network.parameters() if id(parameter) not in kept]
        groups = [{"params": new}] + ([{"params": old}] if old else [])
        optimizer = torch.optim.AdamW(groups, lr=self.lr, weight_decay=self.weight_decay)
        rates: list[Any] = [self._rate_of_new, self._rate_of_old]
        schedule = torch.optim.lr_scheduler.LambdaLR(optimizer, rates[: len(groups)])
        return {"optimizer": optimizer, "lr_scheduler": schedule}

    def _rate_of_new(self, epoch: int) -> float:
        """Share of `lr` that new layers learn at."""
        second_phase = self.freeze_epochs and epoch >= self.freeze_epochs
        return self._decay(epoch) * (self.finetune_scale if second_phase else 1.0)

    def _rate_of_old(self, epoch: int) -> float:
        """Share of `lr` that the backbone learns at."""
        return 0.0 if epoch < self.freeze_epochs else self._decay(epoch) * self.finetune_scale

    def _decay(self, epoch: int) -> float:
        planned = self.trainer.max_epochs or 0
        if self.schedule == "constant" or planned <= 0:
            return 1.0
        return 0.5 * (1 + math.cos(math.pi * min(epoch, planned) / planned))

    # Evaluation: validation and test alike

    def on_validation_epoch_start(self) -> None:
        self._seen.clear()

    def on_test_epoch_start(self) -> None:
        self._seen.clear()

    def validation_step(self, batch: dict[str, Tensor], batch_idx: int) -> None:
        self._remember(batch)

    def test_step(self, batch: dict[str, Tensor], batch_idx: int) -> None:
        self._remember(batch)

    def on_validation_epoch_end(self) -> None:
        """Score the clips, and log what the best epoch is chosen by.

        Average precision chooses, not F2 at its best threshold: that never falls below the F2 of calling
        everything fake, so that early epochs all tie, and on a small validation set it moves by one clip.
        Once the classes are apart average precision stands still too, and the lower loss decides.
        """
        scores = self.scores = self._gathered()
        if self.trainer.sanity_checking:
            return
        if not np.isfinite(scores.logit).all():
            raise UserError(
                f"training diverged in epoch {self.current_epoch}: the network's answers are no numbers any more; "
                "lower optim.lr, or look for what is odd in the clips"
            )
        p_fake = torch.from_numpy(scores.logit).sigmoid()
        average_precision = binary_average_precision(p_fake, torch.from_numpy(scores.label).long())
        # Every process holds all scores by now: their mean over processes, which Lightning wants, is no other.
        self.log("val_loss", scores.loss, prog_bar=True, sync_dist=True)
        self.log("val_ap", average_precision.float(), prog_bar=True, sync_dist=True)
        self.log("val_f2", best_threshold(scores.label, p_fake.numpy()).f_beta, prog_bar=True, sync_dist=True)
        self.log("val_choice", float(average_precision) - TIE * scores.loss, sync_dist=True)

    def on_test_epoch_end(self) -> None:
        self.scores = self._gathered()

    def _remember(self, batch: dict[str, Tensor]) -> None:
        logits = self._exact_logits(batch["features"], batch["frames"]).double()
        row = [batch["clip"].double(), batch["window"].double(), batch["label"].double(), logits]
        self._seen.append(torch.stack(row, dim=1))

    def _exact_logits(self, features: Tensor, frames: Tensor) -> Tensor:
        """In full single precision, however training is sped up: a threshold must fit the detector that is shipped."""
        fast = torch.backends.cudnn.allow_tf32
        torch.backends.cudnn.allow_tf32 = False
        try:
            with torch.autocast(features.device.type, enabled=False):
                return self(features.float(), frames)
        finally:
            torch.backends.cudnn.allow_tf32 = fast

    def _gathered(self) -> ClipScores:
        """All processes' windows, each counted once though samplers repeat some to fill up, averaged by clip."""
        rows = torch.cat(self._seen).cpu().numpy()
        self._seen.clear()
        if self.trainer.world_size > 1:
            shares: list[Any] = [None] * self.trainer.world_size
            torch.distributed.all_gather_object(shares, rows)
            rows = np.concatenate(shares)
        _, first = np.unique(rows[:, :2], axis=0, return_index=True)
        clip, _, label, logit = rows[first].T
        loss = float(np.mean(np.logaddexp(0, logit) - label * logit))
        clips, starts, windows = np.unique(clip.astype(int), return_index=True, return_counts=True)
        return ClipScores(clips, label[starts].astype(int), np.add.reduceat(logit, starts) / windows, loss)
