"""The two systems that fake a voice in the toy corpus, as they stand on their plainest settings."""

from __future__ import annotations

from collections.abc import Callable

from numpy.random import Generator

from ...forging.frames import Floats
from ...forging.griffinlim import griffin_lim
from ...forging.lpc import lpc

VOCODERS: dict[str, Callable[[Generator, Floats], Floats]] = {"griffinlim": griffin_lim, "lpc": lpc}
