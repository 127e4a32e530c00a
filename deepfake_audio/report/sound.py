"""A stretch of a recording that a page can carry: mono FLAC, written into the page itself."""

from __future__ import annotations

import base64
import io
from html import escape
from math import gcd
from pathlib import Path

import numpy as np
import soundfile
from scipy.signal import resample_poly

from ..audio import read_window
from ..errors import UserError
from ..evaluation.metrics import Floats

PLAYED_HZ = 16_000
MOST_SECONDS = 8.0
# The last second that still fits is looked for in steps of a few, from the top.
SHRINK = 0.9


def opening(path: Path, seconds: float = MOST_SECONDS) -> Floats:
    """The first seconds of a recording at 16 kHz -> [T]; turned down only where it would clip."""
    try:
        rate = int(soundfile.info(str(path)).samplerate)
    except (soundfile.LibsndfileError, OSError):
        raise UserError(f"{path.name} cannot be read here") from None
    heard = read_window(path, 0, round(seconds * rate)).astype(np.float64)
    if rate != PLAYED_HZ:
        common = gcd(rate, PLAYED_HZ)
        heard = resample_poly(heard, PLAYED_HZ // common, rate // common)
    return heard / max(1.0, float(np.abs(heard).max()))


def fitting(waveform: Floats, most_bytes: int) -> tuple[Floats, bytes]:
    """As much of the beginning as fits into `most_bytes` of FLAC, and that FLAC."""
    data = _flac(waveform)
    while len(data) > most_bytes:
        waveform = waveform[: int(len(waveform) * min(SHRINK, most_bytes / len(data)))]
        data = _flac(waveform)
    return waveform, data


def player(data: bytes, name: str) -> str:
    """A player with the recording in it."""
    address = f"data:audio/flac;base64,{base64.b64encode(data).decode('ascii')}"
    return f'<audio controls preload="metadata" aria-label="{escape(name)}" src="{address}"></audio>'


def _flac(waveform: Floats) -> bytes:
    written = io.BytesIO()
    soundfile.write(written, waveform, PLAYED_HZ, format="FLAC", subtype="PCM_16")
    return written.getvalue()
