"""The numbers and ranges that settings name, and draws from them."""

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
    ordered = len(values) == 2 and all(numbers) and least <= values[0] <= values[1] <= most
    if not ordered or math.isinf(values[0]) or math.isinf(values[1]):
        limits = "" if (least, most) == (-math.inf, math.inf) else f" between {least:g} and {most:g}"
        raise UserError(f"augment: {name}={setting} must be a range [low, high]{limits}")
    return Between(float(values[0]), float(values[1]))


def number(setting: float, name: str, least: float, most: float) -> float:
    """The number of a setting, or an error with its name if it is none or leaves least to most."""
    if isinstance(setting, bool) or not isinstance(setting, int | float) or not least <= setting <= most:
        raise UserError(f"augment: {name}={setting} must be a number between {least:g} and {most:g}")
    return float(setting)


def whole(setting: int, name: str, least: int) -> int:
    """The whole number of a setting, or an error with its name if it is none or less than the least."""
    if isinstance(setting, bool) or not isinstance(setting, int) or setting < least:
        raise UserError(f"augment: {name}={setting} must be a whole number, {least} or more")
    return setting
