"""What the page comes to, in one line: the worst of what stands against the detector, and praise where nothing does."""

from __future__ import annotations

from typing import Any

from ..evaluation.doubts import drawn_in_words, leaks_into_test, too_few_in_words
from .words import alarms, better_than_all_fake, calls_everything_fake, voices_heard

USELESS = "don't use it: calling everything fake is no worse"
BETTER = "it is better than calling everything fake"
PRAISE = (
    "on clips like these it is better than calling everything fake and than a probe that never hears the voice; of "
    "other synthesisers and channels this says nothing"
)


def taken_together(metrics: dict[str, Any]) -> str:
    """The first of these that is so, the worst first."""
    told = _untrue(metrics) or _unshown(metrics) or _no_better(metrics) or _limited(metrics)
    return f"Taken together: {told or PRAISE}."


def _untrue(metrics: dict[str, Any]) -> str | None:
    """Why the figures are wrong, whatever they say."""
    if voices_heard(metrics)[0] or leaks_into_test(metrics.get("audit")):
        return "don't rely on these figures: the data leaks"
    return "don't rely on these figures: the data did not pass its audit" if alarms(metrics) else None


def _unshown(metrics: dict[str, Any]) -> str | None:
    """Why the figures, true as they are, show nothing."""
    test = metrics.get("test")
    if test is None:
        return "nothing is shown yet, since there are no test scores"
    if not (test["n_real"] and test["n_fake"]):
        return f"little is shown, since test has no {'fake' if test['n_real'] else 'real'} clip"
    if calls_everything_fake(test):
        return USELESS
    if drawn_in_words(test) == "clips":
        return "nothing is shown, since nobody knows whose voices test has"
    return "nothing is shown, since test has too few voices" if too_few_in_words(test) is not None else None


def _no_better(metrics: dict[str, Any]) -> str | None:
    """Which trivial answer is better, or may be as good."""
    test, beside_probe = metrics["test"], metrics.get("shortcuts") or {}
    better = better_than_all_fake(test)
    if better is False:
        return USELESS
    if beside_probe.get("better") is False:
        return "don't use it: a probe that never hears the voice does better"
    if better is None:
        return "it is not shown to be better than calling everything fake"
    if beside_probe.get("best") and beside_probe["better"] is None:
        return f"{BETTER}, but not shown to be better than a probe that never hears the voice"
    return None


def _limited(metrics: dict[str, Any]) -> str | None:
    """How far good figures reach."""
    if metrics.get("corpus") == "toy":
        return "it works on synthetic sounds, which says nothing about real deepfakes"
    known, unknown = voices_heard(metrics)
    if unknown or known is None:
        return f"{BETTER}, but it may have heard some of these voices in training"
    if metrics.get("heard_elsewhere"):
        return f"{BETTER}, but its weights may have heard some of these voices where they were pretrained"
    if not (metrics.get("shortcuts") or {}).get("best"):
        return f"{BETTER}; whether it hears the voice at all was not looked into"
    return None
