"""Whether it treats some people, systems or lengths otherwise than others."""

from __future__ import annotations

from html import escape
from typing import Any

from matplotlib.figure import Figure

from ..dots import Dot, Panel, dot_plot
from ..html import drawing, folded, heading, paragraph, table
from ..words import between, percent
from .figures import eer_by_system

Told = dict[str, Any]
# A few that are too small to judge are drawn hollow among the others; more would hide them.
MOST_UNJUDGED_DRAWN = 5
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
    return heading("Groups") + "".join(
        _column(
            each,
            images[f"groups_{each['column']}"],
            eer_by_system(test or {}) if each["column"] == "system" else {},
        )
        for each in groups
    )


def _column(column: Told, svg: str, eers: dict[str, str]) -> str:
    """Words, picture and table. Of groups that are too small to judge no more than the words meets the eye.

    Args:
        eers: of each group that has one of its own, in words.
    """
    shown, title = _shown(column), _title(column)
    drawn, numbers = drawing(svg, _says(column, shown)), _note(column) + _table(column, shown, eers)
    told = f"<h3>{escape(title)}</h3>" + paragraph(_sentence(column["words"]))
    if not any(row["judged"] for row in shown):
        return told + folded(f"By {title.lower()}, picture and numbers", drawn + numbers)
    told += drawn + folded(f"By {title.lower()}, in numbers", numbers)
    rest = [row for row in column["rows"] if row not in shown]
    return told + (
        folded(f"{len(rest)} groups that are not judged", _table(column, rest, eers)) if rest else ""
    )


def _shown(column: Told) -> list[Told]:
    """All groups; only those that can be judged, where many can't."""
    judged = [row for row in column["rows"] if row["judged"]]
    few = len(column["rows"]) - len(judged) <= MOST_UNJUDGED_DRAWN
    return column["rows"] if few or not judged else judged


def _picture(column: Told, test: Told) -> Figure:
    apart = {
        (gap["figure"], gap[end]) for gap in column["gaps"] if gap["certain"] for end in ("highest", "lowest")
    }
    panels = []
    for key, interval, label in PANELS:
        dots = [
            # Of a group that can be judged by one figure the other may rest on too little.
            Dot(_name(row), row[key], row[interval], (key, row["group"]) in apart, _unsure(row, interval))
            for row in _shown(column)
            if row[key] is not None
        ]
        reference = ("all test clips", test.get(key), (test.get("intervals") or {}).get(key))
        if dots:
            panels.append(Panel(label, dots, reference, ("", None)))
    return dot_plot(panels, "a group", "shown to differ", "too small to judge")


def _unsure(row: Told, interval: str) -> bool:
    return not row["judged"] or row[interval] is None


def _says(column: Told, shown: list[Told]) -> str:
    """What the picture shows, for whoever does not see it."""
    told = [
        f"{_name(row)}: {', '.join(told)}"
        for row in shown
        if (told := [f"{label} {percent(row[key])}" for key, _, label in PANELS if row[key] is not None])
    ]
    return f"Recall and false alarms by {column['column']}. " + "; ".join(told)


def _table(column: Told, told: list[Told], eers: dict[str, str]) -> str:
    """Figures of some groups, and below it what to mind of them."""
    # What is of one class each, as systems are, has none.
    with_f2 = any(row["f2"] is not None for row in told)
    rows = [
        [
            row["group"],
            f"{row['n_real']:,} + {row['n_fake']:,}",
            f"{row['n_voices']:,}",
            _figure(row["recall"], row["recall_interval"]),
            _figure(row["false_alarm_rate"], row["false_alarm_interval"]),
            *([_figure(row["f2"], row["f2_interval"]), _figure(row["f2_all_fake"], None)] if with_f2 else []),
            *([eers.get(row["group"], "")] if eers else []),
        ]
        for row in told
    ]
    header = [
        "group",
        "real + fake",
        "voices",
        "recall",
        "false alarms",
        "F2",
        "all-fake F2",
        *(["EER"] if eers else []),
    ]
    intervals = any(row[key] for row in told for _, key, _ in PANELS)
    caption = f"By {column['column']}" + (". In brackets: 95 % interval over voices" if intervals else "")
    if eers:
        caption += ". EER: its fakes against all real clips"
    return table(header, rows, caption) + "".join(paragraph(each, "note") for each in _to_mind(told))


def _note(column: Told) -> str:
    gaps = [
        f"{'recall' if gap['figure'] == 'recall' else 'false alarms'}: {gap['highest']} over {gap['lowest']} by "
        f"{gap['gap']:.3f}{between(gap.get('interval'))}"
        for gap in column["gaps"]
    ]
    told = f"The largest gaps: {'; '.join(gaps)}. " if gaps else "No two groups can be compared. "
    many = column.get("comparisons")
    return paragraph(told + (f"Corrected for {many:,} comparisons." if many else ""), "note")


def _to_mind(told: list[Told]) -> list[str]:
    """What is not judged, and what an interval can't know: groups of which the same is said share a line."""
    groups: dict[str, list[str]] = {}
    for row in told:
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
