"""By how much one entry is better than another on test, and whether that could be luck in the choice of voices.

Paired: each draw of voices judges both entries, so that what is hard about a voice drops out. Of several seeds the
differences are averaged within each draw.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import combinations

import numpy as np
from scipy.stats import rankdata

from ..evaluation.metrics import Floats
from ..evaluation.statistics import RESAMPLES, Interval, clusters, over_draws
from ..evaluation.statistics.figures import FEWEST_RESAMPLES, at_cut, of_curves, resting_on
from ..evaluation.statistics.measured import Clips
from ..evaluation.statistics.paired import COMPARED_AT_CUT, COMPARED_CURVES, DECIMALS
from ..evaluation.statistics.spread import plain, spread, tail_for
from .board import Board, Entry
from .results import Result, scores_of

FIGURES = (*COMPARED_AT_CUT, *COMPARED_CURVES)
# How many entries stand against the first, unless all pairs are asked for: a table of a hundred is not read, and
# each more widens the intervals of all.
SHOWN = 10
# Whole curves cost draws x clips for each run: of many runs they are drawn less often, so that a sweep's table is there
# in seconds. What rests on the threshold, as F2 does, always has all draws.
CURVE_CELLS = 30_000_000


@dataclass(frozen=True)
class Difference:
    """`a` minus `b` on test, by figure, with intervals that hold together for all `comparisons` of the set."""

    clips: str
    a: str
    b: str
    figures: dict[str, tuple[float | None, Interval]]
    comparisons: int

    @property
    def certain(self) -> bool:
        """Whether one of them has the higher F2, as far as voices go."""
        interval = self.figures["f2"][1]
        return interval is not None and (interval[0] > 0 or interval[1] < 0)


@dataclass(frozen=True)
class Comparison:
    """What voices say about a board: differences, and the interval of each shown entry's F2 on test by its name."""

    differences: list[Difference]
    f2: dict[str, Interval]


@dataclass(frozen=True)
class _Drawn:
    """Figures of an entry: on the test clips themselves, and on each draw of their voices [R]."""

    measured: dict[str, float]
    drawn: dict[str, Floats]
    voices: dict[str, int]  # on how many each figure rests


def compared(board: Board, all_pairs: bool = False, resamples: int = RESAMPLES, seed: int = 0) -> Comparison:
    """The first entry of each set of clips against those behind it, or all against all."""
    differences: list[Difference] = []
    f2: dict[str, Interval] = {}
    for letter in sorted({entry.clips for entry in board.entries}):
        entries = [entry for entry in board.entries if entry.clips == letter and _has_test(entry)]
        shown = entries if all_pairs else entries[: SHOWN + 1]
        runs = sum(len(entry.results) for entry in shown)
        drawn = [
            _averaged([_measured(each, runs, resamples, seed) for each in entry.results]) for entry in shown
        ]
        f2 |= {
            entry.name: spread(each.drawn["f2"], each.voices["f2"])
            for entry, each in zip(shown, drawn, strict=True)
        }
        pairs = combinations(range(len(shown)), 2)
        differences += _of_pairs(shown, drawn, [pair for pair in pairs if all_pairs or pair[0] == 0])
    return Comparison(differences, f2)


def together(drawn: Floats, voices: int) -> list[Interval]:
    """Intervals of several differences [R, K] that hold all at once in 95 % of the draws.

    Each is a percentile interval, and all go out to the same rank, as far as it takes. One alone is the
    interval that `statistics.difference` tells.
    """
    if drawn.shape[1] == 1:
        return [spread(drawn[:, 0], voices)]
    kept = drawn[~np.isnan(drawn).any(axis=1)]
    if voices < 2 or not len(kept):
        return [None] * drawn.shape[1]
    share = (rankdata(kept, axis=0) - 0.5) / len(kept)
    alone = 1 - 2 * tail_for(voices)
    # Where many draws are equal, each of them seems less extreme than it is: never less than one alone would need.
    reach = max(alone, float(np.quantile(np.abs(2 * share - 1).max(axis=1), alone)))
    low, high = np.quantile(kept, [(1 - reach) / 2, (1 + reach) / 2], axis=0)
    return [(float(a), float(b)) for a, b in zip(low, high, strict=True)]


def _has_test(entry: Entry) -> bool:
    return all(
        result.run.scores("test").is_file() and result.figures.get("val_threshold") is not None
        for result in entry.results
    )


def _measured(result: Result, runs: int, resamples: int, seed: int) -> _Drawn:
    """Each run at its own frozen threshold. Equal clips and an equal seed are drawn alike, run after run."""
    scores = scores_of(result, "test")
    cluster = clusters(scores["voice"], scores.get("track"))
    clips = Clips.of(scores["label"], scores["p_fake"], cluster)
    threshold = result.figures["val_threshold"]
    assert threshold is not None
    measured: dict[str, float] = {}
    drawn: dict[str, Floats] = {}
    of_whole_curves = min(resamples, max(FEWEST_RESAMPLES, CURVE_CELLS // (runs * len(clips.score))))
    for tell, draws in (
        (at_cut(clips, threshold, COMPARED_AT_CUT), resamples),
        (of_curves(clips, COMPARED_CURVES), of_whole_curves),
    ):
        # The clips as they are: the set in which each voice stands once.
        once = tell(np.ones((1, clips.n_voices), dtype=np.int32))
        measured |= {name: float(value[0]) for name, value in once.items()}
        drawn |= over_draws(tell, clips.n_voices, draws, seed)
    return _Drawn(measured, drawn, {name: resting_on(clips, name) for name in FIGURES})


def _averaged(seeds: list[_Drawn]) -> _Drawn:
    measured = {name: float(np.mean([each.measured[name] for each in seeds])) for name in FIGURES}
    drawn = {name: np.mean([each.drawn[name] for each in seeds], axis=0) for name in FIGURES}
    return _Drawn(measured, drawn, seeds[0].voices)


def _of_pairs(entries: list[Entry], drawn: list[_Drawn], pairs: list[tuple[int, int]]) -> list[Difference]:
    if not pairs:
        return []
    figures: list[dict[str, tuple[float | None, Interval]]] = [{} for _ in pairs]
    for name in FIGURES:
        less = [np.round(drawn[a].drawn[name] - drawn[b].drawn[name], DECIMALS) + 0.0 for a, b in pairs]
        intervals = together(np.stack(less, axis=1), drawn[0].voices[name])
        for (a, b), told, interval in zip(pairs, figures, intervals, strict=True):
            value = round(drawn[a].measured[name] - drawn[b].measured[name], DECIMALS) + 0.0
            told[name] = (plain(value), interval)
    return [
        Difference(entries[a].clips, entries[a].name, entries[b].name, told, len(pairs))
        for (a, b), told in zip(pairs, figures, strict=True)
    ]
