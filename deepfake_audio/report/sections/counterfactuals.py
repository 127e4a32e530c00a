"""The same test clips changed in ways that leave the voice alone, and what the detector made of them."""

from __future__ import annotations

from typing import Any

from matplotlib.figure import Figure

from ..dots import Dot, Panel, dot_plot
from ..html import folded, paragraph, picture, table

# Less is told in the table and not pointed at; as in the words that come with the figures.
TELLING_DROP = 0.05
Told = dict[str, Any]


def counterfactual_picture(told: Told) -> Figure:
    """AUC and F2 under each change beside those of the clips as they are."""
    clean, panels = told["clean"], []
    for key, label, baseline in (
        ("auc", "area under the ROC", ("chance", 0.5)),
        ("f2", "F2", ("all called fake", clean.get("f2_all_fake"))),
    ):
        dots = [Dot(_name(row), row[key], _interval(row, key), fell(row)) for row in told["changes"]]
        panels.append(Panel(label, dots, ("as they are", clean[key], _interval(clean, key)), baseline))
    return dot_plot(panels, "changed: it holds", "changed: the AUC falls")


def counterfactual_section(told: Told | None, svg: str, threshold: float) -> str:
    """The words, the picture and the table: clean against each change."""
    if not told:
        return ""
    words = [paragraph(line[:1].upper() + line[1:].rstrip(".") + ".") for line in told.get("words", [])]
    rows = [_row("as they are", told["clean"], "")]
    rows += [_row(_name(row), row, _drop(row)) for row in told["changes"]]
    header = ["test clips", "AUC", "fall of the AUC", "F2", "recall", "false alarms"]
    note = (
        "Everything is judged at the frozen threshold. In brackets: 95 % interval of that figure alone, drawn over "
        f"voices. A fall is called one only if it is above {TELLING_DROP:g} and its interval, widened for all "
        f"{len(told['changes'])} changes together, is clear of 0."
    )
    if told.get("threshold", threshold) != threshold:
        note += f" The threshold was {told['threshold']:.6g} then; it has been tuned since."
    what = [[_name(row), row["what"]] for row in told["changes"] if row.get("what")]
    return (
        picture(svg, "Changed, but not the voice", _says(told))
        + "".join(words)
        + table(header, rows, "Test clips as they are, and changed")
        + paragraph(note, "note")
        + (
            folded("What each change is", table(["test clips", "are heard"], what, "What each change is"))
            if what
            else ""
        )
    )


def _says(told: Told) -> str:
    """What the picture shows, for whoever does not see it."""
    rows = [told["clean"] | {"name": "as they are"}, *told["changes"]]
    shown = [f"{_name(row)} {row['auc']:.3f}" for row in rows if row.get("auc") is not None]
    return f"Area under the ROC of the test clips, by change: {'; '.join(shown)}"


def fell(row: Told) -> bool:
    """Whether the AUC falls by enough to matter, and by more than the luck of so many changes."""
    if "shown" in row:
        return bool(row["shown"])
    interval = row.get("drop_interval")
    return interval is not None and interval[0] > 0 and row["drop_in_auc"] > TELLING_DROP


def _name(row: Told) -> str:
    return str(row["name"]).replace("_", " ")


def _interval(row: Told, key: str) -> list[float] | None:
    return (row.get("intervals") or {}).get(key)


def _row(name: str, row: Told, drop: str) -> list[str]:
    shares = [_figure(row, key, bare=True) for key in ("recall", "false_alarm_rate")]
    return [name, _figure(row, "auc"), drop, _figure(row, "f2"), *shares]


def _figure(row: Told, key: str, bare: bool = False) -> str:
    if row.get(key) is None:
        return "undefined"
    interval = None if bare else _interval(row, key)
    return f"{row[key]:.3f}" + (f" [{interval[0]:.3f}, {interval[1]:.3f}]" if interval else "")


def _drop(row: Told) -> str:
    if row.get("drop_in_auc") is None:
        return "undefined"
    interval = row.get("drop_interval")
    return f"{row['drop_in_auc']:+.3f}" + (f" [{interval[0]:+.3f}, {interval[1]:+.3f}]" if interval else "")
