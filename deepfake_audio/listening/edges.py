"""Where the sound of a recording begins and ends, found while it passes by.

The same answer as `audio.edges.speech_bounds` gives to a whole recording. What counts as silence hangs on the loudest
frame, which may come last: so all frames are remembered that could still turn out to be the first or the last one.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from ..audio.edges import FRAME_CELLS, ROUNDING, SHORTEST_SECONDS, at_least, cell_samples, cell_sums

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Wave = NDArray[np.float32]


class EdgeFinder:
    """Takes a recording block by block, float32 [T] each, and then tells its bounds."""

    def __init__(self, sample_rate: int, silence_db: float) -> None:
        self._sample_rate, self._cell = sample_rate, cell_samples(sample_rate)
        self._quiet = 10 ** (-silence_db / 10)
        self._samples = 0
        self._rest = np.zeros(0, np.float32)
        # Sums and sums of squares of the last cells, which the next frames begin with.
        self._cells = np.zeros((0, 2))
        self._n_cells, self._sum = 0, 0.0
        self._head = np.zeros((0, 2))
        self._power = self._squares = 0.0
        self._firsts = _Records(rising=True)
        self._lasts = _Records(rising=False)

    def add(self, block: Wave) -> None:
        self._samples += len(block)
        self._rest = np.concatenate([self._rest, block])
        whole = len(self._rest) // self._cell * self._cell
        if whole:
            self._take(cell_sums(self._rest[:whole], self._cell))
            self._rest = self._rest[whole:]

    def bounds(self) -> tuple[int, int]:
        """First sample and end of what lies between the silences; to be asked once, at the end."""
        if self._samples == 0:
            return 0, 0
        if len(self._rest):
            # A last, shorter cell counts as a whole one of its kind.
            self._take(cell_sums(self._rest, self._cell) * (self._cell / len(self._rest)))
        mean = self._sum / (self._n_cells * self._cell)
        outside = np.tile([mean * self._cell, mean * mean * self._cell], (FRAME_CELLS - 1, 1))
        self._frames(np.vstack([outside, self._head]), -(FRAME_CELLS - 1))
        self._frames(np.vstack([self._cells, outside]), self._n_cells - len(self._cells))
        least = max(self._power * self._quiet, ROUNDING * self._squares)
        first, last = self._firsts.first_above(least), self._lasts.last_above(least)
        if first is None or last is None:
            return 0, self._samples
        # What makes the first loud frame loud came in with its last cell; what makes the last one, with its first.
        start = (first + FRAME_CELLS - 1) * self._cell
        end = min((last + 1) * self._cell, self._samples)
        return at_least(start, end, round(SHORTEST_SECONDS * self._sample_rate), self._samples)

    def _take(self, cells: Floats) -> None:
        """More cells [N, 2]; frames that lie wholly in what was heard so far are judged at once."""
        self._sum += float(cells[:, 0].sum())
        room = FRAME_CELLS - 1 - len(self._head)
        self._head = np.vstack([self._head, cells[:room]]) if room > 0 else self._head
        first = self._n_cells - len(self._cells)
        known = np.vstack([self._cells, cells])
        self._frames(known, first)
        self._n_cells += len(cells)
        self._cells = known[-(FRAME_CELLS - 1) :]

    def _frames(self, cells: Floats, first: int) -> None:
        """Frames of neighbouring cells [N, 2], the first of which is cell number `first`."""
        if len(cells) < FRAME_CELLS:
            return
        frames = np.lib.stride_tricks.sliding_window_view(cells, FRAME_CELLS, axis=0).sum(axis=2)
        total, squares = (frames / (FRAME_CELLS * self._cell)).T
        power = squares - total * total
        self._power = max(self._power, float(power.max()))
        self._squares = max(self._squares, float(squares.max()))
        least, places = self._power * self._quiet, first + np.arange(len(power), dtype=np.int64)
        self._firsts.add(places, power, least)
        self._lasts.add(places, power, least)


class _Records:
    """Frames louder than all before them (`rising`) or than all behind them: the first or last above any level."""

    def __init__(self, rising: bool) -> None:
        self._rising = rising
        self._places, self._powers = np.zeros(0, np.int64), np.zeros(0)

    def add(self, places: Ints, powers: Floats, least: float) -> None:
        """More frames, in any order; what is no louder than `least` never will be."""
        places, powers = np.append(self._places, places), np.append(self._powers, powers)
        order = np.argsort(places, kind="stable")
        order = order[powers[order] > least]
        places, powers = places[order], powers[order]
        seen = powers if self._rising else powers[::-1]
        before = np.maximum.accumulate(np.append(-np.inf, seen))[:-1]
        record = seen > before
        record = record if self._rising else record[::-1]
        self._places, self._powers = places[record], powers[record]

    def first_above(self, least: float) -> int | None:
        loud = self._places[self._powers > least]
        return int(loud[0]) if len(loud) else None

    def last_above(self, least: float) -> int | None:
        loud = self._places[self._powers > least]
        return int(loud[-1]) if len(loud) else None
