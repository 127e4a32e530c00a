"""Domain-adversarial training: embeddings that don't tell where a clip comes from (Ganin et al. 2016)."""

from __future__ import annotations

from typing import Any

from torch import Tensor, autograd, nn
from torch.nn import functional

from ..errors import UserError

# The number of clips whose domain says nothing, such as mixtures.
NO_DOMAIN = -1
AMONG = ("all", "fakes")


class _Reversal(autograd.Function):
    @staticmethod
    def forward(context: Any, values: Tensor, scale: float) -> Tensor:
        context.scale = scale
        return values.view_as(values)

    @staticmethod
    def backward(context: Any, gradient: Tensor) -> tuple[Tensor, None]:
        return -context.scale * gradient, None


def reversed_gradient(values: Tensor, scale: float) -> Tensor:
    """The values as they are; what learns through them learns the opposite, `scale` times as much."""
    reversed_values: Tensor = _Reversal.apply(values, scale)
    return reversed_values


class Adversary(nn.Module):
    """Guesses a clip's domain from its embedding, while the network learns to give it nothing to guess by.

    Args:
        size: of an embedding.
        domains: how many there are.
        column: of the clip table, that they are the values of; kept for the record.
        among: "all" clips, or "fakes" only. The latter where the domain says the class, as `system` does: a network
            that hides which system made a clip would else hide that one did.
        weight: of what the network learns from it, beside the loss. It grows from nothing over the first half of a
            run.
        hidden: width of the layer that guesses.
    """

    def __init__(
        self, size: int, domains: int, column: str, among: str = "all", weight: float = 0.1, hidden: int = 64
    ) -> None:
        super().__init__()
        if domains < 2:
            raise UserError(
                f"adversary.column={column} has {domains} values: there must be two to tell apart"
            )
        if among not in AMONG:
            raise UserError(f"adversary.among={among} is not known; there is {', '.join(AMONG)}")
        if not (weight > 0 and hidden >= 1):
            raise UserError("adversary: weight must be above 0 and hidden 1 or more")
        self.domains = domains
        self.among = among
        self.weight = weight
        self.guess = nn.Sequential(nn.Linear(size, hidden), nn.ReLU(), nn.Linear(hidden, domains))

    def forward(self, embedding: Tensor, domain: Tensor, labels: Tensor, strength: float) -> Tensor:
        """How badly domains [B] are guessed from embeddings [B, D] of clips with labels [B].

        The guesser learns at full strength, and the embeddings to make it guess badly at `strength` times the weight.
        """
        told = (labels == 1) if self.among == "fakes" else (labels == 0) | (labels == 1)
        domain = domain.masked_fill(~told, NO_DOMAIN)
        guessed = self.guess(reversed_gradient(embedding, self.weight * strength)).float()
        total = functional.cross_entropy(guessed, domain, ignore_index=NO_DOMAIN, reduction="sum")
        return total / (domain != NO_DOMAIN).sum().clamp_min(1)
