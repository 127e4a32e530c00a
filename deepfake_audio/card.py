"""The card that travels with a detector: what it is, what was measured, what it cannot tell."""

from __future__ import annotations

from typing import Any

from .evaluation.doubts import doubts, drawn_in_words, leaks_into_test
from .evaluation.thresholds import no_better_in_words
from .files import read_json, write_text
from .runs import RunFolder

ROWS = (
    ("F2", "f2"),
    ("F2 of calling everything fake", "f2_all_fake"),
    ("recall (fakes caught)", "recall"),
    ("false alarms (reals called fake)", "false_alarm_rate"),
    ("balanced accuracy", "balanced_accuracy"),
    ("equal error rate", "eer"),
)


def write_card(run: RunFolder) -> None:
    """Write `detector/README.md` anew from the run's own figures, so that it never lags behind the threshold."""
    config, metrics = read_json(run.detector_config), read_json(run.metrics)
    write_text(run.detector / "README.md", card(config, metrics))


def card(config: dict[str, Any], metrics: dict[str, Any]) -> str:
    """The card as Markdown."""
    threshold, split = config["threshold"], config.get("split", {})
    test = metrics.get("test", {})
    lines = [
        f"# Deepfake-speech detector ({config['network']['name']})",
        "",
        "Says for a recording how likely its voice is synthetic: P(fake), from 0 to 1. It calls fake whatever",
        f"reaches the threshold {threshold['threshold']:.6g}, chosen on validation: {threshold['how']}.",
        "",
        *_treated(config.get("neutral")),
        f"Trained on the corpus `{config.get('corpus', 'unnamed')}`, split by the policy "
        f"`{split.get('policy', 'unknown')}`.",
        "",
        "| | validation | test |",
        "|---|---|---|",
        *(f"| {name} | {_figure(metrics['val'], key)} | {_figure(test, key)} |" for name, key in ROWS),
        f"| clips, voices | {_counts(metrics['val'])} | {_counts(test)} |",
        "",
        f"In brackets: 95 % interval over {drawn_in_words(test or metrics['val'])}. {_chosen(config)} chosen on "
        "validation.",
        *(line for doubt in doubts(test or metrics["val"]) for line in ("", doubt)),
        *_no_better(threshold),
        "",
        *_meaning(config, test),
        "## Limits",
        "",
        _heard(split, metrics.get("audit")),
        _synthesised(split),
        *_given_away(config, metrics),
        "On synthesisers, channels and languages that were not measured, such detectors are known to do far worse.",
        "A verdict is a reason to look closer, not evidence alone.",
    ]
    if config.get("corpus") == "toy":
        lines += [
            "",
            "The toy corpus is synthetic on both sides: this detector says nothing about real deepfakes.",
        ]
    return "\n".join(lines) + "\n"


def _chosen(config: dict[str, Any]) -> str:
    """What there was to choose."""
    calibrated = (config.get("calibration") or {}).get("kind", "none") != "none"
    return (
        "The epoch, the calibration and the threshold were"
        if calibrated
        else "The epoch and the threshold were"
    )


def _no_better(threshold: dict[str, Any]) -> list[str]:
    """That calling everything fake does as well, where that is so."""
    words = no_better_in_words(threshold)
    return ["", f"**{words[0].upper()}{words[1:]}.**"] if words else []


def _meaning(config: dict[str, Any], test: dict[str, Any]) -> list[str]:
    """What P(fake) is a probability of, if of anything, and how that held on test."""
    told = (config.get("calibration") or {}).get("words", "P(fake) is not calibrated.")
    ece = test.get("ece")
    held = (
        ""
        if ece is None
        else f" On test P(fake) was off by {ece:.3f} on average (expected calibration error)."
    )
    return ["## What P(fake) means", "", f"{told}{held}", ""]


def _treated(neutral: dict[str, Any] | None) -> list[str]:
    """What is done to a recording before it is heard, in training as in use."""
    if neutral is None:
        return []
    # Not above: without this a threshold is tuned in a second, and no codec loaded for it.
    from .neutral import build_neutral

    words = build_neutral(**neutral).in_words()
    return [f"Reals and fakes, in training as in use, are made alike before they are heard: {words}.", ""]


def _heard(split: dict[str, Any], audit: dict[str, Any] | None) -> str:
    """Whether the figures are about unseen voices."""
    leak = split.get("leakage", {}).get("test_clips_with_voice_in_train")
    unknown = split.get("leakage", {}).get("test_clips_of_unknown_voice")
    if leak:
        share = f"{leak:.1%} of the test clips"
        return f"The split leaks: {share} have a voice heard in training, which flatters the figures."
    if leaks_into_test(audit):
        return "The audit found a voice or a track of the test in another part, which flatters the figures."
    if unknown:
        return f"The voice of {unknown:.1%} of the test clips is unknown: it may have been heard in training."
    if leak is None:
        return "Whether the test's voices were heard in training is not known."
    return "No voice of the test was heard in training."


def _synthesised(split: dict[str, Any]) -> str:
    """Whether the figures are about unseen synthesisers."""
    known = split.get("leakage", {}).get("test_fakes_with_system_in_train")
    if known is None:
        return "Whether the test's synthesisers were heard in training is not known."
    if known == 1:
        return "Every synthesiser of the test was heard in training: nothing was measured on a new one."
    return f"{1 - known:.1%} of the test's fakes are by synthesisers not heard in training."


def _given_away(config: dict[str, Any], metrics: dict[str, Any]) -> list[str]:
    """What the data gave away without a voice being heard, as far as an audit looked."""
    audit = config.get("audit")
    if audit is None:
        return ["The data was not audited."]
    leaks = "No forbidden leak was found in the data." if audit["passed"] else (
        "Trained in spite of what the audit found: " + "; ".join(audit["words"]) + "."
    )  # fmt: skip
    return [leaks, *([metrics["shortcuts"]["words"]] if "shortcuts" in metrics else [])]


def _figure(part: dict[str, Any], key: str) -> str:
    if part.get(key) is None:
        return "n/a"
    interval = part.get("intervals", {}).get(key)
    return f"{part[key]:.3f}" + (f" [{interval[0]:.3f}, {interval[1]:.3f}]" if interval else "")


def _counts(part: dict[str, Any]) -> str:
    if not part:
        return "n/a"
    unknown = part.get("n_unknown_voice", 0)
    return f"{part['n_clips']}, {part['n_voices']}" + (
        f" ({unknown} clips of unknown voice)" if unknown else ""
    )
