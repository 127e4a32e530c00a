"""The board in words: for a terminal, and for whoever reads no table."""

from __future__ import annotations

import pandas as pd

from ..evaluation.statistics import Interval
from ..evaluation.voices import FEW_VOICES, FEWEST_VOICES
from .board import Board
from .differences import SHOWN, Basis, Comparison, Difference
from .entries import Entry, Spread, quoted
from .results import Result

NOTHING_COMPARED = Comparison([], {}, {})
HEADER = ("val F2", "val AP", "test F2", "false alarms", "all-fake F2", "overrides")


def in_words(board: Board, comparison: Comparison = NOTHING_COMPARED) -> str:
    """The table, who is better than whom, and what must not be read out of either."""
    several = len({entry.clips for entry in board.entries}) > 1
    rows = [["rank", *(["clips"] if several else []), "run", *HEADER]]
    for entry in board.entries:
        first = [str(entry.rank), *([entry.clips] if several else [])]
        alone = len(entry.results) == 1
        rows.append(
            [
                *first,
                *(
                    _run(board, entry.results[0], entry)
                    if alone
                    else _entry(entry, comparison.f2.get(entry.name))
                ),
            ]
        )
        if not alone:
            blank = [""] * len(first)
            rows += [[*blank, *_run(board, each, entry, "  ")] for each in entry.results]
    for result in board.failed:
        rows.append(["-", *(["-"] if several else []), *_run(board, result, None)])
    widths = [max(len(row[i]) for row in rows) for i in range(len(rows[0]))]
    lines = ["  ".join(c.ljust(w) for c, w in zip(row, widths, strict=True)).rstrip() for row in rows]
    told = [
        *who_is_better(comparison.differences),
        *of_intervals(board, comparison),
        *different_clips(board),
        *board.cautions,
    ]
    return "\n".join(lines + [f"\n{each}" if n == 0 else each for n, each in enumerate(told)])


def who_is_better(differences: list[Difference]) -> list[str]:
    """One sentence a pair, by F2 on test."""
    return [_pair(each) for each in differences]


def of_intervals(board: Board, comparison: Comparison) -> list[str]:
    """What the intervals hold and what they don't."""
    differences = comparison.differences
    alone = any(result.f2_interval for entry in board.entries for result in entry.results)
    if not (differences or alone or any(comparison.f2.values())):
        return []
    most = max((each.comparisons for each in differences), default=0)
    paired = "; of a difference, both are judged on the same voices" if differences else ""
    widened = f", and all {most} are widened so that they hold together" if most > 1 else ""
    told = [
        f"In brackets: 95 % interval over test's voices{paired}{widened}. Another training seed is not in it: that is "
        "what the spread over seeds is for."
    ]
    for letter, basis in comparison.basis.items():
        told += _of_basis(basis, f" of clips {letter}" if len(comparison.basis) > 1 else "")
    first = [entry for entry in board.entries if differences and entry.clips == differences[0].clips]
    if len(first) - 1 > len(differences) and most == SHOWN:
        told.append(f"Only the first {SHOWN + 1} are set against each other; --all-pairs does it for all.")
    return told


def _of_basis(basis: Basis, which: str) -> list[str]:
    """What weakens the intervals of one set of test clips."""
    told = []
    if basis.unknown:
        told.append(
            f"The voice of {basis.unknown:,} of the {basis.clips:,} test clips{which} is not known: each counts as a "
            "voice of its own, which makes intervals narrower than they should be."
        )
    if 0 < basis.voices < FEW_VOICES:
        told.append(
            f"The intervals{which} rest on {_voices(basis)} (of the class that has fewer): with fewer than "
            f"{FEW_VOICES} they are rough."
        )
    if basis.curve_draws < basis.draws:
        told.append(
            f"So many runs and clips{which} take long: the intervals of AUC, EER and average precision come from "
            f"{basis.curve_draws:,} draws of voices and not from {basis.draws:,}, and are rougher for it."
        )
    return told


def _voices(basis: Basis) -> str:
    return f"{basis.voices:,} known voice{'' if basis.voices == 1 else 's'}"


def different_clips(board: Board) -> list[str]:
    """Why entries of different letters stand apart."""
    if not board.differing:
        return []
    what = "; ".join(f"{letter} has other {what} than A" for letter, what in board.differing.items())
    return [
        f"These runs were not measured on the same clips ({what}): each letter is ranked by itself, and a difference "
        "between letters says nothing."
    ]


def spread_in_words(spread: Spread | None) -> str:
    """Mean and standard deviation over seeds, and how far they go."""
    if spread is None:
        return "-"
    # Of the same clips there is one figure of calling everything fake, whatever the seed.
    if not spread.deviation:
        return f"{spread.mean:.3f}"
    return f"{spread.mean:.3f} ± {spread.deviation:.3f} ({spread.low:.3f} to {spread.high:.3f})"


def interval_in_words(interval: Interval) -> str:
    """In brackets; nothing where there is none."""
    return "[{:.3f}, {:.3f}]".format(*interval) if interval else ""


def decimals(value: float | None) -> str:
    """Three of them, or a dash."""
    return "-" if value is None or pd.isna(value) else f"{value:.3f}"


def _pair(told: Difference) -> str:
    value, interval = told.figures["f2"]
    a, b = quoted(told.a), quoted(told.b)
    if value is None:
        return f"{a} and {b}: test has no fake, so F2 says nothing."
    span = f"{value:+.3f}" + (f" [{interval[0]:+.3f}, {interval[1]:+.3f}]" if interval else " (one voice)")
    better, worse = (a, b) if value > 0 else (b, a)
    if told.apart and not told.certain:
        return (
            f"{better} is not shown to be better than {worse} on test, though F2 differs by {span}: that takes "
            f"{FEWEST_VOICES} known voices of either class, and there are {told.basis.voices or 'none'}."
        )
    if not told.certain:
        return f"{a} and {b} cannot be told apart on test: F2 differs by {span}."
    assert interval is not None
    low, high = sorted(abs(end) for end in interval)
    behind = "" if value > 0 or told.tied else ", though validation ranked it lower"
    return (
        f"{better} is better than {worse} on test by {abs(value):.3f} [{low:.3f}, {high:.3f}] in F2{behind}."
    )


def _entry(entry: Entry, interval: Interval) -> list[str]:
    seeds = f"{entry.n_seeds} seeds" if entry.n_seeds > 1 else f"{len(entry.results)} runs of one seed"
    keys = ("val_f2", "val_average_precision", "test_f2", "test_false_alarm_rate", "test_f2_all_fake")
    *figures, all_fake = [entry.spread(key) for key in keys]
    # How far they go stands in the rows below.
    cells = [spread_in_words(each).partition(" (")[0] for each in figures]
    cells[2] = f"{cells[2]} {interval_in_words(interval)}".rstrip()
    overrides = "" if entry.overrides == entry.name else entry.overrides
    return [f"{entry.name} ({seeds})", *cells, decimals(all_fake and all_fake.mean), overrides]


def _run(board: Board, result: Result, entry: Entry | None, indent: str = "") -> list[str]:
    told = result.figures
    test = decimals(told.get("test_f2"))
    test = f"{test} {interval_in_words(result.f2_interval)}".rstrip()
    figures = [decimals(told.get(key)) for key in ("val_f2", "val_average_precision")]
    figures += [test, *(decimals(told.get(key)) for key in ("test_false_alarm_rate", "test_f2_all_fake"))]
    note = f"seed={result.seed}" if indent and result.seed is not None else entry.overrides if entry else ""
    if result.status != "done":
        note = f"{result.status}  {board.own_overrides(result)}"
    return [indent + board.names[result.run.path], *figures, note]
