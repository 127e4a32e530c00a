"""Cells of words that a spreadsheet would run, written so that it doesn't, and read back as they were.

An apostrophe in front makes a spreadsheet show the cell as text. Tables that this library reads again lose it on the
way in; to other readers the few cells that had to have one show it. Numbers are never touched.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from .files import replacing

if TYPE_CHECKING:
    import pandas as pd

# What a spreadsheet takes for the beginning of a formula, and runs.
FORMULA = tuple("=+-@|%\uff1d\uff0b\uff0d\uff20")
MARK = "'"


def inert(cell: str) -> str:
    """With an apostrophe in front where it would be run; some spreadsheets pass over blanks before they look.

    One that has apostrophes there already gets another, so that the way back is the same for all.
    """
    return MARK + cell if _would_run(cell.lstrip(MARK)) else cell


def as_it_was(cell: str) -> str:
    """The cell that `inert` was given."""
    return cell[1:] if cell.startswith(MARK) and _would_run(cell.lstrip(MARK)) else cell


def inert_table(table: pd.DataFrame) -> pd.DataFrame:
    """The table with every cell of words inert; what is a number, or only a sign, is harmless and stays."""
    return _mapped(table, lambda cell: cell if _is_harmless(cell) else inert(cell))


def table_as_it_was(table: pd.DataFrame) -> pd.DataFrame:
    """The table that `inert_table` was given."""
    return _mapped(table, as_it_was)


def write_table(table: pd.DataFrame, path: Path) -> None:
    """A CSV, whole or not at all, with every cell of words inert."""
    with replacing(path) as part:
        inert_table(table).to_csv(part, index=False, lineterminator="\n")


def _would_run(cell: str) -> bool:
    return cell.lstrip().startswith(FORMULA) or cell[:1] in ("\t", "\r", "\n")


def _is_harmless(cell: str) -> bool:
    if len(cell) <= 1:
        return True
    try:
        float(cell)
    except ValueError:
        return False
    return True


def _mapped(table: pd.DataFrame, change: Callable[[str], str]) -> pd.DataFrame:
    """Names of columns and cells of words, each changed."""
    changed = {}
    for column in table.columns:
        cells = table[column]
        # Words, and what may be words.
        if cells.dtype.kind != "O":
            continue
        # Most cells begin with a letter; only the others are looked at one by one.
        odd = cells.astype(str).str.match(r"[^0-9A-Za-z]", na=False)
        if odd.any():
            told = cells[odd].map(lambda cell: change(cell) if isinstance(cell, str) else cell)
            changed[column] = cells.mask(odd, told)
    names = {name: change(name) for name in table.columns if isinstance(name, str)}
    return table.assign(**changed).rename(columns=names)
