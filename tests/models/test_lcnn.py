"""Properties of the two small networks that look at a picture of the whole clip: light CNN and MesoNet."""

from __future__ import annotations

from typing import Any

import pytest
import torch

from deepfake_audio.errors import UserError
from deepfake_audio.features import build_features
from deepfake_audio.models import build_network, fitted_to
from deepfake_audio.models.lcnn import MaxFeatureMap
from deepfake_audio.models.masked import largest
from deepfake_audio.models.meso import Inception

EACH = pytest.mark.parametrize(
    "settings",
    [
        {"name": "lcnn"},
        {"name": "lcnn", "channels": [8, 8], "halved": [True, False], "pooling": "attentive"},
        {"name": "meso"},
        {"name": "meso", "variant": "meso4", "pooling": "mean_std"},
    ],
    ids=["lcnn", "lcnn-attentive", "meso", "meso4"],
)


@EACH
def test_every_weight_learns(settings: dict[str, Any]) -> None:
    torch.manual_seed(0)
    network = build_network(**settings, dropout=0.0).train()
    logits = network(torch.randn(3, 80, 120), torch.tensor([120, 60, 100]))
    assert logits.shape == (3,)
    logits.square().sum().backward()
    idle = {
        name
        for name, p in network.named_parameters()
        if p.grad is None or not p.grad.isfinite().all() or p.grad.abs().max() < 1e-9
    }
    # Attention begins at equal weights, whatever its first layer says.
    assert all(name.endswith("bias") or name.startswith("pooling.weigh.0") for name in idle), idle


@EACH
@pytest.mark.parametrize("features", ["logmel", "lfcc"])
def test_padding_is_not_seen_and_dropout_is_off(settings: dict[str, Any], features: str) -> None:
    """A clip's logit is the same alone and padded, from waveform to logit, at odd and even lengths."""
    torch.manual_seed(0)
    front = build_features(features)
    network = build_network(**fitted_to(front, {**settings, "bins": None}))
    # Statistics of a batch, so that what a normalisation adds to padding is not zero.
    network(torch.randn(4, front.bins, 120) + 0.5, torch.full((4,), 120))
    network.eval()
    for samples in (7_999, 8_000, 12_345):
        waveform, length = torch.randn(1, samples), torch.tensor([samples])
        alone = network(*front(waveform, length))
        padded = network(*front(torch.nn.functional.pad(waveform, (0, 30_000)), length))
        assert torch.allclose(alone, padded, atol=1e-5)


def test_the_larger_of_two_maps() -> None:
    values = torch.tensor([[[1.0, -2.0], [3.0, 4.0], [0.0, -1.0], [5.0, 2.0]]])
    assert MaxFeatureMap()(values).tolist() == [[[1.0, -1.0], [5.0, 4.0]]]


@pytest.mark.parametrize("step", [2, 4])
def test_the_largest_of_a_clips_cells_not_of_its_padding(step: int) -> None:
    """Also where all cells lie below zero, as those of padding do not."""
    maps = -1 - torch.rand(2, 3, 5, 11)
    pooled, frames = largest(maps, torch.tensor([6, 11]), step)
    alone, _ = largest(maps[:1, ..., :6], torch.tensor([6]), step)
    assert frames.tolist() == [-(-6 // step), -(-11 // step)]
    assert torch.equal(pooled[:1, ..., : frames[0]], alone)
    assert (pooled[0, ..., frames[0] :] == 0).all() and pooled[1, ..., -1].max() < 0


def test_inception_looks_as_far_as_it_says() -> None:
    """One cell is seen by cells 0, 1, 2 and 3 away, by each quarter of the channels."""
    block = Inception(1, (1, 1, 1, 1)).double()
    for parameter in block.parameters():
        torch.nn.init.ones_(parameter) if parameter.ndim > 1 else torch.nn.init.zeros_(parameter)
    picture = torch.zeros(1, 1, 9, 9, dtype=torch.double)
    picture[..., 4, 4] = 1
    seen = block(picture)[0].amax(dim=1)
    assert [sorted({abs(int(place) - 4) for place in row.nonzero()}) for row in seen] == [
        [0],
        [0, 1],
        [0, 2],
        [0, 3],
    ]


@EACH
def test_a_waveform_is_refused(settings: dict[str, Any]) -> None:
    with pytest.raises(UserError, match=rf"model={settings['name']} looks at a picture.*features=logmel"):
        build_network(**settings, bins=1)


def test_settings_without_meaning_are_refused() -> None:
    with pytest.raises(UserError, match="channels has 2 entries and halved 1"):
        build_network("lcnn", channels=[8, 8], halved=[True])
    with pytest.raises(UserError, match="meso4 and inception"):
        build_network("meso", variant="meso5")


def test_a_batch_of_one_clip_can_be_judged_but_not_learnt_from() -> None:
    network, alone = build_network("lcnn"), (torch.randn(1, 80, 40), torch.tensor([40]))
    assert network.eval()(*alone).isfinite().all()
    with pytest.raises(UserError, match=r"raise data\.batch_size"):
        network.train()(*alone)
