"""Going on from a checkpoint of an earlier run: whether one may, and what who is stopped is told about it."""

from __future__ import annotations

import signal
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytorch_lightning as pl
from pytorch_lightning.utilities.exceptions import SIGTERMException

from .data import ClipDataModule
from .errors import UserError
from .learning.module import DetectorModule
from .models.weights import check_finite, read_torch_file
from .runs import RunFolder
from .stopping import Stopped


def check_checkpoint(ckpt_path: Path | None) -> None:
    """Raise if there is nothing to go on from where something was named."""
    if ckpt_path is not None and not ckpt_path.is_file():
        raise UserError(
            f"ckpt_path={ckpt_path} is missing; a run keeps its last epoch in checkpoints/last.ckpt"
        )
    if ckpt_path is not None:
        where = f"ckpt_path={ckpt_path}"
        weights = read_torch_file(ckpt_path, where).get("state_dict")
        if not isinstance(weights, dict):
            raise UserError(f"{where} is no checkpoint of this library: it holds no state_dict")
        check_finite(weights, where)


def check_goes_on(
    ckpt_path: Path | None, module: DetectorModule, data: ClipDataModule, trainer: pl.Trainer
) -> None:
    """Raise if a checkpoint is of another run than this, before anything of an earlier one is cleared away."""
    if ckpt_path is None:
        return
    told = read_torch_file(ckpt_path, f"ckpt_path={ckpt_path}")
    data.load_state_dict(told.get(type(data).__name__, data.identity))
    module.on_load_checkpoint(told)
    ended = told.get("loops", {}).get("fit_loop", {}).get("epoch_progress", {}).get("current", {})
    if -1 != (trainer.max_epochs or 0) < ended.get("processed", 0):
        raise UserError(
            f"{ckpt_path} is of a run of {ended['processed']} epochs: set trainer.max_epochs to that or more"
        )


@contextmanager
def told_how_to_go_on(run: RunFolder) -> Iterator[None]:
    """Who is stopped is told what to say next; Lightning leaves without a word."""
    try:
        yield
    except (SystemExit, KeyboardInterrupt) as end:
        asked = end if isinstance(end, KeyboardInterrupt) else end.__context__
        if not isinstance(asked, KeyboardInterrupt) and not isinstance(end, SIGTERMException):
            raise
        number = asked.number if isinstance(asked, Stopped) else _signal_of(end)
        last = run.checkpoints / "last.ckpt"
        way_on = (
            f"go on with ckpt_path=last hydra.run.dir={run.path}"
            if last.is_file()
            else "nothing was learnt yet"
        )
        raise Stopped(number, f"stopped: {way_on}") from None


def _signal_of(end: BaseException) -> int:
    return signal.SIGTERM if isinstance(end, SIGTERMException) else signal.SIGINT
