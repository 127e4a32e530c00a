"""What a reader must know of the runs before believing their order."""

from __future__ import annotations

from itertools import groupby
from pathlib import Path

import pandas as pd

from ..clips import read_table
from .entries import Entry, quoted
from .results import FAILED_STATUS, KILLED_STATUS, PRUNED_STATUS, Result

# Two programs may cut a recording a little differently; what is trimmed is shorter by more.
SAME_SECONDS = 0.05
UNRANKED = {
    FAILED_STATUS: "Failed",
    PRUNED_STATUS: "Pruned by the search, so not ranked",
    KILLED_STATUS: "Killed and run again by the search, so not ranked",
}


def cautions(entries: list[Entry], failed: list[Result], names: dict[Path, str]) -> list[str]:
    """A sentence each."""
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
    for _, group in groupby(entries, key=lambda entry: entry.clips):
        told += _other_tables(list(group))
    for entry in entries:
        if entry.failed:
            told.append(
                f"{entry.failed} more of {quoted(entry.name)} failed: its mean is of those that did not."
            )
    for start, what in UNRANKED.items():
        some = [names[result.run.path] for result in failed if result.status.startswith(start)]
        if some:
            told.append(f"{what}: {_some(some)}.")
    if len(entries) > 1 and any(entry.n_seeds == 1 for entry in entries):
        told.append(
            "Where there is one seed, nothing says how much of a figure is luck in training: train with seed=0,1,2."
        )
    return told


def _other_tables(entries: list[Entry]) -> list[str]:
    """Other recordings may stand under the same names. Tables differ without harm too: in clips of training alone."""
    by_table: dict[str, list[Entry]] = {}
    if all(entry.results[0].recordings for entry in entries):
        # Then they are known to be the same, or these clips would be another set.
        return []
    for entry in entries:
        if table := entry.results[0].table:
            by_table.setdefault(table, []).append(entry)
    if len(by_table) < 2:
        return []
    firsts = [group[0] for group in by_table.values()]
    changed = max(_other_lengths(firsts[0].results[0], each.results[0]) for each in firsts[1:])
    lengths = f" Of the test clips, {changed:,} have another length: that is other audio." if changed else ""
    who = "; ".join(_some([entry.name for entry in group]) for group in by_table.values())
    return [
        f"Test clips have the same names and labels, but come from clip tables that differ ({who}).{lengths} Where the "
        "audio under a name is not the same (trimmed, encoded anew), a difference between these runs says nothing."
    ]


def _other_lengths(a: Result, b: Result) -> int:
    """How many test clips of one name are not equally long, as far as both runs know."""
    files = [each.run.scores("test") for each in (a, b)]
    tables = [read_table(file, ("clip",)).set_index("clip") for file in files if file.is_file()]
    if len(tables) < 2 or not all("seconds" in table for table in tables):
        return 0
    seconds = [pd.to_numeric(table["seconds"], errors="coerce") for table in tables]
    return int(((seconds[0] - seconds[1]).abs() > SAME_SECONDS).sum())


def _some(names: list[str], shown: int = 5) -> str:
    more = f" and {len(names) - shown} more" if len(names) > shown else ""
    return ", ".join(quoted(name) for name in names[:shown]) + more
