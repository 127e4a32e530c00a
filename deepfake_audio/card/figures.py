"""What a card says was measured: the figures beside the trivial answer, by system, by group, on changed clips."""

from __future__ import annotations

from typing import Any

from ..evaluation.doubts import doubts, drawn_in_words
from ..evaluation.thresholds import no_better_in_words

Told = dict[str, Any]

# So many more reals called fake after a change are worth a sentence.
TELLING_ALARMS = 0.1
ROWS = (
    ("F2", "f2"),
    ("F2 of calling everything fake", "f2_all_fake"),
    ("recall (fakes caught)", "recall"),
    ("false alarms (reals called fake)", "false_alarm_rate"),
    ("balanced accuracy", "balanced_accuracy"),
    ("area under the ROC", "auc"),
    ("equal error rate", "eer"),
)


def measured(config: Told, metrics: Told) -> list[str]:
    """Validation and test side by side, and what keeps one from relying on them."""
    val, test = metrics["val"], metrics.get("test", {})
    return [
        "## What was measured",
        "",
        "| | validation | test |",
        "|---|---|---|",
        *(f"| {name} | {_figure(val, key)} | {_figure(test, key)} |" for name, key in ROWS),
        f"| clips, voices | {_counts(val)} | {_counts(test)} |",
        "",
        f"In brackets: 95 % interval over {drawn_in_words(test or val)}. {_chosen(config)} chosen on validation.",
        *_interval_of(config["threshold"]),
        *(line for doubt in doubts(test or val) for line in ("", doubt)),
        *_no_better(config["threshold"]),
        *_worse_on_test(test),
        "",
    ]


def meaning(config: Told, test: Told) -> list[str]:
    """What P(fake) is a probability of, if of anything, and how that held on test."""
    told = (config.get("calibration") or {}).get("words", "P(fake) is not calibrated.")
    ece = test.get("ece")
    held = (
        ""
        if ece is None
        else f" On test P(fake) was off by {ece:.3f} on average (expected calibration error)."
    )
    return ["## What P(fake) means", "", f"{told}{held}", ""]


def systems(test: Told) -> list[str]:
    """The share of each system's test clips that is called fake."""
    rows = test.get("by_system") or []
    if not rows:
        return []
    lines = [
        f"| {in_cell(row['system'])} | {row['label']} | {row['n_clips']}, {row['n_voices']} "
        f"| {row['called_fake']:.3f} |"
        for row in rows
    ]
    return [
        "## By system, on test",
        "",
        "| system | is | clips, voices | share called fake |",
        "|---|---|---|---|",
        *lines,
        "",
    ]


def groups(test: Told) -> list[str]:
    """What the groups of people and clips come to, as far as they are large enough to be judged."""
    told = [group["words"] for group in test.get("groups") or [] if group["column"] != "system"]
    return ["## By group, on test", "", *(f"- {words}" for words in told), ""] if told else []


def changes(changed: Told | None, threshold: Told) -> list[str]:
    """The test clips changed in ways that leave the voice alone, where `stress` was run."""
    if not changed:
        return []
    rows = [{"name": "as they are", **changed["clean"]}, *changed["changes"]]
    lines = [
        f"| {in_cell(row['name']).replace('_', ' ')} | {_figure(row, 'auc')} | {_bare(row, 'f2')} "
        f"| {_bare(row, 'recall')} | {_bare(row, 'false_alarm_rate')} |"
        for row in rows
    ]
    was = changed.get("threshold", threshold["threshold"])
    since = [] if was == threshold["threshold"] else [
        "", f"The threshold was {was:.6g} then; it has been tuned since."
    ]  # fmt: skip
    words = [f"- {line[:1].upper()}{line[1:].rstrip('.')}." for line in changed.get("words", [])]
    return [
        "## Test clips that were changed, but not the voice",
        "",
        "| clips | area under the ROC | F2 | recall | false alarms |",
        "|---|---|---|---|---|",
        *lines,
        *since,
        "",
        *_called_fake_when_changed(changed),
        *words,
        "",
    ]


def in_cell(text: str) -> str:
    """Text of a corpus as it can stand in a table of Markdown."""
    return " ".join(str(text).split()).replace("|", r"\|").replace("<", "&lt;")


def _chosen(config: Told) -> str:
    """What there was to choose."""
    calibrated = (config.get("calibration") or {}).get("kind", "none") != "none"
    epochs = config.get("learnt", "in epochs") == "in epochs"
    first = ["The epoch"] * epochs + ["the calibration"] * calibrated
    return f"{', '.join(first)} and the threshold were".capitalize() if first else "The threshold was"


def _interval_of(threshold: Told) -> list[str]:
    """How far the threshold itself could be off."""
    interval = threshold.get("interval")
    if not interval:
        return []
    return [
        "",
        f"With other voices in validation the threshold would lie in [{interval[0]:.4g}, {interval[1]:.4g}] "
        "(95 % interval).",
    ]


def _no_better(threshold: Told) -> list[str]:
    """That calling everything fake does as well, where that is so."""
    words = no_better_in_words(threshold)
    return ["", f"**{words[0].upper()}{words[1:]}.**"] if words else []


def _worse_on_test(test: Told) -> list[str]:
    """That on test calling everything fake had the higher F2: what was chosen on validation did not carry over."""
    if not test or test["f2"] > test["f2_all_fake"]:
        return []
    return ["", "**On test its F2 is no higher than that of calling everything fake.**"]


def _called_fake_when_changed(changed: Told) -> list[str]:
    """The change that turns most reals into fakes, where it turns many: who sends such a recording must know."""
    was = changed["clean"].get("false_alarm_rate")
    rows = [row for row in changed["changes"] if row.get("false_alarm_rate") is not None and "what" in row]
    if was is None or not rows:
        return []
    worst = max(rows, key=lambda row: row["false_alarm_rate"])
    if worst["false_alarm_rate"] - was < TELLING_ALARMS:
        return []
    return [
        f"- **{100 * worst['false_alarm_rate']:.0f} % of the reals are called fake {worst['what']}**, "
        f"{100 * was:.0f} % as they are."
    ]


def _figure(part: Told, key: str) -> str:
    if part.get(key) is None:
        return "n/a"
    interval = (part.get("intervals") or {}).get(key)
    return f"{part[key]:.3f}" + (f" [{interval[0]:.3f}, {interval[1]:.3f}]" if interval else "")


def _bare(part: Told, key: str) -> str:
    """Without its interval, where columns are many."""
    return _figure({key: part.get(key)}, key)


def _counts(part: Told) -> str:
    if not part:
        return "n/a"
    unknown = part.get("n_unknown_voice", 0)
    return f"{part['n_clips']}, {part['n_voices']}" + (
        f" ({unknown} clips of unknown voice)" if unknown else ""
    )
