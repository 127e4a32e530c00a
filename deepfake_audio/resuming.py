"""Where a run stands, also in the middle of an epoch: kept with its last checkpoint, and gone on from exactly."""

from __future__ import annotations

import random
from dataclasses import dataclass
from typing import Any

import numpy as np
import pytorch_lightning as pl
import torch

from .errors import UserError

# What Lightning says of a batch or an epoch: it was made ready, begun, worked through, and all is done with it.
STEPS = ("ready", "started", "processed", "completed")
BATCHES, VALIDATION = "epoch_loop.batch_progress", "epoch_loop.val_loop.batch_progress"


@dataclass(frozen=True)
class Place:
    """Where a run stood when it had last learnt from a whole batch, and what it would have drawn next."""

    epoch: int
    batches: int  # of this epoch, learnt from
    of: int  # there are so many
    draws: dict[str, Any]

    @classmethod
    def of_trainer(cls, trainer: pl.Trainer) -> Place:
        """Called at the end of a batch, before the next one is drawn on."""
        learnt = trainer.fit_loop.epoch_loop.batch_progress.current.ready
        return cls(trainer.current_epoch, learnt, int(trainer.num_training_batches), generators())

    @property
    def learnt(self) -> bool:
        """Whether nothing is left of the epoch but to judge it."""
        return self.batches >= self.of

    def state(self) -> dict[str, Any]:
        """As a checkpoint holds it: of each process its own draws."""
        draws = _of_each_process(plain(self.draws))
        return {"epoch": self.epoch, "batches": self.batches, "of": self.of, "draws": draws}


def generators() -> dict[str, Any]:
    """The states of all generators that a step may draw from."""
    drawn = {"torch": torch.get_rng_state(), "numpy": np.random.get_state(), "python": random.getstate()}
    return drawn | ({"cuda": torch.cuda.get_rng_state()} if torch.cuda.is_initialized() else {})


def plain(draws: dict[str, Any]) -> dict[str, Any]:
    """Generators' states of nothing but tensors and plain values, which a checkpoint may hold."""
    name, keys, *rest = draws["numpy"]
    return {**draws, "numpy": (name, keys.tolist(), *rest)}


def restore_generators(draws: dict[str, Any]) -> None:
    """Go on drawing where those stood that `generators` told of."""
    torch.set_rng_state(draws["torch"])
    np.random.set_state(draws["numpy"])
    version, state, gauss = draws["python"]
    random.setstate((version, tuple(state), gauss))
    if "cuda" in draws and torch.cuda.is_available():
        torch.cuda.set_rng_state(draws["cuda"])


def go_on(trainer: pl.Trainer, state: dict[str, Any]) -> None:
    """Draw as the run would have drawn, and pass over the clips that were learnt from, unread."""
    batches = int(trainer.num_training_batches)
    if state.get("of", batches) != batches:
        raise UserError(
            f"the checkpoint stands within an epoch of {state['of']} batches, and here an epoch has {batches}: go on "
            "with the same data.batch_size and as many processes"
        )
    draws = state["draws"]
    if trainer.global_rank < len(draws):
        restore_generators(draws[trainer.global_rank])
    loader: Any = trainer.train_dataloader
    if hasattr(loader, "load_state_dict"):
        loader.load_state_dict({"epoch": state["epoch"], "batches": state["batches"]})


def settle_loops(loops: dict[str, Any], place: Place) -> None:
    """Make what Lightning's loops say of themselves say where `place` is.

    They may have been left anywhere: while the next batch was waited for, or half way through validation, of which
    nothing is kept. What is changed are plain numbers of a checkpoint.
    """
    batches = loops[BATCHES]
    # Counted over all epochs, and over this one.
    for counts in (batches["total"], batches["current"]):
        _all(counts, counts["processed"] - batches["current"]["processed"] + place.batches)
    batches["is_last_batch"] = place.learnt
    judged = loops[VALIDATION]
    for counts in (judged["total"], judged["current"]):
        _all(counts, 0)
    if place.learnt:
        # By this Lightning knows that validation had begun; it begins it again.
        judged["total"] |= {"ready": 1, "started": 1}
    judged["is_last_batch"] = False


def _all(counts: dict[str, int], number: int) -> None:
    counts |= dict.fromkeys(STEPS, number)


def _of_each_process(draws: dict[str, Any]) -> list[dict[str, Any]]:
    if not torch.distributed.is_initialized():
        return [draws]
    gathered: list[Any] = [None] * torch.distributed.get_world_size()
    torch.distributed.all_gather_object(gathered, draws)
    return gathered
