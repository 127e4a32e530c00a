"""Runs of one setting are one entry, ranked by what validation measured, and called by what tells it apart."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Hashable, Iterable
from dataclasses import dataclass, replace
from itertools import groupby
from pathlib import Path
from typing import NamedTuple

import numpy as np

from .results import FAILED_STATUS, Result

SEED = "seed="
# Means of the same figures may differ by rounding, and are equal all the same.
DECIMALS = 9


class Spread(NamedTuple):
    """A figure over seeds; `deviation` is the sample's, None where there is one seed only."""

    mean: float
    deviation: float | None
    low: float
    high: float


@dataclass(frozen=True)
class Entry:
    """The runs of one setting, measured on one set of clips, their thresholds chosen by one rule."""

    results: list[Result]
    clips: str  # a letter: a difference between entries of different letters says nothing
    failed: int = 0  # runs of this setting that came to nothing
    rank: int = 0
    name: str = ""
    overrides: str = ""  # those that not every entry has

    @property
    def n_seeds(self) -> int:
        """Runs of the same seed count once; runs that don't say theirs count each."""
        return len({_seed(result, number) for number, result in enumerate(self.results)})

    def spread(self, figure: str) -> Spread | None:
        """Over seeds, never the best of them; None where a run lacks the figure."""
        by_seed: dict[Hashable, list[float]] = defaultdict(list)
        for number, result in enumerate(self.results):
            value = result.figures.get(figure)
            if value is None:
                return None
            by_seed[_seed(result, number)].append(value)
        values = np.array([np.mean(each) for each in by_seed.values()])
        deviation = float(values.std(ddof=1)) if len(values) > 1 else None
        return Spread(float(values.mean()), deviation, float(values.min()), float(values.max()))


def make_entries(
    done: list[Result],
    failed: list[Result],
    letters: dict[tuple[str, ...], str],
    names: dict[Path, str],
) -> list[Entry]:
    """Entries in order, by letter and rank, with their names."""
    return _named(_ranked(_entries(done, failed, letters)), failed, names)


def quoted(name: str) -> str:
    """A name as it stands in a sentence: it may hold an "and" of its own."""
    return f'"{name}"'


def _seed(result: Result, number: int) -> Hashable:
    return result.seed if result.seed is not None else ("run", number)


def _entries(done: list[Result], failed: list[Result], letters: dict[tuple[str, ...], str]) -> list[Entry]:
    groups: dict[Hashable, list[Result]] = defaultdict(list)
    for result in done:
        setting = result.setting if result.seed is not None else ""
        groups[result.measured_on, setting or result.run.path, result.rule].append(result)
    # What a search pruned or ran again is no seed that is wanting.
    lost = Counter(result.asked for result in failed if result.status.startswith(FAILED_STATUS))
    return [
        Entry(
            sorted(group, key=lambda result: -1 if result.seed is None else result.seed),
            letters[group[0].measured_on],
            lost[group[0].asked] if group[0].asked else 0,
        )
        for group in groups.values()
    ]


def _ranked(entries: list[Entry]) -> list[Entry]:
    def figures(entry: Entry) -> list[float]:
        spreads = (entry.spread(figure) for figure in ("val_f2", "val_average_precision"))
        return [-1.0 if spread is None else round(spread.mean, DECIMALS) for spread in spreads]

    ranked: list[Entry] = []
    best_first = sorted(entries, key=lambda entry: (entry.clips, *(-each for each in figures(entry))))
    for _, group in groupby(best_first, key=lambda entry: entry.clips):
        rank, before = 0, list[float]()
        for place, entry in enumerate(group, 1):
            # Equal ones share a rank, and the ranks they fill are left out.
            rank, before = (rank if figures(entry) == before else place), figures(entry)
            ranked.append(replace(entry, rank=rank))
    return ranked


def _named(entries: list[Entry], failed: list[Result], names: dict[Path, str]) -> list[Entry]:
    """Several seeds are called by their setting where that tells them apart, else by their first run."""
    if not entries:
        return []
    told = []
    for entry in entries:
        shared = _shared(result.overrides for result in entry.results)
        told.append([each for each in shared if len(entry.results) == 1 or not each.startswith(SEED)])
    everybody = told + [result.overrides for result in failed]
    alone = len(everybody) == 1 and len(entries[0].results) == 1
    common = set() if alone else set(_shared(everybody))
    words = [" ".join(each for each in of if each not in common) for of in told]
    named = []
    for entry, overrides in zip(entries, words, strict=True):
        name = names[entry.results[0].run.path]
        if len(entry.results) > 1:
            more = f"{name} and {len(entry.results) - 1} more"
            name = overrides if overrides and words.count(overrides) == 1 else more
        named.append(replace(entry, name=name, overrides=overrides))
    return named


def _shared(several: Iterable[list[str]]) -> list[str]:
    """What all lists have, in the order of the first."""
    first, *others = [list(each) for each in several]
    return [each for each in first if all(each in other for other in others)]
