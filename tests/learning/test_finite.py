"""A loss that is no number ends training at once, names the clips, and spoils nothing that was kept."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import pytorch_lightning as pl
import torch

from deepfake_audio.callbacks import callbacks
from deepfake_audio.errors import UserError
from deepfake_audio.learning import finite
from deepfake_audio.runs import RunFolder

from .batches import built, loader, trainer


class Poison(pl.Callback):
    """Pictures that are no numbers, in one batch."""

    def __init__(self, epoch: int, batch: int) -> None:
        self.at = (epoch, batch)

    def on_train_batch_start(self, trainer: pl.Trainer, module: Any, batch: Any, batch_idx: int) -> None:
        if (trainer.current_epoch, batch_idx) == self.at:
            batch["features"][0] = float("nan")


class Slip(pl.Callback):
    """A slope that is no number, of a loss that is one."""

    def on_before_optimizer_step(self, trainer: pl.Trainer, module: Any, optimizer: Any) -> None:
        if trainer.global_step == 4:
            for weight in module.network.parameters():
                weight.grad.fill_(float("nan"))


class OnExit(pl.Callback):
    """Tries to keep what there is when training fails."""

    def __init__(self, file: Path) -> None:
        self.file = file

    def on_exception(self, trainer: pl.Trainer, module: Any, exception: BaseException) -> None:
        with pytest.raises(UserError, match="diverged"):
            trainer.save_checkpoint(self.file)


def test_it_stops_there_and_keeps_the_last_good_epoch(tmp_path: Path) -> None:
    run, whole = RunFolder(tmp_path / "run"), RunFolder(tmp_path / "whole")
    trainer(2, callbacks=callbacks(whole, 0), enable_checkpointing=True).fit(
        built(schedule="constant"), loader(), loader(8)
    )
    carried = [Poison(2, 1), OnExit(tmp_path / "exit.ckpt"), *callbacks(run, 0)]
    fitter = trainer(5, callbacks=carried, enable_checkpointing=True)
    with pytest.raises(UserError) as error:
        fitter.fit(built(schedule="constant"), loader(), loader(8))
    told = str(error.value)
    assert "epoch 2" in told and "\n" not in told
    assert "its clips: 8, 9, 10, 11, 12 and 3 more;" in told, "those of the second batch, and no others"
    assert fitter.global_step == 2 * 3 + 2, "not one step after it"
    kept, expected = (
        torch.load(each.checkpoints / "last.ckpt", weights_only=True)["state_dict"] for each in (run, whole)
    )
    assert all(torch.equal(kept[name], expected[name]) for name in expected)
    assert not (tmp_path / "exit.ckpt").exists()


def test_weights_that_are_no_numbers_are_not_kept(tmp_path: Path) -> None:
    carried = [Slip(), *callbacks(RunFolder(tmp_path), 0, every_steps=1)]
    fitter = trainer(3, callbacks=carried, enable_checkpointing=True)
    with pytest.raises(UserError, match="weights that are no numbers"):
        fitter.fit(built(schedule="constant"), loader(), loader(8))
    kept = torch.load(tmp_path / "checkpoints" / "last.ckpt", weights_only=True)
    assert kept["global_step"] == 4
    assert all(weight.isfinite().all() for weight in kept["state_dict"].values())


def test_on_an_accelerator_it_is_looked_at_seldom_and_still_known_by_its_batch(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """No GPU is needed to see that nothing is looked at before its time."""
    watch, fitter = finite.FiniteLoss(), trainer(1)
    losses = [torch.tensor(value, device="cpu") for value in (1.0, float("inf"), float("nan"), 1.0)]
    monkeypatch.setattr(finite, "LOOK_EVERY", 4)
    for number, loss in enumerate(losses):
        watch._seen.append((loss, torch.tensor([number, number, 7])))
    with pytest.raises(UserError, match=r"inf\); its clips: 1, 7;"):
        watch.on_validation_start(fitter, built())
