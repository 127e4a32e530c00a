"""What training does to clips so that the network cannot lean on any one thing. Off in evaluation.

One augmentation a file. `augment=` names one, or a chain of them: `steps`, each with its settings.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ..errors import UserError
from .base import Mixing, PictureAugmentation, WaveAugmentation, WindowAugmentation
from .chain import Chain, Step
from .masks import SpecAugment

__all__ = [
    "AUGMENTATIONS",
    "Chain",
    "Mixing",
    "PictureAugmentation",
    "SpecAugment",
    "WaveAugmentation",
    "WindowAugmentation",
    "build_augmentation",
]

AUGMENTATIONS: dict[str, type[Step]] = {"specaugment": SpecAugment}


def build_augmentation(
    name: str = "none",
    steps: Mapping[str, Mapping[str, Any] | None] | None = None,
    sample_rate: int = 16_000,
    **arguments: Any,
) -> Chain:
    """What a config asks for, from plain values: nothing ("none"), one augmentation with its settings, or a chain.

    Args:
        steps: the augmentations of a chain by their names, in order; one that is null is left out. `name` then
            only says what the chain is called.
    """
    if steps is None:
        steps = {} if name == "none" else {name: arguments}
    elif arguments:
        raise UserError(f"augment.{next(iter(arguments))}: settings of a chain stand with their step")
    built = [_built(step, how) for step, how in steps.items() if how is not None]
    return Chain(built, sample_rate)


def _built(name: str, arguments: Mapping[str, Any]) -> Step:
    if name not in AUGMENTATIONS:
        raise UserError(f"augment {name!r} is not known; there is none, {', '.join(sorted(AUGMENTATIONS))}")
    return AUGMENTATIONS[name](**arguments)
