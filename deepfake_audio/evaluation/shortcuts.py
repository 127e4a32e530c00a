"""What can be told without listening to the voice, and whether a detector is worth more than that.

`probe_shortcuts` asks it of a corpus, by cross-validation; `shortcut_verdict` of a detector, by training the
same probes on the very clips it was trained on and setting the best of them beside it on test.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray
from sklearn.model_selection import StratifiedGroupKFold

from ..errors import UserError, named
from ..labels import FAKE, REAL
from ..runs import tracks_of
from . import metrics
from .doubts import counted
from .metrics import Floats
from .probe_words import found_in_words, verdict_in_words
from .probes import Probe, fit_and_score, probes_of, together
from .statistics import auc_drop, auc_in_strata, clusters, intervals
from .thresholds import best_threshold
from .voices import FEW_VOICES, FEWEST_VOICES, count_voices, count_witnesses

Numbers = NDArray[np.intp]

FOLDS = 5
SEED = 0
# Drawn from larger corpora, clip by clip: a figure that is sure to a hundredth needs no more.
MOST_CLIPS = 60_000
CHANCE = 0.5

NO_PROBES = "neither measures nor facts of source files are known"
TOO_FEW_VOICES = "it takes at least two voices with real clips and two with fakes"


def probe_shortcuts(table: pd.DataFrame) -> dict[str, Any]:
    """How well each probe, and all together, tell fakes from reals of `table`; no voice is in two folds.

    Scores of different folds come from different models and share no scale (and where a fold holds more fakes
    than usual, its model has seen fewer and scores lower), so pooling them would bias the AUC. A fake is
    therefore only compared with the reals of its own fold, within each draw of the interval as well. The
    interval is over voices with the models as they are: the luck of fitting them comes on top, so where there is
    nothing to find it holds .5 nearer nine times in ten than nineteen in twenty.

    Args:
        table: `label`, `voice`, `track` or `source_clip` where it is known of which recording a clip is made, and
            what there is of the measures and of the facts of source files.

    Returns:
        `probes` (best first) and `all`: each with `name`, `auc`, `low`, `high`, `n_clips`, `n_voices` and a
        `note` where there is one; `words`, a sentence. Where nothing can be said, `all` is None.
    """
    if len(table) > MOST_CLIPS:
        table = table.sample(MOST_CLIPS, random_state=SEED)
    probes = probes_of(table)
    is_fake, voices = table["label"].to_numpy() == FAKE, _drawn(table)
    folds = _folds(is_fake, voices)
    if not probes or folds is None:
        why = NO_PROBES if not probes else TOO_FEW_VOICES
        return {"probes": [], "all": None, "words": f"Shortcuts could not be probed: {why}."}
    about = {"n_clips": len(table), "n_voices": count_voices(table["voice"])}
    told = [_cross_validated(probe, is_fake, voices, folds) | about for probe in [*probes, together(probes)]]
    ranked = sorted(told[:-1], key=lambda each: -each["auc"])
    words = found_in_words(ranked, told[-1])
    few = _fewest(table, voices)
    if few < FEW_VOICES:
        words += f" With {counted(few, 'voice') if few else 'no known voices'} the intervals are rough."
    return {"probes": ranked, "all": told[-1], "words": words}


def shortcut_verdict(table: pd.DataFrame, scores: dict[str, pd.DataFrame]) -> dict[str, Any]:
    """A detector's test AUC beside that of the best probe, which validation chose.

    Args:
        table: `clip`, `label`, `voice`, `split`, and the rest as for `probe_shortcuts`.
        scores: of the detector by part: `clip`, `p_fake`, and `track` where it is known. Only those of "test" are
            read.

    Returns:
        `probes`: each one's `val_auc` and its `auc`, `low`, `high` on test, best on validation first; `best`:
        what `best_probe_on_test` tells; `detector`: `auc`, `low`, `high` on test; `margin`: what
        `margin_over_probe` tells; `better`: True, False, or None where that is open; `words`. Where nothing can
        be said, `words` alone.
    """
    parts, missing = _parts(table), _missing(table)
    if missing:
        return {"words": f"The detector could not be set beside a probe: {missing}."}
    test = table.iloc[parts["test"]]
    scored = _in_order(scores["test"], test["clip"])
    if "track" in scored:
        # As the detector was judged by, so that both say the same of what one witness is.
        test = test.assign(track=scored["track"].to_numpy())
    labels, voices, detector = test["label"].to_numpy(), _drawn(test), scored["p_fake"].to_numpy(np.float64)
    tried = _tried(table, parts, voices)
    best = _judged(tried[0], table, parts, voices)
    margin = margin_over_probe(labels, detector, tried[0]["scores"]["test"], voices)
    told: dict[str, Any] = {
        "probes": [{key: each[key] for key in ("name", "val_auc", "auc", "low", "high")} for each in tried],
        "best": best,
        "detector": _auc(labels, detector, voices),
        "margin": margin,
        "n_witnesses": _fewest(test, voices),
    }
    told["better"] = _firmly(margin) if told["n_witnesses"] >= FEWEST_VOICES else None
    return {**told, "words": verdict_in_words(told)}


def _firmly(margin: dict[str, float]) -> bool | None:
    return True if margin["low"] > 0 else False if margin["high"] < 0 else None


def best_probe_on_test(table: pd.DataFrame) -> dict[str, Any]:
    """Fit every probe on train, choose the one with the highest AUC on val, and apply it once to test.

    Returns:
        `name`, `val_auc`, `auc`, `low`, `high`; `threshold`, at which its F2 on val is highest; `f2` and
        `f2_interval` there on test, beside `f2_all_fake`; `n_clips`, `n_voices`.
    """
    missing = _missing(table)
    if missing:
        raise UserError(f"no probe can be chosen: {missing}")
    parts = _parts(table)
    drawn = _drawn(table.iloc[parts["test"]])
    return _judged(_tried(table, parts, drawn)[0], table, parts, drawn)


def margin_over_probe(
    labels: ArrayLike, scores: ArrayLike, probe_scores: ArrayLike, voices: ArrayLike
) -> dict[str, float]:
    """The detector's AUC less the probe's, with the interval from drawing voices once for both."""
    drop, interval = auc_drop(labels, scores, probe_scores, voices, seed=SEED)
    low, high = interval or (-1.0, 1.0)
    return {"auc": drop or 0.0, "low": low, "high": high}


def _folds(is_fake: NDArray[np.bool_], voices: Numbers) -> Numbers | None:
    """The fold of each clip, or None where some model would lack a class."""
    count = min(FOLDS, len(np.unique(voices[is_fake])), len(np.unique(voices[~is_fake])))
    if count < 2:
        return None
    fold = np.zeros(len(voices), dtype=np.intp)
    dealt = StratifiedGroupKFold(count, shuffle=True, random_state=SEED).split(voices, is_fake, voices)
    for number, (_, held_out) in enumerate(dealt):
        fold[held_out] = number
    return fold


def _cross_validated(
    probe: Probe, is_fake: NDArray[np.bool_], voices: Numbers, folds: Numbers
) -> dict[str, Any]:
    if probe.is_constant:
        chance = {"auc": CHANCE, "low": CHANCE, "high": CHANCE}
        return {"name": probe.name, **chance, "note": "constant"}
    scores = np.zeros(len(is_fake))
    for number in np.unique(folds):
        held_out = np.flatnonzero(folds == number)
        scores[held_out] = fit_and_score(probe, is_fake, np.flatnonzero(folds != number), held_out)
    return {"name": probe.name, **_auc(is_fake, scores, voices, folds)}


def _auc(
    labels: ArrayLike, scores: Floats, voices: Numbers, strata: Numbers | None = None
) -> dict[str, float]:
    """AUC and its interval over voices; chance and the widest one where there is nothing to compare."""
    auc, interval = auc_in_strata(labels, scores, voices, strata, seed=SEED)
    low, high = interval or (0.0, 1.0)
    return {"auc": CHANCE if auc is None else auc, "low": low, "high": high}


def _drawn(table: pd.DataFrame) -> Numbers:
    """What is drawn together: voices, and those that share a recording with them."""
    return clusters(table["voice"], tracks_of(table))


def _fewest(table: pd.DataFrame, drawn: Numbers) -> int:
    """On how many known voices a comparison of the classes rests."""
    return min(count_witnesses(table["label"], table["voice"], drawn).values())


def _parts(table: pd.DataFrame) -> dict[str, Numbers]:
    return {part: np.flatnonzero(table["split"] == part) for part in ("train", "val", "test")}


def _missing(table: pd.DataFrame) -> str:
    """Why no probe can be fitted, chosen and judged; empty if one can."""
    if not probes_of(table.head(1)):
        return NO_PROBES
    for part, rows in _parts(table).items():
        if set(table["label"].iloc[rows]) != {REAL, FAKE}:
            return f"{part} lacks real or fake clips"
    return ""


def _tried(table: pd.DataFrame, parts: dict[str, Numbers], drawn: Numbers) -> list[dict[str, Any]]:
    """Each probe fitted on train, with its AUCs and scores, best on validation first; test ranks nothing."""
    labels = table["label"].to_numpy()
    of_val = _drawn(table.iloc[parts["val"]])
    probes, told = probes_of(table), []
    both = np.concatenate([parts["val"], parts["test"]])
    fit = parts["train"]
    if len(fit) > MOST_CLIPS:
        fit = np.random.default_rng(SEED).choice(fit, MOST_CLIPS, replace=False)
    for probe in [*probes, together(probes)]:
        scores = fit_and_score(probe, labels == FAKE, fit, both)
        val, test = scores[: len(parts["val"])], scores[len(parts["val"]) :]
        val_auc = _auc(labels[parts["val"]], val, of_val)["auc"]
        on_test = _auc(labels[parts["test"]], test, drawn)
        told.append({"name": probe.name, "val_auc": val_auc, **on_test, "scores": {"val": val, "test": test}})
    return sorted(told, key=lambda each: -each["val_auc"])


def _judged(
    chosen: dict[str, Any], table: pd.DataFrame, parts: dict[str, Numbers], drawn: Numbers
) -> dict[str, Any]:
    """The chosen probe's figures on test, at the threshold that validation chose for it."""
    labels = {part: table["label"].to_numpy()[rows] for part, rows in parts.items()}
    threshold = best_threshold(labels["val"], chosen["scores"]["val"]).threshold
    at = metrics.confusion(labels["test"], chosen["scores"]["test"], threshold)
    f2_interval = intervals(labels["test"], chosen["scores"]["test"], drawn, threshold)["f2"]
    return {
        **{key: chosen[key] for key in ("name", "val_auc", "auc", "low", "high")},
        "threshold": threshold,
        "f2": float(metrics.f_beta(at)),
        "f2_interval": list(f2_interval) if f2_interval else None,
        "f2_all_fake": float(metrics.f_beta_all_fake(float(np.mean(labels["test"] == FAKE)))),
        "n_clips": len(labels["test"]),
        "n_voices": count_voices(table["voice"].iloc[parts["test"]]),
    }


def _in_order(scores: pd.DataFrame, clips: pd.Series) -> pd.DataFrame:
    """The scores of `clips`, by their names."""
    by_clip = scores.set_index("clip")
    unscored = sorted(set(clips) - set(by_clip.index))
    if unscored:
        raise UserError(f"the detector has no score for {named(unscored)}, which stand in test")
    return by_clip.loc[clips]
