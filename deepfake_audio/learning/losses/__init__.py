"""What training makes small: the losses that `loss=` names."""

from __future__ import annotations

from typing import Any

from ...errors import UserError
from .base import Loss
from .contrast import SupervisedContrast
from .entropy import BinaryCrossEntropy, Focal
from .margins import AdditiveMargin, OneClass

LOSSES: dict[str, type[Loss]] = {
    "am_softmax": AdditiveMargin,
    "bce": BinaryCrossEntropy,
    "focal": Focal,
    "oc_softmax": OneClass,
    "supcon": SupervisedContrast,
}


def build_loss(name: str = "bce", **arguments: Any) -> Loss:
    """The loss called `name`, from plain values."""
    if name not in LOSSES:
        raise UserError(f"loss {name!r} is not known; there is {', '.join(sorted(LOSSES))}")
    return LOSSES[name](**arguments)
