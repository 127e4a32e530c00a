"""The figures of merit of a run, and what became of each system's clips."""

from __future__ import annotations

from html import escape
from typing import Any

from ...evaluation.doubts import drawn_in_words
from ..canvas import NAMES
from ..html import paragraph, scrolled, table
from ..words import between, figure_in_words, percent
from .headline import figure_cell

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
    "In brackets: 95 % interval, drawn over {drawn}. No figure of validation is one to quote: it chose the epoch, "
    "which flatters its AUC, EER and average precision; the threshold, which flatters all that is counted there; and "
    "the calibration if there is one, which flatters Brier, ECE and Cllr. Detection costs are those of ASVspoof 5, "
    "where 1 is no better than answering blindly; of errors, costs, Brier, ECE and Cllr less is better."
)


def figure_table(metrics: dict[str, Any], parts: list[str]) -> str:
    """Every figure that the run knows, validation beside test."""
    name = f"F{metrics[parts[0]].get('beta', 2.0):g}"
    chosen = ((name, "f_beta"), (f"{name} of calling everything fake", "f_beta_all_fake"))
    known = [row for row in (*chosen, *FIGURES) if any(row[1] in metrics[part] for part in parts)]
    # What decides stands first: on a phone the rest may be out of sight.
    shown = parts[::-1]
    rows = [[name, *(figure_in_words(metrics[part], key) for part in shown)] for name, key in known]
    for name, key in (
        ("clips", "n_clips"),
        ("of these fake", "n_fake"),
        ("voices", "n_voices"),
        ("clips of unknown voice", "n_unknown_voice"),
        ("drawn for the intervals (what shares a track together)", "n_clusters"),
    ):
        if any(metrics[part].get(key) is not None for part in parts):
            rows.append([name, *(_count(metrics[part].get(key)) for part in shown)])
    note = NOTE.format(drawn=drawn_in_words(metrics[parts[-1]]))
    head = "".join(f'<th scope="col">{escape(name)}</th>' for name in ["", *(NAMES[part] for part in shown)])
    body = "".join(
        f'<tr><th scope="row">{escape(name)}</th>{"".join(map(figure_cell, figures))}</tr>'
        for name, *figures in rows
    )
    content = f"<thead><tr>{head}</tr></thead><tbody>{body}</tbody>"
    return scrolled(content, "All figures", "glance parts") + paragraph(note, "note")


def systems(told: dict[str, Any], part: str) -> str:
    """What share of each system's clips was called fake, and how well its fakes are told from all reals."""
    eers = eer_by_system(told)
    rows = [
        [
            row["system"] or "(unnamed)",
            row["label"],
            f"{row['n_clips']:,}",
            f"{row['n_voices']:,}",
            percent(row["called_fake"]),
            eers.get(row["system"], "") if row["label"] == "fake" else "",
        ]
        for row in told["by_system"]
    ]
    note = (
        "Called fake is recall where the clips are fake, and false alarms where they are real. The EER is of a "
        f"system's fakes against all real clips, whatever the threshold; in brackets: 95 % interval, drawn over "
        f"{drawn_in_words(told)}."
    )
    caption = f"Each system's clips, {NAMES[part]}"
    return table(["system", "is", "clips", "voices", "called fake", "EER"], rows, caption) + paragraph(
        note, "note"
    )


def eer_by_system(told: dict[str, Any]) -> dict[str, str]:
    """In words the EER of each system that made fakes; figures of older runs know of none."""
    return {
        row["system"]: f"{row['eer']:.3f}{between(row['eer_interval'])}"
        for row in told.get("by_system", [])
        if row.get("eer") is not None
    }


def _count(number: int | None) -> str:
    return "n/a" if number is None else f"{number:,}"
