"""The report of a run: one HTML page with everything in it, and the same pictures as PNG and SVG files beside it."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import Any

import pandas as pd

from ..clips import read_table
from ..errors import UserError
from ..files import read_json, write_text
from ..runs import RunFolder, read_scores
from . import pictures
from .canvas import NAMES
from .drawings import Draw, save_and_draw
from .html import document, heading, paragraph, picture
from .sections.audit import audit_section
from .sections.calibration import calibration_picture, calibration_section
from .sections.confusion import confusion_table
from .sections.counterfactuals import counterfactual_picture, counterfactual_section
from .sections.curves import curve_sections
from .sections.figures import figure_table, systems
from .sections.groups import group_pictures, group_section
from .sections.hardest import hardest_section
from .sections.headline import headline_table, meanings
from .sections.record import record_section
from .sections.shortcuts import shortcut_picture, shortcut_section
from .sections.split import split_section
from .summing_up import taken_together
from .words import alarms, cautions, threshold_in_words, verdict

Told = dict[str, Any]


def write_report(run: str | Path, sound: bool = True) -> Path:
    """Draw `report/index.html` of a judged run, and return its path. Nothing on the page is fetched.

    Args:
        sound: whether the page carries the recordings of the hardest test clips, where they can be found.
    """
    folder = RunFolder(Path(run))
    if not (folder.threshold.is_file() and folder.metrics.is_file()):
        raise UserError(
            f"{folder.path} is not judged yet: run `python -m deepfake_audio.tune {folder.path}` first"
        )
    threshold, metrics = read_json(folder.threshold), read_json(folder.metrics)
    scores = {part: read_scores(folder.scores(part)) for part in NAMES if part in metrics}
    changed = read_json(folder.counterfactuals) if folder.counterfactuals.is_file() else None
    draw = partial(save_and_draw, folder.report)
    told = _top(threshold, metrics) + _body(folder, threshold, metrics, scores, changed, draw, sound)
    write_text(folder.page, document(folder.path.resolve().name, told, contents=True))
    return folder.page


def _top(threshold: Told, metrics: Told) -> list[str]:
    """What everybody should read: what is untrue, how good it is, beside what, and at which threshold."""
    part = "test" if "test" in metrics else "val"
    beside_probe = metrics.get("shortcuts")
    return [
        *(paragraph(alarm, "alarm") for alarm in alarms(metrics)),
        paragraph(verdict(metrics), "verdict"),
        paragraph(beside_probe["words"], "rival") if beside_probe else "",
        paragraph(taken_together(metrics), "together"),
        *(paragraph(caution, "caution") for caution in cautions(threshold, metrics)),
        headline_table(metrics[part], beside_probe, NAMES[part]),
        paragraph(threshold_in_words(threshold, metrics["val"])),
        meanings(),
    ]


def _body(
    folder: RunFolder,
    threshold: Told,
    metrics: Told,
    scores: pictures.Scores,
    changed: Told | None,
    draw: Draw,
    sound: bool,
) -> list[str]:
    """What an engineer wants to see, a section each."""
    parts, at = list(scores), threshold["threshold"]
    last = parts[-1]
    calibration = metrics.get("calibration")
    groups = {name: draw(name, figure) for name, figure in group_pictures(metrics[last]).items()}
    return [
        heading("Figures") + figure_table(metrics, parts),
        heading("Right and wrong") + _side_by_side([confusion_table(part, metrics[part]) for part in parts]),
        curve_sections(scores, threshold, metrics, draw),
        calibration_section(
            scores,
            calibration,
            draw("reliability", calibration_picture(scores, calibration)),
            metrics[last].get("cllr"),
        ),
        group_section(metrics[last], groups),
        hardest_section(folder, scores["test"], at, draw, sound) if "test" in scores else "",
        _shortcuts(metrics, draw),
        _changed(changed, at, draw),
        _systems(metrics[last], last),
        audit_section(metrics.get("audit")),
        split_section(metrics.get("split")),
        _training(folder, draw),
        record_section(metrics.get("provenance"), metrics.get("seed"), folder.config),
    ]


def _systems(told: Told, part: str) -> str:
    """Each system's share called fake, where the groups don't tell of systems already."""
    grouped = any(each["column"] == "system" for each in told.get("groups") or [])
    return "" if grouped else heading("By system") + systems(told, part)


def _shortcuts(metrics: Told, draw: Draw) -> str:
    """The detector's verdict beside the probes, and the audit's probes over the corpus."""
    run, corpus = metrics.get("shortcuts"), (metrics.get("audit") or {}).get("shortcuts")
    figure = shortcut_picture(run, corpus)
    return shortcut_section(run, corpus, draw("shortcuts", figure) if figure else "")


def _changed(changed: Told | None, threshold: float, draw: Draw) -> str:
    if not changed:
        return ""
    drawn = draw("counterfactuals", counterfactual_picture(changed))
    return counterfactual_section(changed, drawn, threshold)


def _training(folder: RunFolder, draw: Draw) -> str:
    if not folder.history.is_file():
        return ""
    history = read_table(folder.history, ()).apply(pd.to_numeric, errors="coerce")
    figure = pictures.training_curves(history)
    if figure is None:
        return ""
    kept = pictures.kept_epoch(history)
    says = f"Losses and figures of merit over {len(history)} epochs" + (
        f"; epoch {kept} was kept" if kept else ""
    )
    return picture(draw("training", figure), "Training", says)


def _side_by_side(tables: list[str]) -> str:
    return f'<div class="pair">{"".join(tables)}</div>'
