"""The verdict on a run in plain words: what a reader should take away, and no more than was measured."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from ..evaluation.doubts import (
    doubts,
    drawn_in_words,
    fewest_witnesses,
    leaks_into_test,
    size_in_words,
    too_few_in_words,
)
from ..evaluation.thresholds import no_better_in_words


def percent(share: float) -> str:
    """0.394 -> "39.4 %"."""
    return f"{100 * share:.1f} %"


def between(interval: Sequence[float] | None) -> str:
    """ " [0.812, 0.934]", or nothing where there is no interval."""
    return f" [{interval[0]:.3f}, {interval[1]:.3f}]" if interval else ""


def figure_in_words(part: dict[str, Any], key: str) -> str:
    """A figure with its interval, as it stands in tables."""
    if part.get(key) is None:
        return "undefined"
    return f"{part[key]:.3f}{between((part.get('intervals') or {}).get(key))}"


def verdict(metrics: dict[str, Any]) -> str:
    """Two sentences: how good it is beside the trivial answer, and what that costs."""
    if "test" not in metrics:
        return (
            f"On validation the detector reaches {_f2(metrics['val'])}. There are no test scores: its threshold "
            "was chosen on these very clips, so this says little about others."
        )
    test = metrics["test"]
    where = _where(metrics, test)
    if test["f2"] is None:
        return f"{where} there is no fake, so F2 says nothing. {_errors(test)}"
    return f"{where} the detector reaches {_f2(test)}: {_margin(test)} {_errors(test)}"


def _where(metrics: dict[str, Any], test: dict[str, Any]) -> str:
    """What the test clips are, by what the run knows of its split and what the audit heard in them."""
    size = f"({size_in_words(test)})"
    known, unknown = voices_heard(metrics)
    if known:
        return f"On test {size}, where {percent(known)} of the clips have a voice that it heard in training,"
    audit = metrics.get("audit")
    if leaks_into_test(audit):
        return f"On test {size}, where the audit found a voice or a track of another part,"
    if audit and not audit["passed"]:
        return f"On test {size}, of a split that did not pass the audit,"
    if unknown:
        return f"On test {size}, where the voice of {percent(unknown)} of the clips is unknown and may have been heard,"
    if metrics.get("heard_elsewhere"):
        return f"On test {size}, whose voices its weights may have heard where they were pretrained,"
    if known is None:
        return f"On test {size}"
    return f"On voices it never heard {size}"


def voices_heard(metrics: dict[str, Any]) -> tuple[float | None, float | None]:
    """By the split: of which share of the test clips training has the voice, and of which nobody knows."""
    leakage = (metrics.get("split") or {}).get("leakage") or {}
    return leakage.get("test_clips_with_voice_in_train"), leakage.get("test_clips_of_unknown_voice")


def _f2(part: dict[str, Any]) -> str:
    interval = part["intervals"].get("f2")
    if interval:
        spread = f"95 % interval over {drawn_in_words(part)} {interval[0]:.3f} to {interval[1]:.3f}"
    else:
        spread = "no interval: one voice" if fewest_witnesses(part) == 1 else "no interval"
    return f"an F2 of {part['f2']:.3f} ({spread})"


def _margin(test: dict[str, Any]) -> str:
    """Beside calling everything fake, in the verdict's words."""
    if calls_everything_fake(test):
        return "it calls everything fake."
    baseline = f"calling everything fake, which gives {test['f2_all_fake']:.3f}."
    few = too_few_in_words(test)
    if few:
        return f"{few[0].lower()}{few[1:]} nobody can say whether that is better than {baseline}"
    better = better_than_all_fake(test)
    return f"{'not clearly better' if better is None else 'clearly better' if better else 'worse'} than {baseline}"


def calls_everything_fake(test: dict[str, Any]) -> bool:
    """Whether no clip at all is called real."""
    return bool(test["confusion"]["tn"] + test["confusion"]["fn"] == 0)


def better_than_all_fake(test: dict[str, Any]) -> bool | None:
    """By the interval of the margin, not of F2 alone; None where that is open."""
    margin = test["intervals"].get("f2_over_all_fake")
    return True if margin and margin[0] > 0 else False if margin and margin[1] < 0 else None


def _errors(part: dict[str, Any]) -> str:
    told = []
    if part["false_alarm_rate"] is not None:
        told.append(f"calls {percent(part['false_alarm_rate'])} of the real clips fake")
    if part["recall"] is not None:
        told.append(f"misses {percent(1 - part['recall'])} of the fakes")
    return f"It {' and '.join(told)}."


def alarms(metrics: dict[str, Any]) -> list[str]:
    """What makes the figures untrue, and was let through."""
    audit = metrics.get("audit")
    if not audit or audit["passed"]:
        return []
    leaks = [leak for leak in audit["leaks"].values() if leak["forbidden"] and leak["found"]]
    share = max((leak["share_of_test"] for leak in leaks), default=0.0)
    what = (
        f"{percent(share)} of the test clips share what they must not with another part"
        if share
        else "parts share what they must not, or it could not be looked for"
    )
    return [
        f"Warning: the audit of the data did not pass, and the run went on all the same: {what}. The figures below "
        "flatter the detector; see the section on leaks."
    ]


def cautions(threshold: dict[str, Any], metrics: dict[str, Any]) -> list[str]:
    """What would make the figures look better than they are."""
    told = []
    no_better = no_better_in_words(threshold)
    if no_better:
        told.append(f"{no_better[0].upper()}{no_better[1:]}.")
    told += doubts(metrics.get("test") or metrics["val"])
    if metrics["val"].get("auc") is not None and metrics["val"]["auc"] < 0.5:
        told.append(
            f"On validation the scores run the wrong way (area under the ROC {metrics['val']['auc']:.3f}): a "
            "higher P(fake) should mean fake more often."
        )
    if metrics.get("corpus") == "toy":
        told.append("The toy corpus is synthetic on both sides: this says nothing about real deepfakes.")
    return told


def threshold_in_words(threshold: dict[str, Any], val: dict[str, Any]) -> str:
    """Where the threshold stands, how sure that is, and by which rule it was chosen.

    Args:
        val: the figures of validation, as in `metrics.json`.
    """
    interval = threshold.get("interval")
    over = f"95 % interval over validation's {drawn_in_words(val)}"
    spread = f" ({over} {interval[0]:.4g} to {interval[1]:.4g})" if interval else ""
    return (
        f"Threshold {threshold['threshold']:.6g} on P(fake){spread}, chosen on validation: {threshold['how']}. "
        "What scores at least that much is called fake."
    )
