"""The TensorBoard folder, read back as TensorBoard reads it."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import pytorch_lightning as pl
from tensorboard.backend.event_processing.event_accumulator import EventAccumulator
from tensorboard.plugins.hparams.plugin_data_pb2 import HParamsPluginData

from deepfake_audio.callbacks import callbacks
from deepfake_audio.data import ClipDataModule
from deepfake_audio.errors import UserError
from deepfake_audio.evaluation.thresholds import Rule
from deepfake_audio.files import read_json
from deepfake_audio.judgement import judge
from deepfake_audio.learning.module import DetectorModule
from deepfake_audio.records import record_in_tensorboard
from deepfake_audio.records.contents import CURVES
from deepfake_audio.records.tensorboard import begin
from deepfake_audio.runs import RunFolder

from ..scored import made_run

FEATURES = {"name": "logmel", "sample_rate": 16_000}


class Watch(pl.Callback):
    """How many epochs the folder shows while the training goes on."""

    def __init__(self, run: RunFolder) -> None:
        self.run = run
        self.seen: list[int] = []

    def on_train_epoch_start(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:
        folder = self.run.path / "tensorboard"
        self.seen.append(len(read(folder).Scalars("loss/train")) if folder.is_dir() else 0)


def read(folder: Path) -> EventAccumulator:
    told = EventAccumulator(str(folder), size_guidance={"scalars": 0, "images": 0})
    told.Reload()
    return told


def fit(folder: Path, corpus: Path, epochs: int, ckpt: Path | None = None) -> Watch:
    run = RunFolder(folder)
    watch = Watch(run)
    pl.seed_everything(0, verbose=False)
    data = ClipDataModule(
        pd.read_csv(corpus / "clips.csv"),
        corpus,
        FEATURES,
        {"name": "none"},
        window_seconds=0.5,
        batch_size=16,
    )
    trainer = pl.Trainer(
        max_epochs=epochs, accelerator="cpu", logger=False, enable_progress_bar=False, enable_model_summary=False,
        num_sanity_val_steps=0, callbacks=[*callbacks(run, 0, ckpt), watch],
    )  # fmt: skip
    module = DetectorModule({"name": "cnn", "channels": [8], "hidden": 8}, schedule="constant")
    trainer.fit(module, datamodule=data, ckpt_path=ckpt)
    trainer.validate(module, datamodule=data, ckpt_path="best", verbose=False)
    return watch


def assert_shows(run: RunFolder, epochs: int) -> None:
    """Every curve is the history's, each epoch once."""
    history, told = pd.read_csv(run.history), read(run.path / "tensorboard")
    assert len(history) == epochs
    for column, name in CURVES.items():
        assert [point.step for point in told.Scalars(name)] == list(range(epochs))
        np.testing.assert_allclose([point.value for point in told.Scalars(name)], history[column], rtol=1e-5)


def test_curves_live_resumed_elsewhere_and_begun_anew(little_corpus: Path, tmp_path: Path) -> None:
    first = RunFolder(tmp_path / "first")
    assert fit(first.path, little_corpus, 2).seen == [0, 1], "an epoch shows as soon as it is over"
    assert_shows(first, 2)
    files = [path.name for path in (first.path / "tensorboard").iterdir()]
    assert len(files) == 1, "nothing but the events: no version folder, no pickled settings"

    going_on = RunFolder(tmp_path / "going_on")
    fit(going_on.path, little_corpus, 3, first.checkpoints / "last.ckpt")
    assert_shows(going_on, 3)
    # In the same folder, whose events hold an epoch that the checkpoint knows nothing of.
    fit(going_on.path, little_corpus, 3, first.checkpoints / "last.ckpt")
    assert_shows(going_on, 3)
    fit(going_on.path, little_corpus, 1)
    assert_shows(going_on, 1)


@pytest.fixture
def run(tmp_path: Path) -> RunFolder:
    run = made_run(tmp_path / "run", voices=6)
    judge(run.path)
    run.config.write_text(
        "seed: 3\nmodel:\n  name: cnn\n  channels: [8, 16]\nckpt_path: null\ndeterministic: true\n"
    )
    run.history.write_text(
        "epoch,train_loss,val_loss,val_ap,val_f2,val_choice,lr\n0,0.7,0.6,0.5,0.8,0.4,0.001\n"
    )
    run.report.mkdir()
    return run


def test_the_end_holds_figures_with_their_baseline_settings_and_pictures(run: RunFolder) -> None:
    from matplotlib.image import imsave

    pixels = np.random.default_rng(0).random((5, 7, 3))
    imsave(run.report / "curve.png", pixels)
    told = read(record_in_tensorboard(run))
    metrics = read_json(run.metrics)
    for part in ("val", "test"):
        for name in ("f2", "f2_all_fake", "recall", "false_alarm_rate", "auc"):
            (point,) = told.Scalars(f"{part}/{name}")
            assert point.value == pytest.approx(metrics[part][name], abs=1e-6)
    low, high = metrics["test"]["intervals"]["f2"]
    assert told.Scalars("test/f2_low")[0].value == pytest.approx(low, abs=1e-6)
    assert told.Scalars("test/f2_high")[0].value == pytest.approx(high, abs=1e-6)
    (image,) = told.Images("report/curve")
    assert (image.width, image.height) == (7, 5)
    start = HParamsPluginData.FromString(
        told.summary_metadata["_hparams_/session_start_info"].plugin_data.content
    ).session_start_info.hparams
    assert start["seed"].number_value == 3
    assert start["model.name"].string_value == "cnn"
    assert start["model.channels"].string_value == "[8, 16]"
    assert start["deterministic"].bool_value is True
    columns = HParamsPluginData.FromString(
        told.summary_metadata["_hparams_/experiment"].plugin_data.content
    ).experiment
    assert {each.name for each in columns.hparam_infos} == set(start)
    assert {each.name.tag for each in columns.metric_infos} >= {"val/f2", "test/f2", "test/f2_all_fake"}


def test_an_old_run_gets_its_curves_and_a_new_judgement_replaces_the_old(run: RunFolder) -> None:
    record_in_tensorboard(run)
    assert_shows(run, 1)
    judge(run.path, Rule(max_false_alarm=0.05))
    told = read(record_in_tensorboard(run))
    (point,) = told.Scalars("test/false_alarm_rate")
    assert point.value == pytest.approx(read_json(run.metrics)["test"]["false_alarm_rate"], abs=1e-6)
    assert_shows(run, 1)


def test_the_end_of_an_old_run_goes_when_a_new_one_begins(run: RunFolder) -> None:
    folder = record_in_tensorboard(run)
    begin(run, ".curves").close()
    assert "test/f2" not in read(folder).Tags()["scalars"]


def test_runs_that_were_recorded_are_renewed_with_their_threshold_and_without_torch(run: RunFolder) -> None:
    folder = record_in_tensorboard(run)
    before = read(folder).Scalars("test/false_alarm_rate")[0].value
    # To draw the page's pictures takes seconds, and torch has no part in it.
    asked = (
        "import sys; from deepfake_audio.report import page; from deepfake_audio.tune import main\n"
        "page.save_and_draw = lambda folder, name, figure: '<svg></svg>'\n"
        "main(sys.argv[1:]); sys.exit('torch' in sys.modules)"
    )
    command = [sys.executable, "-c", asked, str(run.path), "--max-false-alarm", "0.02", "--report"]
    done = subprocess.run(command, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert f"tensorboard: {folder}" in done.stdout
    assert read(folder).Scalars("test/false_alarm_rate")[0].value < before


def test_an_unfinished_run_is_refused(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="no finished run"):
        record_in_tensorboard(made_run(tmp_path / "run", voices=2))
    assert not (tmp_path / "run" / "tensorboard").exists()
