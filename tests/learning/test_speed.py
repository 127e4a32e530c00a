"""Options for speed: what is learnt stays what it is, and so does all that is kept of it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
import pytorch_lightning as pl
import torch

from deepfake_audio.data import ClipDataModule
from deepfake_audio.errors import UserError
from deepfake_audio.learning.module import DetectorModule
from deepfake_audio.learning.speed import Speed
from deepfake_audio.trainers import build_trainer

CNN = {"name": "cnn", "channels": [8, 16], "hidden": 16, "dropout": 0.0}
FEATURES = {"name": "logmel"}
OPTIONS = ("channels_last", "fused", "compile")
PLAIN: dict[str, Any] = {
    "_target_": "pytorch_lightning.Trainer", "accelerator": "cpu", "devices": 1, "precision": "32-true",
    "enable_progress_bar": False, "enable_model_summary": False, "logger": False,
    "enable_checkpointing": False, "num_sanity_val_steps": 0,
}  # fmt: skip


@pytest.fixture
def not_compiled() -> Iterator[None]:
    """What would be compiled runs as it is: all but the minute that compiling takes."""
    torch.compiler.set_stance("force_eager")
    yield
    torch.compiler.set_stance("default")


def fitted(
    corpus: Path, folder: Path, epochs: int, ckpt: Path | None = None, **options: Any
) -> DetectorModule:
    """A network trained for some epochs; `folder` keeps its checkpoint."""
    pl.seed_everything(0, verbose=False)
    clips = pd.read_csv(corpus / "clips.csv")
    data = ClipDataModule(clips, corpus, FEATURES, {"name": "none"}, window_seconds=0.5, batch_size=8)
    module = DetectorModule(CNN, lr=1e-3, schedule="constant")
    trainer = build_trainer({**PLAIN, "max_epochs": epochs, **options}, [], find_unused=False)
    module.check_plan(trainer)
    trainer.fit(module, datamodule=data, ckpt_path=ckpt)
    trainer.save_checkpoint(folder / "it.ckpt")
    return module


@pytest.mark.parametrize("option", OPTIONS)
def test_an_option_changes_the_last_bits_at_most(
    option: str, little_corpus: Path, tmp_path: Path, not_compiled: None
) -> None:
    """And neither what weights are called nor how they lie in memory afterwards; each goes on from the other's."""
    folders = [tmp_path / name for name in ("plain", "fast", "on", "back")]
    plain = fitted(little_corpus, folders[0], 2)
    fast = fitted(little_corpus, folders[1], 2, **{option: True})
    on = fitted(little_corpus, folders[2], 3, folders[0] / "it.ckpt", **{option: True})
    back = fitted(little_corpus, folders[3], 3, folders[1] / "it.ckpt")
    for one, other in ((plain, fast), (on, back)):
        assert list(one.state_dict()) == list(other.state_dict())
        for name, value in one.state_dict().items():
            assert other.state_dict()[name].is_contiguous()
            torch.testing.assert_close(other.state_dict()[name], value, rtol=1e-3, atol=1e-4)


def test_a_run_s_own_settings_hold_and_not_its_checkpoint_s(little_corpus: Path, tmp_path: Path) -> None:
    def fused(folder: Path) -> list[Any]:
        state = torch.load(folder / "it.ckpt", weights_only=True)["optimizer_states"][0]
        return [group["fused"] for group in state["param_groups"]]

    fitted(little_corpus, tmp_path / "a", 1, fused=True)
    fitted(little_corpus, tmp_path / "b", 2, tmp_path / "a" / "it.ckpt")
    fitted(little_corpus, tmp_path / "c", 3, tmp_path / "b" / "it.ckpt", fused=True)
    assert [fused(tmp_path / name) for name in "abc"] == [[True], [None], [True]]


def test_training_alone_is_compiled(little_corpus: Path, tmp_path: Path, not_compiled: None) -> None:
    heard: list[tuple[bool, bool]] = []

    class Listener(pl.Callback):
        def on_train_batch_start(self, trainer: pl.Trainer, pl_module: Any, *_: Any) -> None:
            heard.append((True, pl_module.learner._compiled_call_impl is not None))

        def on_validation_batch_start(self, trainer: pl.Trainer, pl_module: Any, *_: Any) -> None:
            heard.append((False, pl_module.learner._compiled_call_impl is not None))

    clips = pd.read_csv(little_corpus / "clips.csv")
    data = ClipDataModule(clips, little_corpus, FEATURES, {"name": "none"}, window_seconds=0.5)
    module = DetectorModule(CNN)
    trainer = build_trainer({**PLAIN, "max_epochs": 2, "compile": True}, [Listener()], find_unused=False)
    trainer.fit(module, datamodule=data)
    assert {True, False} == {training for training, _ in heard}
    assert all(training == compiled for training, compiled in heard)
    assert module.learner._compiled_call_impl is None


@pytest.mark.slow  # the compiler takes most of a minute
def test_what_is_really_compiled_learns_the_same(little_corpus: Path, tmp_path: Path) -> None:
    plain = fitted(little_corpus, tmp_path / "plain", 2)
    fast = fitted(little_corpus, tmp_path / "fast", 2, compile=True)
    for name, value in plain.state_dict().items():
        torch.testing.assert_close(fast.state_dict()[name], value, rtol=1e-2, atol=1e-3)


def test_options_without_a_meaning_are_refused(little_corpus: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def check(speed: Speed, **settings: Any) -> None:
        module = DetectorModule(**{"network": CNN, **settings})
        trainer = pl.Trainer(accelerator="cpu", max_epochs=1, logger=False, callbacks=[speed])
        module.check_plan(trainer)

    with pytest.raises(UserError, match=r"trainer\.channels_last=true: model=mlp has no two-dimensional"):
        check(Speed(channels_last=True), network={"name": "mlp", "bins": 80})
    with pytest.raises(UserError, match=r"trainer\.compile=true .*embeddings.*loss=bce"):
        check(Speed(compiled=True), loss={"name": "supcon"})
    with pytest.raises(UserError, match=r"trainer\.fused=yes must be true or false"):
        Speed(fused="yes")  # type: ignore[arg-type]
    monkeypatch.setenv("CXX", "no-such-compiler")
    with pytest.raises(UserError, match=r"trainer\.compile=true needs a C\+\+ compiler"):
        check(Speed(compiled=True))
