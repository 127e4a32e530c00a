"""The figures of merit of a run, and what became of each system's clips."""

from __future__ import annotations

from typing import Any

from ..canvas import NAMES
from ..html import paragraph, table
from ..words import figure_in_words, percent

FIGURES = (
    ("F2", "f2"),
    ("F2 of calling everything fake", "f2_all_fake"),
    ("recall (fakes caught)", "recall"),
    ("precision", "precision"),
    ("false alarms (reals called fake)", "false_alarm_rate"),
    ("accuracy", "accuracy"),
    ("balanced accuracy", "balanced_accuracy"),
    ("Matthews correlation", "mcc"),
    ("area under the ROC", "auc"),
    ("equal error rate", "eer"),
    ("average precision", "average_precision"),
    ("least detection cost (minDCF)", "min_dcf"),
    ("actual detection cost (actDCF)", "act_dcf"),
    ("Brier score", "brier"),
    ("calibration error (ECE)", "ece"),
    ("Cllr, bits", "cllr"),
)
NOTE = (
    "In brackets: 95 % interval, drawn over voices. The threshold was chosen on validation, so its figures there "
    "flatter it. Detection costs are those of ASVspoof 5, where 1 is no better than answering blindly; of errors, "
    "costs, Brier, ECE and Cllr less is better."
)


def figure_table(metrics: dict[str, Any], parts: list[str]) -> str:
    """Every figure that the run knows, validation beside test."""
    name = f"F{metrics[parts[0]].get('beta', 2.0):g}"
    chosen = ((name, "f_beta"), (f"{name} of calling everything fake", "f_beta_all_fake"))
    known = [row for row in (*chosen, *FIGURES) if any(row[1] in metrics[part] for part in parts)]
    rows = [[name, *(figure_in_words(metrics[part], key) for part in parts)] for name, key in known]
    for name, key in (
        ("clips", "n_clips"),
        ("of these fake", "n_fake"),
        ("voices", "n_voices"),
        ("drawn together (voices that share a track)", "n_clusters"),
    ):
        if any(key in metrics[part] for part in parts):
            rows.append([name, *(_count(metrics[part].get(key)) for part in parts)])
    return table(["", *(NAMES[part] for part in parts)], rows, "All figures") + paragraph(NOTE, "note")


def systems(told: dict[str, Any], part: str) -> str:
    """What share of each system's clips was called fake."""
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
    note = "Called fake is recall where the clips are fake, and false alarms where they are real."
    caption = f"Each system's clips, {NAMES[part]}"
    return table(["system", "is", "clips", "voices", "called fake"], rows, caption) + paragraph(note, "note")


def _count(number: int | None) -> str:
    return "n/a" if number is None else f"{number:,}"
