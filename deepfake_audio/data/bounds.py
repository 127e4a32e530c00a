"""What is listened to in each clip's file, and whether all files are there: asked once, before anything is learnt."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from itertools import islice
from pathlib import Path
from typing import TypeVar

import numpy as np

from ..audio import count_samples
from ..errors import UserError, named
from ..neutral import Neutral
from .compact import Bounds

T = TypeVar("T")
# So many are asked one by one. If each took longer than this, they wait for a disk or a network, or decode, and
# threads do that side by side; what is quicker than this threads would only slow.
TRIED = 32
SLOW_SECONDS = 5e-4
THREADS = 16
# Asked for at a time, so that what waits to be asked takes no memory.
CHUNK = 4096
NOT_THERE = (0, 0)
# A table may round.
ROUNDED_SECONDS = 0.05


def find_bounds(root: Path, paths: Sequence[str], sample_rate: int, neutral: Neutral) -> Bounds:
    """First sample and end of what is listened to in each file; trimming hears each file once for it.

    Files that are missing are told of all together, before any that cannot be read.
    """
    refused: list[UserError] = []
    missing: list[str] = []

    def bounds_of(path: str) -> tuple[int, int]:
        try:
            return neutral.bounds_of(root / path, sample_rate)
        except UserError as error:
            if (root / path).is_file():
                refused.append(error)
            else:
                missing.append(path)
            return NOT_THERE

    bounds = Bounds(of_each(bounds_of, paths))
    if missing:
        raise UserError(
            f"{len(missing)} of {len(paths)} clips have no file under {root}: {named(missing, 3)}; "
            "run `python -m deepfake_audio.extract` (again)"
        )
    if refused:
        raise refused[0]
    return bounds


def check_lengths(
    root: Path, paths: Sequence[str], bounds: Bounds, seconds: np.ndarray, sample_rate: int, trimmed: bool
) -> None:
    """Raise if a file is not as long as extraction found it (`seconds`; NaN where nobody says): it was changed since.

    Args:
        trimmed: whether the bounds leave anything out, so that a header has to be asked.
    """
    if trimmed:
        samples = np.fromiter(of_each(lambda path: count_samples(root / path, sample_rate), paths), np.int64)
    else:
        samples = bounds.array[:, 1]
    odd = np.flatnonzero(np.abs(samples / sample_rate - seconds) > ROUNDED_SECONDS)
    if len(odd):
        first = int(odd[0])
        raise UserError(
            f"{len(odd)} of {len(paths)} clips are not as long as their table says, such as {paths[first]}: "
            f"{seconds[first]:.2f} s there, {samples[first] / sample_rate:.2f} s in the file; it was changed since: "
            "run `python -m deepfake_audio.extract` (again)"
        )


def of_each(task: Callable[[str], T], paths: Sequence[str]) -> Iterator[T]:
    """What `task` says of each path, in order; by threads where it is slow."""
    began = time.perf_counter()
    for path in paths[:TRIED]:
        yield task(path)
    if time.perf_counter() - began < SLOW_SECONDS * TRIED:
        yield from map(task, islice(paths, TRIED, None))
        return
    with ThreadPoolExecutor(THREADS) as pool:
        for first in range(TRIED, len(paths), CHUNK):
            yield from pool.map(task, paths[first : first + CHUNK])
