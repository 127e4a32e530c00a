"""Encoders against transformers' own, their layers, and what freezing means."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import Tensor
from torch.nn.functional import layer_norm

from deepfake_audio.errors import UserError
from deepfake_audio.features.ssl import SSL, described

from .encoded import KINDS, saved

transformers = pytest.importorskip("transformers")


@pytest.fixture(scope="module", params=KINDS)
def model(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Any]:
    """A folder, and the model that transformers saved there."""
    folder = tmp_path_factory.mktemp(request.param)
    return folder, saved(request.param, folder)


def front(folder: Path, **settings: Any) -> SSL:
    made = SSL(**described(str(folder), **settings)).eval()
    made.load(folder)
    return made


def clips(count: int = 2, samples: int = 16_000) -> Tensor:
    return 0.1 * torch.randn(count, samples, generator=torch.Generator().manual_seed(0)) + 0.02


@torch.inference_mode()
def states_of(model: Any, folder: Path, waveform: Tensor) -> list[Tensor]:
    """By transformers alone: its extractor, its model."""
    extractor = transformers.AutoFeatureExtractor.from_pretrained(folder)
    heard = extractor(list(waveform.numpy()), sampling_rate=16_000, return_tensors="pt")
    if "input_features" in heard:
        answer = model.encoder(heard["input_features"], output_hidden_states=True)
    else:
        answer = model(heard["input_values"], output_hidden_states=True)
    return [*answer.hidden_states[:-1], answer.last_hidden_state]


@torch.inference_mode()
def test_states_are_those_of_transformers(model: tuple[Path, Any]) -> None:
    folder, original = model
    expected = states_of(original, folder, clips())
    found = front(folder).encoder(clips())
    assert len(found) == len(expected) == 3
    for ours, theirs in zip(found, expected, strict=True):
        assert theirs.std() > 1e-3
        assert torch.allclose(ours, theirs, atol=1e-4 * float(theirs.abs().max()))


@torch.inference_mode()
def test_one_layer_is_that_layer_and_what_lies_above_is_left_out(model: tuple[Path, Any]) -> None:
    folder, original = model
    expected = states_of(original, folder, clips())
    whole = sum(weights.numel() for weights in front(folder).parameters())
    for layer, state in enumerate(expected):
        made = front(folder, layers=layer)
        picture, frames = made(clips(), torch.tensor([16_000, 16_000]))
        assert picture.shape == (2, made.bins, state.shape[1]) and frames.tolist() == [state.shape[1]] * 2
        wanted = layer_norm(state, state.shape[-1:]).transpose(1, 2)
        assert torch.allclose(picture, wanted, atol=1e-3)
        assert sum(weights.numel() for weights in made.parameters()) < whole


@torch.inference_mode()
def test_a_clip_gives_what_it_gives_alone(model: tuple[Path, Any]) -> None:
    """Among longer ones, and whatever fills its padding; to 1e-4 of values around 1."""
    made = front(model[0])
    lengths = torch.tensor([7_777, 16_000, 12_345, 16_000, 90])
    batch = clips(5)
    for number, length in enumerate(lengths.tolist()):
        batch[number, length:] = 3.0
    pictures, frames = made(batch, lengths)
    for number, length in enumerate(lengths.tolist()):
        alone, count = made(batch[number : number + 1, :length], lengths[number : number + 1])
        assert count == frames[number] >= 1
        assert torch.allclose(pictures[number : number + 1, :, : int(count)], alone, atol=1e-4)
        assert not pictures[number, :, int(count) :].any()


@torch.inference_mode()
def test_mixed_precision_is_near(model: tuple[Path, Any]) -> None:
    made, lengths = front(model[0]), torch.tensor([16_000, 9_000])
    exact, _ = made(clips(), lengths)
    with torch.autocast("cpu", dtype=torch.bfloat16):
        near, _ = made(clips(), lengths)
    assert near.dtype == torch.float32 and 0 < (near - exact).abs().mean() < 0.1


def test_the_weights_of_layers_learn_and_a_frozen_encoder_does_not(model: tuple[Path, Any]) -> None:
    for frozen in (True, False):
        made = front(model[0], frozen=frozen).train()
        # What two-phase fine-tuning does to every backbone.
        made.encoder.requires_grad_(True)
        made.encoder.train()
        assert made.encoder.body.training is not frozen
        waveform = clips().requires_grad_()
        (made(waveform, torch.tensor([16_000, 9_000]))[0] ** 3).sum().backward()
        assert made.weights is not None and made.weights.grad is not None and made.weights.grad.any()
        # Explanations ask what a sample adds, whether the encoder learns or not.
        assert waveform.grad is not None and waveform.grad.any()
        learning = [name for name, weights in made.encoder.named_parameters() if weights.requires_grad]
        assert bool(learning) is not frozen
        assert all(weights.grad is not None for weights in made.encoder.parameters() if weights.requires_grad)


def test_training_twice_draws_alike(model: tuple[Path, Any]) -> None:
    """Nothing comes from numpy's generator, which no seed of an epoch reaches."""
    made = front(model[0], frozen=False).train()
    found = []
    for _ in range(2):
        torch.manual_seed(3)
        found.append(made(clips(), torch.tensor([16_000, 16_000]))[0])
    assert torch.equal(*found)


@torch.inference_mode()
def test_loudness_is_lost_where_clips_are_normalised(tmp_path: Path) -> None:
    """Whisper's own extractor leaves it."""
    saved("whisper", tmp_path)
    length = torch.tensor([16_000, 16_000])
    plain, normalised = front(tmp_path), front(tmp_path, normalize=True)
    assert torch.allclose(normalised(clips(), length)[0], normalised(10 * clips(), length)[0], atol=1e-3)
    assert not torch.allclose(plain(clips(), length)[0], plain(10 * clips(), length)[0], atol=1e-3)


def test_whisper_tells_how_long_it_can_listen(tmp_path: Path) -> None:
    saved("whisper", tmp_path)
    with pytest.raises(UserError, match=r"up to 1 s.*window_seconds"):
        front(tmp_path)(clips(1, 17_000), torch.tensor([17_000]))


def test_what_cannot_be_an_encoder_is_refused(tmp_path: Path) -> None:
    saved("wavlm", tmp_path / "wavlm")
    plain = described(str(tmp_path / "wavlm"))
    (tmp_path / "bert").mkdir()
    (tmp_path / "bert" / "config.json").write_text(json.dumps({"model_type": "bert"}))
    (tmp_path / "bare").mkdir()
    (tmp_path / "bare" / "config.json").write_text((tmp_path / "wavlm" / "config.json").read_text())
    for settings, message in (
        ({"path": None}, "path is not said"),
        ({"path": str(tmp_path / "bert")}, "wavlm, whisper, and this model is a bert"),
        ({"path": str(tmp_path)}, "no model of transformers"),
        ({"path": str(tmp_path / "wavlm"), "sample_rate": 8_000}, "listens at 16000"),
        ({"path": str(tmp_path / "wavlm"), "layers": 3}, "it has 2"),
        ({"path": str(tmp_path / "wavlm"), "layers": "all"}, "weighted, or a layer's number"),
    ):
        with pytest.raises(UserError, match=message):
            SSL(**described(**settings))
    with pytest.raises(UserError, match="weights of"):
        SSL(**plain).load(tmp_path / "bare")
    wider = SSL(**{**plain, "config": {**plain["config"], "intermediate_size": 64}})
    with pytest.raises(UserError, match=r"does not hold|cannot be had"):
        wider.load(tmp_path / "wavlm")
    assert str(tmp_path) not in json.dumps(plain)
