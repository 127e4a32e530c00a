"""What a search came to: a row a trial, in a file and in words."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import pandas as pd

from ..comparing.results import KILLED_STATUS
from ..files import replacing, write_json
from ..runs import RunFolder
from ..spreadsheets import write_table
from .spaces import Space
from .study import AS_IS, NOT_AS_IS, WHY, Study

if TYPE_CHECKING:
    from optuna.trial import FrozenTrial

TRIALS_FILE, PICTURE_FILE = "trials.csv", "trials.png"
STATES = {"COMPLETE": "done", "PRUNED": "pruned", "FAIL": "failed", "RUNNING": "running"}
COLUMNS = ("rank", "trial", "run", "state", "value", "epochs", "seconds")
# So many are printed; the file has them all.
SHOWN = 20
# With fewer finished trials, what mattered is a guess.
TOLD_APART = 8


def trial_table(study: Study, folder: Path) -> pd.DataFrame:
    """Best first: its rank among the finished, its folder, how it ended, what it came to, and its settings."""
    killed = study.killed
    begun = {each.number for each in study.trials}
    again = {number: other for number, other in study.again.items() if other in begun}
    rows = []
    for each in study.trials:
        state = "killed" if each.number in killed else STATES[each.state.name]
        note = each.user_attrs.get(WHY, "")
        if state == "killed":
            note = f"run again as trial {again[each.number]}" if each.number in again else "to be run again"
        else:
            first = "the config as it is" if AS_IS in each.user_attrs else each.user_attrs.get(NOT_AS_IS, "")
            note = "; ".join(filter(None, (first, note)))
        drawn = dict(line.split("=", 1) for line in study.space.drawn(each.params))
        rows.append(
            {
                "trial": each.number,
                "run": "" if (run := run_of(each.number, folder)) is None else run.name,
                "state": state,
                "value": _value(each),
                "epochs": len(each.intermediate_values) or None,
                "seconds": round(each.duration.total_seconds(), 1) if each.duration else None,
                **drawn,
                "note": note,
            }
        )
    columns = [*COLUMNS, *(each.key for each in study.space.parameters), "note"]
    table = pd.DataFrame(rows, columns=columns).astype({"value": float, "epochs": "Int64"})
    return _ranked(table, study.manner.direction == "maximize")


def run_of(number: int, folder: Path) -> Path | None:
    """A trial's folder, if it got as far as to have one."""
    return next(iter(sorted(folder.glob(f"{number}_*"))), None)


def mark_killed(study: Study, folder: Path) -> None:
    """Say in the folders of trials that were cut off which others take their places, for whoever ranks runs."""
    for number, other in study.again.items():
        run = run_of(number, folder)
        if run is not None:
            write_json(RunFolder(run).ended, {"status": f"{KILLED_STATUS}; run again as trial {other}"})


def write_results(
    table: pd.DataFrame, space: Space, folder: Path, direction: str, picture: bool = True
) -> None:
    """Write `trials.csv`, and `trials.png` if asked and there is something to see."""
    write_table(table, folder / TRIALS_FILE)
    if picture and (table["state"] == "done").any():
        from ..report.sweep_picture import sweep_picture

        with replacing(folder / PICTURE_FILE) as part:
            sweep_picture(table, space, direction == "maximize").savefig(part, dpi=150, facecolor="white")


def in_words(
    table: pd.DataFrame, space: Space, direction: str, mattered: dict[str, float] | None = None
) -> str:
    """The best trials beneath each other, what became of the others, and what mattered."""
    keys = [each.key for each in space.parameters]
    told = table.assign(
        rank=table["rank"].astype("string").fillna("-"),
        value=[("-" if pd.isna(value) else f"{value:.4f}") for value in table["value"]],
    )[["rank", "trial", "state", "value", *keys, "note"]].astype(str)
    rows = [list(told.columns), *told.head(SHOWN).to_numpy().tolist()]
    widths = [max(len(row[i]) for row in rows) for i in range(len(rows[0]))]
    lines = ["  ".join(c.ljust(w) for c, w in zip(row, widths, strict=True)).rstrip() for row in rows]
    counts = table["state"].value_counts()
    ended = ", ".join(f"{counts[state]} {state}" for state in (*STATES.values(), "killed") if state in counts)
    lines.append(f"\n{len(table)} trials: {ended}; all of them in {TRIALS_FILE}")
    if mattered:
        ranked = ", ".join(f"{key} {share:.2f}" for key, share in mattered.items())
        lines.append(f"share of the spread that each setting explains, roughly: {ranked}")
    how = "highest" if direction == "maximize" else "lowest"
    lines.append(f"value: what validation said of the kept epoch, {how} first; test has no part in it")
    return "\n".join(lines)


def mattering(study: Study) -> dict[str, float]:
    """How much of the spread over finished trials each setting explains; empty where there are too few."""
    from optuna.importance import get_param_importances

    values = [each.value for each in study.trials if each.state.name == "COMPLETE"]
    if len(values) < TOLD_APART or len(set(values)) < 2:
        return {}
    try:
        return get_param_importances(study.optuna)
    except (RuntimeError, ValueError):
        # Where no setting was drawn in two ways, there is nothing to explain by.
        return {}


def _value(trial: FrozenTrial) -> float | None:
    """A pruned trial's is its last epoch's."""
    return trial.value if trial.state.name in ("COMPLETE", "PRUNED") else None


def _ranked(table: pd.DataFrame, highest: bool) -> pd.DataFrame:
    """Finished trials by value, then the pruned, then the rest; only the finished have a rank."""
    done = table["state"] == "done"
    table["rank"] = table["value"].where(done).rank(method="min", ascending=not highest).astype("Int64")
    order = table["state"].map({"done": 0, "pruned": 1}).fillna(2)
    sign = -1 if highest else 1
    by = table.assign(_order=order, _value=sign * table["value"].fillna(0.0))
    return by.sort_values(["_order", "_value", "trial"], ignore_index=True).drop(columns=["_order", "_value"])
