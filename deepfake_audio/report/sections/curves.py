"""The scores as curves: F-beta by threshold, what is paid for what, and how the classes lie apart."""

from __future__ import annotations

from typing import Any

from ...labels import FAKE, REAL
from .. import pictures
from ..canvas import NAMES
from ..drawings import Draw
from ..html import paragraph, picture
from ..pictures.scale import Scores

Told = dict[str, Any]


def curve_sections(scores: Scores, threshold: Told, metrics: Told, draw: Draw) -> str:
    """The pictures that need both classes, of the parts that have them, and the histograms of all."""
    at = threshold["threshold"]
    both = {part: table for part, table in scores.items() if table["label"].nunique() == 2}
    histograms = picture(
        draw("histograms", pictures.histograms(scores, at)), "Scores by class", _says_spread(scores, at)
    )
    note = (
        "Solid: fakes, dashed: reals; above the bars a mark for each clip, fakes in the upper row. At most 1 % of the "
        "scores lie beyond the ends, and stand in the outermost bars."
    )
    return (
        _f_curve(both, threshold, metrics, draw)
        + _trades(both, at, metrics, draw)
        + histograms
        + paragraph(note, "note")
    )


def _f_curve(scores: Scores, threshold: Told, metrics: Told, draw: Draw) -> str:
    at, beta = threshold["threshold"], threshold["beta"]
    best = (metrics.get("test") or {}).get("own_best") if "test" in scores else None
    figure = pictures.f_beta_curve(scores, at, beta, threshold.get("interval"), best)
    name = f"F{beta:g}"
    says = f"{name} against the threshold, which was chosen at P(fake) {at:.4g}. " + " ".join(
        f"On {NAMES[part]} F2 is {metrics[part]['f2']:.3f} there, and {metrics[part]['f2_all_fake']:.3f} where "
        "everything is called fake."
        for part in scores
        if metrics[part]["f2"] is not None
    )
    told = picture(draw("f_by_threshold", figure), f"{name} against the threshold", says)
    return told + (paragraph(_own_best(best, metrics["test"]), "note") if best else "")


def _own_best(best: Told, test: Told) -> str:
    return (
        f"As a diagnosis only: had test chosen its own threshold, {best['threshold']:.4g}, its F2 would have been "
        f"{best['f2']:.3f} in place of {test['f2']:.3f}. That was chosen with the answers in hand, so it is no result."
    )


def _trades(scores: Scores, at: float, metrics: Told, draw: Draw) -> str:
    """ROC, DET and precision against recall, for the parts with both classes."""
    areas = " ".join(
        f"On {NAMES[part]} the area under the ROC is {metrics[part]['auc']:.3f} and the equal error rate "
        f"{metrics[part]['eer']:.3f}."
        for part in scores
    )
    means = " ".join(
        f"On {NAMES[part]} the average precision is {metrics[part]['average_precision']:.3f}; chance gives "
        f"{metrics[part]['n_fake'] / metrics[part]['n_clips']:.3f}."
        for part in scores
    )
    return picture(draw("roc_det", pictures.roc_and_det(scores, at)), "ROC and DET", areas) + picture(
        draw("precision_recall", pictures.precision_recall(scores, at)), "Precision and recall", means
    )


def _says_spread(scores: Scores, at: float) -> str:
    told = []
    for part, table in scores.items():
        for label, name in ((FAKE, "fakes"), (REAL, "reals")):
            p_fake = table.loc[table["label"] == label, "p_fake"]
            if len(p_fake):
                low, middle, high = p_fake.quantile([0.25, 0.5, 0.75])
                told.append(
                    f"{NAMES[part]}, {name}: half lie from {low:.3g} to {high:.3g}, middle {middle:.3g}"
                )
    return f"P(fake) by class, with the threshold at {at:.4g}. {'; '.join(told)}"
