"""A run that is left anywhere and gone on with ends bit for bit where an unbroken one does."""

from __future__ import annotations

import os
import shutil
import signal
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
import pytorch_lightning as pl
import torch

from deepfake_audio.callbacks import callbacks
from deepfake_audio.checkpoints import LastCheckpoint, WholeCheckpoints
from deepfake_audio.data import ClipDataModule
from deepfake_audio.errors import UserError
from deepfake_audio.learning.module import DetectorModule
from deepfake_audio.runs import RunFolder
from deepfake_audio.stopping import Stopped, stoppable

FEATURES = {"name": "logmel", "sample_rate": 16_000, "n_mels": 32}
CNN = {"name": "cnn", "bins": 32, "channels": [4, 8], "hidden": 8, "dropout": 0.2}
# All that a run has besides: each leaves a state of its own behind.
HEAVY: dict[str, Any] = {
    "augment": {
        "name": "many",
        "steps": {
            "speed": {},
            "silence": {},
            "noise": {},
            "room": {},
            "device": {},
            "band": {},
            "specaugment": {},
            "mixup": {},
        },
    },
    "optim": {"average": "ema", "teacher_weight": 0.5, "schedule": "cosine", "warmup_epochs": 0.5},
    "data": {"pairs": True},
}
SWA: dict[str, Any] = {
    "optim": {"average": "swa", "average_start": 0.3},
    "trainer": {"accumulate_grad_batches": 2},
}


class Keep(pl.Callback):
    """A copy of each checkpoint that is made within the epochs."""

    def __init__(self, run: RunFolder) -> None:
        self.last = run.checkpoints / "last.ckpt"

    def on_train_batch_start(self, trainer: pl.Trainer, *_: Any) -> None:
        if self.last.is_file() and trainer.global_step:
            shutil.copy(self.last, self.last.with_name(f"step{trainer.global_step}.ckpt"))


class Asked(pl.Callback):
    """A scheduler's signal at a certain moment of the second epoch."""

    def __init__(self, hook: str) -> None:
        def ask(trainer: pl.Trainer, *_: Any) -> None:
            if trainer.current_epoch == 1 and trainer.fit_loop.epoch_loop.batch_idx >= 2:
                os.kill(os.getpid(), signal.SIGTERM)

        setattr(self, hook, ask)


def fit(
    folder: Path, corpus: Path, settings: dict[str, Any], ckpt: Path | None = None, more: tuple[Any, ...] = (),
    keep: bool = False, every_steps: int | None = 1, batch_size: int = 4,
) -> RunFolder:  # fmt: skip
    run = RunFolder(folder)
    pl.seed_everything(0, verbose=False)
    torch.set_num_threads(1)
    carried = callbacks(run, 0, ckpt, early_stopping=9, every_steps=every_steps)
    clips = pd.read_csv(corpus / "clips.csv")
    # Each fake is of the real clip before it.
    clips["source_clip"] = clips["clip"].shift().where(clips["label"] == 1, "")
    data = ClipDataModule(
        clips, corpus, FEATURES, settings.get("augment", {"name": "specaugment"}),
        window_seconds=0.5, batch_size=batch_size, **settings.get("data", {}),
    )  # fmt: skip
    module = DetectorModule(CNN, lr=3e-3, **settings.get("optim", {}))
    trainer = pl.Trainer(
        max_epochs=2, accelerator="cpu", logger=False, enable_progress_bar=False, enable_model_summary=False,
        num_sanity_val_steps=0, callbacks=[*more, *([Keep(run)] if keep else []), *carried],
        **settings.get("trainer", {}),
    )  # fmt: skip
    with stoppable():
        trainer.fit(module, datamodule=data, ckpt_path=ckpt)
    return run


def state(run: RunFolder, name: str = "last") -> dict[str, Any]:
    told: dict[str, Any] = torch.load(run.checkpoints / f"{name}.ckpt", weights_only=True)
    return told


def assert_same_end(one: RunFolder, other: RunFolder) -> None:
    assert one.history.read_bytes() == other.history.read_bytes()
    for name in ("last", "best"):
        states = [state(run, name) for run in (one, other)]
        assert states[0]["epoch"] == states[1]["epoch"]
        for key, value in states[0]["state_dict"].items():
            assert torch.equal(value, states[1]["state_dict"][key]), (name, key)
    optimisers = [state(run)["optimizer_states"][0] for run in (one, other)]
    for parameter, told in optimisers[0]["state"].items():
        assert all(torch.equal(value, optimisers[1]["state"][parameter][key]) for key, value in told.items())
    assert optimisers[0]["param_groups"] == optimisers[1]["param_groups"]


@pytest.mark.parametrize("settings", [HEAVY, SWA], ids=["heavy", "swa"])
def test_gone_on_with_in_the_middle_of_an_epoch(
    settings: dict[str, Any], little_corpus: Path, tmp_path: Path
) -> None:
    whole = fit(tmp_path / "whole", little_corpus, settings, keep=True)
    kept = {step: torch.load(step, weights_only=True) for step in whole.checkpoints.glob("step*.ckpt")}
    left = {step: told["callbacks"].get("LastCheckpoint") for step, told in kept.items()}
    step = next(
        step for step, place in left.items() if place and place["epoch"] == 1 and place["batches"] > 2
    )
    (tmp_path / "rest" / "checkpoints").mkdir(parents=True)
    for name in (step.name, "best.ckpt"):
        shutil.copy(step.with_name(name), tmp_path / "rest" / "checkpoints")
    ckpt = tmp_path / "rest" / "checkpoints" / step.name
    with pytest.raises(UserError, match="here an epoch has"):
        fit(tmp_path / "rest", little_corpus, settings, ckpt, batch_size=2)
    rest = fit(tmp_path / "rest", little_corpus, settings, ckpt)
    assert_same_end(rest, whole)


@pytest.mark.parametrize("hook", ["on_before_backward", "on_validation_batch_start"])
def test_who_is_asked_to_stop_keeps_the_step_and_begins_validation_again(
    hook: str, little_corpus: Path, tmp_path: Path
) -> None:
    settings = {"optim": {"average": "swa", "average_start": 0.0}}
    whole = fit(tmp_path / "whole", little_corpus, settings)
    with pytest.raises(SystemExit) as left:
        fit(tmp_path / "cut", little_corpus, settings, more=(Asked(hook),), every_steps=None)
    asked = left.value.__context__
    assert isinstance(asked, Stopped) and asked.status == 143
    cut = RunFolder(tmp_path / "cut")
    place = state(cut)["callbacks"]["LastCheckpoint"]
    assert (place["epoch"], place["batches"]) == (1, 3 if hook == "on_before_backward" else 8)
    rest = fit(tmp_path / "cut", little_corpus, settings, cut.checkpoints / "last.ckpt")
    assert_same_end(rest, whole)


def test_workers_pass_over_what_was_learnt_from_unread(little_corpus: Path) -> None:
    """The same batches as behind the first three of the epoch, whichever reads them."""
    clips = pd.read_csv(little_corpus / "clips.csv")
    batches = {}
    for workers, begun in ((0, 0), (2, 3)):
        data = ClipDataModule(clips, little_corpus, FEATURES, {"name": "none"}, 0.5, 4, workers=workers)
        loader = data.train_dataloader()
        iterator = iter(loader)
        loader.sampler.set_epoch(1)
        loader.load_state_dict({"epoch": 1, "batches": begun})
        batches[workers] = [batch["waveform"] for batch in iterator][3 - begun :]
    assert len(batches[0]) == len(batches[2]) == 5
    assert all(torch.equal(one, other) for one, other in zip(batches[0], batches[2], strict=True))


def test_a_checkpoint_that_cannot_be_written_leaves_the_former_one(tmp_path: Path) -> None:
    class Unwritable:
        def __reduce__(self) -> Any:
            raise RuntimeError("PytorchStreamWriter failed writing file data/0: file write failed")

    path = tmp_path / "last.ckpt"
    WholeCheckpoints().save_checkpoint({"step": 1}, path)
    with pytest.raises(UserError, match="make room"):
        WholeCheckpoints().save_checkpoint({"step": torch.zeros(9), "more": Unwritable()}, path)
    assert torch.load(path, weights_only=True) == {"step": 1}
    assert [file.name for file in tmp_path.iterdir()] == ["last.ckpt"]


@pytest.mark.parametrize("often", [{"every_steps": 0}, {"every_steps": 1.5}, {"every_minutes": 0}])
def test_how_often_is_checked(often: dict[str, Any], tmp_path: Path) -> None:
    with pytest.raises(UserError, match=r"checkpoint\.every"):
        LastCheckpoint(tmp_path, **often)
