"""Last layers that make a logit of the direction of an embedding alone, not of its length."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional

from ..errors import UserError
from .network import Network, PooledNetwork


class CosineHead(nn.Module):
    """How much nearer an embedding lies to the direction of fakes than to that of reals: cosines, times `scale`."""

    def __init__(self, in_features: int, scale: float = 20.0) -> None:
        super().__init__()
        self.in_features = in_features
        self.scale = checked_scale(scale)
        # Of reals and of fakes.
        self.directions = nn.Parameter(functional.normalize(torch.randn(2, in_features), dim=1))

    def forward(self, embedding: Tensor) -> Tensor:
        """[B, D] -> logits [B, 1], at most twice `scale` in size."""
        real, fake = cosines(embedding, self.directions).unbind(dim=1)
        return self.scale * (fake - real).unsqueeze(1)


class OneClassHead(nn.Module):
    """How far an embedding lies from the one direction of reals: what is fake may lie anywhere else.

    Args:
        in_features: of the embedding.
        scale: of cosines to logits.
        centre: cosine to the direction of reals at which the logit is 0.
    """

    def __init__(self, in_features: int, scale: float = 20.0, centre: float = 0.55) -> None:
        super().__init__()
        if not -1 < centre < 1:
            raise UserError(f"model.head.centre={centre} is a cosine: give a number between -1 and 1")
        self.in_features = in_features
        self.scale = checked_scale(scale)
        self.centre = centre
        self.direction = nn.Parameter(functional.normalize(torch.randn(1, in_features), dim=1))

    def forward(self, embedding: Tensor) -> Tensor:
        """[B, D] -> logits [B, 1]."""
        return self.scale * (self.centre - cosines(embedding, self.direction))


HEADS: dict[str, type[CosineHead | OneClassHead]] = {"cosine": CosineHead, "one_class": OneClassHead}


def cosines(embedding: Tensor, directions: Tensor) -> Tensor:
    """Of embeddings [B, D] to directions [K, D], in full precision also where training is sped up -> [B, K]."""
    values = functional.normalize(embedding.float(), dim=1).unsqueeze(1)
    return (values * functional.normalize(directions.float(), dim=1)).sum(dim=2)


def checked_scale(scale: float) -> float:
    """Of cosines to logits, or an error."""
    if not scale > 0:
        raise UserError(f"the scale of cosines is {scale}: it must be above 0")
    return scale


def with_head(network: Network, head: str | Mapping[str, Any]) -> Network:
    """The network with another last layer: a name in `HEADS`, or that and its settings."""
    told = {"name": head} if isinstance(head, str) else dict(head)
    name = told.pop("name", None)
    if name not in HEADS:
        raise UserError(f"model.head {name!r} is not known; there is {', '.join(sorted(HEADS))}")
    try:
        last = HEADS[name](embedding_size(network), **told)
    except TypeError as error:
        raise UserError(f"model.head {name}: {error}") from None
    assert isinstance(network, PooledNetwork)
    network.head[-1] = last
    return network


def with_head_of_loss(network: dict[str, Any], head: dict[str, Any] | None) -> dict[str, Any]:
    """A network's settings with the head that its loss brings along, if any."""
    if head is None or network.get("head") == head:
        return network
    if network.get("head") is not None:
        raise UserError(
            f"model.head={network['head']} is not this loss' own: leave it out, the loss brings one"
        )
    return {**network, "head": head}


def embedding_size(network: Network) -> int:
    """Of what the last layer of a network's head gets."""
    if not isinstance(network, PooledNetwork):
        raise UserError(f"{type(network).__name__} has no embedding, which the loss or adversary needs")
    return int(network.head[-1].in_features)  # type: ignore[arg-type]
