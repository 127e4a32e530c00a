"""Scores of any system, as its own score file tells them: which way they run is stated or refused, never guessed."""

from .direction import checked_direction
from .figures import figures
from .frozen import Frozen, freeze, refuse_shared
from .reading import Reading, ScoreFile, read_score_file
from .table import in_words
from .verification import read_asv_scores

__all__ = [
    "Frozen",
    "Reading",
    "ScoreFile",
    "checked_direction",
    "figures",
    "freeze",
    "in_words",
    "read_asv_scores",
    "read_score_file",
    "refuse_shared",
]
