"""What a page shows beside a verdict: the sound that was heard, and what in it the verdict rests on."""

from __future__ import annotations

import base64
import io
from math import gcd
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import soundfile
from scipy.signal import resample_poly

from ..detector import read_recording
from ..errors import UserError, one_line
from ..explaining import explain
from ..explaining.sound import Wave
from ..report.canvas import as_svg, for_a_phone
from ..report.pictures import spectrogram
from ..report.pictures.evidence import evidence_picture

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from ..detector import Detector

# What MP3 knows; anything else is brought to the last.
MP3_RATES_HZ = (8_000, 11_025, 12_000, 22_050, 24_000, 32_000, 44_100, 48_000, 16_000)
# What is longer is sent at 24 kbit/s, so that an hour of it is no more than 11 MB.
LONG_SECONDS = 600.0
FOR_LONG = {"compression_level": 0.9, "bitrate_mode": "CONSTANT"}
# Beyond it the windows that are explained are too small a part to be drawn, and a spectrogram takes gigabytes.
MOST_EXPLAINED_SECONDS = 600.0
# Of more nobody reads the map on a page.
EXPLAINED_WINDOWS = 4


def sights(detector: Detector, file: Path) -> dict[str, Any]:
    """`sound` (MP3 in base64), `picture` (an SVG or two), `words` about it; all of them plain text."""
    waveform = read_recording(file, detector.sample_rate)
    return {
        "sound": base64.b64encode(as_mp3(waveform, detector.sample_rate)).decode("ascii"),
        **_evidence(detector, waveform),
    }


def as_mp3(waveform: Wave, sample_rate: int) -> bytes:
    """What every browser plays: [T] -> MP3, turned down only where it would clip."""
    if sample_rate not in MP3_RATES_HZ:
        played_hz = MP3_RATES_HZ[-1]
        common = gcd(played_hz, sample_rate)
        waveform = resample_poly(waveform, played_hz // common, sample_rate // common)
        sample_rate = played_hz
    # Not by absolute values, nor divided in any case: of an hour each copy is a quarter of a gigabyte.
    peak = max(float(waveform.max(initial=0.0)), -float(waveform.min(initial=0.0)))
    played = waveform / peak if peak > 1 else waveform
    written = io.BytesIO()
    settings = FOR_LONG if len(waveform) > LONG_SECONDS * sample_rate else {}
    soundfile.write(written, played, sample_rate, format="MP3", subtype="MPEG_LAYER_III", **settings)
    return written.getvalue()


def _evidence(detector: Detector, waveform: Wave) -> dict[str, Any]:
    if len(waveform) > MOST_EXPLAINED_SECONDS * detector.sample_rate:
        minutes = f"{MOST_EXPLAINED_SECONDS / 60:g} minutes"
        return {
            "picture": "",
            "words": [f"This is drawn for recordings of up to {minutes}: cut out what matters."],
        }
    try:
        told = explain(detector, waveform, most_windows=EXPLAINED_WINDOWS, random_orders=0)
    except UserError as error:
        words = f"What the verdict rests on can't be shown: {one_line(error)}"
        return {
            "picture": _drawn(spectrogram(waveform.astype(np.float64), detector.sample_rate)),
            "words": [words],
        }
    return {
        "picture": _drawn(evidence_picture(told)),
        "words": [line for line in (told.words, told.chosen_windows, told.how) if line],
    }


def _drawn(figure: Figure) -> str:
    """For a desk and for a phone; the page shows the one that fits."""
    wide = as_svg(figure, "evidence")
    return f'<div class="desk">{wide}</div><div class="phone">{as_svg(for_a_phone(figure), "evidence-phone")}</div>'
