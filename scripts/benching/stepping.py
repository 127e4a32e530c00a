"""Training as `train` does it, beside the same network, loss and optimiser on one batch that is kept in memory."""

from __future__ import annotations

import logging
import os
import statistics
import time
import warnings
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from contextlib import redirect_stderr, redirect_stdout
from multiprocessing import get_context, get_start_method
from pathlib import Path
from typing import Any

from .feeding import BATCH, WINDOW_SECONDS, recordings
from .frame import Point, Row, as_a_command, seconds_of

GOAL = 0.97
# Network, its settings, and how many steps an epoch has: some seconds of them.
NETWORKS: tuple[tuple[str, dict[str, Any], int], ...] = (
    ("cnn", {"name": "cnn"}, 16),
    ("effnet b2", {"name": "effnet", "version": "b2"}, 3),
)
FEATURES = {"name": "logmel"}
CLIP_NORM, RATE, DECAY = 1.0, 1e-3, 1e-2


def rows(work: Path, quick: bool) -> list[Row]:
    """Clips a second, on one of PyTorch's threads so that the worker has a core of its own; the cnn also on all."""
    cores = os.cpu_count() or 1
    plans = [(name, network, steps, 1) for name, network, steps in NETWORKS]
    plans = plans[:1] if quick else [*plans, (*NETWORKS[0], cores)]
    found = []
    for number, (name, network, steps, threads) in enumerate(plans):
        steps, turns = (2, 1) if quick else (steps, 3)
        told = _apart(work / str(number), network, steps, turns, threads)
        found += _rows_of(name, threads, told)
    return found


def growth(work: Path, quick: bool) -> list[Point]:
    """An epoch of the cnn over the number of clips."""
    points = []
    for steps in (2, 4) if quick else (8, 24, 64):
        told = _apart(work / str(steps), {"name": "cnn"}, steps, 1, 1, alone=True)
        points.append(Point("train", steps * BATCH, "clips", told["train"], told["peak_mib"]))
    return points


def _apart(*arguments: Any, **named: Any) -> dict[str, float]:
    """In a process of its own: how many threads there are and what becomes of freed memory is its own affair."""
    workers_begin = (get_start_method(),)
    with ProcessPoolExecutor(
        1, mp_context=get_context("spawn"), initializer=as_a_command, initargs=workers_begin
    ) as pool:
        return pool.submit(measured, *arguments, **named).result()


def measured(
    work: Path, network: dict[str, Any], steps: int, turns: int, threads: int, alone: bool = False
) -> dict[str, float]:
    """Seconds of an epoch of so many steps, each way, and of the features of its batches; medians over turns."""
    import torch

    torch.set_num_threads(threads)
    _hush()
    step, features = _in_memory(work / "one", network)
    taken: dict[str, list[float]] = {"plain": [], "train": [], "kept": [], "features": []}
    ways: dict[str, Callable[[], float]] = {
        "plain": lambda: _steps(step, steps),
        "train": lambda: _trained(work, network, steps),
        # What `train` has the process do, freed memory to keep, this one has from the second turn on.
        "kept": lambda: _steps(step, steps),
        "features": lambda: _steps(features, steps),
    }
    if alone:
        ways = {"train": ways["train"]}
    else:
        taken["plain"] = [_steps(step, steps) for _ in range(turns + 1)][1:]
        ways.pop("plain")
    for _ in range(turns):
        for name, way in ways.items():
            taken[name].append(way())
    medians = {name: statistics.median(times) for name, times in taken.items() if times}
    return {**medians, "clips": steps * BATCH, "peak_mib": _peak_mib()}


def _rows_of(name: str, threads: int, told: dict[str, float]) -> list[Row]:
    cores = f"{threads} thread" + ("s" if threads > 1 else "")
    measure = f"train {name}, windows of {WINDOW_SECONDS:g} s, batches of {BATCH}, CPU, {cores}, 1 worker"
    share = told["features"] / told["train"]
    against = {
        "plain": "the same step on one batch of features in memory, PyTorch as it comes",
        "kept": "the same step on one batch of features in memory, with freed memory kept as `train` keeps it",
    }
    found = []
    for way, words in against.items():
        rate, theirs = told["clips"] / told["train"], told["clips"] / told[way]
        note = f"log-mel and masks are {100 * share:.1f} % of the step"
        if threads > 1:
            note += "; the worker has no core of its own"
        found.append(Row(measure, words, "clips/s", rate, theirs, rate / theirs, GOAL, note=note))
    return found


def _in_memory(folder: Path, network: dict[str, Any]) -> tuple[Callable[[], object], Callable[[], object]]:
    """A step on a batch whose features are ready, and the making of these features."""
    import torch
    from torch.nn.functional import binary_cross_entropy_with_logits

    from deepfake_audio.models import build_network

    data = _data(folder, 1, workers=0)
    batch = next(iter(data.train_dataloader()))
    ready = data.with_features(dict(batch), training=True)
    torch.manual_seed(0)
    built = build_network(**network).train()
    optimiser = torch.optim.AdamW(built.parameters(), lr=RATE, weight_decay=DECAY)

    def step() -> None:
        optimiser.zero_grad()
        logits = built(ready["features"], ready["frames"])
        binary_cross_entropy_with_logits(logits, ready["label"].float()).backward()
        torch.nn.utils.clip_grad_norm_(built.parameters(), CLIP_NORM)
        optimiser.step()

    return step, lambda: data.with_features(dict(batch), training=True)


def _trained(work: Path, network: dict[str, Any], steps: int) -> float:
    """Seconds of the second epoch of a real fit, from its start to the end of its last step; not its validation."""
    import tempfile

    import pytorch_lightning as pl

    from deepfake_audio.callbacks import callbacks
    from deepfake_audio.learning.module import DetectorModule
    from deepfake_audio.runs import RunFolder
    from deepfake_audio.trainers import build_trainer

    class Clock(pl.Callback):
        seconds = 0.0

        def on_train_epoch_start(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:
            self.began = time.perf_counter()

        def on_train_batch_end(self, trainer: pl.Trainer, *_: Any) -> None:
            if trainer.is_last_batch and trainer.current_epoch == 1:
                self.seconds = time.perf_counter() - self.began

    settings = {
        "_target_": "pytorch_lightning.Trainer", "max_epochs": 2, "accelerator": "cpu", "devices": 1,
        "precision": "32-true", "gradient_clip_val": CLIP_NORM, "enable_model_summary": False,
        "num_sanity_val_steps": 0, "log_every_n_steps": 10, "logger": False,
    }  # fmt: skip
    pl.seed_everything(0, verbose=False)
    folder = Path(tempfile.mkdtemp(dir=work))
    clock = Clock()
    trainer = build_trainer(settings, [*callbacks(RunFolder(folder / "run"), 0), clock], find_unused=False)
    # The bar is drawn as ever, where nobody has to see it.
    with Path(os.devnull).open("w") as nowhere, redirect_stdout(nowhere), redirect_stderr(nowhere):
        trainer.fit(DetectorModule(network, lr=RATE, weight_decay=DECAY), _data(folder, steps, workers=1))
    return clock.seconds


def _data(folder: Path, steps: int, workers: int) -> Any:
    """So many batches of training clips, and one of validation."""
    import pandas as pd

    from deepfake_audio.data import ClipDataModule

    clips = recordings(folder / "wavs", 6, BATCH, steps + 1)
    parts = ["train"] * (steps * BATCH) + ["val"] * BATCH
    return ClipDataModule(
        pd.DataFrame(clips).assign(split=parts), folder / "wavs", FEATURES, {"name": "specaugment"},
        window_seconds=WINDOW_SECONDS, batch_size=BATCH, workers=workers,
    )  # fmt: skip


def _steps(step: Callable[[], object], count: int) -> float:
    return seconds_of(lambda: [step() for _ in range(count)])


def _hush() -> None:
    warnings.filterwarnings("ignore")
    for name in ("pytorch_lightning", "pytorch_lightning.utilities.rank_zero"):
        logging.getLogger(name).setLevel(logging.ERROR)


def _peak_mib() -> float:
    import resource

    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
