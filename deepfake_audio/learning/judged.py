"""How a network is judged while it is trained: validation and test alike."""

from __future__ import annotations

import numpy as np
import pytorch_lightning as pl
import torch
from pytorch_lightning.trainer.states import TrainerFn
from torch import Tensor
from torchmetrics.functional.classification import binary_average_precision

from ..errors import UserError
from ..evaluation.thresholds import best_threshold
from ..models.network import Network, exact_logits
from .scoring import ClipScores, SeenWindows

# Of two epochs whose average precision differs by less than so much a nat of loss, the lower loss is better.
TIE = 1e-4


class JudgedModule(pl.LightningModule):
    """Scores every clip of validation and test by `network`, and logs what the best epoch is chosen by."""

    network: Network

    def __init__(self) -> None:
        super().__init__()
        self.scores: ClipScores | None = None
        self._seen = SeenWindows()

    def forward(self, features: Tensor, frames: Tensor) -> Tensor:
        """[B, F, T'] and valid frames [B] -> logits [B]."""
        return self.network(features, frames)

    def log_train_loss(self) -> None:
        """What training has to tell with validation's figures."""

    def on_validation_epoch_start(self) -> None:
        self._seen.clear()

    def on_test_epoch_start(self) -> None:
        self._seen.clear()

    def validation_step(self, batch: dict[str, Tensor], batch_idx: int) -> None:
        self._seen.add(batch, exact_logits(self.network, batch["features"], batch["frames"]))

    def test_step(self, batch: dict[str, Tensor], batch_idx: int) -> None:
        self._seen.add(batch, exact_logits(self.network, batch["features"], batch["frames"]))

    def on_validation_epoch_end(self) -> None:
        """Score the clips, and log what the best epoch is chosen by.

        Average precision chooses, not F2 at its best threshold: that never falls below the F2 of calling
        everything fake, so that early epochs all tie, and on a small validation set it moves by one clip.
        Once the classes are apart average precision stands still too, and the lower loss decides.
        """
        scores = self.scores = self._seen.scores(self.trainer.world_size)
        if self.trainer.sanity_checking:
            return
        if not np.isfinite(scores.logit).all():
            raise UserError(
                f"training diverged in epoch {self.current_epoch}: the network's answers are no numbers any more; "
                "lower optim.lr, or look for what is odd in the clips"
            )
        p_fake = torch.from_numpy(scores.logit).sigmoid()
        average_precision = binary_average_precision(p_fake, torch.from_numpy(scores.label).long())
        if self.trainer.state.fn == TrainerFn.FITTING:
            self.log_train_loss()
        # Every process holds all scores by now: their mean over processes, which Lightning wants, is no other.
        self.log("val_loss", scores.loss, prog_bar=True, sync_dist=True)
        self.log("val_ap", average_precision.float(), prog_bar=True, sync_dist=True)
        self.log("val_f2", best_threshold(scores.label, p_fake.numpy()).f_beta, prog_bar=True, sync_dist=True)
        self.log("val_choice", float(average_precision) - TIE * scores.loss, sync_dist=True)

    def on_test_epoch_end(self) -> None:
        self.scores = self._seen.scores(self.trainer.world_size)
