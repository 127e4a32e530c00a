"""Patches: local, blind to padding, the same question everywhere."""

from __future__ import annotations

import torch

from deepfake_audio.models import build_network


def test_it_is_small_and_each_layer_halves_the_picture() -> None:
    network = build_network("patches").eval()
    assert 75_000 < sum(weight.numel() for weight in network.parameters()) < 85_000
    shown: list[tuple[int, ...]] = []
    for name in network.mapped_layers():
        network.get_submodule(name).register_forward_hook(
            lambda m, a, out: shown.append(tuple(out.shape[2:]))
        )
    network(torch.randn(1, 256, 201), torch.tensor([201]))
    assert shown == [(128, 101), (64, 51), (32, 26), (16, 13)]


def test_padding_is_not_seen() -> None:
    torch.manual_seed(0)
    network = build_network("patches", pooling="mean_std").eval()
    for frames in (37, 64, 101):
        picture = torch.randn(1, 64, frames)
        alone = network(picture, torch.tensor([frames]))
        padded = network(torch.nn.functional.pad(picture, (0, 83)), torch.tensor([frames]))
        assert torch.allclose(alone, padded, atol=1e-5)


def test_a_trace_tells_the_same_wherever_it_lies() -> None:
    """Moved by a whole patch, up or on, within silence."""
    torch.manual_seed(0)
    network = build_network("patches").eval()
    trace = torch.randn(24, 24)
    logits = []
    for high, late in ((96, 96), (112, 96), (96, 128), (144, 112)):
        picture = torch.zeros(1, 256, 256)
        picture[0, high : high + 24, late : late + 24] = trace
        logits.append(float(network(picture, torch.tensor([256]))))
    assert max(logits) - min(logits) < 1e-5
