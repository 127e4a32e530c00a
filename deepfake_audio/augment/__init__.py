"""What training does to clips so that the network cannot lean on any one thing. Off in evaluation.

One augmentation a file. `augment=` names one, or a chain of them: `steps`, each with its settings.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ..errors import UserError
from .band import Band
from .base import Mixing, PictureAugmentation, WaveAugmentation, WindowAugmentation
from .chain import Chain, Step
from .codec import Codecs
from .cutmix import CutMix
from .device import Device
from .gain import Gain
from .masks import SpecAugment
from .mixup import Mixup
from .noise import Noise
from .pitch import Pitch
from .polarity import Polarity
from .rawboost import RawBoost
from .room import Room
from .silence import Silence
from .speed import Speed

__all__ = [
    "AUGMENTATIONS",
    "Band",
    "Chain",
    "Codecs",
    "CutMix",
    "Device",
    "Gain",
    "Mixing",
    "Mixup",
    "Noise",
    "PictureAugmentation",
    "Pitch",
    "Polarity",
    "RawBoost",
    "Room",
    "Silence",
    "SpecAugment",
    "Speed",
    "WaveAugmentation",
    "WindowAugmentation",
    "build_augmentation",
]

AUGMENTATIONS: dict[str, type[Step]] = {
    "band": Band,
    "codec": Codecs,
    "cutmix": CutMix,
    "device": Device,
    "gain": Gain,
    "mixup": Mixup,
    "noise": Noise,
    "pitch": Pitch,
    "polarity": Polarity,
    "rawboost": RawBoost,
    "room": Room,
    "silence": Silence,
    "specaugment": SpecAugment,
    "speed": Speed,
}


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
    built = [_built(step, how, sample_rate) for step, how in steps.items() if how is not None]
    return Chain(built, sample_rate)


def _built(name: str, arguments: Mapping[str, Any], sample_rate: int) -> Step:
    if name not in AUGMENTATIONS:
        raise UserError(f"augment {name!r} is not known; there is none, {', '.join(sorted(AUGMENTATIONS))}")
    kind = AUGMENTATIONS[name]
    rate = {"sample_rate": sample_rate} if issubclass(kind, WaveAugmentation) else {}
    return kind(**{**rate, **arguments})
