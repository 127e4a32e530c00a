"""The report of a run: one HTML page with everything in it, and the same pictures as PNG files beside it."""

from __future__ import annotations

from html import escape
from pathlib import Path
from typing import Any

import pandas as pd
from matplotlib.figure import Figure

from ..clips import read_table
from ..errors import UserError
from ..files import read_json, replacing, write_text
from ..runs import RunFolder, read_scores
from . import pictures
from .canvas import NAMES
from .html import as_svg, document, folded, paragraph, picture
from .sections.audit import audit_section
from .sections.counterfactuals import counterfactual_picture, counterfactual_section
from .sections.figures import confusion, figure_table, systems
from .sections.shortcuts import shortcut_picture, shortcut_section
from .sections.split import split_section
from .words import alarms, cautions, verdict

PNG_DPI = 120


def write_report(run: str | Path) -> Path:
    """Draw `report/index.html` of a judged run, and return its path. Nothing on the page is fetched."""
    folder = RunFolder(Path(run))
    if not (folder.threshold.is_file() and folder.metrics.is_file()):
        raise UserError(
            f"{folder.path} is not judged yet: run `python -m deepfake_audio.tune {folder.path}` first"
        )
    threshold, metrics = read_json(folder.threshold), read_json(folder.metrics)
    changed = read_json(folder.counterfactuals) if folder.counterfactuals.is_file() else None
    figures = {
        **_of_scores(folder, metrics, threshold),
        **_of_history(folder),
        "shortcuts": shortcut_picture(*_shortcuts(metrics)),
        "counterfactuals": counterfactual_picture(changed) if changed else None,
    }
    images = {name: _image(folder.report, name, figure) for name, figure in figures.items() if figure}
    write_text(folder.page, _page(folder, threshold, metrics, changed, images))
    return folder.page


def _of_scores(
    folder: RunFolder, metrics: dict[str, Any], threshold: dict[str, Any]
) -> dict[str, Figure | None]:
    scores = {part: read_scores(folder.scores(part)) for part in NAMES if part in metrics}
    both = {part: table for part, table in scores.items() if table["label"].nunique() == 2}
    at = threshold["threshold"]
    return {
        "f_by_threshold": pictures.f_beta_curve(both, at, threshold["beta"]),
        "roc_det": pictures.roc_and_det(both, at),
        "histograms": pictures.histograms(scores, at),
    }


def _of_history(folder: RunFolder) -> dict[str, Figure | None]:
    if not folder.history.is_file():
        return {}
    history = read_table(folder.history, ()).apply(pd.to_numeric, errors="coerce")
    return {"training": pictures.training_curves(history)}


def _shortcuts(metrics: dict[str, Any]) -> tuple[dict[str, Any] | None, dict[str, Any] | None]:
    """The detector's verdict beside the probes, and the audit's probes over the corpus."""
    return metrics.get("shortcuts"), (metrics.get("audit") or {}).get("shortcuts")


def _image(folder: Path, name: str, figure: Figure) -> str:
    """Save a picture as PNG for use elsewhere, and return it as SVG."""
    with replacing(folder / f"{name}.png") as part:
        figure.savefig(part, dpi=PNG_DPI, facecolor="white")
    return as_svg(figure, name)


def _page(
    folder: RunFolder,
    threshold: dict[str, Any],
    metrics: dict[str, Any],
    changed: dict[str, Any] | None,
    images: dict[str, str],
) -> str:
    chosen = (
        f"Threshold {threshold['threshold']:.6g} on P(fake), chosen on validation: {threshold['how']}. "
        "What scores at least that much is called fake."
    )
    parts = [part for part in NAMES if part in metrics]
    beside_probe, of_corpus = _shortcuts(metrics)
    sections = [
        *(paragraph(alarm, "alarm") for alarm in alarms(metrics)),
        paragraph(verdict(metrics), "verdict"),
        paragraph(beside_probe["words"], "rival") if beside_probe else "",
        *(paragraph(caution, "caution") for caution in cautions(threshold, metrics)),
        paragraph(chosen),
        "<h2>Figures</h2>" + figure_table(metrics, parts),
        "<h2>Right and wrong</h2>" + "".join(confusion(part, metrics[part]) for part in parts),
        _drawn(images, "f_by_threshold", f"F{threshold['beta']:g} against the threshold"),
        _drawn(images, "roc_det", "ROC and DET"),
        _drawn(images, "histograms", "Scores by class"),
        shortcut_section(beside_probe, of_corpus, images.get("shortcuts", "")),
        counterfactual_section(changed, images.get("counterfactuals", ""), threshold["threshold"]),
        "<h2>By system</h2>" + systems(metrics[parts[-1]], parts[-1]),
        audit_section(metrics.get("audit")),
        split_section(metrics.get("split")),
        _drawn(images, "training", "Training"),
        _config(folder.config),
    ]
    return document(folder.path.resolve().name, sections)


def _drawn(images: dict[str, str], name: str, title: str) -> str:
    return picture(images[name], title) if name in images else ""


def _config(path: Path) -> str:
    if not path.is_file():
        return ""
    text = escape(path.read_text(encoding="utf-8", errors="replace"))
    return folded("Configuration", f"<pre>{text}</pre>")
