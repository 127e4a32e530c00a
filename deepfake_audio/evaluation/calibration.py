"""What turns a network's logit into a P(fake) that means something: a slope and an offset, fitted on validation."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from ..errors import UserError
from ..labels import FAKE
from . import metrics
from .doubts import counted
from .metrics import Floats
from .voices import FEW_VOICES, count_voices

KINDS = ("platt", "temperature", "none")
# Newton's method is there in ten steps or so; where it isn't, nothing more is to be had.
STEPS = 200
GRADIENT = 1e-12
# A slope that moves the log-odds by less than this over all of validation is none: the answers say nothing, and P
# would be the same number for every clip.
LEAST_EFFECT = 1e-6
# The P(fake) by which people are told what it means.
EXAMPLE = 0.8
# Whoever gives no clip odds that are so many times another's hardly tells them apart.
NARROW_ODDS = 3.0


@dataclass(frozen=True)
class Calibration:
    """P(fake) = sigmoid(slope x logit + offset). The slope is positive, so clips stay in the order of their logits."""

    kind: str = "none"
    slope: float = 1.0
    offset: float = 0.0

    def __post_init__(self) -> None:
        check_kind(self.kind)
        if not (np.isfinite([self.slope, self.offset]).all() and self.slope > 0):
            raise UserError(
                f"a calibration needs a slope above 0 and an offset, not {self.slope} and {self.offset}"
            )

    def p_fake(self, logit: ArrayLike) -> Floats:
        """Calibrated probabilities of logits, of the same shape."""
        odds = self.slope * np.asarray(logit, dtype=np.float64) + self.offset
        # Only ever the exponent of what is negative, so that nothing overflows.
        small = np.exp(-np.abs(odds))
        return np.where(odds >= 0, 1.0, small) / (1 + small)


def check_kind(kind: str) -> None:
    """Raise where there is no such calibration."""
    if kind not in KINDS:
        raise UserError(f"calibration {kind!r} is not known; known are {', '.join(KINDS)}")


def fit(kind: str, labels: ArrayLike, logits: ArrayLike) -> Calibration:
    """The calibration of highest likelihood; of kind "none" where a higher logit doesn't mean fake more often.

    Targets are smoothed as Platt did it: they stop short of 0 and 1 by what one more clip of each class could
    change, so that classes which are wholly apart don't make every P 0 or 1. An infinite logit counts as the
    largest finite one.

    Args:
        kind: "platt" (slope and offset), "temperature" (slope only) or "none".
    """
    check_kind(kind)
    fake, logit = metrics.checked(labels, logits)
    if kind == "none":
        return Calibration()
    finite = np.abs(logit[np.isfinite(logit)])
    largest = float(finite.max()) if len(finite) and finite.max() > 0 else 1.0
    # Within -1 to 1, so that the steps don't depend on the scale of the logits.
    scaled = np.clip(logit, -largest, largest) / largest
    columns = [scaled, np.ones_like(scaled)] if kind == "platt" else [scaled]
    found = _most_likely(np.stack(columns, axis=1), smoothed_targets(fake))
    effect = found[0] * (scaled.max() - scaled.min() if kind == "platt" else np.abs(scaled).max())
    slope, offset = found[0] / largest, found[1] if kind == "platt" else 0.0
    if not (effect > LEAST_EFFECT and np.isfinite(slope) and slope > 0):
        return Calibration()
    return Calibration(kind, float(slope), float(offset))


def smoothed_targets(fake: ArrayLike) -> Floats:
    """What each clip's P is fitted to: a little below 1 for fakes, a little above 0 for reals."""
    is_fake = np.asarray(fake) == FAKE
    fakes = int(is_fake.sum())
    return np.where(is_fake, (fakes + 1) / (fakes + 2), 1 / (len(is_fake) - fakes + 2))


def from_config(told: Mapping[str, Any] | None) -> Calibration:
    """The calibration as a detector's config or a run's metrics tell it; one that tells none has none."""
    if not told:
        return Calibration()
    return Calibration(told["kind"], float(told["slope"]), float(told["offset"]))


def prevalence_of(told: Mapping[str, Any] | None) -> float | None:
    """The share of fakes for which P(fake) is a probability: known only where an offset was fitted to it."""
    if not told or told["kind"] != "platt" or told.get("prevalence") is None:
        return None
    return float(told["prevalence"])


def about(
    calibration: Calibration, asked: str, labels: ArrayLike, voices: ArrayLike, logits: ArrayLike
) -> dict[str, Any]:
    """What a run keeps of it: the numbers, the clips it was fitted on, and what P(fake) means by it, in words.

    Args:
        asked: the kind that was asked for.
        labels, voices, logits: of the clips that it was fitted on [N].
    """
    label, n_voices = np.asarray(labels), count_voices(voices)
    p_fake = calibration.p_fake(logits)
    reach = float(p_fake.min()), float(p_fake.max())
    prevalence = float(np.mean(label == FAKE))
    return {
        "kind": calibration.kind,
        "slope": calibration.slope,
        "offset": calibration.offset,
        "chosen_on": "val",
        "prevalence": prevalence,
        "n_clips": len(label),
        "n_voices": n_voices,
        "words": in_words(calibration, asked, prevalence, n_voices, reach),
    }


def in_words(
    calibration: Calibration, asked: str, prevalence: float, n_voices: int, reach: tuple[float, float]
) -> str:
    """What P(fake) means, in a few sentences.

    Args:
        reach: the lowest and the highest P(fake) of a clip in validation.
    """
    if calibration.kind == "none":
        why = (
            ""
            if asked == "none"
            else ": on validation a higher answer of the network did not mean fake more often"
        )
        return f"P(fake) is not calibrated{why}. It puts clips in order, but is not a share of clips that are fake."
    offset = "" if calibration.kind == "temperature" else f", offset {calibration.offset:.4g}"
    few = (
        ""
        if n_voices >= FEW_VOICES
        else f" With {counted(n_voices, 'voice') if n_voices else 'no known voices'} in validation that is rough."
    )
    low, high = reach
    # An example that there is none of would promise what nobody saw.
    example = EXAMPLE if low <= EXAMPLE <= high else float(f"{high if high < EXAMPLE else low:.2g}")
    return (
        f"P(fake) is calibrated on validation ({calibration.kind}: slope {calibration.slope:.4g}{offset}), where "
        f"{100 * prevalence:.3g} % of the clips are fake: among clips like those, about {100 * example:.2g} % of what "
        f"is given {example:.2g} is fake. There P(fake) is {low:.2g} to {high:.2g}{_hardly(reach)}. Where fakes are "
        f"rarer, P(fake) is too high.{few}"
    )


def _hardly(reach: tuple[float, float]) -> str:
    # Not above: scipy takes its time to load, and a detector in use fits nothing.
    from scipy.special import logit

    low, high = logit(np.asarray(reach))
    return ", which hardly tells clips apart" if high - low < math.log(NARROW_ODDS) else ""


def _most_likely(inputs: Floats, targets: Floats) -> Floats:
    """The weights [k] of a logistic regression of `targets` [N] in 0 to 1 on `inputs` [N, k], by Newton's method.

    The loss is convex, and a step is halved until the loss falls, so that it gets there from anywhere.
    """
    weights = np.zeros(inputs.shape[1])
    loss = _loss(inputs @ weights, targets)
    for _ in range(STEPS):
        p = Calibration().p_fake(inputs @ weights)
        gradient = inputs.T @ (p - targets) / len(targets)
        curvature = (inputs.T * (p * (1 - p))) @ inputs / len(targets)
        # Inputs that are all alike leave a direction without curvature; the least-squares step stays out of it.
        step = np.linalg.lstsq(curvature, gradient, rcond=None)[0]
        size = 1.0
        while size > GRADIENT and not _loss(inputs @ (weights - size * step), targets) <= loss:
            size /= 2
        if size <= GRADIENT:
            break
        weights = weights - size * step
        loss = _loss(inputs @ weights, targets)
        if np.abs(gradient).max() < GRADIENT:
            break
    return weights


def _loss(log_odds: Floats, targets: Floats) -> float:
    """Mean cross-entropy in nats."""
    return float(np.mean(np.logaddexp(0, log_odds) - targets * log_odds))
