"""How the clips were dealt out, and what the split leaks by its own account."""

from __future__ import annotations

from typing import Any

from ..html import heading, paragraph, table
from ..words import percent


def split_section(split: dict[str, Any] | None) -> str:
    """Policy, counts and leakage, as far as the run knows them."""
    if not split:
        return ""
    told = [f"Policy {split.get('policy', 'unknown')}{_source(split)}{_held_out(split)}.{_unseen(split)}"]
    for name, value in (split.get("leakage") or {}).items():
        shown = percent(value) if isinstance(value, float) else str(value)
        told.append(f"{name.replace('_', ' ').capitalize()}: {shown}.")
    counts = split.get("counts") or {}
    columns = list(next(iter(counts.values()), {}))
    rows = [[side, *(f"{count[column]:,}" for column in columns)] for side, count in counts.items()]
    counted = table(["", *columns], rows, "What each part holds") if rows else ""
    return heading("Split") + counted + paragraph(" ".join(told))


def _source(split: dict[str, Any]) -> str:
    """Where the parts come from; a seed only where something was dealt out with it."""
    if split.get("file"):
        return f", from {split['file']}"
    if split.get("policy") == "own":
        return ": the parts are those that the corpus itself gives"
    return "" if split.get("seed") is None else f", dealt out with seed {split['seed']}"


def _held_out(split: dict[str, Any]) -> str:
    """What test was chosen by, where it was not dealt out alone."""
    fold = f", fold {split['fold']}" if split.get("fold") is not None else ""
    held = split.get("held_out")
    return fold + (f", held out by {held['column']}: {', '.join(held['test'])}" if held else "")


def _unseen(split: dict[str, Any]) -> str:
    """What validation heard that training did not, and how many clips are on no side."""
    unseen, left_out = split.get("unseen"), split.get("left_out")
    heard = ", ".join(f"{system} ({count:,})" for system, count in (unseen or {}).items())
    told = f" Validation's fakes are by systems that training had none of: {heard}." if heard else ""
    return told + (f" {left_out:,} clips are on no side." if left_out else "")
