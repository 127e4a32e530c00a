"""A mean teacher: what learns is to answer as the average of what it was (Tarvainen and Valpola 2017)."""

from __future__ import annotations

import torch
from torch import Tensor

from ..models.network import Network


def consistency(logits: Tensor, teacher: Network, features: Tensor, frames: Tensor) -> Tensor:
    """Mean squared distance of P(fake) from the teacher's, who hears the same batch [B, F, T'] without dropout."""
    with torch.no_grad():
        taught = teacher(features, frames).float().sigmoid()
    return (logits.sigmoid() - taught).square().mean()
