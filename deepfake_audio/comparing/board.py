"""Runs beside each other: the seeds of one setting are one entry, ranked by the mean of what validation measured."""

from __future__ import annotations

from collections import Counter, defaultdict
from dataclasses import dataclass, field, replace
from pathlib import Path

from ..runs import RunFolder
from .cautions import cautions
from .entries import Entry, make_entries
from .results import Result, read_result

# What differs where clips do, in the order of `Result.measured_on`.
SETS = ("validation clips", "test clips", "labels", "recordings, as far as these are known")


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
    """Rank runs by mean validation F2, then mean average precision; equal ones alike. Test is shown, and never ranks.

    Runs are ranked among those that were measured on the same clips (A, B, ...; A has the most runs). Runs that
    differ in nothing but their seed are one entry; one that was tuned for something else is another.
    """
    results = [read_result(run) for run in runs]
    done = _taken_for_the_same([result for result in results if result.status == "done"])
    failed = [result for result in results if result.status != "done"]
    letters = _letters([result.measured_on for result in done])
    names = _names(runs)
    entries = make_entries(done, failed, letters, names)
    return Board(entries, failed, names, _differing(letters), cautions(entries, failed, names))


def _taken_for_the_same(results: list[Result]) -> list[Result]:
    """Runs that don't know their recordings stand with those that do, where these agree with each other."""
    known: dict[tuple[str, ...], set[str]] = defaultdict(set)
    for result in results:
        if result.recordings:
            known[result.measured_on[:-1]].add(result.recordings)
    told = []
    for result in results:
        clips, others = result.measured_on[:-1], known[result.measured_on[:-1]]
        same = len(others) == 1 and not result.recordings
        told.append(replace(result, measured_on=(*clips, *others)) if same else result)
    return told


def _names(runs: list[RunFolder]) -> dict[Path, str]:
    short = [run.path.resolve().name for run in runs]
    unique = len(set(short)) == len(short)
    return {run.path: name if unique else str(run.path) for run, name in zip(runs, short, strict=True)}


def _letters(measured_on: list[tuple[str, ...]]) -> dict[tuple[str, ...], str]:
    """A, B, ... for the sets of clips; A is what most runs were measured on."""
    by_size = [each for each, _ in Counter(measured_on).most_common()]
    return {each: chr(ord("A") + i) if i < 26 else f"Z{i}" for i, each in enumerate(by_size)}


def _differing(letters: dict[tuple[str, ...], str]) -> dict[str, str]:
    first = next(iter(letters), None)
    if first is None:
        return {}
    told = {}
    for measured_on, letter in letters.items():
        others = [name for name, a, b in zip(SETS, first, measured_on, strict=True) if a != b]
        # Labels and recordings of other clips are others; that goes without saying.
        told[letter] = " and ".join([each for each in others if each.endswith("clips")] or others)
    return {letter: what for letter, what in told.items() if what}
