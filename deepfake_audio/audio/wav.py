"""The kind of file that extraction writes, mono wav of 16 bits, read by its bytes: no decoder is opened for it."""

from __future__ import annotations

import os
import struct
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple, TypeVar

import numpy as np

T = TypeVar("T")
# What stands before the samples is far shorter, unless somebody put a picture there.
HEAD_BYTES = 512
BYTES_A_SAMPLE = 2
# Of 16 bits against full scale, as every decoder has it: exact in single precision.
FULL_SCALE = np.float32(2**15)
PCM = 1


class Plain(NamedTuple):
    """Where the samples of a file are that is as plain as ours."""

    first_byte: int
    samples: int
    rate_hz: int


def plain_samples(path: Path) -> tuple[int, int] | None:
    """How many samples there are and their rate; None of a file that is not as plain as ours, or not whole."""
    found = _asked(path, _plain)
    return None if found is None else (found.samples, found.rate_hz)


def read_plain(path: Path, start: int, samples: int) -> np.ndarray | None:
    """At most `samples` samples from `start` on, as float32 -> [T]; None of a file that is not as plain as ours."""

    def window(file: int) -> np.ndarray | None:
        found = _plain(file)
        if found is None or not 0 <= start < found.samples:
            return None
        read = np.empty(min(samples, found.samples - start), dtype="<i2")
        got = os.preadv(file, [read.data], found.first_byte + start * BYTES_A_SAMPLE)
        return read / FULL_SCALE if got == read.nbytes else None

    return _asked(path, window)


def _asked(path: Path, question: Callable[[int], T | None]) -> T | None:
    """What an open file answers; None of one that can't be read, about which a decoder has more to say."""
    try:
        file = os.open(path, os.O_RDONLY)
    except OSError:
        return None
    try:
        return question(file)
    except OSError:
        return None
    finally:
        os.close(file)


def _plain(file: int) -> Plain | None:
    """What the head of an open file says, where all of it is as we write it and no byte is missing."""
    head = os.pread(file, HEAD_BYTES, 0)
    if head[:4] != b"RIFF" or head[8:12] != b"WAVE":
        return None
    place, rate_hz = 12, None
    while place + 8 <= len(head):
        name, size = struct.unpack_from("<4sI", head, place)
        place += 8
        if name == b"fmt " and place + 16 <= len(head):
            kind, channels, rate_hz, _, _, bits = struct.unpack_from("<HHIIHH", head, place)
            if (kind, channels, bits) != (PCM, 1, 8 * BYTES_A_SAMPLE):
                return None
        elif name == b"data":
            whole = size % BYTES_A_SAMPLE == 0 and place + size <= os.fstat(file).st_size
            return Plain(place, size // BYTES_A_SAMPLE, rate_hz) if rate_hz and size and whole else None
        # Chunks begin at even places.
        place += size + size % 2
    return None
