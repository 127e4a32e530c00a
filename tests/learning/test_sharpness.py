"""Sharpness-aware steps against what they come to on paper."""

from __future__ import annotations

from typing import Any

import pytest
import torch
from torch import nn

from deepfake_audio.errors import UserError
from deepfake_audio.learning.sharpness import uphill

from .batches import built, fitted, loader, same, trainer, weights


class Bowl(nn.Module):
    """Half of a w1^2 + b w2^2."""

    def __init__(self) -> None:
        super().__init__()
        self.w = nn.Parameter(torch.tensor([3.0, -4.0], dtype=torch.double))
        self.slopes = torch.tensor([1.0, 5.0], dtype=torch.double)

    def forward(self) -> torch.Tensor:
        return 0.5 * (self.slopes * self.w.square()).sum()


def test_a_step_on_a_quadratic() -> None:
    """Gradient A(w + rho Aw/|Aw|), and a step of plain descent along it."""
    bowl, rho, lr = Bowl(), 0.3, 0.1
    w, slopes = bowl.w.detach().clone(), bowl.slopes
    bowl().backward()
    with uphill(bowl, rho):
        bowl.zero_grad()
        bowl().backward()
    assert torch.equal(bowl.w, w), "back where it stood, to the last bit"
    first = slopes * w
    expected = slopes * (w + rho * first / first.norm())
    torch.testing.assert_close(bowl.w.grad, expected)
    torch.optim.SGD([bowl.w], lr).step()
    torch.testing.assert_close(bowl.w.detach(), w - lr * expected)


def test_it_climbs_by_rho_and_leaves_statistics_alone() -> None:
    network = nn.Sequential(nn.Linear(3, 4), nn.BatchNorm1d(4), nn.Linear(4, 1))
    network(torch.randn(8, 3)).square().mean().backward()
    before = weights(network)
    with uphill(network, 0.5):
        moved = torch.stack([(p - before[name]).norm() for name, p in network.named_parameters()]).norm()
        assert moved.item() == pytest.approx(0.5, rel=1e-4)
        network(torch.randn(8, 3) + 10)
        assert not torch.equal(network[1].running_mean, before["1.running_mean"])
    assert same(network.state_dict(), before)


def test_a_flat_place_is_left_in_peace() -> None:
    layer = nn.Linear(2, 1)
    (layer(torch.ones(1, 2)) * 0).sum().backward()
    before = weights(layer)
    with uphill(layer, 1.0):
        assert same(layer.state_dict(), before)


def by_hand(rho: float, clip: float, **settings: Any) -> nn.Module:
    """One epoch of sharpness-aware training, written out."""
    network = built(**settings).network.train()
    optimiser = torch.optim.AdamW(network.parameters(), lr=1e-3, weight_decay=1e-2)
    loss = nn.BCEWithLogitsLoss()
    for batch in loader():
        wanted = batch["label"].float()
        optimiser.zero_grad()
        loss(network(batch["features"], batch["frames"]), wanted).backward()
        kept = weights(network)
        gradients = [p.grad.clone() for p in network.parameters()]  # type: ignore[union-attr]
        length = torch.stack([gradient.norm() for gradient in gradients]).norm()
        with torch.no_grad():
            for parameter, gradient in zip(network.parameters(), gradients, strict=True):
                parameter += rho * gradient / length
        optimiser.zero_grad()
        loss(network(batch["features"], batch["frames"]), wanted).backward()
        network.load_state_dict(kept)
        nn.utils.clip_grad_norm_(network.parameters(), clip)
        optimiser.step()
    return network


def test_training_with_clipping_by_hand() -> None:
    changes = {"gradient_clip_val": 0.1}
    module, _ = fitted(1, sam_rho=0.05, changes=changes)
    expected = by_hand(0.05, 0.1).state_dict()
    for key, value in module.network.state_dict().items():
        torch.testing.assert_close(value, expected[key], atol=1e-5, rtol=1e-4)
    plain, _ = fitted(1, changes=changes)
    assert not torch.allclose(plain.network.head[-1].weight, module.network.head[-1].weight, atol=1e-5)


def test_the_loss_that_is_told_is_that_of_the_weights_as_they_are() -> None:
    """In the first step of a run, with weights that are the same as without."""
    once = {"limit_train_batches": 1, "limit_val_batches": 0}
    told = [
        float(fitted(1, sam_rho=rho, changes=once)[1].callback_metrics["train_loss"]) for rho in (0.0, 5.0)
    ]
    assert told[0] == told[1]


def test_half_steps_are_refused() -> None:
    with pytest.raises(UserError, match="accumulate_grad_batches=1"):
        trainer(1, accumulate_grad_batches=2).fit(built(sam_rho=0.05), loader())
