"""What a trainer of a sweep carries: after each epoch it looks whether the run is worth going on with."""

from __future__ import annotations

import pytorch_lightning as pl

from ..files import write_json
from ..runs import RunFolder
from .objective import choices_by_epoch
from .pruning import PrunedError, Pruning, neighbours


class Pruner(pl.Callback):
    """Ends a run by `PrunedError` and says so in its folder, for whoever ranks runs.

    Args:
        run: the run's folder; its history must have been written before, so this stands behind `History`.
        pruning: the rule.
    """

    def __init__(self, run: RunFolder, pruning: Pruning) -> None:
        self.run = run
        self.pruning = pruning

    def on_train_epoch_end(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:
        """Runs after validation, so the epoch's figures are there."""
        own = choices_by_epoch(self.run.history)
        # What has learnt all its epochs costs nothing more.
        if len(own) >= (trainer.max_epochs or 0) or not self.pruning.ends(own, *neighbours(self.run)):
            return
        learnt = max(own)
        told = f"pruned after {learnt} epoch{'' if learnt == 1 else 's'}: others did better by then"
        write_json(self.run.ended, {"status": told})
        raise PrunedError(told)
