"""Runs beside each other: what each came to, which is better, and whether that could be luck."""

from .board import Board, make_board
from .differences import Comparison, Difference, compared
from .entries import Entry, Spread, quoted
from .results import Result, find_runs
from .tables import RUNS_FILE, difference_table, entry_table, run_table, write_tables
from .words import different_clips, in_words

__all__ = [
    "RUNS_FILE",
    "Board",
    "Comparison",
    "Difference",
    "Entry",
    "Result",
    "Spread",
    "compared",
    "difference_table",
    "different_clips",
    "entry_table",
    "find_runs",
    "in_words",
    "make_board",
    "quoted",
    "run_table",
    "write_tables",
]  # fmt: skip
