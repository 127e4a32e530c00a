"""What a search maximises: how good validation found the epoch that was kept. Test is never asked."""

from __future__ import annotations

import csv
import math
from pathlib import Path

from ..files import read_json
from ..runs import RunFolder


def value_of(run: RunFolder) -> float:
    """Average precision on validation, less a hair of the loss there so that equal ones are told apart.

    It is what the best epoch is chosen by. What is fitted at once has no epochs, and no such hair.
    """
    choices = choices_by_epoch(run.history)
    if choices:
        return max(choices.values())
    return float(read_json(run.metrics)["val"]["average_precision"])


def choices_by_epoch(history: Path) -> dict[int, float]:
    """What validation said after each epoch that was learnt, counted from 1; empty where there is none yet."""
    try:
        with history.open(newline="", encoding="utf-8") as file:
            rows = [(int(row["epoch"]) + 1, float(row["val_choice"])) for row in csv.DictReader(file)]
    except (OSError, KeyError, ValueError, TypeError):
        return {}
    return {epoch: value for epoch, value in rows if math.isfinite(value)}
