"""A worker that dies and a corpus that vanishes end a run in a line, and leave what was kept."""

from __future__ import annotations

import os
import shutil
import signal
from multiprocessing import active_children
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
import pytorch_lightning as pl
import torch

from deepfake_audio.audio import check_audible, count_samples, read_window
from deepfake_audio.breakdowns import meaning_of
from deepfake_audio.callbacks import callbacks
from deepfake_audio.data import ClipDataModule
from deepfake_audio.errors import UserError, one_line
from deepfake_audio.learning.module import DetectorModule
from deepfake_audio.runs import RunFolder
from deepfake_audio.training import train

FEATURES = {"name": "logmel", "sample_rate": 16_000}
CNN = {"name": "cnn", "channels": [4, 8], "hidden": 8, "dropout": 0.0}


class Harm(pl.Callback):
    """Does something when the second epoch begins."""

    def __init__(self, harm: Any) -> None:
        self.harm = harm

    def on_train_epoch_start(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:
        if trainer.current_epoch == 1:
            self.harm()


def refusal(folder: Path, corpus: Path, harm: Any, workers: int) -> str:
    """What is said of a run that something happens to, whose first epoch is then still there whole."""
    run = RunFolder(folder / "run")
    clips = pd.read_csv(corpus / "clips.csv")
    data = ClipDataModule(
        clips, corpus, FEATURES, {"name": "none"}, window_seconds=0.3, batch_size=4, workers=workers
    )
    fitter = pl.Trainer(
        max_epochs=3, accelerator="cpu", logger=False, enable_progress_bar=False, enable_model_summary=False,
        num_sanity_val_steps=0, callbacks=[*callbacks(run, 0), Harm(harm)],
    )  # fmt: skip
    with pytest.raises(UserError) as error:
        train(DetectorModule(CNN), data, fitter, run, features=FEATURES, about={"corpus": "little"})
    kept = torch.load(run.checkpoints / "last.ckpt", weights_only=True)
    assert kept["epoch"] == 0
    assert not run.metrics.exists() and not run.detector.exists()
    return one_line(error.value)


@pytest.mark.parametrize("workers", [0, 1])
def test_a_corpus_that_vanishes_is_named(little_corpus: Path, tmp_path: Path, workers: int) -> None:
    corpus = Path(shutil.copytree(little_corpus, tmp_path / "corpus"))

    def vanish() -> None:
        for wav in corpus.glob("*.wav"):
            wav.unlink()

    told = refusal(tmp_path, corpus, vanish, workers)
    assert str(corpus) in told and ".wav is missing: put it back" in told
    assert "Traceback" not in told


def test_a_worker_that_is_killed(little_corpus: Path, tmp_path: Path) -> None:
    def kill() -> None:
        for worker in active_children():
            os.kill(worker.pid or 0, signal.SIGKILL)

    told = refusal(tmp_path, little_corpus, kill, workers=1)
    assert "a process that reads clips was killed" in told
    assert "go on with ckpt_path" in told


def test_what_is_no_breakdown_is_not_taken_for_one() -> None:
    assert meaning_of("mat1 and mat2 shapes cannot be multiplied (2x3 and 4x5)") is None
    assert "batch_size" in (meaning_of("CUDA out of memory. Tried to allocate 20.00 MiB") or "")


@pytest.mark.parametrize("content", [b"", b"RIFF\x00\x00\x00\x00WAVE", b"no sound", b"\x00" * 100])
@pytest.mark.parametrize("suffix", [".wav", ".raw", ".flac", ".mp3"])
def test_what_is_no_recording_is_refused_by_name(content: bytes, suffix: str, tmp_path: Path) -> None:
    """A suffix alone makes libsndfile ask for what only its caller could know."""
    file = tmp_path / f"a{suffix}"
    file.write_bytes(content)
    for read in (
        lambda: count_samples(file, 16_000),
        lambda: read_window(file, 0, 10),
        lambda: check_audible(file),
    ):
        with pytest.raises(UserError, match=f"a{suffix} cannot be read"):
            read()


def test_a_header_that_claims_more_than_all_memory(tmp_path: Path) -> None:
    """A flac whose 36 bits of length are all ones: 800 GB as floats."""
    import numpy as np
    import soundfile

    file = tmp_path / "a.flac"
    soundfile.write(file, np.sin(np.arange(16_000)) / 2, 16_000)
    data = bytearray(file.read_bytes())
    # The length stands in the last bits of bytes 21 to 25 of the file.
    data[21] |= 0x0F
    data[22:26] = b"\xff" * 4
    file.write_bytes(data)
    assert count_samples(file, 16_000) == 2**36 - 1
    assert len(read_window(file, 0, 100)) == 100
    with pytest.raises(UserError, match=r"a\.flac"):
        read_window(file, 10**9, 100)
