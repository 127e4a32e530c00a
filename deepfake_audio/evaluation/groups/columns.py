"""Which groups a clip is in: a cell of a column, or a step of its duration."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

import numpy as np
import pandas as pd

from ...clips import says_nothing
from ...errors import UserError, named

COLUMNS = ("race", "gender", "method", "system", "corpus", "duration")
UNKNOWN = "unknown"
# Round numbers between which clips in use differ: a shout, a sentence, a statement. The last step is open.
DURATION_EDGES_SECONDS = (0.0, 2.0, 4.0, 8.0)


def cells_by_column(scores: pd.DataFrame, columns: Sequence[str] | None) -> dict[str, pd.Series]:
    """The group of each clip, by column: `columns`, or those of `COLUMNS` that have two known groups or more."""
    there = [*scores.columns, *(["duration"] if "seconds" in scores else [])]
    if columns is None:
        cells = {column: _cells(scores, column) for column in COLUMNS if column in there}
        return {column: each for column, each in cells.items() if len(set(each) - {UNKNOWN}) > 1}
    missing = [column for column in columns if column not in there]
    if missing:
        hint = "; duration needs a column seconds" if "duration" in missing else ""
        raise UserError(f"scores have no column {named(missing)} to group by{hint}")
    return {column: _cells(scores, column) for column in columns}


def _cells(scores: pd.DataFrame, column: str) -> pd.Series:
    """The group of each clip, by name."""
    if column != "duration" or column in scores:
        cells = scores[column].astype(str).str.strip()
        return cells.mask(says_nothing(cells), UNKNOWN)
    seconds = pd.to_numeric(scores["seconds"], errors="coerce").to_numpy(np.float64)
    place = np.searchsorted(DURATION_EDGES_SECONDS, seconds, side="right") - 1
    names = np.array([*_duration_names(), UNKNOWN])
    known = np.isfinite(seconds) & (seconds >= 0)
    return pd.Series(names[np.where(known, place, len(names) - 1)], index=scores.index)


def _duration_names() -> list[str]:
    edges = [f"{edge:g}" for edge in DURATION_EDGES_SECONDS]
    closed = [f"{low}-{high} s" for low, high in pairwise(edges)]
    return [*closed, f"{edges[-1]} s and more"]


def names_in(column: str, cells: pd.Series) -> list[str]:
    """The groups that occur, in the order of their names or lengths; those unknown last."""
    order = {name: place for place, name in enumerate(_duration_names())} if column == "duration" else {}
    return sorted(cells.unique(), key=lambda name: (name == UNKNOWN, order.get(name, 0), name))
