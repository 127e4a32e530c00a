"""Thresholds on P(fake) by several rules, each exact over every distinct score.

Every rule is a figure that is highest at the cut it wants. So a choice is one argmax over a sweep, and the choices
in two thousand resamples are one argmax over as many sweeps.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from numbers import Real
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ..errors import UserError
from . import metrics
from .cuts import between, first_highest
from .metrics import Counts, Floats

# What each rule makes of the settings; those that it would pass over are refused, so that nobody relies on them.
USES = {
    "f_beta": ("max_false_alarm", "prevalence"),
    "false_alarm": ("max_false_alarm",),
    "miss": ("max_miss",),
    "cost": ("prevalence", "cost_miss", "cost_false_alarm"),
}
NEEDS = {"false_alarm": "max_false_alarm", "miss": "max_miss", "cost": "prevalence"}
DEFAULTS = {
    "max_false_alarm": None, "max_miss": None, "prevalence": None, "cost_miss": 1.0, "cost_false_alarm": 1.0,
}  # fmt: skip
# Weighted figures that are equal on paper differ in the last bits: beyond these decimals they count as equal.
DECIMALS = 12
# Below every figure that a rule can have: a cut that breaks its limit.
FORBIDDEN = -math.inf


@dataclass(frozen=True)
class Rule:
    """What a threshold is chosen for.

    Args:
        name: `f_beta` (highest F-beta), `false_alarm` (highest recall with at most `max_false_alarm`), `miss` (fewest
            false alarms with at most `max_miss`) or `cost` (least expected cost where `prevalence` of the clips
            are fake).
        beta: of the F-beta; it counts recall `beta` times as much as precision.
        max_false_alarm: the largest share of reals that may be called fake; for `f_beta` as well.
        max_miss: the largest share of fakes that may be called real.
        prevalence: the share of fakes in use, where that is another than the corpus'; for `f_beta` and `cost`.
        cost_miss: what a fake that passes costs, for `cost`.
        cost_false_alarm: what a real that is called fake costs, for `cost`.
    """

    name: str = "f_beta"
    beta: float = 2.0
    max_false_alarm: float | None = None
    max_miss: float | None = None
    prevalence: float | None = None
    cost_miss: float = 1.0
    cost_false_alarm: float = 1.0

    def __post_init__(self) -> None:
        if self.name not in USES:
            raise UserError(f"threshold rule {self.name!r} is not known; known are {', '.join(USES)}")
        _check_above_zero(self.beta, "beta", "2 counts recall twice as much as precision")
        for name in ("max_false_alarm", "max_miss"):
            _check_share(getattr(self, name), name)
        if self.prevalence is not None and not (_is_number(self.prevalence) and 0 < self.prevalence < 1):
            raise UserError(f"prevalence is the share of fakes, above 0 and below 1, not {self.prevalence}")
        for name in ("cost_miss", "cost_false_alarm"):
            _check_above_zero(getattr(self, name), name, "10 is ten times as bad as 1")
        needed = NEEDS.get(self.name)
        if needed and getattr(self, needed) is None:
            raise UserError(f"threshold rule {self.name} needs {needed}; give it, or take another rule")
        idle = [name for name, default in DEFAULTS.items() if getattr(self, name) != default]
        idle = [name for name in idle if name not in USES[self.name]]
        if idle:
            raise UserError(
                f"threshold rule {self.name} does nothing with {' and '.join(idle)}; leave it out, or take another rule"
            )


@dataclass(frozen=True)
class Choice:
    """A threshold on P(fake), and what it does to the clips it was chosen on.

    `f_beta` is that of these clips as they are; `value` is what the rule was after, see `values`.
    """

    threshold: float
    f_beta: float
    counts: Counts
    value: float

    @property
    def calls(self) -> str:
        """What it calls fake there: "some", "everything" or "nothing"."""
        called, spared = self.counts.tp + self.counts.fp, self.counts.tn + self.counts.fn
        return "nothing" if called == 0 else "everything" if spared == 0 else "some"


def values(rule: Rule, counts: Counts) -> Floats:
    """What `rule` makes as high as it can, at every cut of one sweep or of many: [..., K+1] -> [..., K+1].

    The chosen cut is the first highest, which calls the fewest clips fake. Minus infinity marks what a limit forbids
    (some cut is always left), NaN a sweep that lacks a class. The scale is the rule's own: F-beta; recall; minus
    the false-alarm rate, with recall to tell equal ones apart; minus the cost, in units of the cheaper of the two
    answers that need no listening (all fake, all real).
    """
    fakes, reals = counts.tp + counts.fn, counts.fp + counts.tn
    with np.errstate(invalid="ignore", divide="ignore"):
        if rule.name == "f_beta":
            value = f_beta_at(counts, rule)
        elif rule.name == "false_alarm":
            value = counts.tp / fakes
        elif rule.name == "miss":
            # Whole numbers over a common one: exact, and a caught fake never outweighs a false alarm.
            value = (counts.tp - counts.fp * (fakes + 1)) / (reals * (fakes + 1))
        else:
            value = -normalised_cost(rule, counts)
        allowed = np.ones(np.shape(value), dtype=bool)
        if rule.max_false_alarm is not None:
            allowed &= counts.fp / reals <= rule.max_false_alarm
        if rule.max_miss is not None:
            # Not 1 - recall, which rounds: 29 of 100 missed must keep to a limit of 0.29.
            allowed &= counts.fn / fakes <= rule.max_miss
    value = np.where(allowed, value, FORBIDDEN)
    return np.where((fakes > 0) & (reals > 0), value, np.nan)


def choose(labels: ArrayLike, p_fake: ArrayLike, rule: Rule) -> Choice:
    """The cut that `rule` wants; of equal ones the highest, which calls the fewest clips fake.

    Clips are called fake where `p_fake >= threshold`. The threshold stands halfway between the lowest score it
    calls fake and the next lower one, so that a score that moves a little stays on its side.
    """
    falling, fake = metrics.ranked(*metrics.checked(labels, p_fake))
    if falling[0] > 1 or falling[-1] < 0:
        raise UserError("a threshold is chosen on P(fake), which lies in 0 to 1; apply a sigmoid to logits")
    _check_both_classes(fake)
    called, counts, value = first_highest(lambda counts: values(rule, counts), falling, fake)
    # Of all scores only the neighbours of the cut matter to where it stands.
    threshold = between(falling[max(called - 1, 0) : called + 1], min(called, 1))
    return Choice(threshold, float(metrics.f_beta(counts, rule.beta)), counts, value)


def best_threshold(
    labels: ArrayLike, p_fake: ArrayLike, beta: float = 2.0, max_false_alarm: float | None = None
) -> Choice:
    """The cut with the highest F-beta, see `choose`.

    Args:
        max_false_alarm: the largest share of reals that may be called fake. Calling nothing fake always keeps
            to it, and is the choice where nothing else does.
    """
    return choose(labels, p_fake, Rule(beta=beta, max_false_alarm=max_false_alarm))


def normalised_cost(rule: Rule, counts: Counts) -> Floats:
    """Expected cost of a clip at the rule's prevalence and costs; 1 is what answering without listening costs."""
    assert rule.prevalence is not None, "the rule `cost` has one"
    of_misses, of_alarms = rule.prevalence * rule.cost_miss, (1 - rule.prevalence) * rule.cost_false_alarm
    fakes, reals = counts.tp + counts.fn, counts.fp + counts.tn
    whole = of_misses * counts.fn * reals + of_alarms * counts.fp * fakes
    return np.round(whole / (fakes * reals * min(of_misses, of_alarms)), DECIMALS)


def f_beta_at(counts: Counts, rule: Rule) -> Floats:
    """F-beta of `counts` as it would be where `rule.prevalence` of the clips are fake; as they are where it is None."""
    if rule.prevalence is None:
        return metrics.f_beta(counts, rule.beta)
    fakes, reals = counts.tp + counts.fn, counts.fp + counts.tn
    with np.errstate(invalid="ignore", divide="ignore"):
        weight = (1 - rule.prevalence) * fakes / (rule.prevalence * reals)
        whole = counts.tp + weight * counts.fp + rule.beta**2 * fakes
        return np.round((1 + rule.beta**2) * counts.tp / whole, DECIMALS)


def in_words(rule: Rule) -> str:
    """What the rule is after, for people."""
    if rule.name == "false_alarm":
        return f"highest recall with at most {rule.max_false_alarm:.4g} of the reals called fake"
    if rule.name == "miss":
        return f"fewest reals called fake with at most {rule.max_miss:.4g} of the fakes missed"
    if rule.name == "cost":
        return (
            f"least expected cost where {100 * (rule.prevalence or 0):.4g} % of the clips are fake, a missed fake "
            f"costs {rule.cost_miss:.4g} and a false alarm {rule.cost_false_alarm:.4g}"
        )
    use = "" if rule.prevalence is None else f" where {100 * rule.prevalence:.4g} % of the clips are fake,"
    cap = rule.max_false_alarm
    limit = "" if cap is None else f", at most {cap:.4g} of the reals called fake"
    return f"highest F{rule.beta:g}{use} over every distinct score{limit}"


def no_better_in_words(told: Mapping[str, Any]) -> str | None:
    """What must be said of a threshold whose F-beta calling everything fake has as well; None of any other.

    Args:
        told: the content of `threshold.json`, of whatever age.
    """
    if told["better_than_all_fake"]:
        return None
    name, cap, rule = f"F{told['beta']:g}", told["max_false_alarm"], told.get("rule") or {}
    if rule.get("name", "f_beta") != "f_beta":
        return (
            f"on validation {name} at this threshold is no better than that of calling everything fake; the rule "
            f"{rule['name']} is not after it"
        )
    use = f" where {100 * rule['prevalence']:g} % of the clips are fake" if rule.get("prevalence") else ""
    limit = "" if cap is None else f" with at most {cap:g} false alarms"
    return f"on validation the best {name}{use}{limit} is no better than calling everything fake"


def _is_number(value: Any) -> bool:
    return isinstance(value, Real) and not isinstance(value, bool) and math.isfinite(value)


def _check_above_zero(value: Any, name: str, example: str) -> None:
    if not (_is_number(value) and value > 0):
        raise UserError(f"{name} must be above 0, not {value}; {example}")


def _check_share(value: Any, name: str) -> None:
    if value is not None and not (_is_number(value) and 0 <= value <= 1):
        raise UserError(f"{name} is a share from 0 to 1, not {value}; 0.05 is 5 %")


def _check_both_classes(fake: NDArray[np.bool_]) -> None:
    for there, name in ((fake.any(), "fake"), (not fake.all(), "real")):
        if not there:
            raise UserError(f"there is no {name} clip; a threshold can only be chosen where both classes are")
