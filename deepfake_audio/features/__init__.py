"""From waveform to the picture the network sees. Each front end is a module that `features=` names."""

from __future__ import annotations

from typing import Any

from ..errors import UserError
from .front_end import FrontEnd, valid_frames
from .logmel import LogMel

__all__ = ["FRONT_ENDS", "FrontEnd", "LogMel", "build_features", "valid_frames"]

FRONT_ENDS: dict[str, type[FrontEnd]] = {"logmel": LogMel}


def build_features(name: str, **arguments: Any) -> FrontEnd:
    """The front end called `name`, from plain values such as a config or a detector's file holds."""
    if name not in FRONT_ENDS:
        raise UserError(f"features {name!r} is not known; there is {', '.join(sorted(FRONT_ENDS))}")
    return FRONT_ENDS[name](**arguments)
