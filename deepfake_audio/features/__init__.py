"""From waveform to the picture the network sees. Each front end is a module that `features=` names."""

from __future__ import annotations

from typing import Any

from ..errors import UserError
from .cqt import CQT
from .front_end import FrontEnd, valid_frames
from .handcrafted import Handcrafted
from .lfcc import LFCC
from .log_power import LogPower
from .logmel import LogMel
from .mfcc import MFCC
from .spectrum import Spectrum
from .waveform import Waveform

__all__ = ["FRONT_ENDS", "FrontEnd", "LogMel", "LogPower", "build_features", "valid_frames"]

FRONT_ENDS: dict[str, type[FrontEnd]] = {
    "cqt": CQT,
    "handcrafted": Handcrafted,
    "lfcc": LFCC,
    "logmel": LogMel,
    "mfcc": MFCC,
    "spectrum": Spectrum,
    "waveform": Waveform,
}


def build_features(name: str, **arguments: Any) -> FrontEnd:
    """The front end called `name`, from plain values such as a config or a detector's file holds."""
    if name not in FRONT_ENDS:
        raise UserError(f"features {name!r} is not known; there is {', '.join(sorted(FRONT_ENDS))}")
    return FRONT_ENDS[name](**arguments)
