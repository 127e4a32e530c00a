"""Sharpness-aware minimisation: learn where the weights around do well too (Foret et al. 2021)."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import torch
from torch import nn

# Keeps a gradient of zero from a division by zero.
TINY = 1e-12


@contextmanager
def uphill(network: nn.Module, rho: float) -> Iterator[None]:
    """The weights a step of length `rho` along their gradient, where the loss nearby is about highest.

    Afterwards the weights, and statistics that were gathered up there, are what they were, to the last bit.
    """
    climbing = [parameter for parameter in network.parameters() if parameter.grad is not None]
    held = [*climbing, *network.buffers()]
    with torch.no_grad():
        kept = [values.clone() for values in held]
        gradients = [parameter.grad for parameter in climbing if parameter.grad is not None]
        norm = torch.stack([gradient.norm() for gradient in gradients]).norm() if gradients else 0.0
        for parameter, gradient in zip(climbing, gradients, strict=True):
            parameter.add_(gradient * (rho / (norm + TINY)))
    try:
        yield
    finally:
        with torch.no_grad():
            for values, before in zip(held, kept, strict=True):
                values.copy_(before)
