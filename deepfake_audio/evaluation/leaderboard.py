"""Several runs beside each other, ranked by what was measured on validation; test is shown and never ranks."""

from __future__ import annotations

import hashlib
from collections import Counter
from pathlib import Path
from typing import Any

import pandas as pd

from ..clips import read_table
from ..errors import UserError
from ..files import read_json, replacing
from ..runs import RunFolder

FILE = "leaderboard.csv"
COLUMNS = (
    "rank", "run", "val_f2", "val_average_precision", "test_f2", "test_f2_low", "test_f2_high",
    "test_f2_all_fake", "test_false_alarm_rate", "test_balanced_accuracy", "threshold", "overrides", "clips",
    "status",
)  # fmt: skip


def find_runs(folders: list[Path]) -> list[RunFolder]:
    """The runs among `folders`, and those that stand in one of them (a sweep)."""
    runs: dict[Path, RunFolder] = {}
    for folder in folders:
        if not folder.is_dir():
            raise UserError(f"{folder} is missing; give folders of runs, or of a sweep")
        inside = [folder] if _is_run(folder) else sorted(filter(_is_run, folder.iterdir()), key=_in_order)
        if not inside:
            raise UserError(f"{folder} holds no run; a run's folder has a config.yaml or metrics.json")
        runs.update({run.resolve(): RunFolder(run) for run in inside})
    return list(runs.values())


def leaderboard(runs: list[RunFolder]) -> pd.DataFrame:
    """One row a run, best validation F2 first, then average precision; runs that failed come last.

    Runs are ranked among those that were measured on the same validation and test clips (`clips` A, B, ...; A
    has the most runs): between others a difference says nothing.
    """
    rows = [_row(run) for run in runs]
    if len({row["run"] for row in rows}) < len(rows):
        for row, run in zip(rows, runs, strict=True):
            row["run"] = str(run.path)
    common = set.intersection(*({*row["overrides"]} for row in rows)) if len(rows) > 1 else set()
    for row in rows:
        row["overrides"] = " ".join(each for each in row["overrides"] if each not in common)
    names = _letters([row["clips"] for row in rows if row["clips"]])
    for row in rows:
        row["clips"] = names.get(row["clips"], "")
    rows.sort(
        key=lambda row: (row["clips"] or "~", -_number(row["val_f2"]), -_number(row["val_average_precision"]))
    )
    place: Counter[str] = Counter()
    for row in rows:
        if row["clips"]:
            place[row["clips"]] += 1
            row["rank"] = place[row["clips"]]
    return pd.DataFrame(rows, columns=list(COLUMNS)).astype({"rank": "Int64"})


def write_leaderboard(board: pd.DataFrame, folder: Path) -> Path:
    """Write `leaderboard.csv` into `folder`."""
    with replacing(folder / FILE) as part:
        board.to_csv(part, index=False, lineterminator="\n")
    return folder / FILE


def in_words(board: pd.DataFrame) -> str:
    """The table for a terminal, and below it what must not be read out of it."""
    several = board.loc[board["clips"] != "", "clips"].nunique() > 1
    header = ["rank", *(["clips"] if several else []), "run", "val F2", "val AP", "test F2"]
    rows = [[*header, "false alarms", "all-fake F2", "overrides"]]
    for row in board.to_dict("records"):
        test = _decimals(row["test_f2"])
        if not pd.isna(row["test_f2_low"]):
            test += f" [{row['test_f2_low']:.3f}, {row['test_f2_high']:.3f}]"
        figures = [_decimals(row[key]) for key in ("val_f2", "val_average_precision")]
        figures += [test, *(_decimals(row[key]) for key in ("test_false_alarm_rate", "test_f2_all_fake"))]
        place = "-" if pd.isna(row["rank"]) else str(row["rank"])
        note = row["overrides"] if row["status"] == "done" else f"{row['status']}  {row['overrides']}"
        rows.append([place, *([row["clips"] or "-"] if several else []), row["run"], *figures, note])
    widths = [max(len(row[i]) for row in rows) for i in range(len(rows[0]))]
    lines = ["  ".join(c.ljust(w) for c, w in zip(row, widths, strict=True)).rstrip() for row in rows]
    if several:
        lines.append(
            "\nThese runs were not measured on the same clips: each letter is ranked by itself, and a difference "
            "between letters says nothing."
        )
    return "\n".join(lines)


def _is_run(folder: Path) -> bool:
    run = RunFolder(folder)
    return any(file.is_file() for file in (run.metrics, run.config, run.overrides, run.scores("val")))


def _in_order(folder: Path) -> tuple[int, str]:
    """A sweep's folders begin with the job's number: 2 before 10."""
    number = folder.name.split("_")[0]
    return (int(number) if number.isdecimal() else -1, folder.name)


def _row(run: RunFolder) -> dict[str, Any]:
    row: dict[str, Any] = {"run": run.path.resolve().name, "clips": ""}
    row |= {"overrides": _overrides(run), "val_f2": None, "val_average_precision": None}
    if not run.metrics.is_file():
        return {**row, "status": "failed: no metrics.json"}
    try:
        metrics = read_json(run.metrics)
        clips = _fingerprint(run)
        val, test = metrics["val"], metrics.get("test", {})
    except (UserError, KeyError, TypeError) as error:
        return {**row, "status": f"failed: {error if isinstance(error, UserError) else 'not judged'}"}
    low, high = (test.get("intervals") or {}).get("f2") or (None, None)
    return {
        **row,
        "val_f2": val.get("f2"),
        "val_average_precision": val.get("average_precision"),
        "test_f2": test.get("f2"),
        "test_f2_low": low,
        "test_f2_high": high,
        "test_f2_all_fake": test.get("f2_all_fake"),
        "test_false_alarm_rate": test.get("false_alarm_rate"),
        "test_balanced_accuracy": test.get("balanced_accuracy"),
        "threshold": val.get("threshold"),
        "clips": clips,
        "status": "done",
    }


def _fingerprint(run: RunFolder) -> str:
    """Of which clips, with which labels, the run was measured on."""
    told = []
    for part in ("val", "test"):
        if run.scores(part).is_file():
            scores = read_table(run.scores(part), ("clip", "label"))
            told += sorted(f"{part}\t{c}\t{y}" for c, y in zip(scores["clip"], scores["label"], strict=True))
    return hashlib.sha256("\n".join(told).encode()).hexdigest()


def _overrides(run: RunFolder) -> list[str]:
    if not run.overrides.is_file():
        return []
    from omegaconf import OmegaConf

    told = OmegaConf.to_container(OmegaConf.load(run.overrides), resolve=False)
    return [str(each) for each in told] if isinstance(told, list) else []


def _letters(fingerprints: list[str]) -> dict[str, str]:
    """A, B, ... for the sets of clips; A is what most runs were measured on."""
    by_size = [fingerprint for fingerprint, _ in Counter(fingerprints).most_common()]
    return {each: chr(ord("A") + i) if i < 26 else f"Z{i}" for i, each in enumerate(by_size)}


def _number(value: float | None) -> float:
    return -1.0 if value is None else value


def _decimals(value: float | None) -> str:
    return "-" if value is None or pd.isna(value) else f"{value:.3f}"
