"""timm's backbones: pretrained weights in a one-channel stem, maps for explanations, and names it does not know."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch
from efficientnet_pytorch import EfficientNet
from safetensors.torch import save_file
from torch import nn

from deepfake_audio.errors import UserError
from deepfake_audio.explaining.attribution import gradcam
from deepfake_audio.models import build_network
from deepfake_audio.models.timm import Timm

timm = pytest.importorskip("timm")

SMALL = "mobilenetv3_small_050"


def learnt(model: nn.Module) -> nn.Module:
    """Weights and statistics as after learning: as they are made, nothing comes through many layers."""
    torch.manual_seed(0)
    for layer in model.modules():
        if isinstance(layer, nn.BatchNorm2d):
            nn.init.uniform_(layer.weight, 0.5, 1.5)
            nn.init.normal_(layer.bias, std=0.1)
            layer.running_mean.normal_(0, 0.1)  # type: ignore[union-attr]
            layer.running_var.uniform_(0.5, 1.5)  # type: ignore[union-attr]
        elif isinstance(layer, nn.Conv2d):
            nn.init.kaiming_normal_(layer.weight)
    return model.eval()


@pytest.mark.parametrize("backbone", [SMALL, "convnext_atto"])
def test_a_grey_picture_gives_what_it_gave_before(backbone: str, tmp_path: Path) -> None:
    """Against timm's own network for pictures in colour, whose file is read."""
    original = learnt(timm.create_model(backbone, global_pool=""))
    save_file(original.state_dict(), tmp_path / "weights.safetensors")
    torch.save({"state_dict": original.state_dict()}, tmp_path / "weights.pth")
    grey = torch.randn(2, 1, 80, 97)
    original.reset_classifier(0, "")  # type: ignore[operator]
    with torch.inference_mode():
        expected = original(grey.expand(-1, 3, -1, -1))
    for file in ("weights.safetensors", "weights.pth"):
        network = Timm(backbone).eval()
        network.load_pretrained(tmp_path / file)
        with torch.inference_mode():
            found = network.body(grey)
        assert expected.std() > 1e-3
        assert torch.allclose(found, expected, atol=1e-4 * float(expected.abs().max()))


def test_weights_under_the_names_of_efficientnet_pytorch(tmp_path: Path) -> None:
    """Against that package's own network. The ImageNet weights of the lite versions are spread in this form."""
    original = learnt(EfficientNet.from_name("efficientnet-b0", image_size=None))
    torch.save(original.state_dict(), tmp_path / "b0.pth")
    network = Timm("tf_efficientnet_b0").eval()
    network.load_pretrained(tmp_path / "b0.pth")
    grey = torch.randn(2, 1, 80, 97)
    with torch.inference_mode():
        expected = original.extract_features(grey.expand(-1, 3, -1, -1))
        assert expected.std() > 1e-3
        assert torch.allclose(network.body(grey), expected, atol=1e-4 * float(expected.abs().max()))


def test_what_fills_the_padding_is_not_seen() -> None:
    network, frames = learnt(Timm(SMALL)), torch.tensor([50, 120])
    features = torch.randn(2, 80, 120)
    other = features.clone()
    other[0, :, 50:] = 5.0
    logits = network(features, frames)
    assert torch.equal(logits, network(other, frames))
    assert logits[0] != logits[1]


def test_every_layer_with_maps_explains() -> None:
    network = learnt(Timm(SMALL))
    assert network.mapped_layers()[-1] == "maps" and len(network.mapped_layers()) >= 4  # type: ignore[operator]
    for layer in network.mapped_layers():  # type: ignore[operator]
        evidence = gradcam(network, torch.randn(1, 80, 120), torch.tensor([120]), layer).evidence  # type: ignore[arg-type]
        assert evidence.shape == (80, 120) and evidence.any()


@pytest.mark.parametrize(
    ("backbone", "weights"),
    [
        # The convolutions' 14,714,688 in the paper's configuration D, less two of three colours in the stem.
        ("vgg16", 14_714_688 - 2 * 64 * 9),
        # 22,855,952 with the classifier of 1,000 (Keras' table rounds to 22.9 M).
        ("legacy_xception", 22_855_952 - 2_049_000 - 2 * 32 * 9),
    ],
)
def test_known_backbones_have_the_weights_they_are_known_for(backbone: str, weights: int) -> None:
    with torch.device("meta"):
        network = Timm(backbone)
    assert sum(values.numel() for values in network.backbone().parameters()) == weights


def test_what_takes_no_such_picture_is_refused() -> None:
    for backbone, bins, message in (
        ("mobilenet_v3_smal", 80, "no backbone of timm: did you mean mobile"),
        ("vit_tiny_patch16_224", 80, "takes no picture of 80 rows"),
        ("dla34", 80, "takes no picture of 80 rows"),
        ("vgg11", 20, "takes no picture of 20 rows"),
        (SMALL, 1, "one row: choose features=logmel"),
    ):
        with torch.device("meta"), pytest.raises(UserError, match=message):
            Timm(backbone, bins=bins)


def test_wrong_weights_are_refused_and_change_nothing(tmp_path: Path) -> None:
    network = Timm(SMALL)
    before = {key: value.clone() for key, value in network.state_dict().items()}
    state = network.body.state_dict()
    half = {key: value for key, value in state.items() if key != "conv_head.weight"}
    torch.save(half, tmp_path / "half.pth")
    torch.save({**state, "conv_head.weight": torch.zeros(3, 3)}, tmp_path / "shape.pth")
    torch.save(EfficientNet.from_name("efficientnet-b0").state_dict(), tmp_path / "other.pth")
    for name, message in (
        ("half", r"conv_head\.weight is missing"),
        ("shape", r"does not fit.*conv_head"),
        ("other", "does not fit"),
        ("none", r"none\.pth is missing"),
    ):
        with pytest.raises(UserError, match=message):
            network.load_pretrained(tmp_path / f"{name}.pth")
    assert all(torch.equal(value, before[key]) for key, value in network.state_dict().items())


def test_pictures_may_be_higher_than_they_are_long() -> None:
    """As those of features=spectrum are, and of an encoder."""
    network = Timm(SMALL, bins=256).eval()
    assert network(torch.randn(1, 256, 90), torch.tensor([90])).isfinite().all()
    assert network.stages


def test_weights_that_cannot_be_had_stop_with_both_ways_out(monkeypatch: pytest.MonkeyPatch) -> None:
    """As on a machine without a network, whose cache is empty."""
    constants = pytest.importorskip("huggingface_hub.constants")
    monkeypatch.setattr(constants, "HF_HUB_OFFLINE", True)
    monkeypatch.setattr(constants, "HF_HUB_CACHE", "nowhere")
    with pytest.raises(UserError, match=r"model\.weights=FILE.*model\.pretrained=false"):
        build_network("timm", backbone=SMALL).load_pretrained(None)
