"""The synthesisers by name, and how any of them makes a fake that differs from its original in nothing else."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from copy import deepcopy
from itertools import pairwise
from typing import Any

import numpy as np
from numpy.random import Generator

from ..errors import UserError, one_line
from . import codec, griffinlim, highband, lpc, phases, smoothed, world
from .frames import SAMPLE_RATE_HZ, Floats
from .matching import matched
from .onnx import OnnxVocoder

# Speech in, speech out: [T] -> [T] at 16 kHz. What it does is drawn anew each time.
Synthesiser = Callable[[Generator, Floats], Floats]

SYSTEMS: dict[str, Synthesiser] = {
    "griffinlim": griffinlim.forge,
    "world": world.forge,
    "lpc": lpc.forge,
    "codec": codec.forge,
    "smoothed": smoothed.forge,
    "highband": highband.forge,
    "phases": phases.forge,
}
# What stands before such a name in a clip table, where `system` says what made each clip.
PREFIX = "forged_"
# More than any analysis window reaches: a clip's ends are made of sound on both sides, as its middle is.
MARGIN_SAMPLES = SAMPLE_RATE_HZ // 4
# Shorter than this there is no speech to take apart.
SHORTEST_SAMPLES = SAMPLE_RATE_HZ // 5
# Longer recordings are forged piece by piece, with a short fade between: memory doesn't grow with them.
LONGEST_SAMPLES = 20 * SAMPLE_RATE_HZ
FADE_SAMPLES = SAMPLE_RATE_HZ // 50


class ForgingError(Exception):
    """Why nothing can be forged from a recording, in a few words."""


def build_systems(
    names: Sequence[str], vocoders: Mapping[str, Mapping[str, Any]] | None = None
) -> dict[str, Synthesiser]:
    """The synthesisers called `names`, each tried for what it needs.

    Args:
        vocoders: by their names, what `OnnxVocoder` takes.
    """
    vocoders = vocoders or {}
    known = [*SYSTEMS, *vocoders]
    listed = isinstance(names, Sequence) and not isinstance(names, str)
    if not listed or not names or len(set(names)) < len(names):
        raise UserError(f"systems={names}: give a list of some of {', '.join(known)}, each once")
    built: dict[str, Synthesiser] = {}
    for name in names:
        if name in vocoders:
            built[name] = _vocoder(name, vocoders[name])
        elif name in SYSTEMS:
            built[name] = SYSTEMS[name]
        else:
            raise UserError(f"system {name!r} is not known; there is {', '.join(known)}")
    if "world" in built and "world" not in vocoders:
        world.check_installed()
    return built


def copy_synthesis(synthesise: Synthesiser, rng: Generator, wave: Floats) -> Floats:
    """A fake of the same words by the same voice at the same moments: [T] -> [T] at 16 kHz."""
    if len(wave) < SHORTEST_SAMPLES:
        raise ForgingError(f"shorter than {SHORTEST_SAMPLES / SAMPLE_RATE_HZ:g} s")
    if not wave.any():
        raise ForgingError("silent: every sample is zero")
    count = -(-len(wave) // LONGEST_SAMPLES)
    borders = np.linspace(0, len(wave), count + 1).astype(int)
    forged = np.zeros(len(wave))
    for start, end in pairwise(borders):
        first = max(0, start - FADE_SAMPLES)
        # Equal draws in each piece, so that one system of one kind is heard from end to end.
        piece = _piece(synthesise, deepcopy(rng), wave[first:end].astype(np.float64))
        rising = np.minimum(np.arange(len(piece)) / FADE_SAMPLES, 1) if start else np.ones(len(piece))
        forged[first:end] = forged[first:end] * (1 - rising) + piece * rising
    return forged


def _piece(synthesise: Synthesiser, rng: Generator, wave: Floats) -> Floats:
    """[T] -> [T]; a stretch of digital silence stays what it is."""
    if not wave.any():
        return wave
    forged = synthesise(rng, np.pad(wave, MARGIN_SAMPLES, mode="reflect"))[MARGIN_SAMPLES:-MARGIN_SAMPLES]
    if not np.isfinite(forged).all() or not forged.any():
        raise ForgingError("the synthesiser made no sound of it")
    return matched(forged, wave)


def _vocoder(name: str, settings: Mapping[str, Any]) -> OnnxVocoder:
    try:
        vocoder = OnnxVocoder(**settings)
    except TypeError as error:
        raise UserError(f"vocoder {name}: {str(error).removeprefix('OnnxVocoder.__init__() ')}") from None
    try:
        vocoder.check()
    except (ValueError, TypeError, ZeroDivisionError) as error:
        raise UserError(f"vocoder {name} has a setting that it cannot have: {one_line(error)}") from None
    return vocoder
