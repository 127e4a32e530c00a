"""All figures of a score file, with and without a threshold, each with what it could be off by."""

from __future__ import annotations

import math
from dataclasses import asdict
from typing import Any, Literal

import numpy as np
import pandas as pd

from ...clips import says_nothing
from ...errors import UserError
from ...labels import FAKE
from ...provenance import file_fingerprint
from .. import metrics
from ..doubts import doubts, in_passing
from ..metrics import AsvScores, Floats
from ..statistics import Interval, eer_by_system, intervals
from ..statistics.draws import RESAMPLES, over_draws
from ..statistics.figures import affordable, of_ratios
from ..statistics.measured import AT_CUT, OF_CURVE, Clips, f2_over_all_fake
from ..statistics.spread import plain, spread
from .frozen import Frozen
from .reading import ScoreFile
from .witnesses import Witnesses, witnesses

AT_THRESHOLD = (
    "f2", "recall", "precision", "false_alarm_rate", "accuracy", "balanced_accuracy", "mcc", "f2_over_all_fake",
)  # fmt: skip
# Beyond rounding: the two formulas of one figure may differ in the last bit.
SAME = 1e-12


def figures(
    scores: ScoreFile,
    frozen: Frozen | None = None,
    llr: bool = False,
    asv: AsvScores | None = None,
    form: Literal["2019", "2021"] = "2019",
    resamples: int = RESAMPLES,
) -> dict[str, Any]:
    """Everything that can be said of the scores, as plain values for JSON.

    Args:
        frozen: the threshold to judge by; without one there are only figures that need none.
        llr: whether scores are log-likelihood ratios, natural logs.
        asv: scores of a speaker verification system, for the tandem cost in its `form`.
    """
    if llr and scores.is_probability:
        raise UserError(
            f"{scores.reading.path}: scores from 0 to 1 by the name of P(fake) are no log-likelihood ratios; "
            "leave --llr out"
        )
    table, drawn = scores.table, witnesses(scores.table)
    label, score = table["label"].to_numpy(), table["score"].to_numpy()
    sweep = metrics.sweep(label, score)
    threshold = math.inf if frozen is None else frozen.threshold
    costs = {} if asv is None else {"min_tdcf": metrics.TandemCost(asv, form)}
    spreads = intervals(label, score, drawn.cluster, threshold, resamples=resamples, more=costs)
    told = {name: (plain(of(sweep.counts)), spreads[name]) for name, of in OF_CURVE.items()}
    if scores.is_probability:
        told["brier"] = (plain(metrics.brier(label, score)), spreads["brier"])
        told["ece"] = (plain(metrics.expected_calibration_error(label, score)), spreads["ece"])
    ratios = _ratios(scores, frozen, llr)
    if ratios is not None:
        told |= _of_ratios(label, ratios, drawn, resamples)
    told |= {name: (plain(of(sweep.counts)), spreads[name]) for name, of in costs.items()}
    prevalence = float(label.mean())
    answer: dict[str, Any] = {
        **_basis(scores, drawn),
        "drawn": drawn.are,
        "resamples": resamples,
        "curve_resamples": affordable(resamples, len(label)),
        "prevalence": prevalence,
        "f2_all_fake": float(metrics.f_beta_all_fake(prevalence)),
        "figures": {name: _figure(value, interval) for name, (value, interval) in told.items()},
        **({"tdcf_form": form} if asv is not None else {}),
        # Ratios that the scores don't tell themselves hang on the share of fakes that P(fake) was made for.
        **({"made_for": frozen.prevalence} if frozen is not None and ratios is not None and not llr else {}),
        "own_best": _own_best(scores, sweep),
        "at_threshold": None if frozen is None else _at_threshold(scores, frozen, spreads),
        "by_system": _by_system(table, drawn, resamples),
    }
    return answer | {"warnings": _warnings(answer, scores, llr)}


def _basis(scores: ScoreFile, drawn: Witnesses) -> dict[str, Any]:
    """Which file it was, how it was read, and on how many clips and voices the figures rest."""
    fake, path = scores.table["label"] == FAKE, scores.reading.path
    return {
        "file": path.name,
        "fingerprint": file_fingerprint(path),
        "read": {**asdict(scores.reading), "path": str(path)},
        "n_clips": len(fake),
        "n_real": int((~fake).sum()),
        "n_fake": int(fake.sum()),
        "n_voices": drawn.n_voices,
        "n_clusters": drawn.n_clusters,
        "n_unknown_voice": drawn.n_unknown_voice,
        "n_witnesses": drawn.n_witnesses,
    }


def _figure(value: float | None, interval: Interval) -> dict[str, Any]:
    """For JSON, which knows no infinity."""
    finite = value is None or math.isfinite(value)
    return {"value": value if finite else None, "interval": _ends(interval)}


def _ends(interval: Interval) -> list[float] | None:
    return None if interval is None or not all(map(math.isfinite, interval)) else list(interval)


def _ratios(scores: ScoreFile, frozen: Frozen | None, llr: bool) -> Floats | None:
    """Log-likelihood ratios, if the scores are some, or probabilities whose prior is known from validation."""
    if llr:
        return scores.table["score"].to_numpy()
    if scores.is_probability and frozen is not None and frozen.prevalence is not None:
        return metrics.log_likelihood_ratios(scores.table["score"], frozen.prevalence)
    return None


def _of_ratios(
    label: np.ndarray, ratios: Floats, drawn: Witnesses, resamples: int
) -> dict[str, tuple[float | None, Interval]]:
    """Cllr and actual DCF with their intervals, from ratios that may be too large to be probabilities."""
    clips = Clips.of(label, ratios, drawn.cluster)
    values = over_draws(of_ratios(clips, ratios), clips.n_voices, resamples)
    fewest = min(clips.voices_with(True), clips.voices_with(False))
    exact = {"cllr": metrics.cllr(label, ratios), "act_dcf": metrics.act_dcf(label, ratios)}
    return {name: (plain(exact[name]), spread(values[name], fewest)) for name in exact}


def _own_best(scores: ScoreFile, sweep: metrics.Sweep) -> dict[str, Any]:
    """What the best F2 on these very clips would be: a diagnosis, never a result."""
    value = metrics.f_beta(sweep.counts)
    cut = int(np.argmax(value))
    threshold = scores.between(sweep.thresholds[1:], cut)
    return {
        "f2": float(value[cut]),
        "threshold": _finite(scores.own_scale(threshold)),
        "called_fake": scores.called_fake(threshold),
        "better_than_all_fake": bool(value[cut] > value[-1] + SAME),
        "words": "chosen on these very clips: a diagnosis, not a result",
    }


def _at_threshold(scores: ScoreFile, frozen: Frozen, spreads: dict[str, Interval]) -> dict[str, Any]:
    label, score = scores.table["label"], scores.table["score"]
    counts = metrics.confusion(label, score, frozen.threshold)
    value = {name: plain(AT_CUT[name](counts)) for name in AT_THRESHOLD}
    over_all_fake = float(f2_over_all_fake(counts))
    return {
        "threshold": _finite(scores.own_scale(frozen.threshold)),
        "called_fake": scores.called_fake(frozen.threshold),
        "how": frozen.how,
        "better_than_all_fake": over_all_fake > SAME,
        "confusion": {name: int(cell) for name, cell in counts._asdict().items()},
        "figures": {name: _figure(value[name], spreads[name]) for name in AT_THRESHOLD},
    }


def _by_system(table: pd.DataFrame, drawn: Witnesses, resamples: int) -> list[dict[str, Any]]:
    """The EER of what made the fakes, each against all reals; where the file knows them."""
    if "system" not in table:
        return []
    named = (table["label"] == FAKE) & ~says_nothing(table["system"])
    judged = table[(table["label"] != FAKE) | named]
    if not named.any():
        return []
    cluster = drawn.cluster[judged.index]
    rates = eer_by_system(judged["label"], judged["score"], judged["system"], cluster, resamples)
    count = table.loc[named, "system"].value_counts()
    return [
        {"system": name, "n_clips": int(count[name]), "eer": plain(rate), "interval": _ends(interval)}
        for name, (rate, interval) in rates.items()
    ]


def _warnings(told: dict[str, Any], scores: ScoreFile, llr: bool) -> list[str]:
    """The same doubts as of a run's figures, and what the scores' own kind gives reason for."""
    has_voices, written = "voice" in scores.table, scores.own_scale(1.0) * scores.table["score"]
    lowest, highest = float(written.min()), float(written.max())
    at = told["at_threshold"] or {"figures": {}, "confusion": None}
    spreads = {name: figure["interval"] for name, figure in {**told["figures"], **at["figures"]}.items()}
    like_a_run = {
        **told, "n_voices": told["n_voices"] or 0, "intervals": spreads, "confusion": at["confusion"],
    }  # fmt: skip
    warnings = [in_passing(doubt) for doubt in doubts(like_a_run)]
    if not has_voices:
        warnings[0] += " (name a column of voices, or give --keys FILE)"
    if told["at_threshold"] and not told["at_threshold"]["better_than_all_fake"]:
        warnings.append("F2 at this threshold is no better than that of calling everything fake")
    if llr and lowest >= 0 and highest <= 1:
        warnings.append(
            f"these look like probabilities, not log-likelihood ratios: all scores are {lowest:.3g} to {highest:.3g}"
        )
    return warnings


def _finite(value: float) -> float | None:
    return value if math.isfinite(value) else None
