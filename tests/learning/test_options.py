"""Every option trains, alone and with the others; without any, training is the plain loop that one would write."""

from __future__ import annotations

import copy
import math
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import nn

from deepfake_audio.errors import UserError
from deepfake_audio.learning.losses import LOSSES
from deepfake_audio.models import build_network

from .batches import CNN, built, fitted, loader, same, trainer, weights

ADVERSARY = {"column": "corpus", "domains": 3}
OPTIONS: list[dict[str, Any]] = [
    *({"loss": {"name": name}} for name in sorted(LOSSES)),
    {"sam_rho": 0.05},
    {"average": "ema"},
    {"average": "swa", "average_start": 0.0},
    {"average": "ema", "teacher_weight": 1.0},
    {"adversary": ADVERSARY},
    {"warmup_epochs": 0.5, "schedule": "linear"},
]
TOGETHER = {
    "loss": {"name": "supcon"}, "sam_rho": 0.05, "average": "ema", "teacher_weight": 1.0,
    "adversary": ADVERSARY, "warmup_epochs": 0.5,
}  # fmt: skip


def test_the_default_is_the_plain_loop_bit_for_bit() -> None:
    module, _ = fitted(2, changes={"gradient_clip_val": 1.0})
    network = built().network.train()
    optimiser = torch.optim.AdamW(network.parameters(), lr=1e-3, weight_decay=1e-2)
    for epoch in range(2):
        for group in optimiser.param_groups:
            group["lr"] = 1e-3 * 0.5 * (1 + math.cos(math.pi * epoch / 2))
        for batch in loader():
            optimiser.zero_grad()
            logits = network(batch["features"], batch["frames"])
            nn.functional.binary_cross_entropy_with_logits(logits, batch["label"].float()).backward()
            nn.utils.clip_grad_norm_(network.parameters(), 1.0)
            optimiser.step()
    assert same(network.state_dict(), module.network.state_dict())


@pytest.mark.parametrize("precision", ["32-true", "bf16-mixed"])
@pytest.mark.parametrize("option", [*OPTIONS, TOGETHER], ids=str)
def test_it_trains_a_step_and_is_scored_in_full_precision(option: dict[str, Any], precision: str) -> None:
    before = built(**copy.deepcopy(option))
    once = {"precision": precision, "limit_train_batches": 2}
    module, fitter = fitted(1, changes=once, **copy.deepcopy(option))
    assert math.isfinite(fitter.callback_metrics["train_loss"])
    first, second = (weights(net.network) for net in (before, module))
    moved = [key for key in first if not torch.equal(first[key], second[key])]
    assert {"blocks.0.0.weight", "head.1.weight"} <= set(moved)
    assert all(value.isfinite().all() for value in second.values())
    # What is shipped is rebuilt from the settings that the checkpoint has, and answers as it was scored.
    shipped = build_network(**module.hparams["network"]).eval()
    shipped.load_state_dict(module.network.state_dict())
    batch = next(iter(loader(8)))
    with torch.inference_mode():
        expected = shipped(batch["features"], batch["frames"])
    torch.testing.assert_close(torch.from_numpy(module.scores.logit).float(), expected)


def test_a_head_of_another_loss_is_refused() -> None:
    network = CNN | {"head": {"name": "cosine", "scale": 20.0}}
    assert built(network=network).hparams["network"] == network
    with pytest.raises(UserError, match=r"model\.head"):
        built(network=network, loss={"name": "oc_softmax"})
    again = built(loss={"name": "am_softmax"}).hparams["network"]
    assert built(network=again, loss={"name": "am_softmax"}).hparams["network"] == network


def test_what_learns_from_embeddings_needs_a_network_with_one() -> None:
    for option in ({"loss": {"name": "oc_softmax"}}, {"adversary": ADVERSARY}):
        with pytest.raises(UserError, match="no embedding"):
            built(network={"name": "logreg"}, **option)


def test_numbers_that_cannot_be() -> None:
    for name in ("sam_rho", "weight_decay", "teacher_weight"):
        with pytest.raises(UserError, match=name):
            built(**{name: -1.0})
    with pytest.raises(UserError, match="max_epochs"):
        trainer(-1, max_steps=1).fit(built(warmup_epochs=1), loader())


def test_what_a_trainer_cannot_do_is_said_before_anything_is_heard() -> None:
    for option, settings, message in (
        ({"sam_rho": 0.05}, {"accumulate_grad_batches": 2}, "accumulate_grad_batches=1"),
        ({"warmup_epochs": 2}, {}, "leaves nothing of trainer.max_epochs=2"),
        ({"layer_decay": 0.5}, {}, "layer_decay needs a pretrained model"),
    ):
        with pytest.raises(UserError, match=message):
            built(**option).check_plan(trainer(2, **settings))


@pytest.mark.parametrize(
    ("first", "then", "told"),
    [
        # The optimiser's state would bring the old rate back.
        ({}, {"lr": 0.1}, "lr"),
        ({}, {"average": "ema"}, "average"),
        ({}, {"loss": {"name": "focal"}}, "loss"),
        ({}, {"network": CNN | {"dropout": 0.5}}, "network"),
    ],
)
def test_going_on_with_other_settings_is_refused(
    first: dict[str, Any], then: dict[str, Any], told: str, tmp_path: Path
) -> None:
    _, fitter = fitted(1, **first)
    fitter.save_checkpoint(tmp_path / "last.ckpt")
    fitted(2, ckpt=tmp_path / "last.ckpt", **first)
    with pytest.raises(UserError, match=f"other settings of {told} than"):
        fitted(2, ckpt=tmp_path / "last.ckpt", **first, **then)
