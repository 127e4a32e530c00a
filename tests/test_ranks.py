"""Several processes learn and judge as one would: over gloo, on CPUs, in forks that a launcher might have started."""

from __future__ import annotations

import json
import os
import signal
import socket
from collections.abc import Callable
from multiprocessing import get_context
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
import pytorch_lightning as pl
import torch
from safetensors.torch import load_file

from deepfake_audio.callbacks import callbacks
from deepfake_audio.data import ClipDataModule
from deepfake_audio.files import read_json
from deepfake_audio.learning.module import DetectorModule
from deepfake_audio.runs import RunFolder
from deepfake_audio.stopping import Stopped, stoppable
from deepfake_audio.training import train

FEATURES = {"name": "logmel", "sample_rate": 16_000}
# No dropout, whose masks each process draws for itself; sums of gradients then differ by rounding alone.
NETWORK = {"name": "patches", "dropout": 0.0}
# Of the whole run, whatever the number of processes.
BATCH = 8
EPOCHS = 1
PATIENCE_SECONDS = 120


class Shown(pl.Callback):
    """Writes down which clips this process was shown, a list a step."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.steps = folder, []  # type: Path, list[list[int]]

    def on_train_batch_start(self, trainer: Any, pl_module: Any, batch: Any, batch_idx: int) -> None:
        self.steps.append(batch["clip"].tolist())

    def on_train_end(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:
        self.folder.mkdir(parents=True, exist_ok=True)
        (self.folder / f"shown{trainer.global_rank}.json").write_text(json.dumps(self.steps))


def learn(folder: Path, corpus: Path, processes: int, *more: pl.Callback) -> None:
    """A run without Hydra, in one of its processes."""
    pl.seed_everything(0, verbose=False)
    run = RunFolder(folder)
    data = ClipDataModule(
        pd.read_csv(corpus / "clips.csv"), corpus, FEATURES, {"name": "none"},
        window_seconds=0.5, batch_size=BATCH // processes,
    )  # fmt: skip
    trainer = pl.Trainer(
        max_epochs=EPOCHS, accelerator="cpu", devices=processes, strategy="ddp" if processes > 1 else "auto",
        use_distributed_sampler=False, logger=False, enable_progress_bar=False, enable_model_summary=False,
        num_sanity_val_steps=0, callbacks=[Shown(folder / "shown"), *more, *callbacks(run, 0, None)],
    )  # fmt: skip
    module = DetectorModule(NETWORK, lr=1e-3, schedule="constant")
    without_batch_norm(module)
    train(module, data, trainer, run, features=FEATURES, about={"corpus": "little"})


def without_batch_norm(module: torch.nn.Module) -> None:
    """Its statistics are of a process' own batch: of four clips, not of eight."""
    for name, child in module.named_children():
        if isinstance(child, torch.nn.BatchNorm2d):
            setattr(module, name, torch.nn.Identity())
        else:
            without_batch_norm(child)


def judge(folder: Path, corpus: Path, processes: int) -> None:
    """Validation and test of the same weights; the first process writes what it gathered."""
    pl.seed_everything(1, verbose=False)
    data = ClipDataModule(
        pd.read_csv(corpus / "clips.csv"),
        corpus,
        FEATURES,
        {"name": "none"},
        window_seconds=0.5,
        batch_size=3,
    )
    trainer = pl.Trainer(
        accelerator="cpu", devices=processes, strategy="ddp" if processes > 1 else "auto", logger=False,
        use_distributed_sampler=False, enable_progress_bar=False, enable_checkpointing=False,
    )  # fmt: skip
    module = DetectorModule(NETWORK)
    told: dict[str, Any] = {}
    for name, step in (("val", trainer.validate), ("test", trainer.test)):
        figures = step(module, datamodule=data, verbose=False)
        scores = module.scores
        assert scores is not None
        told[name] = {"clip": scores.clip.tolist(), "logit": scores.logit.tolist(), "loss": scores.loss}
        told[name]["figures"] = figures
    if trainer.is_global_zero:
        folder.mkdir(parents=True)
        (folder / "told.json").write_text(json.dumps(told))


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def as_rank(
    rank: int, processes: int, port: int, task: Callable[..., None], arguments: tuple[Any, ...]
) -> None:
    torch.set_num_threads(1)
    if processes > 1:
        os.environ.update(
            MASTER_ADDR="127.0.0.1", MASTER_PORT=str(port), LOCAL_RANK=str(rank), NODE_RANK="0",
            WORLD_SIZE=str(processes),
        )  # fmt: skip
    task(*arguments)


def together(processes: int, task: Callable[..., None], *arguments: Any) -> None:
    """Run a task in so many processes, and fail if one of them does."""
    port = free_port()
    ranks = [
        get_context("fork").Process(target=as_rank, args=(rank, processes, port, task, arguments))
        for rank in range(processes)
    ]
    for each in ranks:
        each.start()
    for each in ranks:
        each.join(PATIENCE_SECONDS)
    try:
        assert [each.exitcode for each in ranks] == [0] * processes
    finally:
        for each in ranks:
            each.kill()


class Told(pl.Callback):
    """Sends each process SIGTERM in a step of its own, as a scheduler does that asks all of a job at once."""

    def on_train_batch_start(self, trainer: pl.Trainer, pl_module: Any, batch: Any, batch_idx: int) -> None:
        if trainer.global_step == (3 if trainer.is_global_zero else 1):
            os.kill(os.getpid(), signal.SIGTERM)


def stopped(folder: Path, corpus: Path, processes: int) -> None:
    """A run that all processes are told to stop; where this one did."""
    try:
        with stoppable():
            learn(folder, corpus, processes, Told())
    except Stopped:
        steps = torch.load(folder / "checkpoints" / "last.ckpt", weights_only=True)["global_step"]
        (folder / f"stopped{os.environ['LOCAL_RANK']}").write_text(str(steps))


@pytest.fixture(scope="module")
def learnt(little_corpus: Path, tmp_path_factory: pytest.TempPathFactory) -> dict[int, RunFolder]:
    """The same run by one process, by two and by four."""
    folder = tmp_path_factory.mktemp("learnt")
    for processes in (1, 2, 4):
        together(processes, learn, folder / str(processes), little_corpus, processes)
    return {processes: RunFolder(folder / str(processes)) for processes in (1, 2, 4)}


@pytest.mark.parametrize("processes", [2, 4])
def test_all_processes_together_show_what_one_would(learnt: dict[int, RunFolder], processes: int) -> None:
    """Step by step the same clips, and as many steps for each process: the balance of classes is the common one."""
    (one,) = shown(learnt[1])
    shares = shown(learnt[processes])
    assert len(shares) == processes
    assert {len(share) for share in shares} == {len(one)}
    for step, whole in enumerate(one):
        assert sorted(clip for share in shares for clip in share[step]) == sorted(whole)


def shown(run: RunFolder) -> list[list[list[int]]]:
    return [json.loads(file.read_text()) for file in sorted((run.path / "shown").iterdir())]


@pytest.mark.parametrize("processes", [2, 4])
def test_they_learn_the_same_weights(learnt: dict[int, RunFolder], processes: int) -> None:
    """As far as sums of the same gradients in another order are the same."""
    one, several = (load_file(learnt[n].detector / "model.safetensors") for n in (1, processes))
    for name, weight in one.items():
        torch.testing.assert_close(several[name], weight, atol=2e-5, rtol=1e-4)
    for part in ("val", "test"):
        alone, shared = (pd.read_csv(learnt[n].scores(part)) for n in (1, processes))
        assert shared["clip"].tolist() == alone["clip"].tolist(), "each clip once, in the table's order"
        np.testing.assert_allclose(shared["logit"], alone["logit"], atol=1e-4)


@pytest.fixture(scope="module")
def judged(little_corpus: Path, tmp_path_factory: pytest.TempPathFactory) -> dict[int, Any]:
    """What the same weights score, by as many processes."""
    folder = tmp_path_factory.mktemp("judged")
    for processes in (1, 2, 4):
        together(processes, judge, folder / str(processes), little_corpus, processes)
    return {n: json.loads((folder / str(n) / "told.json").read_text()) for n in (1, 2, 4)}


@pytest.mark.parametrize("processes", [2, 4])
def test_they_judge_the_same_weights_alike(judged: dict[int, Any], processes: int) -> None:
    """Their windows don't share out evenly: what fills the shares up must not count."""
    one, several = judged[1], judged[processes]
    for part in ("val", "test"):
        assert several[part]["clip"] == one[part]["clip"]
        np.testing.assert_allclose(several[part]["logit"], one[part]["logit"], rtol=0, atol=1e-6)
        assert several[part]["loss"] == pytest.approx(one[part]["loss"], abs=1e-6)
    for name, figure in one["val"]["figures"][0].items():
        assert several["val"]["figures"][0][name] == pytest.approx(figure, abs=1e-6)


def test_one_process_alone_writes(learnt: dict[int, RunFolder]) -> None:
    for run in learnt.values():
        assert {file.name for file in run.path.iterdir()} >= {"metrics.json", "threshold.json", "detector"}
        assert read_json(run.metrics)["test"]["n_clips"] == 8
    folders = {run.path for run in learnt.values()}
    assert set(next(iter(folders)).parent.iterdir()) == folders, "no folder of a rank's own"


def test_they_stop_after_the_same_step(little_corpus: Path, tmp_path: Path) -> None:
    """Though each hears of it in another; what was learnt until then is kept."""
    together(2, stopped, tmp_path / "run", little_corpus, 2)
    assert [(tmp_path / "run" / f"stopped{rank}").read_text() for rank in (0, 1)] == ["4", "4"]
