"""What a detector did on its test, which travels with it, so that whoever reads a verdict need not look for it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

FIGURES = (
    "n_real", "n_fake", "n_voices", "recall", "false_alarm_rate", "f2", "f2_all_fake"
)  # fmt: skip


def measured(metrics: Mapping[str, Any]) -> dict[str, Any]:
    """The figures on test out of `metrics.json`, for the detector's config; nothing where there was no test."""
    test = metrics.get("test") or {}
    return {"measured": {key: test[key] for key in FIGURES}} if all(key in test for key in FIGURES) else {}


def in_words(config: Mapping[str, Any]) -> str | None:
    """One sentence: how often this detector was right on clips that nothing was chosen on; None if nobody knows."""
    told: Any = config.get("measured")
    try:
        return (
            f"on {told['n_real']} real and {told['n_fake']} fake test clips, on which nothing was chosen, this "
            f"detector called {100 * told['recall']:.0f} % of the fakes fake, and "
            f"{100 * told['false_alarm_rate']:.0f} % of the reals{_beside(told['f2'], told['f2_all_fake'])}"
        )  # fmt: skip
    except (KeyError, TypeError, ValueError):
        # Of an older detector, or a stranger's.
        return None


def _beside(f2: float, all_fake: float) -> str:
    return "" if f2 > all_fake else f" (F2 {f2:.2f}, below the {all_fake:.2f} of calling everything fake)"
