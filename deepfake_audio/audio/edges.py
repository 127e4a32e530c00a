"""Where the sound of a recording begins and ends, whatever silence somebody put around it."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import soundfile
from numpy.typing import NDArray

# Energy is summed in cells of 5 ms, and a frame is four of them: shorter than the shortest sound of speech, and
# no click of a sample or two lifts it.
CELL_SECONDS = 0.005
FRAME_CELLS = 4
SHORTEST_SECONDS = 0.5
# A share of the energy that is no sound but what sums are rounded to.
ROUNDING = 1e-10
# What is read at a time, in cells: half a minute.
BLOCK_CELLS = 6_000


def speech_bounds(waveform: np.ndarray, sample_rate: int, silence_db: float) -> tuple[int, int]:
    """First sample and end of what lies between the silences at the edges of a recording [T].

    Silence is what stays more than `silence_db` under the recording's own loudest 20 ms: not an absolute level,
    and no share of the recording, so that silence put in front, a gain or a constant offset moves nothing.
    At least half a second is kept, or all there is.
    """
    cell = cell_samples(sample_rate)
    return _bounds(cell_sums(waveform, cell), cell, len(waveform), sample_rate, silence_db)


def file_bounds(path: Path, silence_db: float) -> tuple[int, int]:
    """The same for a file that need not fit into memory."""
    with soundfile.SoundFile(str(path)) as recording:
        cell = cell_samples(recording.samplerate)
        blocks = recording.blocks(BLOCK_CELLS * cell, dtype="float32", always_2d=True)
        sums = [
            cell_sums(block[:, 0] if block.shape[1] == 1 else block.mean(axis=1), cell) for block in blocks
        ]
        cells = np.concatenate(sums) if sums else np.zeros((0, 2))
        return _bounds(cells, cell, recording.frames, recording.samplerate, silence_db)


def cell_samples(sample_rate: int) -> int:
    return max(1, round(CELL_SECONDS * sample_rate))


def cell_sums(waveform: np.ndarray, cell: int) -> NDArray[np.float64]:
    """Sum and sum of squares of each cell: [T] -> [cells, 2]; of a last, shorter one too."""
    starts = np.arange(0, len(waveform), cell)
    exact = waveform.astype(np.float64)
    return np.stack([np.add.reduceat(each, starts) for each in (exact, exact * exact)], axis=1)


def _bounds(
    cells: NDArray[np.float64], cell: int, samples: int, sample_rate: int, silence_db: float
) -> tuple[int, int]:
    if samples == 0:
        return 0, 0
    # A last, shorter cell counts as a whole one of its kind; beyond the edges nothing is heard, at the same offset.
    cells[-1] *= cell / (samples - (len(cells) - 1) * cell)
    mean = cells[:, 0].mean() / cell
    outside = np.tile([mean * cell, mean * mean * cell], (FRAME_CELLS - 1, 1))
    sums = np.cumsum(np.vstack([np.zeros((1, 2)), outside, cells, outside]), axis=0)
    total, squares = ((sums[FRAME_CELLS:] - sums[:-FRAME_CELLS]) / (FRAME_CELLS * cell)).T
    # The spread around a frame's own mean: an offset of the whole recording is no sound.
    power = squares - total * total
    least = max(power.max() * 10 ** (-silence_db / 10), ROUNDING * squares.max())
    loud = np.flatnonzero(power > least)
    if not len(loud):
        return 0, samples
    # What makes the first loud frame loud came in with its last cell, and what makes the last one with its first.
    start, end = int(loud[0]) * cell, min((int(loud[-1]) - FRAME_CELLS + 2) * cell, samples)
    return at_least(start, end, round(SHORTEST_SECONDS * sample_rate), samples)


def at_least(start: int, end: int, least: int, samples: int) -> tuple[int, int]:
    """Widened around the middle where it is shorter than `least`, inside the recording."""
    if end - start >= least:
        return start, end
    start = max(0, min((start + end - least) // 2, samples - least))
    return start, min(samples, start + least)
