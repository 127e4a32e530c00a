"""The report: one HTML page with everything in it, and the same pictures as PNG files beside it."""

from __future__ import annotations

import io
from html import escape
from pathlib import Path
from typing import Any

import matplotlib
import pandas as pd
from matplotlib.figure import Figure

from ..clips import read_table
from ..errors import UserError
from ..files import read_json, replacing, write_text
from ..runs import RunFolder, read_scores
from . import pictures
from .pictures import COLOURS, INK, NAMES
from .style import STYLE
from .words import cautions, percent, verdict

FIGURES = (
    ("F2", "f2"),
    ("F2 of calling everything fake", "f2_all_fake"),
    ("recall (fakes caught)", "recall"),
    ("precision", "precision"),
    ("false alarms (reals called fake)", "false_alarm_rate"),
    ("accuracy", "accuracy"),
    ("balanced accuracy", "balanced_accuracy"),
    ("area under the ROC", "auc"),
    ("equal error rate", "eer"),
    ("average precision", "average_precision"),
)
PNG_DPI = 120


def write_report(run: str | Path) -> Path:
    """Draw `report/index.html` of a judged run, and return its path. Nothing on the page is fetched."""
    folder = RunFolder(Path(run))
    if not (folder.threshold.is_file() and folder.metrics.is_file()):
        raise UserError(
            f"{folder.path} is not judged yet: run `python -m deepfake_audio.tune {folder.path}` first"
        )
    threshold, metrics = read_json(folder.threshold), read_json(folder.metrics)
    scores = {part: read_scores(folder.scores(part)) for part in NAMES if part in metrics}
    images = {
        name: _image(folder.report, name, figure) for name, figure in _figures(folder, scores, threshold)
    }
    write_text(folder.page, _page(folder, threshold, metrics, images))
    return folder.page


def _figures(
    folder: RunFolder, scores: pictures.Scores, threshold: dict[str, Any]
) -> list[tuple[str, Figure]]:
    at = threshold["threshold"]
    both = {part: table for part, table in scores.items() if table["label"].nunique() == 2}
    drawn = [
        ("f_by_threshold", pictures.f_beta_curve(both, at, threshold["beta"])),
        ("roc_det", pictures.roc_and_det(both, at)),
        ("histograms", pictures.histograms(scores, at)),
    ]
    if folder.history.is_file():
        history = read_table(folder.history, ()).apply(pd.to_numeric, errors="coerce")
        training = pictures.training_curves(history)
        if training is not None:
            drawn.append(("training", training))
    return drawn


def _image(folder: Path, name: str, figure: Figure) -> str:
    """Save a picture as PNG for use elsewhere, and return it as SVG in the colours of the page's scheme."""
    with replacing(folder / f"{name}.png") as part:
        figure.savefig(part, dpi=PNG_DPI, facecolor="white")
    drawn = io.StringIO()
    # Equal runs give equal pages: no date, and no random ids.
    with matplotlib.rc_context({"svg.hashsalt": name}):
        figure.savefig(
            drawn,
            format="svg",
            transparent=True,
            metadata=dict.fromkeys(("Creator", "Date", "Format", "Type")),
        )
    svg = drawn.getvalue()
    svg = svg[svg.index("<svg") :].replace(INK, "currentColor")
    for colour, value in COLOURS.items():
        svg = svg.replace(value, f"var(--{colour})")
    return svg


def _page(
    folder: RunFolder, threshold: dict[str, Any], metrics: dict[str, Any], images: dict[str, str]
) -> str:
    chosen = (
        f"Threshold {threshold['threshold']:.6g} on P(fake), chosen on validation: {threshold['how']}. "
        "What scores at least that much is called fake."
    )
    parts = [part for part in NAMES if part in metrics]
    sections = [
        f'<p class="verdict">{escape(verdict(metrics))}</p>',
        *(f'<p class="caution">{escape(caution)}</p>' for caution in cautions(threshold, metrics)),
        f"<p>{escape(chosen)}</p>",
        "<h2>Figures</h2>" + _figure_table(metrics, parts),
        "<h2>Right and wrong</h2>" + "".join(_confusion(part, metrics[part]) for part in parts),
        _picture(images, "f_by_threshold", f"F{threshold['beta']:g} against the threshold"),
        _picture(images, "roc_det", "ROC and DET"),
        _picture(images, "histograms", "Scores by class"),
        _picture(images, "training", "Training"),
        "<h2>By system</h2>" + _systems(metrics[parts[-1]], parts[-1]),
        _split(metrics.get("split")),
        _config(folder.config),
    ]
    name = escape(folder.path.resolve().name)
    return (
        '<!doctype html>\n<html lang="en"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        '<meta name="color-scheme" content="light dark">'
        f"<title>{name}</title><style>{STYLE}</style></head>\n<body><main><h1>{name}</h1>\n"
        + "\n".join(section for section in sections if section)
        + "\n</main></body></html>\n"
    )


def _table(header: list[str], rows: list[list[str]], caption: str = "") -> str:
    """A table of cells that are text; the first cell of a row names it."""
    head = "".join(f'<th scope="col">{escape(cell)}</th>' for cell in header)
    body = "".join(
        f'<tr><th scope="row">{escape(row[0])}</th>'
        + "".join(f"<td>{escape(cell)}</td>" for cell in row[1:])
        + "</tr>"
        for row in rows
    )
    title = f"<caption>{escape(caption)}</caption>" if caption else ""
    return (
        f'<div class="wide"><table>{title}<thead><tr>{head}</tr></thead><tbody>{body}</tbody></table></div>'
    )


def _figure_table(metrics: dict[str, Any], parts: list[str]) -> str:
    rows = [[name, *(_figure(metrics[part], key) for part in parts)] for name, key in FIGURES]
    for name, key in (("clips", "n_clips"), ("of these fake", "n_fake"), ("voices", "n_voices")):
        rows.append([name, *(f"{metrics[part][key]:,}" for part in parts)])
    note = "<p>In brackets: 95 % interval, drawn over voices. The threshold was chosen on validation.</p>"
    return _table(["", *(NAMES[part] for part in parts)], rows) + note


def _figure(part: dict[str, Any], key: str) -> str:
    if part.get(key) is None:
        return "undefined"
    interval = part["intervals"].get(key)
    return f"{part[key]:.3f}" + (f" [{interval[0]:.3f}, {interval[1]:.3f}]" if interval else "")


def _confusion(part: str, told: dict[str, Any]) -> str:
    cells = told["confusion"]
    rows = [
        ["is fake", _share(cells["tp"], told["n_fake"]), _share(cells["fn"], told["n_fake"])],
        ["is real", _share(cells["fp"], told["n_real"]), _share(cells["tn"], told["n_real"])],
    ]
    return _table(["", "called fake", "called real"], rows, NAMES[part])


def _share(count: int, whole: int) -> str:
    return f"{count:,} ({percent(count / whole)})" if whole else f"{count:,}"


def _systems(told: dict[str, Any], part: str) -> str:
    rows = [
        [
            row["system"] or "(unnamed)",
            row["label"],
            f"{row['n_clips']:,}",
            f"{row['n_voices']:,}",
            percent(row["called_fake"]),
        ]
        for row in told["by_system"]
    ]
    note = "<p>Called fake is recall where the clips are fake, and false alarms where they are real.</p>"
    return _table(["system", "is", "clips", "voices", "called fake"], rows, NAMES[part]) + note


def _split(split: dict[str, Any] | None) -> str:
    """Policy, counts and leakage, as far as the run knows them."""
    if not split:
        return ""
    source = f"from {split['file']}" if split.get("file") else f"dealt out with seed {split.get('seed')}"
    told = [f"Policy {split.get('policy', 'unknown')}, {source}."]
    for name, value in (split.get("leakage") or {}).items():
        shown = percent(value) if isinstance(value, float) else str(value)
        told.append(f"{name.replace('_', ' ').capitalize()}: {shown}.")
    counts = split.get("counts") or {}
    columns = list(next(iter(counts.values()), {}))
    rows = [[side, *(f"{count[column]:,}" for column in columns)] for side, count in counts.items()]
    table = _table(["", *columns], rows) if rows else ""
    return f"<h2>Split</h2>{table}<p>{escape(' '.join(told))}</p>"


def _picture(images: dict[str, str], name: str, title: str) -> str:
    if name not in images:
        return ""
    return f'<h2>{title}</h2><figure role="img" aria-label="{title}">{images[name]}</figure>'


def _config(path: Path) -> str:
    if not path.is_file():
        return ""
    text = escape(path.read_text(encoding="utf-8", errors="replace"))
    return f"<details><summary>Configuration</summary><pre>{text}</pre></details>"
