"""The metadata at the head of a card, as the Hugging Face Hub reads it."""

from __future__ import annotations

import re
from typing import Any

import yaml  # type: ignore[import-untyped]

Told = dict[str, Any]

FENCE = "---\n"
TAGS = ["audio", "speech", "deepfake-detection", "anti-spoofing"]
# What the hub's table of results may show: never a figure of the clips that something was chosen by.
RESULTS = (
    ("f2", "F2 at the frozen threshold"),
    ("f2_all_fake", "F2 of calling everything fake"),
    ("recall", "Recall (fakes caught)"),
    ("false_alarm_rate", "False-alarm rate (reals called fake)"),
    ("balanced_accuracy", "Balanced accuracy"),
    ("auc", "Area under the ROC"),
    ("eer", "Equal error rate"),
)
# Of what the hub wants of a card, what only a person can say.
FOR_PEOPLE = ("license", "language")


def front_matter(config: Told, metrics: Told) -> str:
    """The block of YAML, fences and all. Without test there are no results."""
    told: Told = {key: config[key] for key in FOR_PEOPLE if config.get(key)}
    told |= {"library_name": "deepfake-audio", "pipeline_tag": "audio-classification", "tags": [*TAGS]}
    test = metrics.get("test")
    if test:
        told["model-index"] = [{"name": _name(config), "results": [_result(config, test)]}]
    return fenced(told)


def fenced(told: Told) -> str:
    """Metadata as it stands at the head of a card."""
    return f"{FENCE}{yaml.safe_dump(told, sort_keys=False, allow_unicode=True, width=1000)}{FENCE}"


def parted(card: str) -> tuple[Told, str]:
    """The metadata of a card, and the text behind it; none where the head is no such block."""
    found = re.match(r"---\r?\n(.*?)^---\r?\n", card, re.DOTALL | re.MULTILINE)
    try:
        told = yaml.safe_load(found.group(1)) if found else None
    except yaml.YAMLError:
        told = None
    if found is None or not isinstance(told, dict):
        return {}, card
    return told, card[found.end() :]


def _name(config: Told) -> str:
    return str(config.get("name") or f"deepfake-audio-{config['network']['name']}")


def _result(config: Told, test: Told) -> Told:
    corpus = str(config.get("corpus", "unnamed"))
    return {
        "task": {"type": "audio-classification", "name": "Detection of deepfake speech"},
        "dataset": {
            "name": corpus,
            "type": re.sub(r"[^\w.-]+", "-", corpus).strip("-") or "unnamed",
            "split": "test",
            "args": {key: test[key] for key in ("n_clips", "n_voices", "n_real", "n_fake") if key in test},
        },
        "metrics": [
            {"type": key, "name": name, "value": test[key]}
            for key, name in RESULTS
            if test.get(key) is not None
        ],
    }
