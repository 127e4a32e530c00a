"""The board as tables: a row a run, a row an entry, a row a difference."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pandas as pd

from ..evaluation.statistics.paired import COMPARED_CURVES
from ..spreadsheets import write_table
from .board import Board
from .differences import Comparison, Difference
from .entries import Entry
from .results import TEST_FIGURES, VAL_FIGURES, Result

RUNS_FILE, ENTRIES_FILE, DIFFERENCES_FILE = "leaderboard.csv", "summary.csv", "differences.csv"
RUN_COLUMNS = (
    "rank", "run", "val_f2", "val_average_precision", "test_f2", "test_f2_low", "test_f2_high",
    "test_f2_all_fake", "test_false_alarm_rate", "test_balanced_accuracy", "threshold", "overrides", "clips",
    "status", "entry", "seed",
)  # fmt: skip
SPREAD_FIGURES = (*(f"val_{name}" for name in VAL_FIGURES), *(f"test_{name}" for name in TEST_FIGURES))


def run_table(board: Board) -> pd.DataFrame:
    """One row a run, at its entry's rank, so that no seed stands above its own mean; failed runs come last."""
    rows = [_run(board, result, entry) for entry in board.entries for result in entry.results]
    rows += [_run(board, result, None) for result in board.failed]
    return pd.DataFrame(rows, columns=list(RUN_COLUMNS)).astype({"rank": "Int64", "seed": "Int64"})


def entry_table(board: Board) -> pd.DataFrame:
    """One row an entry: mean over seeds, standard deviation (empty for one seed), lowest and highest."""
    rows = []
    for entry in board.entries:
        row: dict[str, Any] = {"rank": entry.rank, "entry": entry.name, "clips": entry.clips}
        row |= {"n_seeds": entry.n_seeds, "n_runs": len(entry.results), "n_failed": entry.failed}
        for figure in SPREAD_FIGURES:
            spread = entry.spread(figure) or (None,) * 4
            row |= dict(zip((figure, *(f"{figure}_{x}" for x in ("sd", "min", "max"))), spread, strict=True))
        rows.append({**row, "overrides": entry.overrides})
    return pd.DataFrame(rows)


def difference_table(differences: list[Difference]) -> pd.DataFrame:
    """One row a pair and figure."""
    rows = [
        {
            "clips": each.clips, "a": each.a, "b": each.b, "figure": figure, "a_minus_b": value,
            "low": interval[0] if interval else None, "high": interval[1] if interval else None,
            "comparisons": each.comparisons,
            "draws": each.basis.curve_draws if figure in COMPARED_CURVES else each.basis.draws,
        }
        for each in differences
        for figure, (value, interval) in each.figures.items()
    ]  # fmt: skip
    columns = ("clips", "a", "b", "figure", "a_minus_b", "low", "high", "comparisons", "draws")
    return pd.DataFrame(rows, columns=list(columns))


def write_tables(board: Board, comparison: Comparison | None, folder: Path) -> None:
    """Write `leaderboard.csv` (runs), `summary.csv` (entries) and, where there is a comparison, `differences.csv`."""
    tables = {RUNS_FILE: run_table(board), ENTRIES_FILE: entry_table(board)}
    if comparison is not None:
        tables[DIFFERENCES_FILE] = difference_table(comparison.differences)
    for name, table in tables.items():
        write_table(table, folder / name)


def _run(board: Board, result: Result, entry: Entry | None) -> dict[str, Any]:
    low, high = result.f2_interval or (None, None)
    return {
        **{name: result.figures.get(name) for name in RUN_COLUMNS if name.startswith(("val_", "test_"))},
        "rank": entry.rank if entry else None,
        "run": board.names[result.run.path],
        "test_f2_low": low,
        "test_f2_high": high,
        "threshold": result.figures.get("val_threshold"),
        "overrides": board.own_overrides(result),
        "clips": entry.clips if entry else "",
        "status": result.status,
        "entry": entry.name if entry else "",
        "seed": result.seed,
    }
