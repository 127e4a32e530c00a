"""What a card says a detector cannot tell: the limits of its data, and what nobody measured."""

from __future__ import annotations

from typing import Any

from ..evaluation.doubts import leaks_into_test
from .figures import in_cell

Told = dict[str, Any]

# What is known of a corpus beside its table, and bears on whoever is not like it.
OF_CORPORA = {
    "fakeavceleb": "FakeAVCeleb's people are celebrities in videos of YouTube, most of whom speak English, and "
    "one synthesiser (SV2TTS) cloned all its fake voices.",
}
# Columns by which a corpus tells people apart.
PEOPLE = ("race", "gender")


def of_a_toy(config: Told) -> list[str]:
    """That the toy corpus is one, where nobody can overlook it."""
    if config.get("corpus") != "toy":
        return []
    return [
        "",
        "The toy corpus is synthetic on both sides: this detector says nothing about real deepfakes.",
    ]


def limits(config: Told, metrics: Told) -> list[str]:
    """What the figures do not reach."""
    split, audit = config.get("split") or {}, metrics.get("audit")
    lines = [
        *(() if config.get("learnt") == "elsewhere" else (_heard(split, audit), _synthesised(split))),
        *_elsewhere(config),
        *_one_synthesiser(metrics),
        *(OF_CORPORA[name] for name in OF_CORPORA if name in str(config.get("corpus", "")).split(", ")),
        *_given_away(config, metrics),
        "On synthesisers, channels and languages that were not measured, such detectors are known to do far worse.",
        "A verdict is a reason to look closer, not evidence alone.",
    ]
    return ["## Limits", "", *(f"- {line}" for line in lines), ""]


def not_measured(config: Told, metrics: Told, changed: Told | None) -> list[str]:
    """What one might take for granted, and nobody looked at."""
    test = metrics.get("test") or {}
    columns = {group["column"] for group in test.get("groups") or [] if _is_judged(group)}
    known = (config.get("split") or {}).get("leakage", {}).get("test_fakes_with_system_in_train")
    missing = {
        "how it does on clips that nothing was chosen by (there are no test scores)": not test,
        "synthesisers that training knows nothing of": known == 1 and bool(test),
        "whether it does as well for all people (no groups of them are large enough, or none are known)": not (
            columns & set(PEOPLE)
        ),
        "what it makes of trimmed, re-encoded, band-limited or noisy recordings (`deepfake-audio stress`)": (
            not changed
        ),
        "whether a probe that never hears the voice does as well": "shortcuts" not in metrics,
        "other languages than its data's, which are not recorded": not config.get("language"),
    }
    return ["## Not measured", "", *(f"- {what}" for what, so in missing.items() if so), "- speech by synthesisers "
            "that are newer than its data, and attempts to deceive it", ""]  # fmt: skip


def _is_judged(group: Told) -> bool:
    return bool(group.get("gaps")) or any(row.get("judged") for row in group.get("rows", []))


def _heard(split: Told, audit: Told | None) -> str:
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


def _elsewhere(config: Told) -> list[str]:
    """That pretrained weights have heard what no table here names."""
    if not config.get("heard_elsewhere"):
        return []
    return [
        "Its weights learnt from speech elsewhere, too: whether voices or synthesisers of the test were in it is not "
        "known here."
    ]


def _synthesised(split: Told) -> str:
    """Whether the figures are about unseen synthesisers."""
    known = split.get("leakage", {}).get("test_fakes_with_system_in_train")
    if known is None:
        return "Whether the test's synthesisers were heard in training is not known."
    if known == 1:
        return "Every synthesiser of the test was heard in training: nothing was measured on a new one."
    return f"{1 - known:.1%} of the test's fakes are by synthesisers not heard in training."


def _one_synthesiser(metrics: Told) -> list[str]:
    """That a single synthesiser made every fake that anything was measured on."""
    rows = [row for part in ("val", "test") for row in (metrics.get(part) or {}).get("by_system", [])]
    fakes = {str(row["system"]) for row in rows if row["label"] == "fake"}
    (one, *others) = [*fakes] or [""]
    if others or not one.strip():
        return []
    return [
        f"One synthesiser ({in_cell(one)}) made every fake that was measured: of others this says nothing."
    ]


def _given_away(config: Told, metrics: Told) -> list[str]:
    """What the data gave away without a voice being heard, as far as an audit looked."""
    audit = config.get("audit")
    if audit is None:
        return ["The data was not audited."]
    leaks = "No forbidden leak was found in the data." if audit["passed"] else (
        "Trained in spite of what the audit found: " + "; ".join(words.rstrip(".") for words in audit["words"]) + "."
    )  # fmt: skip
    return [leaks, *([metrics["shortcuts"]["words"]] if "shortcuts" in metrics else [])]
