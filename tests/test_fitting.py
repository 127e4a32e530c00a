"""A whole run of a network for tables, without Hydra: fitted once in the place of epochs, then like any other run."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
import pytorch_lightning as pl
import torch
from safetensors.torch import load_file

from deepfake_audio.building import build_run
from deepfake_audio.callbacks import callbacks
from deepfake_audio.clips import read_clips
from deepfake_audio.data import ClipDataModule
from deepfake_audio.detector import load_detector
from deepfake_audio.errors import UserError
from deepfake_audio.features import build_features
from deepfake_audio.files import read_json
from deepfake_audio.fitting import fits_at_once, table_of
from deepfake_audio.learning.module import DetectorModule
from deepfake_audio.models import build_network
from deepfake_audio.report.words import verdict
from deepfake_audio.runs import RunFolder
from deepfake_audio.training import train

from .test_configs import composed, plain

HANDCRAFTED = {"name": "handcrafted", "sample_rate": 16_000}
BOOST = {"name": "boost", "bins": 26, "trees": 10, "least_rows": 2}


def data_of(corpus: Path, features: dict[str, Any] = HANDCRAFTED, **changes: Any) -> ClipDataModule:
    settings: dict[str, Any] = {"window_seconds": 1.0, "batch_size": 8} | changes
    return ClipDataModule(pd.read_csv(corpus / "clips.csv"), corpus, features, {"name": "none"}, **settings)


def trainer_of(run: RunFolder, **changes: Any) -> pl.Trainer:
    quiet: dict[str, Any] = {"logger": False, "enable_progress_bar": False, "enable_model_summary": False}
    return pl.Trainer(accelerator="cpu", callbacks=callbacks(run, 0), max_epochs=1, **quiet, **changes)


@pytest.fixture(scope="module")
def run(little_corpus: Path, tmp_path_factory: pytest.TempPathFactory) -> RunFolder:
    run = RunFolder(tmp_path_factory.mktemp("tables") / "run")
    pl.seed_everything(0, verbose=False)
    module, data = DetectorModule(BOOST), data_of(little_corpus)
    train(module, data, trainer_of(run), run, features=HANDCRAFTED, about={"corpus": "little"})
    assert not run.history.exists()
    return run


def test_it_learns_what_there_is_to_learn(run: RunFolder) -> None:
    assert read_json(run.metrics)["test"]["eer"] < 0.2


def test_what_is_shipped_is_what_was_scored(run: RunFolder, little_corpus: Path) -> None:
    detector = load_detector(run.path)
    paths = pd.read_csv(little_corpus / "clips.csv").set_index("clip")["path"]
    scores = pd.read_csv(run.scores("test"))
    logits = [detector.predict(little_corpus / paths[clip]).logit for clip in scores["clip"]]
    np.testing.assert_allclose(scores["logit"], logits, atol=1e-5)


def test_its_checkpoint_is_like_any_other(run: RunFolder) -> None:
    again = DetectorModule.load_from_checkpoint(run.checkpoints / "best.ckpt", weights_only=True)
    shipped = load_file(run.detector / "model.safetensors")
    state = again.network.state_dict()
    assert state.keys() == shipped.keys()
    assert all(torch.equal(state[key], shipped[key]) for key in shipped)


@pytest.mark.parametrize("name", ["handcrafted", "logmel"])
def test_every_valid_frame_of_train_is_a_row(name: str, little_corpus: Path) -> None:
    """Against one clip at a time: nothing of the padding, and all of each clip, in the table's order."""
    features: dict[str, Any] = {"name": name, "sample_rate": 16_000}
    data = data_of(little_corpus, features, batch_size=5)
    rows, labels = table_of(data, torch.device("cpu"))
    front_end = build_features(**features)
    expected, of_clip = [], []
    windows: Any = data.every_window("train").dataset
    for item in windows:
        wave = torch.from_numpy(item["waveform"][: item["samples"]])[None]
        picture, frames = front_end(wave, torch.tensor([item["samples"]]))
        expected.append(picture[0, :, : int(frames)].T.numpy())
        of_clip += [int(item["label"])] * int(frames)
    np.testing.assert_allclose(rows, np.concatenate(expected), rtol=1e-3, atol=1e-3)
    assert labels.tolist() == of_clip


def test_what_only_epochs_have_is_refused(little_corpus: Path, tmp_path: Path) -> None:
    run, module = RunFolder(tmp_path), DetectorModule(BOOST)
    data, trainer = data_of(little_corpus), trainer_of(run)
    assert fits_at_once(module, data, trainer)
    assert not fits_at_once(DetectorModule({"name": "cnn"}), data, trainer)
    with pytest.raises(UserError, match="leave ckpt_path out"):
        fits_at_once(module, data, trainer, tmp_path / "last.ckpt")
    with pytest.raises(UserError, match="trainer=single"):
        fits_at_once(module, data, trainer_of(run, strategy="ddp", devices=2))
    forging = {"systems": ["griffinlim"], "share": 0.5}
    with pytest.raises(UserError, match="forging=none"):
        fits_at_once(module, data_of(little_corpus, forging=forging), trainer)


def test_weights_that_come_whole_are_judged_as_they_are(little_corpus: Path, tmp_path: Path) -> None:
    """Without an epoch: what is shipped is what was loaded, and nobody says that it has never heard the test.

    Random weights are not judged so.
    """
    file, run = tmp_path / "weights.pth", RunFolder(tmp_path / "run")
    torch.manual_seed(0)
    weights = build_network("aasist-l").state_dict()
    torch.save(weights, file)
    settings = (
        "experiment=bench_aasist",
        "trainer.accelerator=cpu",
        "trainer.enable_progress_bar=false",
        "data.window_seconds=0.5",
        "data.workers=0",
    )
    loaded = f"model.weights={file}"
    clips = read_clips(little_corpus / "clips.csv")
    module, data, trainer = build_run(plain(composed(*settings, loaded)), clips, little_corpus, run, None)
    run.path.mkdir()
    run.history.write_text("of an earlier run")
    about = {"corpus": "little", "split": {"leakage": {"test_clips_with_voice_in_train": 0.0}}}
    metrics = train(module, data, trainer, run, features=data.identity["features"], about=about)
    assert not run.history.exists()
    assert "whose voices its weights may have heard where they were pretrained" in verdict(metrics)
    card = (run.detector / "README.md").read_text()
    assert "It learnt nothing here" in card and "Its weights learnt from speech elsewhere" in card
    assert "The epoch" not in card and "No voice of the test" not in card
    shipped = load_file(run.detector / "model.safetensors")
    assert all(torch.equal(shipped[key], weight) for key, weight in weights.items())
    for refused in ("model.pretrained=false", "loss=oc_softmax"):
        with pytest.raises(
            UserError, match=r"max_epochs=0 learns nothing.*with model.pretrained=true and loss=bce"
        ):
            build_run(plain(composed(*settings, loaded, refused)), clips, little_corpus, run, None)
    with pytest.raises(UserError, match=r"judged as loaded, and pairs are for epochs: use data.pairs=false"):
        build_run(plain(composed(*settings, loaded, "data.pairs=true")), clips, little_corpus, run, None)
