"""Ways to change a recording that leave the voice alone, by name."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

import numpy as np
from numpy.random import Generator

from ..audio.codecs import Wave, recode, resampled
from ..audio.edges import speech_bounds
from ..neutral import band_limited

SILENCE_DB = 30.0
# Where the soft limiter begins to bend, against full scale.
KNEE = 0.5


@dataclass(frozen=True)
class Change:
    """One thing done to a recording [T] at a rate, drawn from the clip's own generator.

    Args:
        what: the end of a sentence that tells what the detector does then.
        leans_on: what a detector leans on that falls then.
        channel: whether a recording in use may well have gone through this, so that its score should stay.
    """

    what: str
    leans_on: str
    apply: Callable[[Generator, Wave, int], Wave]
    channel: bool = False


def _trimmed(rng: Generator, waveform: Wave, rate: int) -> Wave:
    start, end = speech_bounds(waveform, rate, SILENCE_DB)
    return waveform[start:end]


def _padded(rng: Generator, waveform: Wave, rate: int, before_seconds: float, after_seconds: float) -> Wave:
    return np.pad(waveform, (round(before_seconds * rate), round(after_seconds * rate)))


def _cut(rng: Generator, waveform: Wave, rate: int, share: float, least_seconds: float) -> Wave:
    """A stretch somewhere in the clip."""
    length = min(len(waveform), max(round(share * len(waveform)), round(least_seconds * rate)))
    start = int(rng.integers(len(waveform) - length + 1))
    return waveform[start : start + length]


def _middle(rng: Generator, waveform: Wave, rate: int, seconds: float) -> Wave:
    length = min(len(waveform), round(seconds * rate))
    start = (len(waveform) - length) // 2
    return waveform[start : start + length]


def _recoded(rng: Generator, waveform: Wave, rate: int, codec: str, bit_rate: int | None = None) -> Wave:
    return recode(waveform, rate, codec, bit_rate)


def _banded(rng: Generator, waveform: Wave, rate: int, low_hz: float | None, high_hz: float) -> Wave:
    return band_limited(waveform, rate, low_hz, high_hz)


def _gained(rng: Generator, waveform: Wave, rate: int, gain_db: float) -> Wave:
    """As a file of 16 bits would hold it: peaks bent and steps of one bit."""
    louder = waveform.astype(np.float64) * 10 ** (gain_db / 20)
    over = np.maximum(np.abs(louder) - KNEE, 0)
    limited = np.sign(louder) * (np.minimum(np.abs(louder), KNEE) + (1 - KNEE) * np.tanh(over / (1 - KNEE)))
    return (np.round(limited * 32_767) / 32_768).astype(np.float32)


def _noisy(rng: Generator, waveform: Wave, rate: int, snr_db: float) -> Wave:
    """White noise under the whole clip."""
    level = float(np.sqrt(np.mean(np.square(waveform, dtype=np.float64))))
    noise = rng.normal(0, level * 10 ** (-snr_db / 20) if level else 0.0, len(waveform))
    return (waveform + noise).astype(np.float32)


def _reversed_polarity(rng: Generator, waveform: Wave, rate: int) -> Wave:
    return -waveform


def _offset(rng: Generator, waveform: Wave, rate: int, to: float) -> Wave:
    """With this mean, against full scale."""
    return (waveform - waveform.mean(dtype=np.float64) + to).astype(np.float32)


def _resampled(rng: Generator, waveform: Wave, rate: int, through_hz: int) -> Wave:
    return resampled(resampled(waveform, rate, through_hz), through_hz, rate)[: len(waveform)]


SILENCE, LENGTH = "the silence at the edges", "the length of the clips"
CODED, LEVEL = "what a codec takes away", "the level"
CHANGES: dict[str, Change] = {
    "trimmed": Change("when the silence at the edges is trimmed", SILENCE, _trimmed),
    "silence_before": Change(
        "with half a second of silence in front",
        SILENCE,
        partial(_padded, before_seconds=0.5, after_seconds=0),
    ),
    "silence_after": Change(
        "with half a second of silence behind", SILENCE, partial(_padded, before_seconds=0, after_seconds=0.5)
    ),
    "cut": Change(
        "when a random half of each clip is heard (a second at least)",
        "how clips begin and end, or how long they are",
        partial(_cut, share=0.5, least_seconds=1.0),
    ),
    "two_seconds": Change(
        "when only the two seconds in the middle are heard", LENGTH, partial(_middle, seconds=2.0)
    ),
    "aac": Change("after AAC at 32 kbit/s", CODED, partial(_recoded, codec="aac", bit_rate=32_000), True),
    "mp3": Change("after MP3 at 32 kbit/s", CODED, partial(_recoded, codec="mp3", bit_rate=32_000), True),
    "opus": Change("after Opus at 16 kbit/s", CODED, partial(_recoded, codec="opus", bit_rate=16_000), True),
    "gsm": Change(
        "after a telephone's GSM", "what a telephone takes away", partial(_recoded, codec="gsm"), True
    ),
    "below_4khz": Change(
        "without what lies above 4 kHz",
        "the band above 4 kHz",
        partial(_banded, low_hz=None, high_hz=4_000),
        True,
    ),
    "telephone_band": Change(
        "between 300 and 3400 Hz only",
        "what lies outside a telephone's band",
        partial(_banded, low_hz=300, high_hz=3_400),
        True,
    ),
    "quieter": Change("20 dB quieter", LEVEL, partial(_gained, gain_db=-20)),
    "louder": Change("6 dB louder, peaks bent", LEVEL, partial(_gained, gain_db=6)),
    "noise": Change(
        "with white noise 20 dB below", "what is as faint as a little noise", partial(_noisy, snr_db=20), True
    ),
    "reversed_polarity": Change("with its polarity reversed", "the polarity", _reversed_polarity),
    "no_offset": Change("when a constant offset is removed", "a constant offset", partial(_offset, to=0.0)),
    "offset": Change("with a constant offset added", "a constant offset", partial(_offset, to=0.01)),
    "resampled": Change(
        "when resampled to 44.1 kHz and back",
        "traces of the sample rate",
        partial(_resampled, through_hz=44_100),
        True,
    ),
}
CHANNELS = tuple(name for name, change in CHANGES.items() if change.channel)
