"""Supervised contrast: embeddings of one class near each other, those of the other far (Khosla et al. 2020)."""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn import functional

from ...errors import UserError
from .entropy import BinaryCrossEntropy


def contrast(embedding: Tensor, labels: Tensor, temperature: float) -> Tensor:
    """How far embeddings [B, D] lie from those of the same label [B], as against all others.

    Mixtures of two classes, whose label lies between, take no part; nor does a clip that is alone in its class.
    """
    whole = (labels == 0) | (labels == 1)
    classes = labels[whole]
    if len(classes) < 2:
        return embedding.sum() * 0
    others = ~torch.eye(len(classes), dtype=torch.bool, device=classes.device)
    alike = (classes.unsqueeze(0) == classes.unsqueeze(1)) & others
    # Half precision would tell hardly a hundred likenesses from each other.
    with torch.autocast(embedding.device.type, enabled=False):
        directions = functional.normalize(embedding[whole].float(), dim=1)
        likeness = directions @ directions.T / temperature
    shares = likeness - likeness.masked_fill(~others, -torch.inf).logsumexp(dim=1, keepdim=True)
    partners = alike.sum(dim=1)
    losses = -(shares * alike).sum(dim=1)[partners > 0] / partners[partners > 0]
    return losses.sum() / max(len(losses), 1)


class SupervisedContrast(BinaryCrossEntropy):
    """Cross-entropy, and contrast between the clips of a batch.

    Args:
        weight: of the contrast beside cross-entropy.
        temperature: the lower, the more the nearest of the other class count.
        label_smoothing: of cross-entropy.
        fake_weight: how many times as much a fake counts as a real, in cross-entropy.
    """

    needs_embedding = True

    def __init__(
        self,
        weight: float = 0.5,
        temperature: float = 0.1,
        label_smoothing: float = 0.0,
        fake_weight: float = 1.0,
    ) -> None:
        super().__init__(label_smoothing, fake_weight)
        if not (weight > 0 and temperature > 0):
            raise UserError("loss: weight and temperature must be above 0")
        self.weight = weight
        self.temperature = temperature

    def forward(self, logits: Tensor, labels: Tensor, embedding: Tensor | None = None) -> Tensor:
        """Logits [B], labels [B] from 0 to 1 and embeddings [B, D] -> mean loss."""
        assert embedding is not None
        apart = contrast(embedding, labels, self.temperature)
        return super().forward(logits, labels) + self.weight * apart
