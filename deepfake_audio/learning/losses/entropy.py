"""Cross-entropy, plain and with a focus on what is hard."""

from __future__ import annotations

from torch import Tensor
from torch.nn import functional

from ...errors import UserError
from .base import Loss

# Of a distance that is raised to a power: its slope at 0 may be infinite.
TINY = 1e-6


class BinaryCrossEntropy(Loss):
    """What a share of fakes predicts best.

    Args:
        label_smoothing: 0.1, say, asks for .95 and .05 in the place of 1 and 0: less sure of clips that it knows.
        fake_weight: how many times as much a fake counts as a real.
    """

    def __init__(self, label_smoothing: float = 0.0, fake_weight: float = 1.0) -> None:
        super().__init__(fake_weight)
        if not 0 <= label_smoothing < 1:
            raise UserError(f"loss.label_smoothing={label_smoothing} must be 0 or more and below 1")
        self.label_smoothing = label_smoothing

    def forward(self, logits: Tensor, labels: Tensor, embedding: Tensor | None = None) -> Tensor:
        """Logits [B] and labels [B] from 0 to 1 -> mean loss."""
        wanted = labels * (1 - self.label_smoothing) + self.label_smoothing / 2
        return functional.binary_cross_entropy_with_logits(logits, wanted, self.clip_weights(labels))


class Focal(Loss):
    """Cross-entropy in which a clip counts the less, the surer its right answer (Lin et al. 2017).

    Args:
        gamma: how much less: a clip counts by its distance from its label to this power; 0 is cross-entropy.
        fake_weight: how many times as much a fake counts as a real.
    """

    def __init__(self, gamma: float = 2.0, fake_weight: float = 1.0) -> None:
        super().__init__(fake_weight)
        if not gamma >= 0:
            raise UserError(f"loss.gamma={gamma} must be 0 or more")
        self.gamma = gamma

    def forward(self, logits: Tensor, labels: Tensor, embedding: Tensor | None = None) -> Tensor:
        """Logits [B] and labels [B] from 0 to 1 -> mean loss."""
        losses = functional.binary_cross_entropy_with_logits(logits, labels, reduction="none")
        distance = (labels - logits.sigmoid()).abs().clamp_min(TINY)
        return self.mean(distance**self.gamma * losses, labels)
