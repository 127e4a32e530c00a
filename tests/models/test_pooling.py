"""What poolings make of frames, against the plain formulas."""

from __future__ import annotations

import pytest
import torch
from torch import Tensor

from deepfake_audio.errors import UserError
from deepfake_audio.models import build_network
from deepfake_audio.models.pooling import POOLINGS, AttentiveStatistics, build_pooling

FRAMES = torch.tensor([1, 5, 9])


def values() -> Tensor:
    return torch.randn(3, 4, 9, generator=torch.Generator().manual_seed(0))


def stirred(name: str) -> torch.nn.Module:
    """With weights as after learning."""
    torch.manual_seed(1)
    pooling = build_pooling(name, 4)
    for weights in pooling.parameters():
        torch.nn.init.normal_(weights)
    return pooling


@pytest.mark.parametrize("name", sorted(POOLINGS))
def test_what_lies_behind_a_clip_counts_for_nothing(name: str) -> None:
    pooling, other = stirred(name), values()
    for number, length in enumerate(FRAMES.tolist()):
        other[number, :, length:] = 100.0
    found = pooling(values(), FRAMES)
    assert found.shape == (3, pooling.width)
    assert torch.allclose(found, pooling(other, FRAMES), atol=1e-6)
    for number, length in enumerate(FRAMES.tolist()):
        alone = pooling(values()[number : number + 1, :, :length], FRAMES[number : number + 1])
        assert torch.allclose(found[number : number + 1], alone, atol=1e-6)


def test_mean_and_spread_of_the_valid_frames() -> None:
    found = build_pooling("mean_std", 4)(values(), FRAMES)
    for number in (1, 2):
        heard = values()[number, :, : int(FRAMES[number])]
        assert torch.allclose(found[number, :4], heard.mean(dim=1), atol=1e-6)
        assert torch.allclose(found[number, 4:], heard.std(dim=1, correction=0), atol=1e-5)
    # One frame has no spread.
    assert (found[0, 4:] <= 1.1e-3).all()


def test_attention_begins_at_equal_weights_and_then_weighs() -> None:
    plain = build_pooling("mean_std", 4)(values(), FRAMES)
    assert torch.allclose(AttentiveStatistics(4)(values(), FRAMES), plain, atol=1e-6)
    pooling = stirred("attentive")
    heard = values()[2]
    inner, tanh, outer = pooling.weigh  # type: ignore[misc]
    scores = outer.weight[:, :, 0] @ tanh(inner.weight[:, :, 0] @ heard + inner.bias[:, None])
    weights = scores.exp() / scores.exp().sum(dim=1, keepdim=True)
    mean = (weights * heard).sum(dim=1)
    spread = ((weights * heard**2).sum(dim=1) - mean**2).sqrt()
    assert torch.allclose(pooling(values(), FRAMES)[2], torch.cat([mean, spread]), atol=1e-4)


@pytest.mark.parametrize("name", sorted(POOLINGS))
def test_silence_has_a_finite_slope(name: str) -> None:
    nothing = torch.zeros(2, 4, 6, requires_grad=True)
    build_pooling(name, 4)(nothing, torch.tensor([6, 3])).sum().backward()
    assert nothing.grad is not None and nothing.grad.isfinite().all()


def test_a_network_takes_any_of_them_and_the_mean_adds_no_weights() -> None:
    features, frames = torch.randn(2, 80, 60), torch.tensor([60, 31])
    for name in POOLINGS:
        for model in ("cnn", "ssl"):
            assert build_network(model, pooling=name)(features, frames).shape == (2,)
    assert not [key for key in build_network("cnn").state_dict() if key.startswith("pooling")]
    with pytest.raises(UserError, match=r"model\.pooling=max.*attentive, mean, mean_std"):
        build_network("cnn", pooling="max")
