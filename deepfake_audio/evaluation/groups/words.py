"""What the groups of a column come to, in one sentence for people."""

from __future__ import annotations

from typing import Any

RATE_WORDS = {"recall": "fakes that are found", "false_alarm_rate": "real clips that are called fake"}


def column_in_words(told: dict[str, Any]) -> str:
    """What differs for certain; or the largest gap, and that it could be luck; or why nothing is compared."""
    column, gaps = told["column"], told["gaps"]
    if not gaps:
        return f"By {column} nothing can be compared: it takes two groups that are large enough to be judged."
    rows = {row["group"]: row for row in told["rows"]}
    allowed = f"allowing for {_count(told['comparisons'])}"
    certain = [gap for gap in gaps if gap["certain"]]
    if certain:
        found = "; and in ".join(f"{_gap(gap, rows)}, {_points(gap)}" for gap in certain)
        return f"By {column} there is a difference beyond luck, {allowed}: in {found}."
    largest = max(gaps, key=lambda gap: gap["gap"])
    if largest["gap"] == 0:
        return f"By {column} no group that is large enough to be judged does better than another."
    return (
        f"By {column} no difference is beyond luck, {allowed}; the largest is in {_gap(largest, rows)}, "
        f"{_points(largest)}."
    )


def _gap(gap: dict[str, Any], rows: dict[str, dict[str, Any]]) -> str:
    high, low = (rows[gap[end]][gap["figure"]] for end in ("highest", "lowest"))
    return f"{RATE_WORDS[gap['figure']]} ({gap['highest']} {100 * high:.0f} %, {gap['lowest']} {100 * low:.0f} %)"


def _points(gap: dict[str, Any]) -> str:
    low, high = gap["interval"]
    points = f"{100 * gap['gap']:.0f}"
    return f"{points} point{'' if points == '1' else 's'}, somewhere from {100 * low:.0f} to {100 * high:.0f}"


def _count(comparisons: int) -> str:
    return "1 comparison" if comparisons == 1 else f"{comparisons:,} comparisons"
