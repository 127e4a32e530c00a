"""Properties of RawNet2."""

from __future__ import annotations

import pytest
import torch

from deepfake_audio.errors import UserError
from deepfake_audio.models import build_network
from deepfake_audio.models.rawnet2 import ScaledBlock

SMALL = {"taps": 128, "channels": [8, 8, 16, 16, 16, 16], "gru": 32, "gru_layers": 1}


def test_every_weight_learns() -> None:
    torch.manual_seed(0)
    network = build_network("rawnet2", **SMALL).train()
    logits = network(torch.randn(3, 1, 6_000), torch.tensor([6_000, 4_000, 5_000]))
    assert logits.shape == (3,)
    logits.square().sum().backward()
    idle = {
        name
        for name, p in network.named_parameters()
        if p.grad is None or not p.grad.isfinite().all() or p.grad.abs().max() < 1e-9
    }
    assert all(name.endswith("bias") for name in idle), idle


def test_as_many_parameters_as_the_baseline() -> None:
    """17.6 million, of which the GRU has 3 (1024 (in + 1024) + 2 1024) a layer."""
    with torch.device("meta"):
        gru = torch.nn.GRU(128, 1024, 3)
    expected = 3 * (1024 * (128 + 1024) + 2048) + 2 * 3 * (1024 * 2048 + 2048)
    assert sum(p.numel() for p in gru.parameters()) == expected
    total = sum(p.numel() for p in build_network("rawnet2").parameters())
    assert 17_600_000 < total < 17_650_000 and total > expected


def test_what_fills_the_padding_is_not_heard_and_dropout_is_off() -> None:
    torch.manual_seed(0)
    network = build_network("rawnet2", **SMALL, dropout=0.5).eval()
    features, frames = torch.randn(2, 1, 6_000), torch.tensor([4_000, 6_000])
    other = features.clone()
    other[0, :, 4_000:] = 5.0
    assert torch.equal(network(features, frames), network(other, frames))


def test_a_block_weighs_each_map_by_its_mean() -> None:
    torch.manual_seed(0)
    block = ScaledBlock(4, 4).eval()
    torch.nn.init.zeros_(block.settle.weight)
    torch.nn.init.zeros_(block.settle.bias)
    torch.nn.init.zeros_(block.weigh.weight)
    block.weigh.bias.data = torch.tensor([-30.0, 0.0, 30.0, 30.0])
    maps = torch.randn(1, 4, 9)
    largest = maps.unflatten(2, (3, 3)).amax(dim=3)
    share = torch.tensor([0.0, 0.5, 1.0, 1.0])[None, :, None]
    assert torch.allclose(block(maps), largest * share + share, atol=1e-6)


def test_what_it_cannot_hear_is_refused() -> None:
    with pytest.raises(UserError, match="model=rawnet2 hears the waveform"):
        build_network("rawnet2", bins=80)
    network = build_network("rawnet2", **SMALL).eval()
    with pytest.raises(UserError, match="2314: raise data"):
        network(torch.randn(1, 1, 2314), torch.tensor([2314]))
    assert network(torch.randn(1, 1, 2315), torch.tensor([2315])).isfinite().all()
    with pytest.raises(UserError, match=r"channels=\[\] must name"):
        build_network("rawnet2", channels=[])
