"""Numbers drawn from the ranges that settings name."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from ..errors import UserError


@dataclass(frozen=True)
class Between:
    """A range, both ends included."""

    low: float
    high: float

    def drawn(self, *shape: int, device: torch.device) -> Tensor:
        """Each value as likely as any other."""
        return self.low + (self.high - self.low) * torch.rand(*shape, device=device)

    def drawn_by_ratio(self, *shape: int, device: torch.device) -> Tensor:
        """Each octave as likely as any other, of a range above 0."""
        return Between(math.log(self.low), math.log(self.high)).drawn(*shape, device=device).exp()


def between(setting: Sequence[float], name: str, least: float = -math.inf, most: float = math.inf) -> Between:
    """The range [low, high] of a setting, or an error with its name if it is none or leaves least to most."""
    values = list(setting) if isinstance(setting, Sequence) and not isinstance(setting, str) else [setting]
    numbers = [isinstance(value, int | float) and not isinstance(value, bool) for value in values]
    if not (len(values) == 2 and all(numbers) and least <= values[0] <= values[1] <= most):
        limits = "" if (least, most) == (-math.inf, math.inf) else f" between {least:g} and {most:g}"
        raise UserError(f"augment: {name}={setting} must be a range [low, high]{limits}")
    return Between(float(values[0]), float(values[1]))
