"""Losses on cosines that ask for a margin between real and fake. They bring the network's last layer along."""

from __future__ import annotations

from typing import Any

from torch import Tensor
from torch.nn import functional

from ...errors import UserError
from .base import Loss


class Margin(Loss):
    """Cross-entropy that is content only where a logit is right by a margin.

    A mixture of two clips has each one's loss by its share, as in cross-entropy.
    """

    def __init__(self, margin: float, fake_weight: float = 1.0) -> None:
        super().__init__(fake_weight)
        self.margin = margin

    def forward(self, logits: Tensor, labels: Tensor, embedding: Tensor | None = None) -> Tensor:
        """Logits [B] and labels [B] from 0 to 1 -> mean loss."""
        as_fake, as_real = (
            functional.softplus(self.margin - logits),
            functional.softplus(self.margin + logits),
        )
        return self.mean(labels * as_fake + (1 - labels) * as_real, labels)


class AdditiveMargin(Margin):
    """AM-softmax: reals about one direction, fakes about another (Wang et al. 2018).

    Args:
        scale: of cosines to logits.
        cosine_margin: by how much nearer a clip must lie to its own direction.
        fake_weight: how many times as much a fake counts as a real.
    """

    def __init__(self, scale: float = 20.0, cosine_margin: float = 0.9, fake_weight: float = 1.0) -> None:
        if not (scale > 0 and 0 <= cosine_margin < 2):
            raise UserError(
                f"loss: scale={scale} must be above 0, cosine_margin={cosine_margin} from 0 to below 2"
            )
        super().__init__(scale * cosine_margin, fake_weight)
        self.scale = scale

    def head(self) -> dict[str, Any]:
        """Cosines to two directions."""
        return {"name": "cosine", "scale": self.scale}


class OneClass(Margin):
    """OC-softmax: reals close about one direction, fakes anywhere else (Zhang, Jiang and Duan 2021).

    So it claims nothing about how fakes look, of which tomorrow's are other than today's. The logit is the cosine
    counted from the middle between both margins.

    Args:
        scale: of cosines to logits.
        real_cosine: reals must lie nearer to the direction than this.
        fake_cosine: fakes must lie farther from it than this.
        fake_weight: how many times as much a fake counts as a real.
    """

    def __init__(
        self,
        scale: float = 20.0,
        real_cosine: float = 0.9,
        fake_cosine: float = 0.2,
        fake_weight: float = 1.0,
    ) -> None:
        if not (scale > 0 and -1 < fake_cosine < real_cosine < 1):
            raise UserError(
                f"loss: scale={scale} must be above 0, fake_cosine={fake_cosine} below real_cosine={real_cosine}, "
                "both between -1 and 1"
            )
        super().__init__(scale * (real_cosine - fake_cosine) / 2, fake_weight)
        self.scale = scale
        self.centre = (real_cosine + fake_cosine) / 2

    def head(self) -> dict[str, Any]:
        """Cosines to one direction."""
        return {"name": "one_class", "scale": self.scale, "centre": self.centre}
