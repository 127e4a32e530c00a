"""Read a window of a recording, mono, without decoding the rest of the file."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import soundfile

from ..errors import UserError
from .wav import plain_samples, read_plain

# Half a minute at 16 kHz: what is read at a time when a whole recording is listened to.
BLOCK_SAMPLES = 480_000
# What soundfile raises of a damaged file: one without a header it would have to be told the rate of, and one that
# claims a length below zero or beyond all memory it makes an array for.
UNREADABLE = (soundfile.LibsndfileError, OSError, TypeError, ValueError, MemoryError)
WAY_OUT = "extract it again or take it off the table"


def window_starts(samples: int, window_samples: int) -> list[int]:
    """Where the fixed windows of evaluation begin: end to end, the last one flush with the end of the clip.

    A clip no longer than a window has one, at 0. Every sample is heard at least once, and only a short clip
    is ever padded, so that padding says nothing about the length of a long one.
    """
    if samples <= window_samples:
        return [0]
    starts = list(range(0, samples - window_samples + 1, window_samples))
    if starts[-1] + window_samples < samples:
        starts.append(samples - window_samples)
    return starts


def count_samples(path: Path, sample_rate: int) -> int:
    """Length of a wav or flac from its header alone, checked to be at the rate the features expect."""
    samples, rate_hz = plain_samples(path) or _samples(path)
    if rate_hz != sample_rate:
        raise UserError(
            f"{path} is at {rate_hz} Hz and features.sample_rate is {sample_rate}: extract with "
            f"sample_rate={sample_rate}"
        )
    if samples <= 0:
        raise UserError(f"{path} is empty; {WAY_OUT}")
    return samples


def _samples(path: Path) -> tuple[int, int]:
    """How many samples there are, and their rate."""
    try:
        info = soundfile.info(str(path))
    except UNREADABLE as error:
        raise _unreadable(path, error) from None
    return int(info.frames), int(info.samplerate)


def read_window(path: Path, start: int, samples: int) -> np.ndarray:
    """At most `samples` samples from `start` on, as float32 mono -> [T]; sought, not decoded from the top."""
    plain = read_plain(path, start, samples)
    if plain is not None:
        return plain
    try:
        with soundfile.SoundFile(str(path)) as recording:
            recording.seek(start)
            read = recording.read(samples, dtype="float32", always_2d=True)
    except UNREADABLE as error:
        raise _unreadable(path, error) from None
    if len(read) == 0:
        raise UserError(f"{path} has no samples from {start} on: it is shorter than its header says")
    mono = read[:, 0] if read.shape[1] == 1 else read.mean(axis=1)
    if not np.isfinite(mono).all():
        raise UserError(f"{path} holds samples that are NaN or infinite; {WAY_OUT}")
    return mono


def check_audible(path: Path) -> None:
    """Raise if a recording holds no number where there should be one, or nothing but zeros."""
    heard = False
    try:
        with soundfile.SoundFile(str(path)) as recording:
            for block in recording.blocks(BLOCK_SAMPLES, dtype="float32"):
                if not np.isfinite(block).all():
                    raise UserError(f"{path} holds samples that are NaN or infinite; {WAY_OUT}")
                heard = heard or bool(block.any())
    except UNREADABLE as error:
        raise _unreadable(path, error) from None
    if not heard:
        raise UserError(f"{path} is silent: every sample is zero; take it off the table")


def padded(waveform: np.ndarray, samples: int) -> np.ndarray:
    """[T] -> [samples], zeros after the end."""
    if len(waveform) == samples:
        return waveform
    filled = np.zeros(samples, dtype=waveform.dtype)
    filled[: len(waveform)] = waveform
    return filled


def _unreadable(path: Path, error: Exception) -> UserError:
    """What is said of a file that was there when the run began, and may be gone by now."""
    if not path.exists():
        return UserError(f"{path} is missing: put it back, or extract it again")
    # Of what isn't libsndfile's, the words are about arrays and not about the file.
    told = isinstance(error, soundfile.LibsndfileError | OSError)
    reason = str(error).rsplit(": ", 1)[-1].rstrip(".") if told else "its header makes no sense"
    return UserError(f"{path} cannot be read ({reason}); {WAY_OUT}")
