"""A whole run without Hydra: the best epoch is what is judged and shipped, and going on is only with the same data."""

from __future__ import annotations

import shutil
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
from deepfake_audio.detector import load_detector
from deepfake_audio.errors import UserError
from deepfake_audio.evaluation.calibration import fit, from_config
from deepfake_audio.files import read_json
from deepfake_audio.learning.module import DetectorModule
from deepfake_audio.provenance import table_fingerprint
from deepfake_audio.runs import RunFolder, read_scores
from deepfake_audio.training import train

FEATURES = {"name": "logmel", "sample_rate": 16_000}
CNN = {"name": "cnn", "channels": [8, 16], "hidden": 16, "dropout": 0.1}


class Spoil(pl.Callback):
    """Ruins the network in the last epoch, before validation hears it."""

    def on_validation_start(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:
        if trainer.state.fn == "fit" and trainer.current_epoch == 2:
            for parameter in pl_module.parameters():
                parameter.data.neg_()


def run_of(
    folder: Path, corpus: Path, ckpt: Path | None = None, epochs: int = 3, **changes: Any
) -> RunFolder:
    run = RunFolder(folder)
    pl.seed_everything(0, verbose=False)
    clips = changes.pop("clips", pd.read_csv(corpus / "clips.csv"))
    settings: dict[str, Any] = {"window_seconds": 0.5, "batch_size": 8} | changes
    data = ClipDataModule(clips, corpus, FEATURES, {"name": "none"}, **settings)
    trainer = pl.Trainer(
        max_epochs=epochs, accelerator="cpu", logger=False, enable_progress_bar=False, enable_model_summary=False,
        num_sanity_val_steps=0, callbacks=[Spoil(), *callbacks(run, 0, ckpt)],
    )  # fmt: skip
    module = DetectorModule(CNN, lr=3e-3, schedule="constant")
    train(module, data, trainer, run, features=FEATURES, about={"corpus": "little"}, ckpt_path=ckpt)
    return run


@pytest.fixture(scope="module")
def run(little_corpus: Path, tmp_path_factory: pytest.TempPathFactory) -> RunFolder:
    return run_of(tmp_path_factory.mktemp("runs") / "run", little_corpus)


def weights(checkpoint: Path) -> dict[str, torch.Tensor]:
    state = torch.load(checkpoint, weights_only=True)["state_dict"]
    return {key.removeprefix("network."): value for key, value in state.items()}


def test_the_best_epoch_is_shipped_and_not_the_last(run: RunFolder) -> None:
    history = pd.read_csv(run.history)
    assert history["val_choice"].idxmax() < 2, "the last epoch was ruined"
    shipped = load_file(run.detector / "model.safetensors")
    best, last = (weights(run.checkpoints / f"{name}.ckpt") for name in ("best", "last"))
    assert (
        torch.load(run.checkpoints / "best.ckpt", weights_only=True)["epoch"]
        == history["val_choice"].idxmax()
    )
    assert all(torch.equal(shipped[key], best[key]) for key in shipped)
    assert not all(torch.equal(shipped[key], last[key]) for key in shipped)


def test_both_parts_are_scored_with_what_is_shipped(run: RunFolder, little_corpus: Path) -> None:
    detector = load_detector(run.path)
    paths = pd.read_csv(little_corpus / "clips.csv").set_index("clip")["path"]
    for part in ("val", "test"):
        scores = pd.read_csv(run.scores(part))
        logits = [detector.predict(little_corpus / paths[clip]).logit for clip in scores["clip"]]
        np.testing.assert_allclose(scores["logit"], logits, atol=1e-5)


def test_what_is_shipped_answers_as_the_scores_were_calibrated(run: RunFolder, little_corpus: Path) -> None:
    """Fitted on validation, before any score was written: files, metrics and detector tell of one calibration."""
    told, config = read_json(run.metrics), read_json(run.detector_config)
    assert config["calibration"] == told["calibration"]
    scores = {part: read_scores(run.scores(part)) for part in ("val", "test")}
    fitted = fit("platt", scores["val"]["label"], scores["val"]["logit"])
    assert from_config(told["calibration"]) == fitted
    assert config["format"] == (1 if fitted.kind == "none" else 3)
    for table in scores.values():
        np.testing.assert_array_equal(table["p_fake"], fitted.p_fake(table["logit"]))
    detector = load_detector(run.path)
    paths = pd.read_csv(little_corpus / "clips.csv").set_index("clip")["path"]
    clip = scores["test"].iloc[0]
    assert detector.predict(little_corpus / paths[clip["clip"]]).p_fake == pytest.approx(
        clip["p_fake"], abs=1e-5
    )


def test_a_run_tells_where_it_comes_from(run: RunFolder, little_corpus: Path) -> None:
    record = read_json(run.metrics)["provenance"]
    assert record["seconds"] > 0
    assert record["versions"] == read_json(run.detector_config)["versions"]
    assert set(record["fingerprints"]) == {"clips", "split", "scores_val", "scores_test"}
    assert record["fingerprints"]["scores_val"] == read_json(run.threshold)["scores_fingerprint"]
    assert record["fingerprints"]["clips"] == table_fingerprint(pd.read_csv(little_corpus / "clips.csv"))


def test_a_moved_run_goes_on_and_keeps_its_best(run: RunFolder, little_corpus: Path, tmp_path: Path) -> None:
    shutil.copytree(run.path, tmp_path / "moved")
    hidden = run.path.rename(run.path.with_name("hidden"))
    try:
        later = run_of(
            tmp_path / "on", little_corpus, tmp_path / "moved" / "checkpoints" / "last.ckpt", epochs=4
        )
    finally:
        hidden.rename(run.path)
    assert pd.read_csv(later.history)["epoch"].tolist() == [0, 1, 2, 3]
    assert (
        read_json(later.metrics)["val"]["average_precision"]
        >= read_json(run.metrics)["val"]["average_precision"]
    )


def test_a_run_that_goes_on_and_does_better_keeps_its_own_best(little_corpus: Path, tmp_path: Path) -> None:
    first = run_of(tmp_path / "first", little_corpus, epochs=1)
    later = run_of(tmp_path / "later", little_corpus, first.checkpoints / "last.ckpt", epochs=2)
    assert pd.read_csv(later.history)["val_choice"].idxmax() == 1
    shipped, best = load_file(later.detector / "model.safetensors"), weights(later.checkpoints / "best.ckpt")
    assert all(torch.equal(shipped[key], best[key]) for key in shipped)


def test_other_data_are_refused(run: RunFolder, little_corpus: Path, tmp_path: Path) -> None:
    """On another split, clips of the new test would have been trained on; no such run may come about."""
    last = run.checkpoints / "last.ckpt"
    clips = pd.read_csv(little_corpus / "clips.csv")
    swapped = clips.assign(split=clips["split"].map({"train": "train", "val": "test", "test": "val"}))
    with pytest.raises(UserError, match="another split than this run has"):
        run_of(tmp_path / "a", little_corpus, last, epochs=4, clips=swapped)
    with pytest.raises(UserError, match="another window_samples"):
        run_of(tmp_path / "b", little_corpus, last, epochs=4, window_seconds=0.4)
    assert not RunFolder(tmp_path / "a").metrics.exists()


def test_no_epoch_no_detector(little_corpus: Path, tmp_path: Path) -> None:
    with pytest.raises(UserError, match="max_epochs"):
        run_of(tmp_path / "none", little_corpus, epochs=0)
    assert not RunFolder(tmp_path / "none").detector.exists()
    with pytest.raises(UserError, match="ckpt_path="):
        run_of(tmp_path / "none", little_corpus, tmp_path / "gone.ckpt")
