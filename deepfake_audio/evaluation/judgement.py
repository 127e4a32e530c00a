"""Judge a run: choose the threshold on its validation scores, apply it once to test, and write down both."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import Any

import pandas as pd

from ..card import write_card
from ..errors import UserError, named
from ..files import read_json, write_json
from ..runs import RunFolder, read_scores
from . import metrics
from .summary import by_system, summary
from .thresholds import Choice, best_threshold, check_settings


def judge(
    run: str | Path,
    beta: float = 2.0,
    max_false_alarm: float | None = None,
    about: dict[str, Any] | None = None,
) -> dict[str, Any]:
    """Write `threshold.json` and `metrics.json` of the folder `run`, and tell its `detector/` if there is one.

    What `metrics.json` holds beside `val` and `test` is kept. Without `scores_test.csv` there is no `test`.

    Args:
        about: what `metrics.json` should hold besides, in the place of what it held.

    Returns:
        The content of `metrics.json`.
    """
    folder = RunFolder(Path(run))
    check_settings(beta, max_false_alarm)
    scores = _read_parts(folder)
    told: dict[str, Any] = dict(about or {})
    if about is None and folder.metrics.is_file():
        told = read_json(folder.metrics)
    detector = read_json(folder.detector_config) if folder.detector_config.is_file() else None

    val = scores["val"]
    choice = best_threshold(val["label"], val["p_fake"], beta, max_false_alarm)
    parts = {part: _figures(table, choice.threshold, beta) for part, table in scores.items()}
    threshold = _threshold(choice, parts["val"], beta, max_false_alarm, folder.scores("val"))
    told = {key: value for key, value in told.items() if key not in ("val", "test")} | parts

    write_json(folder.threshold, threshold)
    write_json(folder.metrics, told)
    if detector is not None:
        write_json(folder.detector_config, {**detector, "threshold": threshold})
        write_card(folder)
    return told


def _read_parts(folder: RunFolder) -> dict[str, pd.DataFrame]:
    """Validation scores, and test scores if there are any; never the one in place of the other."""
    val, test = folder.scores("val"), folder.scores("test")
    if not folder.path.is_dir():
        raise UserError(f"{folder.path} is missing; give a run's folder, which holds {val.name}")
    if not val.is_file():
        hint = f"; {test.name} is there, but a threshold is never chosen on test" if test.is_file() else ""
        raise UserError(f"{folder.path} has no {val.name}, on which the threshold is chosen{hint}")
    scores = {"val": read_scores(val, both_classes=True)}
    if test.is_file():
        scores["test"] = read_scores(test)
        shared = sorted(set(scores["val"]["clip"]) & set(scores["test"]["clip"]))
        if shared:
            raise UserError(
                f"{folder.path}: {named(shared)} stand in {val.name} and in {test.name}; a threshold is never "
                "chosen on test, so take them out of one"
            )
    return scores


def _figures(scores: pd.DataFrame, threshold: float, beta: float) -> dict[str, Any]:
    figures = summary(scores["label"], scores["p_fake"], scores["voice"], threshold, beta)
    return {**figures, "by_system": by_system(scores, threshold)}


def _threshold(
    choice: Choice, val: dict[str, Any], beta: float, max_false_alarm: float | None, scores: Path
) -> dict[str, Any]:
    """The content of `threshold.json`: the number, and all one needs to trust it."""
    prevalence = val["n_fake"] / val["n_clips"]
    all_fake = float(metrics.f_beta_all_fake(prevalence, beta))
    told = {
        "threshold": choice.threshold,
        "f2": val["f2"],
        "beta": beta,
        **({} if beta == 2.0 else {"f_beta": choice.f_beta, "f_beta_all_fake": all_fake}),
        "max_false_alarm": max_false_alarm,
        "how": _in_words(choice, beta, max_false_alarm),
        "chosen_on": "val",
        "recall": val["recall"],
        "precision": val["precision"],
        "false_alarm_rate": val["false_alarm_rate"],
        "f2_all_fake": val["f2_all_fake"],
        # Beyond rounding: the two formulas of one figure may differ in the last bit.
        "better_than_all_fake": choice.f_beta > all_fake + 1e-12,
        "n_clips": val["n_clips"],
        "n_voices": val["n_voices"],
        "scores_fingerprint": hashlib.sha256(scores.read_bytes()).hexdigest(),
    }
    return told


def _in_words(choice: Choice, beta: float, max_false_alarm: float | None) -> str:
    name = f"F{beta:g}"
    limit = "" if max_false_alarm is None else f", at most {max_false_alarm:.4g} of the reals called fake"
    ends = "" if choice.calls == "some" else f"; it calls {choice.calls} fake there"
    return f"highest {name} over every distinct score{limit}{ends}"
