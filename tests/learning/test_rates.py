"""How fast what learns: the curves against their formulas, and each layer's own share."""

from __future__ import annotations

import math

import pytest
import torch
from torch import nn

from deepfake_audio.errors import UserError
from deepfake_audio.learning.groups import build_optimiser, groups_of, layers_of
from deepfake_audio.learning.rates import Rates, ramp
from deepfake_audio.models import build_network

from .batches import built, loader, trainer


@pytest.mark.parametrize("schedule", ["cosine", "linear", "constant"])
def test_curves(schedule: str) -> None:
    for epoch in range(10):
        expected = {
            "cosine": (1 + math.cos(math.pi * epoch / 10)) / 2,
            "linear": 1 - epoch / 10,
            "constant": 1.0,
        }
        share = Rates(schedule=schedule).of_new(epoch, planned=10)
        assert share == pytest.approx(expected[schedule])


def test_a_warm_up_climbs_straight_and_the_schedule_has_what_is_left() -> None:
    rates = Rates(schedule="linear", warmup_epochs=2)
    shares = [rates.of_new(epoch, planned=6) for epoch in (0.0, 0.5, 1.0, 2.0, 4.0, 6.0)]
    assert shares == pytest.approx([0, 0.25, 0.5, 1, 0.5, 0])


def test_with_a_warm_up_each_step_has_a_rate_of_its_own() -> None:
    """24 clips in batches of 8: 3 steps an epoch, of which 2 epochs; the rate that each step was made with."""
    seen: list[float] = []
    module = built(lr=1.0, schedule="linear", warmup_epochs=1)
    step = module.optimizer_step

    def watched(epoch: int, batch_idx: int, optimizer: torch.optim.Optimizer, closure: object) -> None:
        seen.append(optimizer.param_groups[0]["lr"])
        step(epoch, batch_idx, optimizer, closure)  # type: ignore[arg-type]

    module.optimizer_step = watched  # type: ignore[method-assign, assignment]
    trainer(2).fit(module, loader())
    assert seen == pytest.approx([1 / 6, 3 / 6, 5 / 6, 5 / 6, 3 / 6, 1 / 6])


def test_layers_of_efficientnet_front_to_back() -> None:
    backbone = build_network("effnet", version="b0").backbone()
    assert backbone is not None
    layers = layers_of(backbone)
    # The stem, 16 blocks, the last convolution; normalisations stand with what they follow.
    assert len(layers) == 18
    assert [id(p) for layer in layers for p in layer] == [id(p) for p in backbone.parameters()]
    assert layers[1][0] is next(backbone._blocks[0].parameters())  # type: ignore[index]


def test_layers_of_a_transformer() -> None:
    """Positions belong to the first layer, whatever stands deep in lists is found, and nothing twice."""

    class Inner(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.norm = nn.LayerNorm(4)
            self.layers = nn.ModuleList(nn.Sequential(nn.Linear(4, 4), nn.Linear(4, 4)) for _ in range(3))

    class Transformer(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.position = nn.Parameter(torch.zeros(1, 4))
            self.stem = nn.Conv1d(1, 4, 3)
            self.encoder = Inner()
            self.tied = self.stem

    backbone = Transformer()
    layers = layers_of(backbone)
    # The stem with the positions and the norm; three layers.
    assert [len(layer) for layer in layers] == [5, 4, 4, 4]
    assert layers[0][0] is backbone.position
    assert {id(p) for layer in layers for p in layer} == {id(p) for p in backbone.parameters()}


def test_layers_learn_the_slower_the_nearer_they_are_to_the_input() -> None:
    network = build_network("effnet", version="b0")
    rates = Rates(lr=1e-2, layer_decay=0.5, schedule="constant")
    told = build_optimiser(groups_of(network, None, rates), rates, 0.0, 10, lambda: 1.0)
    groups = told["optimizer"].param_groups
    assert [group["lr"] for group in groups] == pytest.approx([1e-2 * 0.5**behind for behind in range(19)])
    head = {id(p) for p in network.head.parameters()}  # type: ignore[union-attr]
    assert {id(p) for p in groups[0]["params"]} == head
    assert groups[-1]["params"][0] is next(network.backbone().parameters())  # type: ignore[union-attr]
    assert sum(len(group["params"]) for group in groups) == len(list(network.parameters()))


def test_two_phases_and_layers_go_together() -> None:
    network = build_network("effnet", version="b0")
    rates = Rates(freeze_epochs=1, finetune_scale=0.1, layer_decay=0.5, schedule="constant")
    new, last, *_ = groups_of(network, None, rates)
    assert [new.share(epoch, 3) for epoch in (0, 1)] == pytest.approx([1, 0.1])
    assert [last.share(epoch, 3) for epoch in (0, 1)] == pytest.approx([0, 0.05])


def test_the_ramp() -> None:
    assert ramp(0) == 0
    assert ramp(0.5) > 0.98
    assert ramp(0.1) == pytest.approx(math.tanh(0.5))


def test_what_cannot_be_is_said() -> None:
    for settings, told in (
        ({"schedule": "steps"}, "optim.schedule=steps"),
        ({"warmup_epochs": -1}, "warmup_epochs"),
        ({"layer_decay": 0}, "layer_decay"),
        ({"lr": 0}, "lr"),
    ):
        with pytest.raises(UserError, match=told):
            Rates(**settings)  # type: ignore[arg-type]
    with pytest.raises(UserError, match="layer_decay needs a pretrained model"):
        trainer(1).fit(built(layer_decay=0.5), loader())
    with pytest.raises(UserError, match="warmup_epochs=3 leaves nothing"):
        trainer(2).fit(built(warmup_epochs=3), loader())
