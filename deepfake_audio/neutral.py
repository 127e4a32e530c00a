"""Take away what tells the classes apart without being the voice: the same treatment for reals and fakes.

It is part of a detector, not of a corpus: training, validation, test and prediction hear through it alike. Where
windows lie is drawn at random in training anyway (see `data`), so cropping needs no option here.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import soundfile

from .audio import count_samples
from .audio.codecs import Wave, known_codec, recode
from .audio.edges import file_bounds, speech_bounds
from .errors import UserError

# Frames that are so much below a window's loudest are pauses, and count nothing for how loud the speech is.
PAUSE_DB = 20.0
FRAME_SECONDS = 0.02
# A filter's edge is as wide as this share of its frequency: sharper ones ring audibly.
EDGE_SHARE = 0.1


@dataclass(frozen=True)
class Neutral:
    """What is done to each recording and to each window of it; None leaves a step out.

    Args:
        silence_db: trim what stands before the first and after the last sound that is no more than so many
            decibels below the loudest one.
        low_hz, high_hz: keep this band.
        level_db: bring the speech of each window to this level, against full scale.
        codec, bit_rate: send each window through a codec, see `recode`; without a codec the rate says nothing.
    """

    silence_db: float | None = None
    low_hz: float | None = None
    high_hz: float | None = None
    level_db: float | None = None
    codec: str | None = None
    bit_rate: int | None = None

    def __post_init__(self) -> None:
        if self.silence_db is not None and not 0 < self.silence_db < 120:
            raise UserError(f"neutral.silence_db={self.silence_db} must lie between 0 and 120; 30 is usual")
        if self.level_db is not None and not -80 <= self.level_db <= 0:
            raise UserError(f"neutral.level_db={self.level_db} must lie between -80 and 0; -26 is usual")
        low, high = self.low_hz or 0, self.high_hz if self.high_hz is not None else np.inf
        if not 0 <= low < high:
            raise UserError(f"neutral.low_hz={low} must be 0 or more, and below high_hz={high}")
        if self.codec is not None:
            known_codec(self.codec, self.bit_rate)

    @property
    def does_nothing(self) -> bool:
        return self == Neutral()

    def in_words(self) -> str:
        """For people: what is done, in order; empty where nothing is."""
        steps = []
        if self.silence_db is not None:
            steps.append(f"silence at the edges ({self.silence_db:g} dB under the loudest sound) is trimmed")
        if self.low_hz is not None or self.high_hz is not None:
            above = f"below {self.low_hz:g} Hz" if self.low_hz is not None else ""
            below = f"above {self.high_hz:g} Hz" if self.high_hz is not None else ""
            steps.append(f"what lies {' and '.join(filter(None, (above, below)))} is taken out")
        if self.level_db is not None:
            steps.append(f"speech is brought to {self.level_db:g} dB")
        if self.codec is not None:
            rate = f" at {self.bit_rate / 1000:g} kbit/s" if self.bit_rate else ""
            steps.append(f"each window is sent through {self.codec}{rate}")
        return ", ".join(steps)

    def bounds(self, waveform: Wave, sample_rate: int) -> tuple[int, int]:
        """First sample and end of what is listened to in a recording [T]."""
        if self.silence_db is None:
            return 0, len(waveform)
        return speech_bounds(waveform, sample_rate, self.silence_db)

    def bounds_of(self, path: Path, sample_rate: int) -> tuple[int, int]:
        """The same for a file; without trimming its header is enough."""
        samples = count_samples(path, sample_rate)
        if self.silence_db is None:
            return 0, samples
        try:
            return file_bounds(path, self.silence_db)
        except (soundfile.LibsndfileError, OSError) as error:
            raise UserError(
                f"{path} cannot be read ({error}); extract it again or take it off the table"
            ) from None

    def treat(self, window: Wave, sample_rate: int) -> Wave:
        """A window as the front end gets it: [T] -> [T].

        The level comes before the codec, so that all enter it alike.
        """
        if self.low_hz is not None or self.high_hz is not None:
            window = band_limited(window, sample_rate, self.low_hz, self.high_hz)
        if self.level_db is not None:
            window = levelled(window, sample_rate, self.level_db)
        if self.codec is not None:
            window = recode(window, sample_rate, self.codec, self.bit_rate)
        return window


def build_neutral(name: str = "none", **settings: Any) -> Neutral:
    """The treatment called `name`, with some of its settings changed, from plain values."""
    if name not in NEUTRALS:
        raise UserError(f"neutral {name!r} is not known; there is {', '.join(NEUTRALS)}")
    return Neutral(**{**NEUTRALS[name], **settings})


def band_limited(waveform: Wave, sample_rate: int, low_hz: float | None, high_hz: float | None) -> Wave:
    """Nothing below `low_hz` and above `high_hz`, and no shift in time: [T] -> [T]."""
    # Zeros behind the end, or a circular transform would let it ring into the beginning.
    size = len(waveform) + sample_rate // 10
    hz = np.fft.rfftfreq(size, 1 / sample_rate)
    passed = np.ones(len(hz))
    if low_hz:
        passed *= _slope((hz - low_hz) / (EDGE_SHARE * low_hz))
    if high_hz is not None:
        passed *= _slope((high_hz - hz) / (EDGE_SHARE * high_hz))
    return np.fft.irfft(np.fft.rfft(waveform, size) * passed, size)[: len(waveform)].astype(np.float32)


def _slope(inside: np.ndarray) -> np.ndarray:
    """Half a cosine from 0 at the border to 1 a whole edge inside."""
    return 0.5 - 0.5 * np.cos(np.pi * np.clip(inside, 0, 1))


def levelled(waveform: Wave, sample_rate: int, level_db: float) -> Wave:
    """Speech at `level_db` against full scale, or as near as it comes without clipping: [T] -> [T]."""
    found_db = speech_level_db(waveform, sample_rate)
    if found_db is None:
        return waveform
    gain = 10 ** ((level_db - found_db) / 20)
    peak = float(np.abs(waveform).max())
    return (waveform * min(gain, 1 / peak)).astype(np.float32)


def speech_level_db(waveform: Wave, sample_rate: int) -> float | None:
    """Mean level of the frames that are no pauses, against full scale; None where all is silent."""
    size = min(len(waveform), round(FRAME_SECONDS * sample_rate))
    if size == 0:
        return None
    frames = waveform[: len(waveform) // size * size].reshape(-1, size).astype(np.float64)
    power = np.square(frames).mean(axis=1)
    loudest = power.max()
    if loudest <= 0:
        return None
    return float(10 * np.log10(power[power >= loudest * 10 ** (-PAUSE_DB / 10)].mean()))


NEUTRALS: dict[str, dict[str, Any]] = {
    "none": {},
    "trim": {"silence_db": 30.0},
    "all": {
        "silence_db": 30.0, "low_hz": 60.0, "high_hz": 7_000.0, "level_db": -26.0, "codec": "mp3",
        "bit_rate": 32_000,
    },
}  # fmt: skip
