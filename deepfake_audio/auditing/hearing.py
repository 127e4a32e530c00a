"""One pass over a recording, and what it tells the audit."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import soundfile
from numpy.typing import NDArray

from ..audio import BLOCK_SAMPLES
from ..audio.decoding import FINGERPRINT_DIGITS
from ..audio.measures import measure
from ..audio.prints import Print, track_print

# Longer clips are measured by their first and their last minute: silences and levels stand there too, and an
# hour-long file takes no more memory than a short one.
MEASURED_SECONDS = 60.0

Floats = NDArray[np.float32]


@dataclass(frozen=True)
class Heard:
    """What one pass over a clip told."""

    seconds: float
    fingerprint: str
    measures: dict[str, float]
    track: Print


def listen(file: Path) -> Heard:
    """One pass over a recording, block by block, its channels averaged.

    Raises:
        soundfile.LibsndfileError, OSError, ValueError: it can't be read, is empty, or holds what is no number.
    """
    digest = hashlib.sha256()
    ends = _Ends()
    with soundfile.SoundFile(str(file)) as recording:
        rate = recording.samplerate

        def blocks() -> Iterator[Floats]:
            for block in recording.blocks(BLOCK_SAMPLES, dtype="float32", always_2d=True):
                mono = block[:, 0] if block.shape[1] == 1 else block.mean(axis=1, dtype=np.float32)
                if not np.isfinite(mono).all():
                    raise ValueError("it holds samples that are NaN or infinite")
                # What a 16-bit file holds, to the bit, as extraction takes its fingerprints.
                digest.update(np.clip(np.rint(mono * 32768), -32768, 32767).astype("<i2").tobytes())
                ends.add(mono, round(MEASURED_SECONDS * rate))
                yield mono

        track = track_print(blocks(), rate)
    if not ends.samples:
        raise ValueError("it is empty")
    seconds = ends.samples / rate
    told = measure(ends.waveform(), rate)
    if "seconds" in told:
        told["seconds"] = seconds
    return Heard(seconds, digest.hexdigest()[:FINGERPRINT_DIGITS], told, track)


class _Ends:
    """The first and the last samples of a recording that comes in blocks; all of it, if it is short."""

    def __init__(self) -> None:
        self.samples = 0
        self._head: list[Floats] = []
        self._tail = np.zeros(0, np.float32)

    def add(self, block: Floats, most: int) -> None:
        room = max(0, most - self.samples)
        self.samples += len(block)
        # Copies: a view, even an empty one, would hold on to its whole block.
        if room:
            self._head.append(block[:room].copy())
        self._tail = np.concatenate([self._tail, block[room:]])[-most:].copy()

    def waveform(self) -> Floats:
        return np.concatenate([*self._head, self._tail])
