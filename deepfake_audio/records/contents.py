"""What every record of a run holds, read from its folder: curves, final figures and files."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

from ..clips import read_table
from ..errors import UserError
from ..files import read_json
from ..runs import RunFolder

# As the curves are called in TensorBoard and MLflow; those of one name stand in one chart.
CURVES = {
    "train_loss": "loss/train", "val_loss": "loss/validation", "val_ap": "validation/average_precision",
    "val_f2": "validation/f2", "lr": "learning_rate",
}  # fmt: skip


def curves(run: RunFolder) -> list[dict[str, float]]:
    """One row an epoch, as the history holds them."""
    if not run.history.is_file():
        return []
    table = read_table(run.history, ("epoch",))
    return [{str(key): float(cell) for key, cell in row.items() if cell} for row in table.to_dict("records")]


def points(row: dict[str, float]) -> dict[str, float]:
    """An epoch's finite figures, by the names of their curves."""
    told = {name: row[key] for key, name in CURVES.items() if key in row}
    return {name: value for name, value in told.items() if math.isfinite(value)}


def final_figures(run: RunFolder) -> dict[str, float]:
    """`test/f2`, `test/f2_all_fake`, `test/f2_low` and so on, of validation and test; what is undefined is left out."""
    if not run.metrics.is_file():
        raise UserError(
            f"{run.path} has no {run.metrics.name}: it is no finished run, so there is nothing to record"
        )
    metrics = read_json(run.metrics)
    told: dict[str, float] = {}
    for part in ("val", "test"):
        figures = metrics.get(part) or {}
        told |= {f"{part}/{name}": value for name, value in figures.items() if _is_number(value)}
        for name, interval in (figures.get("intervals") or {}).items():
            if interval:
                told |= {f"{part}/{name}_low": interval[0], f"{part}/{name}_high": interval[1]}
    return told


def pictures(run: RunFolder) -> list[Path]:
    """The report's pictures."""
    return sorted(run.report.glob("*.png"))


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)
