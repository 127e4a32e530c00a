"""The figures to compare at a glance: the detector beside what costs nothing, and what each figure means."""

from __future__ import annotations

from html import escape
from typing import Any

import numpy as np

from ...evaluation import metrics
from ...evaluation.doubts import drawn_in_words, size_in_words
from ...evaluation.probe_words import WORDS
from ..html import folded, scrolled
from ..words import figure_in_words

FIGURES = (
    ("F2", "f2"),
    ("recall (fakes caught)", "recall"),
    ("false alarms (reals called fake)", "false_alarm_rate"),
    ("balanced accuracy", "balanced_accuracy"),
    ("area under the ROC", "auc"),
    ("equal error rate", "eer"),
    ("average precision", "average_precision"),
)

MEANINGS = (
    ("Fake is what is looked for", "A clip is called fake where its P(fake) is at least the threshold."),
    ("recall", "Of the fakes, the share that is caught."),
    ("false alarms", "Of the real clips, the share that is called fake all the same."),
    (
        "precision",
        "Of what is called fake, the share that is fake. It falls where fakes are rarer than here.",
    ),
    (
        "F2",
        "Recall and precision in one figure, recall counting twice as much. Calling everything fake already has a "
        "high one, so only the distance from that says something.",
    ),
    ("balanced accuracy", "The mean of the shares of fakes and of reals that are called what they are."),
    (
        "area under the ROC",
        "The chance that a fake gets a higher score than a real clip, whatever the threshold: .5 is a guess, 1 is "
        "perfect.",
    ),
    ("equal error rate", "The share of errors at the threshold where both kinds of error are as frequent."),
    ("average precision", "Precision, averaged over all the fakes from the highest score down."),
    (
        "[low, high]",
        "The 95 % interval: how far the figure could be off because other voices might have been in test. It counts "
        "voices, not files. It knows nothing of other synthesisers, channels or languages, nor of the luck of a "
        "training.",
    ),
)


def headline_table(told: dict[str, Any], shortcuts: dict[str, Any] | None, where: str) -> str:
    """The detector, calling everything fake, a coin, and the best shortcut probe, side by side.

    Args:
        told: the figures of one part, as in `metrics.json`.
        shortcuts: the run's verdict on shortcuts, where it has one.
        where: the part's name.
    """
    probe = (shortcuts or {}).get("best")
    columns = [("the detector", _of_detector(told)), ("everything called fake", _everything(told))]
    columns.append(("tossing a coin", _coin(told)))
    if probe:
        columns.append((f"a probe: {WORDS.get(probe['name'], probe['name'])}", _of_probe(probe)))
    head = "".join(f'<th scope="col">{escape(name)}</th>' for name in ["", *(name for name, _ in columns)])
    body = "".join(
        f'<tr><th scope="row">{escape(name)}</th>{"".join(figure_cell(column.get(key)) for _, column in columns)}</tr>'
        for name, key in FIGURES
    )
    caption = f"On {where}, {size_in_words(told)}. In brackets: 95 % interval over {drawn_in_words(told)}"
    return scrolled(f"<thead><tr>{head}</tr></thead><tbody>{body}</tbody>", caption, "glance")


def meanings() -> str:
    """A glossary for whoever is no statistician."""
    told = "".join(f"<dt>{escape(word)}</dt><dd>{escape(what)}</dd>" for word, what in MEANINGS)
    return folded("What these figures mean", f"<dl>{told}</dl>")


def figure_cell(told: str | None) -> str:
    """The figure over its interval, so that columns of figures stand close enough to be compared."""
    figure, _, interval = (told or "n/a").partition(" [")
    return f"<td>{escape(figure)}{f' <small>[{escape(interval)}</small>' if interval else ''}</td>"


def _of_detector(told: dict[str, Any]) -> dict[str, str]:
    return {key: figure_in_words(told, key) for _, key in FIGURES}


def _everything(told: dict[str, Any]) -> dict[str, str]:
    """What calling everything fake gives; it has no scores, so those of the curves are a coin's."""
    known = {"f2": told["f2_all_fake"], "recall": 1.0 if told["n_fake"] else None}
    known["false_alarm_rate"] = 1.0 if told["n_real"] else None
    known["balanced_accuracy"] = 0.5 if told["n_real"] and told["n_fake"] else None
    return _plain(known)


def _coin(told: dict[str, Any]) -> dict[str, str]:
    """What half of the clips, drawn blindly and called fake, would give on average."""
    if not (told["n_real"] and told["n_fake"]):
        return {}
    real, fake = told["n_real"] / 2, told["n_fake"] / 2
    counts = metrics.Counts(*(np.asarray(cell) for cell in (fake, real, real, fake)))
    share = told["n_fake"] / told["n_clips"]
    halves = dict.fromkeys(("recall", "false_alarm_rate", "balanced_accuracy", "auc", "eer"), 0.5)
    return _plain({"f2": float(metrics.f_beta(counts)), **halves, "average_precision": share})


def _of_probe(probe: dict[str, Any]) -> dict[str, str]:
    f2 = {"f2": probe.get("f2"), "intervals": {"f2": probe.get("f2_interval")}}
    auc = {"auc": probe.get("auc"), "intervals": {"auc": (probe["low"], probe["high"])}}
    return {"f2": figure_in_words(f2, "f2"), "auc": figure_in_words(auc, "auc")}


def _plain(values: dict[str, float | None]) -> dict[str, str]:
    return {key: "undefined" if value is None else f"{value:.3f}" for key, value in values.items()}
