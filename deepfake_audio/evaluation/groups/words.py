"""What the groups of a column come to, in one sentence for people."""

from __future__ import annotations

import math
from typing import Any

RATE_WORDS = {"recall": "fakes that are found", "false_alarm_rate": "real clips that are called fake"}

FINE_GAP = 0.03


def column_in_words(told: dict[str, Any]) -> str:
    """What is shown to differ; or the largest gap, and that it could be luck; or why nothing is compared."""
    column, gaps = told["column"], told["gaps"]
    rows = {row["group"]: row for row in told["rows"]}
    if not gaps:
        why = "it takes two groups that are large enough to be judged"
        if sum(row["judged"] for row in rows.values()) > 1:
            why = "of the groups that are large enough, no two have a figure in common that can be judged"
        return f"By {column} nothing can be compared: {why}."
    allowed = f"allowing for {_count(told['comparisons'])}"
    certain = [gap for gap in gaps if gap["certain"]]
    if certain:
        found = "; and in ".join(f"{_gap(gap, rows)}, {_points(gap)}" for gap in certain)
        return f"By {column} a difference is shown, {allowed}: in {found}."
    largest = max(gaps, key=lambda gap: gap["gap"])
    if largest["gap"] == 0:
        return f"By {column} no group that is large enough to be judged does better than another."
    return (
        f"By {column} no difference is shown, {allowed}; the largest is in {_gap(largest, rows)}, "
        f"{_points(largest)}."
    )


def never_in_words(figure: str, voices: int) -> str:
    """How often the error of `figure` may happen all the same, of which none of so many voices has one.

    By the rule of three: were a larger share of voices prone to it, one would have shown it in 95 of 100 samples.
    """
    error = "missed fake" if figure == "recall" else "false alarm"
    most = min(1.0, 3 / voices)
    return f"no {error} in {voices} voices, but up to {math.ceil(100 * most)} % of all voices could have one"


def too_few_in_words(figure: str, clips: int, voices: int) -> str:
    """Why `figure` is not judged."""
    kind, of = ("fake", "its recall") if figure == "recall" else ("real clip", "its false alarms")
    one = clips == 1
    known = f"{voices} known voice{'' if voices == 1 else 's'}"
    return f"{clips} {kind}{'' if one else 's'} of {known} {'is' if one else 'are'} too few to judge {of}"


def unknown_in_words(clips: int) -> str:
    """Why the voices are fewer than the clips would let one think."""
    many = f"{clips:,} clips of unknown voice count" if clips > 1 else "1 clip of unknown voice counts"
    return f"{many} for no voice here, though intervals take each for one"


def _gap(gap: dict[str, Any], rows: dict[str, dict[str, Any]]) -> str:
    high, low = (_hundredths(rows[gap[end]][gap["figure"]], gap) for end in ("highest", "lowest"))
    return f"{RATE_WORDS[gap['figure']]} ({gap['highest']} {high} %, {gap['lowest']} {low} %)"


def _points(gap: dict[str, Any]) -> str:
    points, low, high = (_hundredths(value, gap) for value in (gap["gap"], *gap["interval"]))
    return f"{points} point{'' if points == '1' else 's'}, somewhere from {low} to {high}"


def _hundredths(share: float, gap: dict[str, Any]) -> str:
    """With a decimal where a gap is too small to be seen without."""
    return f"{100 * share:.{int(gap['gap'] < FINE_GAP)}f}"


def _count(comparisons: int) -> str:
    return "1 comparison" if comparisons == 1 else f"{comparisons:,} comparisons"
