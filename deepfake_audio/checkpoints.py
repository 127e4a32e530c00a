"""The checkpoints of a run: its best epoch and where it stood last, each written whole or not at all."""

from __future__ import annotations

import shutil
import time
from pathlib import Path
from typing import Any

import pytorch_lightning as pl
import torch
from lightning_fabric.plugins.io.torch_io import TorchCheckpointIO
from pytorch_lightning.callbacks import Checkpoint, ModelCheckpoint
from pytorch_lightning.trainer.states import TrainerFn
from pytorch_lightning.utilities.exceptions import SIGTERMException

from .errors import UserError
from .files import replacing
from .resuming import Place, go_on, settle_loops
from .stopping import end_workers, hold, release

# Several processes must agree on when a quarter of an hour is over, and do so every so many steps.
STEPS_BETWEEN_TALKS = 20


class WholeCheckpoints(TorchCheckpointIO):
    """Writes beside the checkpoint that is there, and then takes its place.

    Lightning writes into the system's temporary folder, from which a file can only be copied where that is another
    disk: whoever is killed meanwhile has lost the former checkpoint, too.
    """

    def save_checkpoint(
        self, checkpoint: dict[str, Any], path: str | Path, storage_options: Any | None = None
    ) -> None:
        try:
            with replacing(Path(path)) as part:
                torch.save(checkpoint, part)
        except RuntimeError as error:
            if "PytorchStreamWriter" not in str(error):
                raise
            raise UserError(
                f"{path} can't be written, the disk may be full: make room, and go on with ckpt_path=last from the "
                "checkpoint before"
            ) from None


class BestCheckpoint(ModelCheckpoint):
    """Keeps the epoch that is best on validation, as `DetectorModule` judges it.

    A run that goes on from another folder's checkpoint brings that run's best epoch along; Lightning would
    forget how good it was and take the next epoch for the best, however bad.

    Args:
        resumed_from: the checkpoint that the run goes on from. Its best epoch is looked for beside it too: the
            run may have been moved since.
    """

    def __init__(self, folder: Path, resumed_from: Path | None = None) -> None:
        self.resumed_from = resumed_from
        self._restored = False
        super().__init__(
            dirpath=folder,
            filename="best",
            monitor="val_choice",
            mode="max",
            save_on_train_epoch_end=True,
            enable_version_counter=False,
        )

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        """Restore the best epoch so far, copied into this run's folder."""
        assert self.dirpath is not None
        if not state_dict["best_model_path"]:
            # Left in its first epoch, before any was judged.
            return
        told = Path(state_dict["best_model_path"])
        here = Path(self.dirpath) / told.name
        # Lightning comes here again when the best epoch is scored: what this run has kept since must stand.
        if not self._restored and told != here:
            self._bring(told, here)
        self._restored = True
        best = str(here)
        super().load_state_dict(
            {
                **state_dict,
                "dirpath": self.dirpath,
                "best_model_path": best,
                "kth_best_model_path": best,
                "best_k_models": {best: state_dict["best_model_score"]},
            }
        )

    def _bring(self, told: Path, here: Path) -> None:
        beside = [self.resumed_from.with_name(told.name)] if self.resumed_from else []
        old = next((path for path in (*beside, told) if path.is_file()), None)
        if old is None:
            raise UserError(
                f"the checkpoint goes on from a run whose best epoch {told} is gone: restore it, or start anew"
            )
        if old.resolve() != here.resolve() and self._trainer_is_first():
            with replacing(here) as part:
                shutil.copyfile(old, part)
        if torch.distributed.is_initialized():
            # The others read it next.
            torch.distributed.barrier()

    @staticmethod
    def _trainer_is_first() -> bool:
        return not torch.distributed.is_initialized() or torch.distributed.get_rank() == 0


class LastCheckpoint(Checkpoint):
    """Keeps where the run stood last, to go on from: after each epoch, at times within one, and when it is stopped.

    What goes on from it ends bit for bit (on a CPU) where an unbroken run would have: it reads on behind the clips
    that were learnt from, and draws what would have been drawn next.

    Args:
        every_steps: of the optimiser; or
        every_minutes: whatever comes first. None for never, but at the end of an epoch.
    """

    def __init__(
        self, folder: Path, every_steps: int | None = None, every_minutes: float | None = None
    ) -> None:
        _check_often(every_steps, every_minutes)
        self.path = folder / "last.ckpt"
        self.every_steps = every_steps
        self.every_minutes = every_minutes
        self._saved = time.monotonic()
        self._place: Place | None = None
        self._left: dict[str, Any] = {}
        self._in_step = False

    def setup(self, trainer: pl.Trainer, pl_module: pl.LightningModule, stage: str) -> None:
        """Whoever carries this writes checkpoints whole."""
        if type(trainer.strategy.checkpoint_io) is TorchCheckpointIO:
            trainer.strategy.checkpoint_io = WholeCheckpoints()

    def on_train_start(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:
        """In the middle of an epoch, if it was left there."""
        self._saved = time.monotonic()
        if self._left:
            go_on(trainer, self._left)
        if trainer.world_size > 1:
            # All must stop after the same step, which Lightning sees to.
            hold()

    def on_train_batch_start(
        self, trainer: pl.Trainer, pl_module: pl.LightningModule, batch: Any, batch_idx: int
    ) -> None:
        """Half a step is no place to stop at."""
        self._in_step = True
        hold()

    def on_train_batch_end(
        self, trainer: pl.Trainer, pl_module: pl.LightningModule, outputs: Any, batch: Any, batch_idx: int
    ) -> None:
        """A step is whole once the gradients of all its batches have been followed."""
        last = trainer.is_last_batch
        if not last and (batch_idx + 1) % trainer.accumulate_grad_batches:
            return
        self._place, self._in_step = Place.of_trainer(trainer), False
        if not last and self._is_due(trainer):
            self._save(trainer)
        if not last:
            # After the last batch the average over the epoch is still to be taken.
            self._release(trainer)

    def on_validation_start(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:
        """Of a validation that is stopped nothing is kept: it is begun again."""
        if trainer.state.fn == TrainerFn.FITTING and not trainer.sanity_checking:
            self._release(trainer)

    def on_validation_end(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:
        """What follows from it belongs together: history, patience, the best epoch."""
        if trainer.state.fn == TrainerFn.FITTING and not trainer.sanity_checking:
            hold()
            self._place = None

    def on_train_epoch_end(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:
        """Whether the epoch was good or bad."""
        self._place = None
        self._save(trainer)
        self._release(trainer)

    def on_train_end(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:
        """What follows can be stopped anywhere, and is done again by who goes on."""
        release()

    def on_exception(
        self, trainer: pl.Trainer, pl_module: pl.LightningModule, exception: BaseException
    ) -> None:
        """Who is asked to stop keeps what was learnt since; an error keeps what was kept before it."""
        if not isinstance(exception, KeyboardInterrupt | SIGTERMException):
            return
        if self._place is not None and not self._in_step and trainer.state.fn == TrainerFn.FITTING:
            self._save(trainer)
        end_workers()

    def on_save_checkpoint(
        self, trainer: pl.Trainer, pl_module: pl.LightningModule, checkpoint: dict[str, Any]
    ) -> None:
        """Any checkpoint says exactly where it was made."""
        if self._place is not None:
            settle_loops(checkpoint["loops"]["fit_loop"], self._place)

    def state_dict(self) -> dict[str, Any]:
        """Where in an epoch the run stands; nothing at its end."""
        return {} if self._place is None else self._place.state()

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        """To go on from once training starts."""
        self._left = state_dict

    def _is_due(self, trainer: pl.Trainer) -> bool:
        step = trainer.global_step
        if self.every_steps is not None and step % self.every_steps == 0:
            return True
        if self.every_minutes is None:
            return False
        due = time.monotonic() - self._saved > self.every_minutes * 60
        if trainer.world_size == 1:
            return due
        return step % STEPS_BETWEEN_TALKS == 0 and bool(trainer.strategy.broadcast(due))

    def _save(self, trainer: pl.Trainer) -> None:
        trainer.save_checkpoint(self.path, weights_only=False)
        self._saved = time.monotonic()

    @staticmethod
    def _release(trainer: pl.Trainer) -> None:
        if trainer.world_size == 1:
            release()


def _check_often(every_steps: int | None, every_minutes: float | None) -> None:
    whole = isinstance(every_steps, int) and not isinstance(every_steps, bool) and every_steps >= 1
    if every_steps is not None and not whole:
        raise UserError(f"checkpoint.every_steps={every_steps} is a number of steps: give 1 or more, or null")
    number = isinstance(every_minutes, int | float) and not isinstance(every_minutes, bool)
    if every_minutes is not None and not (number and every_minutes > 0):
        raise UserError(f"checkpoint.every_minutes={every_minutes} must be above 0, or null")
