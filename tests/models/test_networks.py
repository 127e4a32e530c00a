"""Properties of the networks, and pretrained weights in a one-channel stem."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import torch
from efficientnet_pytorch import EfficientNet

from deepfake_audio.errors import UserError
from deepfake_audio.features import build_features
from deepfake_audio.models import build_network, fitted_to
from deepfake_audio.models.network import mean_over_time, repeated_over_padding


@pytest.mark.parametrize("name", ["cnn", "effnet"])
def test_one_logit_a_window_and_every_weight_learns(name: str) -> None:
    torch.manual_seed(0)
    network = build_network(name, dropout=0.0).train()
    logits = network(torch.randn(3, 80, 120), torch.tensor([120, 60, 100]))
    assert logits.shape == (3,)
    logits.sum().backward()
    assert all(p.grad is not None and p.grad.isfinite().all() for p in network.parameters())


def test_the_cnn_is_small() -> None:
    assert sum(p.numel() for p in build_network("cnn").parameters()) < 1_000_000


def test_the_cnn_does_not_see_padding() -> None:
    """A clip's logit is the same alone and padded, from waveform to logit, at odd and even lengths."""
    torch.manual_seed(0)
    network, features = build_network("cnn").eval(), build_features("logmel")
    for samples in (7_999, 8_000, 12_345):
        waveform, length = torch.randn(1, samples), torch.tensor([samples])
        alone = network(*features(waveform, length))
        padded = network(*features(torch.nn.functional.pad(waveform, (0, 30_000)), length))
        assert torch.allclose(alone, padded, atol=1e-5)


@pytest.mark.parametrize("name", ["cnn", "effnet"])
def test_dropout_is_off_in_evaluation(name: str) -> None:
    network = build_network(name, dropout=0.5).eval()
    batch = torch.randn(2, 80, 100), torch.tensor([100, 100])
    assert torch.equal(network(*batch), network(*batch))


def test_effnet_does_not_see_what_fills_the_padding() -> None:
    torch.manual_seed(0)
    network, frames = build_network("effnet").eval(), torch.tensor([50, 120])
    features = torch.randn(2, 80, 120)
    other = features.clone()
    other[0, :, 50:] = 5.0
    assert torch.equal(network(features, frames), network(other, frames))


def test_a_short_clip_is_repeated_to_the_windows_end() -> None:
    features = torch.arange(4.0).repeat(2, 1, 1)
    filled = repeated_over_padding(features, torch.tensor([3, 4]))
    assert filled[:, 0].tolist() == [[0, 1, 2, 0], [0, 1, 2, 3]]


def test_mean_over_valid_frames_only() -> None:
    values = torch.tensor([[[1.0, 3.0, 100.0]], [[1.0, 2.0, 6.0]]])
    assert mean_over_time(values, torch.tensor([2, 3])).tolist() == [[2.0], [3.0]]


@pytest.fixture(scope="module")
def imagenet_like(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, EfficientNet]:
    """A file of the shape of the published ImageNet weights, and the three-channel network it belongs to."""
    torch.manual_seed(0)
    original = EfficientNet.from_name("efficientnet-b2", image_size=None).eval()
    path = tmp_path_factory.mktemp("weights") / "efficientnet-b2.pth"
    torch.save(original.state_dict(), path)
    return path, original


def test_a_grey_picture_gives_what_it_gave_before(imagenet_like: tuple[Path, EfficientNet]) -> None:
    path, original = imagenet_like
    network = build_network("effnet").eval()
    network.load_pretrained(path)
    grey = torch.randn(2, 1, 80, 120)
    with torch.inference_mode():
        expected = original.extract_features(grey.expand(-1, 3, -1, -1))
        assert torch.allclose(network.body.extract_features(grey), expected, atol=1e-4, rtol=1e-3)


def test_weights_that_cannot_be_had_stop_with_both_ways_out(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """With an empty cache and an address where nothing listens, as on a machine without a network."""
    monkeypatch.setenv("TORCH_HOME", str(tmp_path))
    monkeypatch.setattr(
        "deepfake_audio.models.effnet.url_map",
        {"efficientnet-b2": "http://127.0.0.1:9/efficientnet-b2-8bb594d6.pth"},
    )
    with pytest.raises(UserError, match=r"model\.weights=FILE.*model\.pretrained=false"):
        build_network("effnet").load_pretrained(None)


def test_wrong_weights_are_refused(tmp_path: Path) -> None:
    network = build_network("effnet")
    before = {key: value.clone() for key, value in network.state_dict().items()}
    text, other, small = tmp_path / "a.pth", tmp_path / "b.pth", tmp_path / "c.pth"
    text.write_text("not weights")
    torch.save({"layer": torch.zeros(1)}, other)
    torch.save(EfficientNet.from_name("efficientnet-b0").state_dict(), small)
    cases = (
        (text, "cannot be read"),
        (other, "no EfficientNet"),
        (small, "does not fit"),
        (tmp_path / "d", "is missing"),
    )
    for path, message in cases:
        with pytest.raises(UserError, match=message):
            network.load_pretrained(path)
    with pytest.raises(UserError, match="no pretrained weights"):
        build_network("cnn").load_pretrained(None)
    assert before.keys() == network.state_dict().keys()


@pytest.mark.parametrize(
    ("name", "wrong", "message"),
    [
        ("cnn", {"channels": []}, "channels=\\[\\] must name one layer or more"),
        ("cnn", {"channels": [8, 0]}, "channels=\\[8, 0\\] must name"),
        ("cnn", {"hidden": 0}, "hidden=0"),
        ("patches", {"channels": [2.5]}, "channels"),
        ("lcnn", {"channels": [], "halved": []}, "channels"),
        ("meso", {"width": -1}, "width=-1"),
        ("ssl", {"hidden": -1}, "hidden=-1"),
        ("aasist", {"graph_width": 0}, "graph_width=0"),
        ("rawnet2", {"gru": 0}, "gru=0"),
    ],
)
def test_layers_without_a_width_are_refused(name: str, wrong: dict[str, Any], message: str) -> None:
    """They would learn what share of the clips is fake, and nothing else, without a word."""
    with pytest.raises(UserError, match=rf"model\.{message}"):
        build_network(name, **wrong)


def test_a_height_that_is_not_the_features_is_refused() -> None:
    features = build_features("logmel", n_mels=40)
    assert fitted_to(features, {"name": "cnn", "bins": None})["bins"] == 40
    assert fitted_to(features, {"name": "cnn", "bins": 40})["bins"] == 40
    with pytest.raises(UserError, match=r"model\.bins=80 but the features have 40 rows"):
        fitted_to(features, {"name": "cnn", "bins": 80})


def test_unknown_names() -> None:
    with pytest.raises(UserError, match=r"'resnet'.*cnn, .*effnet"):
        build_network("resnet")
    with pytest.raises(UserError, match="b0 to b7"):
        build_network("effnet", version="b9")
