"""Early stopping: it ends where nothing gets better, and going on goes on waiting."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pandas as pd
import pytest
import pytorch_lightning as pl

from deepfake_audio.callbacks import Patience, callbacks
from deepfake_audio.errors import UserError
from deepfake_audio.runs import RunFolder

from .learning.batches import built, loader, trainer


class Worse(pl.Callback):
    """Turns the answers round from the third epoch on, for validation alone."""

    def _turn(self, trainer: pl.Trainer, module: Any) -> None:
        if trainer.state.fn == "fit" and trainer.current_epoch >= 2:
            for parameter in module.network.head[-1].parameters():
                parameter.data.neg_()

    def on_validation_start(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:
        self._turn(trainer, pl_module)

    def on_validation_end(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:
        self._turn(trainer, pl_module)


def epochs_of(folder: Path, patience: int | None, ckpt: Path | None = None, most: int = 9) -> int:
    run = RunFolder(folder)
    carried = [Worse(), *callbacks(run, 0, ckpt, patience)]
    fitter = trainer(most, callbacks=carried, enable_checkpointing=True)
    fitter.fit(built(lr=1e-2), loader(), loader(8), ckpt_path=ckpt)
    return len(pd.read_csv(run.history))


def test_it_stops_says_why_and_goes_on_only_with_more_patience(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert epochs_of(tmp_path / "first", 3) == 5
    told = capsys.readouterr().out
    assert "stopped after 5 epochs: 3 in a row were no better on validation than epoch 1" in told
    last = tmp_path / "first" / "checkpoints" / "last.ckpt"
    assert epochs_of(tmp_path / "again", 3, last) == 5
    assert "stopped after 5 epochs" in capsys.readouterr().out
    assert epochs_of(tmp_path / "patient", 5, last) == 7
    assert epochs_of(tmp_path / "endless", None, last) == 9


def test_waiting_goes_on_where_it_stood(tmp_path: Path) -> None:
    """Cut off one epoch into the wait, so two are left of three."""
    assert epochs_of(tmp_path / "first", 3, most=3) == 3
    last = tmp_path / "first" / "checkpoints" / "last.ckpt"
    assert epochs_of(tmp_path / "later", 3, last) == 5


@pytest.mark.parametrize("patience", [0, -1, 1.5, True])
def test_patience_is_a_number_of_epochs(patience: Any) -> None:
    with pytest.raises(UserError, match="early_stopping"):
        Patience(patience)
