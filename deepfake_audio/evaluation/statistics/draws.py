"""Voices drawn with replacement: what is measured in every drawn set, block by block, on all processors.

A drawn set needs no copies of clips, only how often each voice stands in it. Draws come in blocks, so that a
corpus in which each clip is a voice of its own fits into memory as well.
"""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ...processes import checked_jobs
from ..metrics import Floats

RESAMPLES = 2000
# Of one block: as many draws as keep its table of draws x voices in the tens of megabytes.
BLOCK_CELLS = 4_000_000
MOST_AT_ONCE = 100

Times = NDArray[np.int32]


def numbered(voices: ArrayLike) -> tuple[NDArray[np.intp], int]:
    """The voice of each clip as a number, and how many voices there are; numbers keep their order."""
    cells = np.asarray(voices)
    names, voice = np.unique(cells if cells.dtype.kind in "iu" else cells.astype(str), return_inverse=True)
    return voice, len(names)


def over_draws(
    figures: Callable[[Times], dict[str, Floats]], voices: int, resamples: int = RESAMPLES, seed: int = 0
) -> dict[str, Floats]:
    """What `figures` tells of every drawn set: [R, ...] each.

    Equal numbers of voices and equal seeds draw alike, and more draws begin with the fewer; so what is measured in
    two calls is paired.

    Args:
        figures: takes `times` [r, voices], how often each voice was drawn, and tells figures [r, ...] by name.
            It is called from several threads.
    """
    blocks = _blocks(voices, resamples)
    with ThreadPoolExecutor(checked_jobs(None)) as pool:
        told = list(
            pool.map(lambda block: figures(_drawn(voices, blocks[block], seed, block)), range(len(blocks)))
        )
    return {name: np.concatenate([each[name] for each in told]) for name in told[0]}


def _blocks(voices: int, resamples: int) -> list[int]:
    """How many draws each block holds; the size rests on nothing but the number of voices."""
    size = int(np.clip(BLOCK_CELLS // voices, 1, MOST_AT_ONCE))
    return [min(size, resamples - first) for first in range(0, resamples, size)]


def _drawn(voices: int, size: int, seed: int, block: int) -> Times:
    """`size` draws of as many voices as there are: [size, voices]."""
    drawn = np.random.default_rng([seed, block]).integers(voices, size=(size, voices))
    drawn += np.arange(size)[:, None] * voices
    return np.bincount(drawn.ravel(), minlength=size * voices).reshape(size, voices).astype(np.int32)
