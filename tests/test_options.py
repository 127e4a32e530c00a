"""Every option of what learns and of what from: composed, built and trained for a step, as `train` does it."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch

from deepfake_audio.building import build_run
from deepfake_audio.clips import read_clips
from deepfake_audio.fitting import fit_at_once, fits_at_once
from deepfake_audio.labels import FAKE
from deepfake_audio.runs import RunFolder

from .features.encoded import saved
from .test_configs import composed, options, plain

QUICK = (
    "data.window_seconds=0.5",
    "data.workers=0",
    "data.batch_size=8",
    "trainer.max_epochs=1",
    "trainer.accelerator=cpu",
    "trainer.enable_progress_bar=false",
    "trainer.limit_train_batches=1",
)
# The network that stands for all where something else is tried.
SMALL = ("model=cnn", "model.channels=[4,8]", "model.hidden=8")
GROUPS = ("features", "augment", "loss", "adversary", "optim", "forging", "neutral")


def trained(folder: Path, corpus: Path, *overrides: str) -> float:
    """The loss on validation after one step; raises if nothing was learnt, or what is answered is no number."""
    config = plain(composed(*QUICK, *overrides, f"clips={corpus / 'clips.csv'}"))
    clips = read_clips(corpus / "clips.csv").assign(corpus="little")
    clips.loc[clips["voice"] > "v4", "corpus"] = "other"
    clips.loc[(clips["voice"] > "v4") & (clips["label"] == FAKE), "system"] = "hum"
    module, data, trainer = build_run(config, clips, corpus, RunFolder(folder), None)
    before = {name: weight.clone() for name, weight in module.network.state_dict().items()}
    if fits_at_once(module, data, trainer, None):
        fit_at_once(module, data, trainer)
        trainer.validate(module, datamodule=data, verbose=False)
    else:
        trainer.fit(module, datamodule=data)
    after = module.network.state_dict()
    assert any(not torch.equal(weight, before[name]) for name, weight in after.items())
    assert module.scores is not None and torch.isfinite(torch.from_numpy(module.scores.logit)).all()
    return module.scores.loss


# Detectors that are fused must be trained first: tests/test_fusing.py.
@pytest.mark.parametrize("model", [model for model in options("model") if model != "fused"])
def test_a_model_with_what_it_brings_along(model: str, little_corpus: Path, tmp_path: Path) -> None:
    if model == "timm":
        pytest.importorskip("timm")
    trained(tmp_path, little_corpus, f"model={model}")


@pytest.mark.parametrize(("group", "option"), [(group, name) for group in GROUPS for name in options(group)])
def test_an_option(group: str, option: str, little_corpus: Path, tmp_path: Path) -> None:
    overrides = [*SMALL, f"{group}={option}"]
    if option == "ssl":
        pytest.importorskip("transformers")
        saved("wavlm", tmp_path / "encoder")
        overrides.append(f"features.path={tmp_path / 'encoder'}")
    if option == "waveform":
        # A picture of one row is for networks that listen to samples.
        overrides = ["model=aasist-l"]
    if option in ("two_phase", "finetune"):
        overrides = [
            "model=effnet",
            "model.version=b0",
            f"optim={option}",
            "optim.freeze_epochs=0",
            "optim.warmup_epochs=0",
        ]
    trained(tmp_path, little_corpus, *overrides)


# bench_best fuses runs: tests/test_fusing.py.
@pytest.mark.parametrize("name", [name for name in options("experiment") if name != "bench_best"])
def test_a_recipe(name: str, little_corpus: Path, tmp_path: Path) -> None:
    """As it stands, but for the corpus, weights that cannot be had everywhere, and its length."""
    encoder = []
    if name == "bench_whisper":
        pytest.importorskip("transformers")
        saved("whisper", tmp_path / "encoder")
        encoder = [f"features.path={tmp_path / 'encoder'}"]
    trained(
        tmp_path,
        little_corpus,
        f"experiment={name}",
        "corpus=toy",
        "optim.freeze_epochs=0",
        "optim.warmup_epochs=0",
        *(encoder or ["++model.pretrained=false"]),
    )
