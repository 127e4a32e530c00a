"""What a loss is."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import Any

from torch import Tensor, nn

from ...errors import UserError


class Loss(nn.Module, ABC):
    """Base of all losses. None has weights to learn: those belong to a network, which is shipped.

    Args:
        fake_weight: how many times as much a fake counts as a real.
    """

    # Whether `forward` looks at embeddings; a network is asked for them only then.
    needs_embedding: bool = False

    def __init__(self, fake_weight: float = 1.0) -> None:
        super().__init__()
        if not fake_weight > 0:
            raise UserError(f"loss.fake_weight={fake_weight} must be above 0")
        self.fake_weight = fake_weight

    @abstractmethod
    def forward(self, logits: Tensor, labels: Tensor, embedding: Tensor | None = None) -> Tensor:
        """Logits [B], labels [B] from 0 to 1 and embeddings [B, D] -> mean loss."""

    def head(self) -> dict[str, Any] | None:
        """Name and settings of the last layer that the network must have, see `models.heads`; None: its own."""
        return None

    def clip_weights(self, labels: Tensor) -> Tensor | None:
        """Of each clip [B], or None where all count alike.

        They are 1 on average over as many fakes as reals, so that the learning rate keeps its meaning.
        """
        if self.fake_weight == 1:
            return None
        return 2 * (1 + (self.fake_weight - 1) * labels) / (1 + self.fake_weight)

    def mean(self, losses: Tensor, labels: Tensor) -> Tensor:
        """Of the clips' losses [B], each by its weight."""
        weights = self.clip_weights(labels)
        return losses.mean() if weights is None else (losses * weights).mean()
