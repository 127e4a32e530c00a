"""By how much one entry is better than another on test, and whether that could be luck in the choice of voices.

Paired: each draw of voices judges both entries, so that what is hard about a voice drops out. Of several seeds the
differences are averaged within each draw.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import combinations
from typing import NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from ..evaluation.metrics import Floats
from ..evaluation.statistics import RESAMPLES, Interval, clusters, over_draws
from ..evaluation.statistics.figures import FEWEST_RESAMPLES, as_they_are, at_cut, of_curves, resting_on
from ..evaluation.statistics.measured import Clips
from ..evaluation.statistics.paired import COMPARED_AT_CUT, COMPARED_CURVES, DECIMALS
from ..evaluation.statistics.simultaneous import together
from ..evaluation.statistics.spread import plain, spread
from ..evaluation.voices import FEWEST_VOICES, is_known
from .board import Board
from .entries import Entry
from .results import Result, scores_of

FIGURES = (*COMPARED_AT_CUT, *COMPARED_CURVES)
# How many entries stand against the first, unless all pairs are asked for: a table of a hundred is not read, and
# each more widens the intervals of all.
SHOWN = 10
# Whole curves cost draws x clips for each run: of many runs they are drawn less often, so that a sweep's table is there
# in seconds. What rests on the threshold, as F2 does, always has all draws.
CURVE_CELLS = 30_000_000


class Basis(NamedTuple):
    """What the intervals of one set of test clips rest on."""

    voices: int  # known ones that have a clip of the class that fewer of them have; those on one recording are one
    clips: int
    unknown: int  # clips of which no run knows the voice
    draws: int
    curve_draws: int  # of AUC, EER and average precision


@dataclass(frozen=True)
class Difference:
    """`a` minus `b` on test, by figure, with intervals that hold together for all `comparisons` of the set."""

    clips: str
    a: str
    b: str
    figures: dict[str, tuple[float | None, Interval]]
    comparisons: int
    basis: Basis
    tied: bool = False  # whether validation ranks them alike

    @property
    def apart(self) -> bool:
        """Whether the interval of F2 leaves out 0."""
        interval = self.figures["f2"][1]
        return interval is not None and (interval[0] > 0 or interval[1] < 0)

    @property
    def certain(self) -> bool:
        """Whether one of them is shown to have the higher F2, as far as voices go; a handful shows nothing."""
        return self.apart and self.basis.voices >= FEWEST_VOICES


@dataclass(frozen=True)
class Comparison:
    """What voices say about a board."""

    differences: list[Difference]
    f2: dict[str, Interval]  # on test, of each shown entry by its name
    basis: dict[str, Basis]  # by the letter of the clips


@dataclass(frozen=True)
class _Drawn:
    """Figures of an entry: on the test clips themselves, and on each draw of their voices [R]."""

    measured: dict[str, float]
    drawn: dict[str, Floats]
    voices: dict[str, int]  # on how many each figure rests


def compared(board: Board, all_pairs: bool = False, resamples: int = RESAMPLES, seed: int = 0) -> Comparison:
    """The first entry of each set of clips against those behind it, or all against all."""
    told = Comparison([], {}, {})
    for letter in sorted({entry.clips for entry in board.entries}):
        entries = [entry for entry in board.entries if entry.clips == letter and _has_test(entry)]
        shown = entries if all_pairs else entries[: SHOWN + 1]
        if not shown:
            continue
        scores = {result.run.path: scores_of(result, "test") for entry in shown for result in entry.results}
        cluster, known = _voices(list(scores.values()))
        basis = _basis(next(iter(scores.values())), cluster, known, len(scores), resamples)
        drawn = [
            _averaged(
                [_measured(each, scores[each.run.path], cluster, basis, seed) for each in entry.results]
            )
            for entry in shown
        ]
        told.basis[letter] = basis
        for entry, each in zip(shown, drawn, strict=True):
            told.f2[entry.name] = spread(each.drawn["f2"], each.voices["f2"])
        pairs = [pair for pair in combinations(range(len(shown)), 2) if all_pairs or pair[0] == 0]
        told.differences.extend(_of_pairs(shown, drawn, pairs, basis))
    return told


def _has_test(entry: Entry) -> bool:
    return all(
        result.run.scores("test").is_file() and result.figures.get("val_threshold") is not None
        for result in entry.results
    )


def _voices(tables: list[pd.DataFrame]) -> tuple[NDArray[np.intp], NDArray[np.bool_]]:
    """Which clips are drawn together, for all runs alike, and of which the voice is known: [N] each.

    Whatever one run knows of voices and tracks holds for the clips, and so for the runs that don't know it.
    """
    cluster, known = np.arange(len(tables[0])), np.zeros(len(tables[0]), dtype=bool)
    for voice in _distinct(tables, "voice"):
        # An unknown voice is named after its clip, and so joins nothing.
        cluster = clusters(voice, cluster)
        known |= is_known(voice)
    for track in _distinct(tables, "track"):
        cluster = clusters(cluster, track)
    return cluster, known


def _distinct(tables: list[pd.DataFrame], name: str) -> list[pd.Series]:
    """Runs mostly say the same."""
    found: list[pd.Series] = []
    for table in tables:
        if name in table and not any(table[name].equals(each) for each in found):
            found.append(table[name])
    return found


def _basis(
    scores: pd.DataFrame, cluster: NDArray[np.intp], known: NDArray[np.bool_], runs: int, resamples: int
) -> Basis:
    clips = Clips.of(scores["label"], scores["p_fake"], cluster)
    curve_draws = min(resamples, max(FEWEST_RESAMPLES, CURVE_CELLS // (runs * len(scores))))
    return Basis(
        resting_on(clips.only(known), "f2"), len(scores), int(np.sum(~known)), resamples, curve_draws
    )


def _measured(
    result: Result, scores: pd.DataFrame, cluster: NDArray[np.intp], basis: Basis, seed: int
) -> _Drawn:
    """Each run at its own frozen threshold. Equal clusters and an equal seed are drawn alike, run after run."""
    clips = Clips.of(scores["label"], scores["p_fake"], cluster)
    threshold = result.figures["val_threshold"]
    assert threshold is not None
    measured: dict[str, float] = {}
    drawn: dict[str, Floats] = {}
    for tell, draws in (
        (at_cut(clips, threshold, COMPARED_AT_CUT), basis.draws),
        (of_curves(clips, COMPARED_CURVES), basis.curve_draws),
    ):
        measured |= as_they_are(tell, clips)
        drawn |= over_draws(tell, clips.n_voices, draws, seed)
    return _Drawn(measured, drawn, {name: resting_on(clips, name) for name in FIGURES})


def _averaged(seeds: list[_Drawn]) -> _Drawn:
    measured = {name: float(np.mean([each.measured[name] for each in seeds])) for name in FIGURES}
    drawn = {name: np.mean([each.drawn[name] for each in seeds], axis=0) for name in FIGURES}
    return _Drawn(measured, drawn, seeds[0].voices)


def _of_pairs(
    entries: list[Entry], drawn: list[_Drawn], pairs: list[tuple[int, int]], basis: Basis
) -> list[Difference]:
    if not pairs:
        return []
    each_pair = [(entries[a], entries[b]) for a, b in pairs]
    figures: list[dict[str, tuple[float | None, Interval]]] = [{} for _ in pairs]
    for name in FIGURES:
        values = _less(np.array([each.measured[name] for each in drawn]), pairs)
        draws = _less(np.stack([each.drawn[name] for each in drawn], axis=-1), pairs)
        intervals = together(values, draws, drawn[0].voices[name])
        for told, value, interval in zip(figures, values, intervals, strict=True):
            told[name] = (plain(value), interval)
    return [
        Difference(a.clips, a.name, b.name, told, len(pairs), basis, a.rank == b.rank)
        for (a, b), told in zip(each_pair, figures, strict=True)
    ]


def _less(figures: Floats, pairs: list[tuple[int, int]]) -> Floats:
    """The first of each pair less the second, over the last axis."""
    first, second = np.array(pairs).T
    return np.round(figures[..., first] - figures[..., second], DECIMALS) + 0.0
