"""The lines of a benchmark as text for a terminal, and as Markdown for the page about speed."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from .frame import Point, Row
from .growth import slope
from .paper import CLIPS, MEAN_SECONDS, Cost

HEAD = ("measure", "ours", "against", "theirs", "ratio", "goal", "met")
BEGIN, END = "<!-- measured -->", "<!-- /measured -->"


def text(rows: Sequence[Row]) -> str:
    """Aligned columns; what limits a line stands below it."""
    cells = [HEAD, *(_cells(row) for row in rows)]
    widths = [max(len(line[i]) for line in cells) for i in range(len(HEAD))]
    lines = []
    for line, row in zip(cells, [None, *rows], strict=True):
        lines.append("  ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)).rstrip())
        if row is not None and row.note:
            lines.append(f"    {row.note}")
    return "\n".join(lines)


def paper_text(costs: Sequence[Cost]) -> str:
    """What a large corpus would take."""
    width = max((len(cost.stage) for cost in costs), default=0)
    lines = [f"{CLIPS:,} clips of {MEAN_SECONDS:g} s on this machine, on paper:"]
    return "\n".join([*lines, *(f"  {cost.stage:{width}}  {cost.amount}" for cost in costs)])


def section(told: dict[str, Any], rows: Sequence[Row], points: Sequence[Point], costs: Sequence[Cost]) -> str:
    """All that the page says in figures, as Markdown."""
    hardware = told["hardware"]
    made = max(found["made"] for found in told["measures"].values())[:10]
    on = f"{hardware['cpu']}, {hardware['cores']} cores, {hardware['memory_gib']} GiB, {hardware['gpu'] or 'no GPU'}"
    versions = ", ".join(f"{name} {version}" for name, version in told["versions"].items())
    return "\n".join(
        [
            f"Measured on {made}{', at small sizes only (`--quick`)' if told['quick'] else ''}: {on}; {versions}.",
            "",
            *_markdown((*HEAD, "what limits it"), [(*_cells(row), row.note) for row in rows]),
            "",
            "## How cost grows",
            "",
            "![Seconds over size, a panel each, both axes logarithmic](speed.png)",
            "",
            *_markdown(("what", "size", "seconds", "memory at most", "grows as"), _grown(points)),
            "",
            f"## {CLIPS // 10**6} million clips, on paper",
            "",
            f"Clips of {MEAN_SECONDS:g} s, on the machine above. Each figure goes on from the largest size measured, "
            "with the slope of its curve, but never flatter than in proportion.",
            "",
            *_markdown(("stage", "what it takes", "from"), [(c.stage, c.amount, c.source) for c in costs]),
        ]
    )


def spliced(page: str, between: str) -> str:
    """The page with another text between its two marks."""
    head, begin, rest = page.partition(BEGIN)
    _, end, tail = rest.partition(END)
    if not begin or not end:
        raise ValueError(f"the page lacks {BEGIN} or {END}")
    return f"{head}{BEGIN}\n\n{between}\n\n{END}{tail}"


def number(value: float) -> str:
    """Three digits, and no exponent: 12,300,000, 456, 1.23, 0.0045."""
    if value >= 100:
        return f"{value:,.0f}"
    return f"{value:.3g}"


def _cells(row: Row) -> tuple[str, ...]:
    goal = "" if row.met is None else f"at most {row.goal_at_most:g}" if row.goal is None else f"{row.goal:g}"
    met = {None: "", True: "yes", False: "no"}[row.met]
    ours, theirs = (f"{number(value)} {row.unit}" for value in (row.ours, row.theirs))
    return (row.measure, ours, row.against, theirs, f"{row.ratio:.3g}", goal, met)


def _grown(points: Sequence[Point]) -> list[tuple[str, ...]]:
    rows: list[tuple[str, ...]] = []
    for curve in dict.fromkeys(point.curve for point in points):
        its = [point for point in points if point.curve == curve]
        for point in its:
            memory = "" if point.peak_mib is None else f"{point.peak_mib:,.0f} MiB"
            grows = f"size^{slope(its):.2f}" if point is its[-1] and len(its) > 1 else ""
            size = f"{number(point.size)} {point.size_unit}"
            rows.append((curve, size, number(point.seconds), memory, grows))
    return rows


def _markdown(head: Sequence[str], rows: Sequence[Sequence[str]]) -> list[str]:
    lines = [head, ["---"] * len(head), *rows]
    return ["| " + " | ".join(cell.replace("|", "/") for cell in line) + " |" for line in lines]
