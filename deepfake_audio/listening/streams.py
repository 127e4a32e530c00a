"""A recording in blocks, mono at the rate that a detector hears at, however long it is."""

from __future__ import annotations

import itertools
import stat
from collections.abc import Iterable, Iterator
from pathlib import Path

import numpy as np
import soundfile
from numpy.typing import NDArray

from ..errors import UserError

Wave = NDArray[np.float32]

# Numbers that are read at a time, over all channels: ten seconds of stereo at 16 kHz.
BLOCK_NUMBERS = 320_000
FULL_SCALE = 32_768


def recording_blocks(file: Path, sample_rate: int) -> Iterator[Wave]:
    """A recording from its beginning to its end: float32 [T] each, of any length.

    The samples are those that training heard of it, had it been a clip: a lossless mono file at the rate is taken as
    it stands; of all else the channels are averaged and rounded to 16 bits, as extraction does it.

    Raises:
        UserError: it is missing, empty or cannot be read; maybe only after some blocks.
    """
    _check_there(file)
    recording = _opened(file, sample_rate)
    if recording is None:
        from .ffmpeg import decoded_blocks

        blocks: Iterator[NDArray] = decoded_blocks(file, sample_rate)
        return _rounded(blocks)
    return _of_soundfile(recording, file)


def read_recording(file: Path, sample_rate: int) -> Wave:
    """A whole recording, for those that need all of it at once -> float32 [T]."""
    return np.concatenate([np.zeros(0, np.float32), *recording_blocks(file, sample_rate)])


def between(blocks: Iterable[Wave], first: int, end: int) -> Iterator[Wave]:
    """What lies between two samples of a stream; nothing behind `end` is read."""
    begin = 0
    for block in blocks:
        yield block[max(first - begin, 0) : max(end - begin, 0)]
        begin += len(block)
        if begin >= end:
            return


def cut_windows(blocks: Iterable[Wave], window_samples: int) -> Iterator[tuple[int, Wave]]:
    """First sample and samples of each window of a stream, as `window_starts` lays them, no more held than needed."""
    held, begin, due = np.zeros(0, np.float32), 0, 0
    for block in blocks:
        held = np.concatenate([held, block])
        while due + window_samples <= begin + len(held):
            yield due, held[due - begin : due - begin + window_samples]
            due += window_samples
        # The last window may reach back over what was heard already.
        keep = max(begin, min(due, begin + len(held) - window_samples))
        held, begin = held[keep - begin :], keep
    total = begin + len(held)
    if due == 0:
        yield 0, held
    elif due < total:
        yield total - window_samples, held[-window_samples:]


def _check_there(file: Path) -> None:
    try:
        found = file.stat()
    except (FileNotFoundError, NotADirectoryError):
        raise UserError(f"{file} is missing") from None
    except (OSError, ValueError) as error:
        raise UserError(f"{file} cannot be read: {getattr(error, 'strerror', None) or error}") from None
    if stat.S_ISDIR(found.st_mode):
        raise UserError(f"{file} is a folder: give one recording in it")
    if not stat.S_ISREG(found.st_mode):
        raise UserError(
            f"{file} is no file that can be read more than once: pipe it in, and give - in its place"
        )
    if found.st_size == 0:
        raise UserError(f"{file} is empty (0 bytes)")


def _opened(file: Path, sample_rate: int) -> soundfile.SoundFile | None:
    """Open where libsndfile reads it and it is at the rate; ffmpeg reads more."""
    try:
        recording = soundfile.SoundFile(str(file))
    except PermissionError:
        raise UserError(f"{file} cannot be read: no permission to read it") from None
    except (soundfile.LibsndfileError, OSError, TypeError, UnicodeEncodeError):
        return None
    if recording.samplerate == sample_rate:
        return recording
    recording.close()
    from ..audio.decoding import is_no_rate

    if is_no_rate(recording.samplerate):
        raise UserError(f"{file} claims {recording.samplerate} samples a second: it is damaged")
    return None


def _of_soundfile(recording: soundfile.SoundFile, file: Path) -> Iterator[Wave]:
    from ..audio.decoding import LOSSLESS

    with recording:
        blocks = _read(recording, file)
        if recording.channels == 1 and recording.format in LOSSLESS:
            yield from (block[:, 0] for block in blocks)
        else:
            yield from _rounded(blocks)


def _read(recording: soundfile.SoundFile, file: Path) -> Iterator[NDArray]:
    """Not by what the header says there is, which may be a lie: until nothing more comes."""
    size = max(1, BLOCK_NUMBERS // recording.channels)
    try:
        while len(block := recording.read(size, dtype="float32", always_2d=True)):
            yield block
    except (soundfile.LibsndfileError, OSError) as error:
        reason = str(error).rsplit(": ", 1)[-1].rstrip(".")
        raise UserError(f"{file} cannot be read to its end ({reason}): it is damaged") from None


def _rounded(blocks: Iterable[NDArray]) -> Iterator[Wave]:
    """Channels averaged and rounded to 16 bits: int16 or float32 [T, C] each -> float32 [T]."""
    from ..audio.decoding import as_int16_mono

    for block in blocks:
        if not np.isfinite(block).all():
            # Whoever listens says so by name; rounding would make a sample of it.
            yield np.full(1, np.nan, np.float32)
            return
        yield as_int16_mono(block).astype(np.float32) / np.float32(FULL_SCALE)


def in_batches(windows: Iterable[tuple[int, Wave]], size: int) -> Iterator[list[tuple[int, Wave]]]:
    """`size` windows together, the last few alone."""
    source = iter(windows)
    while batch := list(itertools.islice(source, size)):
        yield batch
