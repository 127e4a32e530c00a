"""Verdicts for people in lines, and for spreadsheets as CSV."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Mapping, Sequence
from typing import Any

from .. import spreadsheets
from ..probability import digits_apart, shown
from ..verdict import Verdict, WindowScore

# Of a long recording no more lines are shown; each is then of several windows, and tells the worst of them.
MOST_LINES = 40
BAR = 20
CSV_COLUMNS = (
    "file", "verdict", "p_fake", "threshold", "margin", "logit", "seconds", "segments", "doubts", "warnings", "error",
)  # fmt: skip


def table(verdicts: Sequence[Verdict]) -> str:
    """For people: a line a file, below it the time line of its windows and what else is to be said."""
    if not verdicts:
        return ""
    threshold = verdicts[0].threshold
    digits = max(digits_apart(verdict.p_fake, threshold) for verdict in verdicts)
    width = max(8, digits + 3)
    margin = digits + 3
    lines = [
        f"{'P(fake)':>{width}}  {'verdict':<10}  {'margin':>{margin}}  file   (fake from {threshold:.{digits}f} on)"
    ]
    for verdict in verdicts:
        lines.append(
            f"{shown(verdict.p_fake, digits):>{width}}  {verdict.verdict:<10}  {verdict.margin:>+{margin}.{digits}f}  "
            f"{printable(verdict.file)}"
        )
        lines += _time_line(verdict.windows)
        if verdict.segments:
            spans = ", ".join(
                f"{segment.start_seconds:.1f} to {segment.end_seconds:.1f} s" for segment in verdict.segments
            )
            lines.append(f"{'':10}suspicious: {spans}")
        lines += [f"{'':10}can't tell: {printable(doubt)}" for doubt in verdict.doubts]
        lines += [f"{'':10}note: {printable(warning)}" for warning in verdict.warnings]
    return "\n".join(lines)


def _time_line(windows: Sequence[WindowScore]) -> list[str]:
    together = -(-len(windows) // MOST_LINES)
    lines = []
    for first in range(0, len(windows), together):
        some = windows[first : first + together]
        worst = max(window.p_fake for window in some)
        span = f"{some[0].start_seconds:.1f} to {some[-1].end_seconds:.1f} s"
        most = f"  the highest of {len(some)} windows" if together > 1 else ""
        lines.append(f"{span:>28}  {shown(worst):>6}  {'#' * round(worst * BAR)}{most}")
    return lines


def printable(text: str) -> str:
    """Text on one line, in which nothing commands the terminal: a file may be called anything."""
    return "".join(
        letter
        if letter.isprintable() or letter == " "
        else letter.encode("unicode_escape", "replace").decode()
        for letter in text
    )


def as_json(told: Sequence[Mapping[str, Any]], encoding: str = "utf-8") -> str:
    """A JSON list; escaped where the encoding can't hold it, so that the name of a file comes back as it was."""
    text = json.dumps(told, indent=2, ensure_ascii=False)
    try:
        text.encode(encoding)
    except UnicodeEncodeError:
        return json.dumps(told, indent=2)
    return text


def as_csv(verdicts: Sequence[Verdict], failures: Sequence[Mapping[str, str]]) -> str:
    """A row a file, those that could not be read at the end; every cell of words is inert in a spreadsheet."""
    told = io.StringIO()
    rows = csv.DictWriter(told, CSV_COLUMNS, restval="", lineterminator="\n")
    rows.writeheader()
    for verdict in verdicts:
        segments = (f"{segment.start_seconds:.2f}-{segment.end_seconds:.2f}" for segment in verdict.segments)
        rows.writerow(
            {
                "file": inert(verdict.file),
                "verdict": inert(verdict.verdict),
                **{name: getattr(verdict, name) for name in CSV_COLUMNS[2:7]},
                "segments": "; ".join(segments),
                "doubts": inert("; ".join(verdict.doubts)),
                "warnings": inert("; ".join(verdict.warnings)),
            }
        )
    for failure in failures:
        rows.writerow({name: inert(words) for name, words in failure.items()})
    return told.getvalue().rstrip("\n")


def inert(cell: str) -> str:
    """No formula to a spreadsheet; bytes that are no text are written out, as in the table: it reads none."""
    return spreadsheets.inert(cell.encode("utf-8", "backslashreplace").decode())
