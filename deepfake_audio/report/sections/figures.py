"""The figures of merit of a run, what was right and wrong, and what became of each system's clips."""

from __future__ import annotations

from typing import Any

from ..canvas import NAMES
from ..html import table
from ..words import percent

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


def figure_table(metrics: dict[str, Any], parts: list[str]) -> str:
    rows = [[name, *(_figure(metrics[part], key) for part in parts)] for name, key in FIGURES]
    for name, key in (("clips", "n_clips"), ("of these fake", "n_fake"), ("voices", "n_voices")):
        rows.append([name, *(f"{metrics[part][key]:,}" for part in parts)])
    note = "<p>In brackets: 95 % interval, drawn over voices. The threshold was chosen on validation.</p>"
    return table(["", *(NAMES[part] for part in parts)], rows) + note


def _figure(part: dict[str, Any], key: str) -> str:
    if part.get(key) is None:
        return "undefined"
    interval = part["intervals"].get(key)
    return f"{part[key]:.3f}" + (f" [{interval[0]:.3f}, {interval[1]:.3f}]" if interval else "")


def confusion(part: str, told: dict[str, Any]) -> str:
    cells = told["confusion"]
    rows = [
        ["is fake", _share(cells["tp"], told["n_fake"]), _share(cells["fn"], told["n_fake"])],
        ["is real", _share(cells["fp"], told["n_real"]), _share(cells["tn"], told["n_real"])],
    ]
    return table(["", "called fake", "called real"], rows, NAMES[part])


def _share(count: int, whole: int) -> str:
    return f"{count:,} ({percent(count / whole)})" if whole else f"{count:,}"


def systems(told: dict[str, Any], part: str) -> str:
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
    return table(["system", "is", "clips", "voices", "called fake"], rows, NAMES[part]) + note
