"""Scores of a speaker verification system (ASV), which the tandem cost needs: ASVspoof's layout."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from ...errors import UserError, named
from ..metrics import AsvScores
from .cells import is_number, read_cells

KINDS = ("target", "nontarget", "spoof")


def read_asv_scores(path: str | Path) -> AsvScores:
    """Lines such as `bonafide target 7.98` or `A07 spoof -2.1`: the kind of trial, and the score at the end."""
    cells = read_cells(Path(path))
    place = next((i for i, column in enumerate(cells.columns) if set(column) <= set(KINDS)), None)
    if place is None or not cells.lines:
        raise UserError(f"{cells.path} has no column of {', '.join(KINDS)}: these are no scores of an ASV")
    kind = np.array(cells.columns[place])
    missing = [name for name in KINDS if not (kind == name).any()]
    if missing:
        raise UserError(f"{cells.path} has no trial of the kind {named(missing)}")
    for row, cell in enumerate(cells.columns[-1]):
        if not is_number(cell) or np.isnan(float(cell)):
            raise UserError(f"{cells.at(row)}: the ASV score {cell!r} is no number")
    score = np.array([float(cell) for cell in cells.columns[-1]])
    return AsvScores(*(score[kind == name] for name in KINDS))
