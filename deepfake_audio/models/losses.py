"""What training makes small."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import Any

from torch import Tensor, nn
from torch.nn import functional

from ..errors import UserError


class Loss(nn.Module, ABC):
    """Base of all losses."""

    # Whether `forward` looks at embeddings; a network is asked for them only then.
    needs_embedding: bool = False

    @abstractmethod
    def forward(self, logits: Tensor, labels: Tensor, embedding: Tensor | None = None) -> Tensor:
        """Logits [B], labels [B] from 0 to 1 and embeddings [B, D] -> mean loss."""


class BinaryCrossEntropy(Loss):
    """What a share of fakes predicts best."""

    def forward(self, logits: Tensor, labels: Tensor, embedding: Tensor | None = None) -> Tensor:
        """Logits [B] and labels [B] from 0 to 1 -> mean loss."""
        return functional.binary_cross_entropy_with_logits(logits, labels)


LOSSES: dict[str, type[Loss]] = {"bce": BinaryCrossEntropy}


def build_loss(name: str = "bce", **arguments: Any) -> Loss:
    """The loss called `name`, from plain values."""
    if name not in LOSSES:
        raise UserError(f"loss {name!r} is not known; there is {', '.join(sorted(LOSSES))}")
    return LOSSES[name](**arguments)
