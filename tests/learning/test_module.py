"""Training one network: it learns, phases freeze what they say, scores count each clip once."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
import pytorch_lightning as pl
import torch

from deepfake_audio.data import ClipDataModule
from deepfake_audio.errors import UserError
from deepfake_audio.learning.module import DetectorModule

CNN = {"name": "cnn", "channels": [8, 16], "hidden": 16, "dropout": 0.1}


def data_of(root: Path, **changes: Any) -> ClipDataModule:
    settings: dict[str, Any] = {"window_seconds": 0.5, "batch_size": 16} | changes
    return ClipDataModule(
        pd.read_csv(root / "clips.csv"), root, {"name": "logmel"}, {"name": "none"}, **settings
    )


def trainer_of(root: Path, epochs: int, **changes: Any) -> pl.Trainer:
    return pl.Trainer(
        max_epochs=epochs,
        accelerator="cpu",
        logger=False,
        enable_checkpointing=False,
        enable_progress_bar=False,
        enable_model_summary=False,
        num_sanity_val_steps=0,
        use_distributed_sampler=False,
        default_root_dir=root,
        **changes,
    )


def test_it_learns_what_there_is_to_learn(little_corpus: Path, tmp_path: Path) -> None:
    pl.seed_everything(0, verbose=False)
    module, trainer = DetectorModule(CNN, lr=3e-3), trainer_of(tmp_path, epochs=8)
    trainer.fit(module, datamodule=data_of(little_corpus))
    trainer.test(module, datamodule=data_of(little_corpus), verbose=False)
    scores = module.scores
    assert scores is not None
    assert scores.logit[scores.label == 1].min() > scores.logit[scores.label == 0].max()


def test_a_clip_is_the_mean_of_its_windows(little_corpus: Path, tmp_path: Path) -> None:
    """Against the plain way: every window of every clip through the network, one at a time."""
    pl.seed_everything(0, verbose=False)
    data, module = data_of(little_corpus, batch_size=5), DetectorModule(CNN).eval()
    trainer_of(tmp_path, epochs=0).validate(module, datamodule=data, verbose=False)
    scores = module.scores
    assert scores is not None
    clips = data.parts["val"]
    assert scores.clip.tolist() == list(range(len(clips)))
    assert scores.label.tolist() == clips["label"].tolist()
    windows = data.val_dataloader().dataset
    one_by_one: dict[int, list[float]] = {}
    for item in windows:
        batch = {
            "waveform": torch.from_numpy(item["waveform"])[None],
            "samples": torch.tensor([item["samples"]]),
            "clip": torch.tensor([item["clip"]]),
            "label": torch.tensor([item["label"]]),
        }
        ready = data.with_features(batch, training=False)
        one_by_one.setdefault(item["clip"], []).append(module(ready["features"], ready["frames"]).item())
    expected = [np.mean(one_by_one[clip]) for clip in range(len(clips))]
    np.testing.assert_allclose(scores.logit, expected, atol=1e-5)
    assert max(len(logits) for logits in one_by_one.values()) > 1


def test_two_phases_hold_the_backbone_still_and_then_let_go(little_corpus: Path, tmp_path: Path) -> None:
    pl.seed_everything(0, verbose=False)
    module = DetectorModule({"name": "effnet", "version": "b0"}, lr=1e-2, freeze_epochs=1, finetune_scale=0.1)
    backbone = module.network.backbone()
    assert backbone is not None
    states: list[dict[str, torch.Tensor]] = []
    rates: list[list[float]] = []

    class Watch(pl.Callback):
        def on_train_epoch_start(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:
            rates.append([group["lr"] for group in trainer.optimizers[0].param_groups])

        def on_train_epoch_end(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:
            states.append({key: value.clone() for key, value in module.network.state_dict().items()})

    before = {key: value.clone() for key, value in module.network.state_dict().items()}
    trainer = trainer_of(tmp_path, epochs=2, limit_val_batches=0, limit_train_batches=2, callbacks=[Watch()])
    trainer.fit(module, datamodule=data_of(little_corpus, window_seconds=0.3, batch_size=8))
    held, moved = states
    # Statistics of batch normalisation are part of the backbone's state and stand still with it.
    assert all(torch.equal(held[key], before[key]) for key in before if key.startswith("body."))
    assert not torch.equal(held["head.1.weight"], before["head.1.weight"])
    assert not torch.equal(moved["body._conv_stem.weight"], held["body._conv_stem.weight"])
    new, old = rates[0]
    assert new == pytest.approx(1e-2)
    assert old == 0
    # Second phase, half way down the cosine, a tenth of the rate, for both alike.
    assert rates[1] == pytest.approx([0.5e-3, 0.5e-3])


def test_a_checkpoint_loads_weights_only(little_corpus: Path, tmp_path: Path) -> None:
    module, trainer = DetectorModule(CNN), trainer_of(tmp_path, epochs=1)
    trainer.fit(module, datamodule=data_of(little_corpus))
    trainer.save_checkpoint(tmp_path / "a.ckpt")
    again = DetectorModule.load_from_checkpoint(tmp_path / "a.ckpt", weights_only=True)
    assert again.hparams == module.hparams
    assert all(torch.equal(a, b) for a, b in zip(module.parameters(), again.parameters(), strict=True))


def test_what_cannot_be_is_said(little_corpus: Path, tmp_path: Path) -> None:
    with pytest.raises(UserError, match="constant, cosine, linear"):
        DetectorModule(CNN, schedule="steps")
    with pytest.raises(UserError, match="pretrained"):
        trainer_of(tmp_path, 1).fit(DetectorModule(CNN, freeze_epochs=1), datamodule=data_of(little_corpus))
