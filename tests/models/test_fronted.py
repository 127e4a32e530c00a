"""A network behind a pretrained encoder: what it is built of, and that a detector holds all of it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from deepfake_audio.detector import load_detector, save_detector
from deepfake_audio.errors import UserError
from deepfake_audio.features import build_features
from deepfake_audio.models import assembled, build_network
from tests.features.encoded import saved

pytest.importorskip("transformers")

HEAD: dict[str, Any] = {"name": "ssl", "bins": None, "hidden": 4, "dropout": 0.0, "pooling": "attentive"}


@pytest.fixture(scope="module")
def wavlm(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("wavlm")
    saved("wavlm", folder)
    return folder


def settings(folder: Path, **more: Any) -> dict[str, Any]:
    return {"name": "ssl", "path": str(folder), **more}


def test_other_features_stay_as_they_are() -> None:
    features, network = {"name": "logmel", "n_mels": 40}, {"name": "cnn", "bins": None}
    assert assembled(features, network) == (features, network)


def test_all_that_is_told_is_plain_and_names_no_place(wavlm: Path, tmp_path: Path) -> None:
    features, network = assembled(settings(wavlm), HEAD)
    assert features == {"name": "waveform", "sample_rate": 16_000} and network["bins"] == 16
    assert json.loads(json.dumps(network)) == network
    torch.save(network, tmp_path / "hparams")
    assert torch.load(tmp_path / "hparams", weights_only=True) == network
    assert str(wavlm) not in json.dumps([features, network])


@pytest.mark.parametrize("kind", ["wav2vec2", "whisper"])
def test_a_detector_needs_no_folder_but_its_own(kind: str, tmp_path: Path) -> None:
    saved(kind, tmp_path / "encoder")
    features, network = assembled(settings(tmp_path / "encoder", layers=1), HEAD)
    made = build_network(**network).eval()
    before = made.state_dict()[
        "front.encoder.body.layers.0.fc1.weight"
        if kind == "whisper"
        else "front.encoder.body.encoder.layers.0.feed_forward.output_dense.weight"
    ].clone()
    made.load_pretrained(tmp_path / "encoder")
    wave = 0.1 * np.random.default_rng(0).normal(size=14_000).astype(np.float32)
    with torch.inference_mode():
        picture = build_features(**features)(torch.from_numpy(wave)[None], torch.tensor([14_000]))
        logit = float(made(*picture))
    config = {
        "features": features,
        "window_samples": 16_000,
        "network": network,
        "threshold": {"threshold": 0.5},
    }
    save_detector(tmp_path / "detector", config, made.state_dict())
    (tmp_path / "encoder").rename(tmp_path / "gone")
    detector = load_detector(tmp_path / "detector")
    assert detector.predict_waveform(wave).logit == pytest.approx(logit, abs=1e-5)
    weights = detector.network.state_dict()
    assert not any(torch.equal(before, value) for value in weights.values())


@pytest.mark.parametrize(
    "model", [{"name": "cnn", "channels": [4, 8]}, {"name": "timm", "backbone": "resnet10t"}]
)
def test_any_network_for_pictures_comes_behind_it(model: dict[str, Any], wavlm: Path) -> None:
    _, network = assembled(settings(wavlm), {**model, "bins": None})
    made = build_network(**network).eval()
    waveform, samples = 0.1 * torch.randn(3, 1, 8_000), torch.tensor([8_000, 6_001, 3_000])
    with torch.inference_mode():
        logits = made(waveform, samples)
        waveform[1, :, 6_001:] = 9.0
        assert torch.allclose(made(waveform, samples), logits, atol=1e-5)


def test_the_encoder_is_the_backbone_and_the_weights_of_its_layers_are_new(wavlm: Path) -> None:
    made = build_network(**assembled(settings(wavlm, frozen=False), HEAD)[1])
    backbone = made.backbone()
    assert backbone is not None
    old = {id(weights) for weights in backbone.parameters()}
    new = {name for name, weights in made.named_parameters() if id(weights) not in old}
    assert "front.weights" in new and all(name.startswith(("front.weights", "network.")) for name in new)
    logits, embedding = made.with_embedding(0.1 * torch.randn(2, 1, 8_000), torch.tensor([8_000, 5_000]))
    assert embedding.shape == (2, 4)
    logits.sum().backward()
    assert all(weights.grad is not None for weights in made.parameters())


def test_what_does_not_go_together_is_refused(wavlm: Path) -> None:
    made = build_network(**assembled(settings(wavlm), HEAD)[1])
    with pytest.raises(UserError, match="features=waveform"):
        made(torch.zeros(1, 80, 100), torch.tensor([100]))
    for model in ("cnn", "ssl", "timm"):
        with pytest.raises(UserError, match=f"model={model} looks at a picture"):
            build_network(model, bins=1)
    with pytest.raises(UserError, match="model=effnet looks at a picture"):
        build_network("effnet", version="b0")(torch.zeros(1, 1, 100), torch.tensor([100]))
    with pytest.raises(UserError, match=r"features\.path"):
        made.load_pretrained(None)
    with pytest.raises(UserError, match=r"model\.bins=80 but the features have 16 rows"):
        assembled(settings(wavlm), HEAD | {"bins": 80})
    with pytest.raises(UserError, match="front 'logmel' is not known"):
        build_network(**HEAD | {"bins": 80}, front={"name": "logmel"})
