"""WORLD: pitch, a smooth envelope and aperiodicity a frame, as statistical speech synthesis was built on."""

from __future__ import annotations

from types import ModuleType

import numpy as np
from numpy.random import Generator

from ..errors import UserError
from .frames import SAMPLE_RATE_HZ, Floats


def world(
    wave: Floats, frame_milliseconds: float = 5.0, careful_pitch: bool = False, numbers: int | None = None
) -> Floats:
    """Analyse and synthesise: [T] -> [T].

    Args:
        careful_pitch: find the pitch by Harvest, which is slower than DIO and misses less of it.
        numbers: into how many the envelope of a frame is coded, and its aperiodicity by band; all of both if
            not given.
    """
    pyworld = _pyworld()
    find = pyworld.harvest if careful_pitch else pyworld.dio
    f0_hz, times = find(wave, SAMPLE_RATE_HZ, frame_period=frame_milliseconds)
    f0_hz = pyworld.stonemask(wave, f0_hz, times, SAMPLE_RATE_HZ)
    envelope = pyworld.cheaptrick(wave, f0_hz, times, SAMPLE_RATE_HZ)
    aperiodicity = pyworld.d4c(wave, f0_hz, times, SAMPLE_RATE_HZ)
    if numbers is not None:
        size = 2 * (envelope.shape[1] - 1)
        coded = pyworld.code_spectral_envelope(envelope, SAMPLE_RATE_HZ, numbers)
        envelope = pyworld.decode_spectral_envelope(coded, SAMPLE_RATE_HZ, size)
        by_band = pyworld.code_aperiodicity(aperiodicity, SAMPLE_RATE_HZ)
        aperiodicity = pyworld.decode_aperiodicity(by_band, SAMPLE_RATE_HZ, size)
    spoken = pyworld.synthesize(f0_hz, envelope, aperiodicity, SAMPLE_RATE_HZ, frame_milliseconds)
    return np.pad(spoken, (0, max(0, len(wave) - len(spoken))))[: len(wave)]


def forge(rng: Generator, wave: Floats) -> Floats:
    """From WORLD at its best to one of few numbers and coarse steps in time: [T] -> [T]."""
    return world(
        np.ascontiguousarray(wave, dtype=np.float64),
        frame_milliseconds=float(rng.choice([4.0, 5.0, 8.0])),
        careful_pitch=bool(rng.random() < 0.3),
        numbers=int(rng.integers(24, 61)) if rng.random() < 0.7 else None,
    )


def check_installed() -> None:
    """Raise if pyworld is not there, before any work begins."""
    _pyworld()


def _pyworld() -> ModuleType:
    try:
        import pyworld
    except ImportError:
        raise UserError(
            "system world needs pyworld: pip install 'deepfake-audio[world]', or leave world out of systems"
        ) from None
    module: ModuleType = pyworld
    return module
