"""Whether P(fake) may be read as a probability, before and after calibration."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
from matplotlib.figure import Figure

from ...evaluation import metrics
from ...evaluation.metrics import Floats
from ..canvas import NAMES
from ..html import paragraph, picture, table
from ..pictures import reliability_diagram
from ..words import percent

Scores = dict[str, pd.DataFrame]


def calibration_picture(scores: Scores, calibration: dict[str, Any] | None) -> Figure:
    """Of test, where there is one; else of validation, on which a calibration was fitted."""
    part = _part(scores)
    return reliability_diagram(scores[part], uncalibrated(scores[part], calibration), part)


def calibration_section(scores: Scores, calibration: dict[str, Any] | None, svg: str) -> str:
    """The diagram, what was done, and how far off P(fake) is on average."""
    part = _part(scores)
    words = (calibration or {}).get("words") or "P(fake) was not calibrated."
    fitted = calibration is not None and calibration.get("kind", "none") != "none"
    flatters = (
        " Validation's own row flatters: the calibration was fitted to those very clips." if fitted else ""
    )
    note = (
        f"Each dot is a step of P(fake) on {NAMES[part]}: where P(fake) means what it says, the dot stands on the "
        "dotted line. Below are the clips in each step. It holds for clips like these: where fakes are rarer, P(fake) "
        f"is too high.{flatters}"
    )
    return (
        picture(svg, "Does P(fake) mean what it says?", _says(scores[part], part))
        + paragraph(words[:1].upper() + words[1:])
        + _errors(scores, calibration)
        + paragraph(note, "note")
    )


def uncalibrated(scores: pd.DataFrame, calibration: dict[str, Any] | None) -> Floats | None:
    """P(fake) straight from the logit; None where that is unknown, or nothing was changed about it."""
    if "logit" not in scores or not calibration or calibration.get("kind", "none") == "none":
        return None
    # Exact at both ends, and without a warning where a logit is far out.
    return np.exp(-np.logaddexp(0.0, -scores["logit"].to_numpy(dtype=np.float64)))


def _errors(scores: Scores, calibration: dict[str, Any] | None) -> str:
    rows = []
    for part, clips in scores.items():
        label, before = clips["label"].to_numpy(), uncalibrated(clips, calibration)
        after = metrics.expected_calibration_error(label, clips["p_fake"].to_numpy())
        raw = [] if before is None else [f"{metrics.expected_calibration_error(label, before):.3f}"]
        rows.append([NAMES[part], *raw, f"{after:.3f}"])
    header = ["", "before calibration", "as given"] if len(rows[0]) == 3 else ["", "as given"]
    return table(header, rows, "Calibration error (ECE): how far P(fake) is off on average; 0 is perfect")


def _says(scores: pd.DataFrame, part: str) -> str:
    found = metrics.reliability(scores["label"].to_numpy(), scores["p_fake"].to_numpy())
    steps = [
        f"of {count:,} clips with a mean P(fake) of {p:.2f}, {percent(share)} are fake"
        for p, share, count in zip(found.mean_p, found.share_fake, found.count, strict=True)
        if count
    ]
    return f"Reliability diagram, {NAMES[part]}: {'; '.join(steps)}"


def _part(scores: Scores) -> str:
    return "test" if "test" in scores else "val"
