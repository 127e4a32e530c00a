"""Runs beside each other: the seeds of one setting are one entry, ranked by the mean of what validation measured."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Hashable, Iterable
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import NamedTuple

import numpy as np

from ..runs import RunFolder
from .results import Result, read_result

SEED = "seed="
# What differs where clips do, in the order of `Result.measured_on`.
SETS = ("validation clips", "test clips", "labels")


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


@dataclass(frozen=True)
class Board:
    """All that `compare` shows but for the differences."""

    entries: list[Entry]
    failed: list[Result]
    names: dict[Path, str]  # of each run's folder
    differing: dict[str, str] = field(default_factory=dict)  # letter -> what is not as in A
    cautions: list[str] = field(default_factory=list)

    def own_overrides(self, result: Result) -> str:
        """What a run's command said that not every run's did."""
        results = [each for entry in self.entries for each in entry.results] + self.failed
        common = set.intersection(*({*each.overrides} for each in results)) if len(results) > 1 else set()
        return " ".join(each for each in result.overrides if each not in common)


def make_board(runs: list[RunFolder]) -> Board:
    """Rank runs by mean validation F2, then mean average precision; test is shown and never ranks.

    Runs are ranked among those that were measured on the same clips (A, B, ...; A has the most runs). Runs that
    differ in nothing but their seed are one entry; one that was tuned for something else is another.
    """
    results = [read_result(run) for run in runs]
    done = [result for result in results if result.status == "done"]
    failed = [result for result in results if result.status != "done"]
    letters = _letters([result.measured_on for result in done])
    entries = _ranked(_entries(done, failed, letters))
    names = _names(runs)
    entries = _named(entries, failed, names)
    return Board(entries, failed, names, _differing(letters), _cautions(entries, failed, names))


def _seed(result: Result, number: int) -> Hashable:
    return result.seed if result.seed is not None else ("run", number)


def _entries(
    done: list[Result], failed: list[Result], letters: dict[tuple[str, str, str], str]
) -> list[Entry]:
    groups: dict[Hashable, list[Result]] = defaultdict(list)
    for result in done:
        setting = result.setting if result.seed is not None else ""
        groups[result.measured_on, setting or result.run.path, result.rule].append(result)
    lost = Counter(result.setting for result in failed)
    return [
        Entry(
            sorted(group, key=lambda result: -1 if result.seed is None else result.seed),
            letters[group[0].measured_on],
            lost[group[0].setting] if group[0].setting else 0,
        )
        for group in groups.values()
    ]


def _ranked(entries: list[Entry]) -> list[Entry]:
    def figures(entry: Entry) -> list[float]:
        spreads = (entry.spread(figure) for figure in ("val_f2", "val_average_precision"))
        return [-1.0 if spread is None else spread.mean for spread in spreads]

    place: Counter[str] = Counter()
    ranked = []
    for entry in sorted(entries, key=lambda entry: (entry.clips, *(-each for each in figures(entry)))):
        place[entry.clips] += 1
        ranked.append(replace(entry, rank=place[entry.clips]))
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


def _names(runs: list[RunFolder]) -> dict[Path, str]:
    short = [run.path.resolve().name for run in runs]
    unique = len(set(short)) == len(short)
    return {run.path: name if unique else str(run.path) for run, name in zip(runs, short, strict=True)}


def _letters(measured_on: list[tuple[str, str, str]]) -> dict[tuple[str, str, str], str]:
    """A, B, ... for the sets of clips; A is what most runs were measured on."""
    by_size = [each for each, _ in Counter(measured_on).most_common()]
    return {each: chr(ord("A") + i) if i < 26 else f"Z{i}" for i, each in enumerate(by_size)}


def _differing(letters: dict[tuple[str, str, str], str]) -> dict[str, str]:
    first = next(iter(letters), None)
    if first is None:
        return {}
    told = {}
    for measured_on, letter in letters.items():
        others = [name for name, a, b in zip(SETS, first, measured_on, strict=True) if a != b]
        # Labels of other clips are others; that goes without saying.
        told[letter] = " and ".join([each for each in others if each != "labels"] or others)
    return {letter: what for letter, what in told.items() if what}


def _cautions(entries: list[Entry], failed: list[Result], names: dict[Path, str]) -> list[str]:
    """What a reader must know before believing the order."""
    results = [result for entry in entries for result in entry.results]
    told = []
    leaky = [names[result.run.path] for result in results if result.audit_passed is False]
    if leaky:
        told.append(
            f"The audit of the data did not pass in {_some(leaky)}: their figures flatter them, and their places too."
        )
    policies = sorted({result.policy for result in results if result.policy})
    if len(policies) > 1:
        told.append(
            f"The splits were made by different policies ({', '.join(policies)}): what was heard in training is not "
            "the same."
        )
    rules = sorted({result.rule for result in results if result.rule})
    if len(rules) > 1:
        told.append(
            f"The thresholds were chosen by different rules ({'; '.join(rules)}): F2, recall and false alarms differ "
            "by these as well, and not by what the detectors can do alone."
        )
    for entry in entries:
        if entry.failed:
            told.append(f"{entry.failed} more of {entry.name} failed: its mean is of those that did not.")
    if failed:
        told.append(f"Failed: {_some([names[result.run.path] for result in failed])}.")
    if len(entries) > 1 and any(entry.n_seeds == 1 for entry in entries):
        told.append(
            "Where there is one seed, nothing says how much of a figure is luck in training: train with seed=0,1,2."
        )
    return told


def _some(names: list[str], shown: int = 5) -> str:
    more = f" and {len(names) - shown} more" if len(names) > shown else ""
    return ", ".join(names[:shown]) + more
