"""Whether P(fake) may be read as a probability, before and after calibration."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
from matplotlib.figure import Figure

from ...evaluation import metrics
from ...evaluation.doubts import counted
from ...evaluation.metrics import Floats
from ..canvas import NAMES
from ..html import drawing, heading, paragraph, table
from ..pictures import reliability_diagram
from ..words import percent

Scores = dict[str, pd.DataFrame]

FLATTERS = "Validation's own row flatters: the calibration was fitted to those very clips."
# Nobody decides otherwise for an error below, even if many clips show that it is one.
SMALL = 0.05
DRAWS, SEED = 2000, 0


def calibration_picture(scores: Scores, calibration: dict[str, Any] | None) -> Figure:
    """Of test, where there is one; else of validation, on which a calibration was fitted."""
    part = _part(scores)
    return reliability_diagram(scores[part], uncalibrated(scores[part], calibration), part)


def calibration_section(
    scores: Scores, calibration: dict[str, Any] | None, svg: str, cllr: float | None = None
) -> str:
    """Whether P(fake) means what it says, the diagram, what was done, and how far off it is on average.

    Args:
        cllr: of the last part, in bits, where it is known.
    """
    part = _part(scores)
    words = (calibration or {}).get("words") or "P(fake) was not calibrated."
    note = (
        f"Each dot is a step of P(fake) on {NAMES[part]}: where P(fake) means what it says, the dot stands on the "
        "dotted line. Below are the clips in each step. What chance explains counts each clip alone; clips of one "
        "voice err together, so chance may explain more. It holds for clips like these: where fakes are rarer, P(fake) "
        f"is too high.{' ' + FLATTERS if _is_fitted(calibration) else ''}"
    )
    return (
        heading("Does P(fake) mean what it says?")
        + paragraph(_answer(scores[part], calibration, part, cllr))
        + drawing(svg, _says(scores[part], part))
        + paragraph(words[:1].upper() + words[1:])
        + _errors(scores, calibration)
        + paragraph(note, "note")
    )


def _answer(scores: pd.DataFrame, calibration: dict[str, Any] | None, part: str, cllr: float | None) -> str:
    """How far P(fake) is off, beside how far a right one would be by chance, and what it is worth."""
    label, p_fake = scores["label"].to_numpy(), scores["p_fake"].to_numpy()
    error, chance = metrics.expected_calibration_error(label, p_fake), error_by_chance(p_fake)
    before = uncalibrated(scores, calibration)
    told = f"off by {100 * error:.1f} points on average"
    if before is not None:
        told += f" ({100 * metrics.expected_calibration_error(label, before):.1f} before calibration)"
    by_chance = f"chance alone explains up to {100 * chance:.1f} on {counted(len(scores), 'clip')}"
    if error <= chance:
        answer = f"On {NAMES[part]} nothing speaks against it: it is {told}, and {by_chance}"
    elif error <= SMALL:
        answer = f"On {NAMES[part]} it nearly does: it is {told}, where {by_chance}"
    else:
        answer = f"On {NAMES[part]} it does not: it is {told}, where {by_chance}"
    if part == "val" and _is_fitted(calibration):
        answer += "; but it was fitted to these very clips"
    if cllr is None:
        return f"{answer}."
    return f"{answer}. Its Cllr of {cllr:.3f} is {'no better' if cllr >= 1 else 'better'} than no answer, which has 1."


def error_by_chance(p_fake: Floats) -> float:
    """The calibration error that 19 in 20 sets of as many clips stay below if P(fake) is right: [N] -> a number.

    Of each step the fakes are drawn with its mean P(fake), which takes as long for a million clips as for one.
    """
    found = metrics.reliability(np.zeros(len(p_fake)), p_fake)
    filled = found.count > 0
    clips, mean = found.count[filled], found.mean_p[filled]
    fakes = np.random.default_rng(SEED).binomial(clips, np.clip(mean, 0, 1), (DRAWS, len(clips)))
    return float(np.quantile(np.abs(fakes - clips * mean).sum(axis=1) / len(p_fake), 0.95))


def _is_fitted(calibration: dict[str, Any] | None) -> bool:
    return calibration is not None and calibration.get("kind", "none") != "none"


def uncalibrated(scores: pd.DataFrame, calibration: dict[str, Any] | None) -> Floats | None:
    """P(fake) straight from the logit; None where that is unknown, or nothing was changed about it."""
    if "logit" not in scores or not _is_fitted(calibration):
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
