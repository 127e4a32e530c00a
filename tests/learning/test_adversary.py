"""The adversary: gradients turn round at the embedding, and only clips whose domain means something are guessed."""

from __future__ import annotations

import math

import pytest
import torch

from deepfake_audio.errors import UserError
from deepfake_audio.learning.adversary import Adversary, reversed_gradient

from .batches import built, fitted

DOMAINS = {"column": "corpus", "domains": 3}


def test_a_gradient_turns_round_and_is_scaled() -> None:
    values = torch.tensor([1.0, 2.0], requires_grad=True)
    turned = reversed_gradient(values, 0.25)
    assert torch.equal(turned, values)
    (turned * torch.tensor([3.0, -5.0])).sum().backward()
    assert torch.equal(values.grad, torch.tensor([-0.75, 1.25]))  # type: ignore[arg-type]


def test_the_guesser_learns_and_the_embedding_unlearns() -> None:
    """Against the gradient of the same guess that nothing turns round."""
    torch.manual_seed(0)
    adversary = Adversary(4, **DOMAINS, weight=0.2)  # type: ignore[arg-type]
    embedding = torch.randn(6, 4, requires_grad=True)
    domain, labels = torch.arange(6) % 3, torch.arange(6) % 2
    adversary(embedding, domain, labels, strength=0.5).backward()
    turned, guesser = embedding.grad.clone(), adversary.guess[0].weight.grad.clone()  # type: ignore[union-attr]
    embedding.grad = None
    adversary.zero_grad()
    torch.nn.functional.cross_entropy(adversary.guess(embedding), domain).backward()
    torch.testing.assert_close(turned, -0.1 * embedding.grad)  # type: ignore[operator]
    torch.testing.assert_close(guesser, adversary.guess[0].weight.grad)


def test_who_takes_part() -> None:
    adversary = Adversary(4, **DOMAINS, among="fakes")  # type: ignore[arg-type]
    embedding, domain = torch.randn(4, 4), torch.tensor([0, 1, 2, 0])
    labels = torch.tensor([1.0, 0.0, 1.0, 0.4])
    fakes = labels == 1
    expected = torch.nn.functional.cross_entropy(adversary.guess(embedding[fakes]), domain[fakes])
    torch.testing.assert_close(adversary(embedding, domain, labels, 1.0), expected)
    assert adversary(embedding, domain, torch.zeros(4), 1.0) == 0
    everyone = Adversary(4, **DOMAINS)  # type: ignore[arg-type]
    whole = labels != 0.4
    expected = torch.nn.functional.cross_entropy(everyone.guess(embedding[whole]), domain[whole])
    torch.testing.assert_close(everyone(embedding, domain, labels, 1.0), expected)


def test_it_trains_beside_the_network_and_is_not_shipped() -> None:
    module, fitter = fitted(2, adversary=DOMAINS | {"weight": 1.0})
    begin = built(adversary=DOMAINS | {"weight": 1.0})
    assert not torch.equal(module.adversary.guess[0].weight, begin.adversary.guess[0].weight)  # type: ignore[union-attr]
    assert module.network.state_dict().keys() == built().network.state_dict().keys()
    # What is told is the loss itself, which stays comparable: about a coin's, not that and the guesser's.
    assert float(fitter.callback_metrics["train_loss"]) < math.log(2) + 0.2


def test_what_cannot_be_is_said() -> None:
    for changes, told in (
        ({"domains": 1}, "corpus has 1 values"),
        ({"among": "reals"}, "among=reals"),
        ({"weight": 0}, "weight"),
    ):
        with pytest.raises(UserError, match=told):
            Adversary(4, **(DOMAINS | changes))  # type: ignore[arg-type]
