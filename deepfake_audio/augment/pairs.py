"""What mixtures of two clips of a batch have in common."""

from __future__ import annotations

import torch
from torch import Tensor
from torch.distributions import Beta

from ..errors import UserError
from .base import Mixing, checked_share


class Pairing(Mixing):
    """Mixes a share of the clips with another clip of the batch.

    Args:
        alpha: of the Beta distribution that says how much of the other clip comes in, half at most: the smaller,
            the more often nearly nothing; 1 makes each amount as likely as any other.
        share: of the clips that become mixtures.
    """

    def __init__(self, alpha: float, share: float) -> None:
        super().__init__()
        if isinstance(alpha, bool) or not isinstance(alpha, int | float) or not alpha > 0:
            raise UserError(f"augment: alpha={alpha} of {type(self).__name__} must be above 0")
        self.alpha = float(alpha)
        self.share = checked_share(share, type(self).__name__)

    def drawn_amount(self, clips: int, device: torch.device) -> Tensor:
        """How much of the other clip comes in, 0 for those that stay as they are: [B]."""
        # Not every device can draw this one.
        amount = Beta(self.alpha, self.alpha).sample((clips,)).to(device)
        # Which of two is called the other is chance; so what else a batch says of a clip still fits.
        amount = amount.minimum(1 - amount)
        return amount * (torch.rand(clips, device=device) < self.share)


def drawn_partners(clips: int, device: torch.device) -> Tensor:
    """For each clip another one, each of them once; a clip that is alone has itself: [B]."""
    order = torch.randperm(clips, device=device)
    return torch.empty_like(order).index_copy(0, order, order.roll(1))


def frames_of(features: Tensor, frames: Tensor, at: Tensor) -> Tensor:
    """The frames at these places, a clip starting again where it has ended: [B, F, T'], [B], [B, N] -> [B, F, N]."""
    places = at % frames.clamp_min(1).unsqueeze(1)
    return features.gather(2, places.unsqueeze(1).expand(-1, features.shape[1], -1))
