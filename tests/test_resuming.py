"""A run that is left anywhere and gone on with ends bit for bit where an unbroken one does."""

from __future__ import annotations

import shutil
import signal
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
import pytorch_lightning as pl
import torch

from deepfake_audio.callbacks import callbacks
from deepfake_audio.checkpoints import WholeCheckpoints
from deepfake_audio.data import ClipDataModule
from deepfake_audio.errors import UserError
from deepfake_audio.learning.module import DetectorModule
from deepfake_audio.runs import RunFolder
from deepfake_audio.stopping import Stopped

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


class Leave(pl.Callback):
    """A signal, so to speak, at a certain moment."""

    def __init__(self, hook: str, epoch: int, batch: int = 0) -> None:
        def leave(trainer: pl.Trainer, module: Any, *arguments: Any) -> None:
            there = arguments[-1] if hook == "on_train_batch_start" else batch
            if trainer.current_epoch == epoch and there == batch:
                raise Stopped(signal.SIGTERM)

        setattr(self, hook, leave)


def fit(
    folder: Path, corpus: Path, settings: dict[str, Any], ckpt: Path | None = None, more: tuple[Any, ...] = (),
    epochs: int = 3, keep: bool = False,
) -> RunFolder:  # fmt: skip
    run = RunFolder(folder)
    pl.seed_everything(0, verbose=False)
    torch.set_num_threads(1)
    carried = callbacks(run, 0, ckpt, early_stopping=9, every_steps=1)
    clips = pd.read_csv(corpus / "clips.csv")
    # Each fake is of the real clip before it.
    clips["source_clip"] = clips["clip"].shift().where(clips["label"] == 1, "")
    data = ClipDataModule(
        clips, corpus, FEATURES, settings.get("augment", {"name": "specaugment"}),
        window_seconds=0.5, batch_size=4, **settings.get("data", {}),
    )  # fmt: skip
    module = DetectorModule(CNN, lr=3e-3, **settings.get("optim", {}))
    trainer = pl.Trainer(
        max_epochs=epochs, accelerator="cpu", logger=False, enable_progress_bar=False, enable_model_summary=False,
        num_sanity_val_steps=0, callbacks=[*more, *([Keep(run)] if keep else []), *carried],
        **settings.get("trainer", {}),
    )  # fmt: skip
    try:
        trainer.fit(module, datamodule=data, ckpt_path=ckpt)
    except SystemExit:
        assert more, "nobody asked it to stop"
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


@pytest.mark.parametrize("settings", [{}, HEAVY, SWA], ids=["plain", "heavy", "swa"])
def test_gone_on_with_in_the_middle_of_an_epoch(
    settings: dict[str, Any], little_corpus: Path, tmp_path: Path
) -> None:
    whole = fit(tmp_path / "whole", little_corpus, settings, keep=True)
    steps = sorted(whole.checkpoints.glob("step*.ckpt"))
    assert len(steps) >= 10
    middles = [
        step for step in steps if torch.load(step, weights_only=True)["callbacks"].get("LastCheckpoint")
    ]
    for number, step in enumerate((middles[0], middles[len(middles) // 2], middles[-1])):
        shutil.copytree(whole.path, tmp_path / f"{number}")
        rest = fit(
            tmp_path / f"{number}",
            little_corpus,
            settings,
            tmp_path / f"{number}" / "checkpoints" / step.name,
        )
        assert_same_end(rest, whole)
