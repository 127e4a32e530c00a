"""Whether it treats some people, systems or lengths otherwise than others."""

from __future__ import annotations

from html import escape
from typing import Any

from matplotlib.figure import Figure

from ..dots import Dot, Panel, dot_plot
from ..html import drawing, folded, heading, paragraph, table
from ..words import between, percent

Told = dict[str, Any]
PANELS = (
    ("recall", "recall_interval", "fakes caught"),
    ("false_alarm_rate", "false_alarm_interval", "false alarms"),
)


def group_pictures(test: Told) -> dict[str, Figure]:
    """A picture a column of groups: recall and false alarms of each group beside those of all test clips."""
    return {f"groups_{each['column']}": _picture(each, test) for each in test.get("groups") or []}


def group_section(test: Told | None, images: dict[str, str]) -> str:
    """Words, picture and table of each column; empty where nothing is known of groups."""
    groups = (test or {}).get("groups") or []
    if not groups:
        return ""
    return heading("Groups") + "".join(_column(each, images[f"groups_{each['column']}"]) for each in groups)


def _column(column: Told, svg: str) -> str:
    """Words, picture and table; where no group is large enough to judge, only the words meet the eye."""
    drawn, numbers = drawing(svg, _says(column)), _table(column) + _note(column)
    judged = any(row["judged"] for row in column["rows"])
    title = _title(column)
    told = f"<h3>{escape(title)}</h3>" + paragraph(_sentence(column["words"]))
    if judged:
        return told + drawn + folded(f"By {title.lower()}, in numbers", numbers)
    return told + folded(f"By {title.lower()}, picture and numbers", drawn + numbers)


def _picture(column: Told, test: Told) -> Figure:
    apart = {
        (gap["figure"], gap[end]) for gap in column["gaps"] if gap["certain"] for end in ("highest", "lowest")
    }
    panels = []
    for key, interval, label in PANELS:
        dots = [
            Dot(_name(row), row[key], row[interval], (key, row["group"]) in apart, not row["judged"])
            for row in column["rows"]
        ]
        reference = ("all test clips", test.get(key), (test.get("intervals") or {}).get(key))
        panels.append(Panel(label, dots, reference, ("", None)))
    return dot_plot(panels, "a group", "shown to differ", "too small to judge")


def _says(column: Told) -> str:
    """What the picture shows, for whoever does not see it."""
    told = [
        f"{_name(row)}: {', '.join(told)}"
        for row in column["rows"]
        if (told := [f"{label} {percent(row[key])}" for key, _, label in PANELS if row[key] is not None])
    ]
    return f"Recall and false alarms by {column['column']}. " + "; ".join(told)


def _table(column: Told) -> str:
    rows = [
        [
            row["group"],
            f"{row['n_real']:,} + {row['n_fake']:,}",
            f"{row['n_voices']:,}",
            _figure(row["recall"], row["recall_interval"]),
            _figure(row["false_alarm_rate"], row["false_alarm_interval"]),
            _figure(row["f2"], row["f2_interval"]),
            _figure(row["f2_all_fake"], None),
        ]
        for row in column["rows"]
    ]
    header = ["group", "real + fake", "voices", "recall", "false alarms", "F2", "all-fake F2"]
    return table(header, rows, f"By {column['column']}. In brackets: 95 % interval over voices")


def _note(column: Told) -> str:
    gaps = [
        f"{'recall' if gap['figure'] == 'recall' else 'false alarms'}: {gap['highest']} over {gap['lowest']} by "
        f"{gap['gap']:.3f}{between(gap.get('interval'))}"
        for gap in column["gaps"]
    ]
    told = f"The largest gaps: {'; '.join(gaps)}. " if gaps else "No two groups can be compared. "
    many = column.get("comparisons")
    line = told + (f"Corrected for {many:,} comparisons." if many else "")
    return "".join(paragraph(each, "note") for each in (line, *_to_mind(column)))


def _to_mind(column: Told) -> list[str]:
    """What is not judged, and what an interval can't know: groups of which the same is said share a line."""
    groups: dict[str, list[str]] = {}
    for row in column["rows"]:
        why = row["why"] or ("" if row["judged"] else "too small to judge")
        groups.setdefault(why, []).append(row["group"])
    return [f"{', '.join(names)}: {why}." for why, names in groups.items() if why]


def _figure(value: float | None, interval: list[float] | None) -> str:
    return "n/a" if value is None else f"{value:.3f}{between(interval)}"


def _title(column: Told) -> str:
    return str(column["column"]).replace("_", " ").capitalize()


def _name(row: Told) -> str:
    return f"{row['group']} ({row['n_clips']:,})"


def _sentence(line: str) -> str:
    return line[:1].upper() + line[1:] + ("" if line.endswith((".", "!", "?")) else ".")
