"""A threshold chosen on one score file and applied to another, on whatever scale the scores are."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ...errors import UserError, named
from .. import metrics
from ..doubts import counted
from ..thresholds import Rule, in_words, values
from .reading import ScoreFile


@dataclass(frozen=True)
class Frozen:
    """A threshold that was chosen elsewhere, on the scale on which higher is more fake; and how."""

    threshold: float
    how: str
    # The share of fakes where it was chosen; None if it was simply given.
    prevalence: float | None = None


def freeze(val: ScoreFile, rule: Rule) -> Frozen:
    """The cut that `rule` wants on these scores, whatever their scale; of equal ones the highest."""
    sweep = metrics.sweep(val.table["label"], val.table["score"])
    cut = int(np.argmax(values(rule, sweep.counts)))
    told = f"chosen on {val.reading.path.name}: {in_words(rule)}"
    return Frozen(val.between(sweep.thresholds[1:], cut), told, float(val.table["label"].mean()))


def refuse_shared(val: ScoreFile, test: ScoreFile) -> list[str]:
    """Raise if clips stand in both, where a threshold would be chosen on what it is judged by; warn of voices."""
    if val.reading.higher != test.reading.higher:
        raise UserError(
            f"{val.reading.path}: higher means {val.reading.higher} here and {test.reading.higher} in "
            f"{test.reading.path}; a threshold of the one says nothing about the other"
        )
    shared = sorted(set(val.table["clip"]) & set(test.table["clip"]))
    if shared:
        raise UserError(
            f"{named(shared, 3)} stand in {val.reading.path} and in {test.reading.path}; a threshold is never chosen "
            "on what it is judged by"
        )
    if "voice" not in val.table or "voice" not in test.table:
        return []
    voices = set(val.table["voice"]) & set(test.table["voice"])
    return (
        [
            f"{counted(len(voices), 'voice')} stand{'s' if len(voices) == 1 else ''} in {val.reading.path.name} too, "
            "where the threshold was chosen"
        ]
        if voices
        else []
    )
