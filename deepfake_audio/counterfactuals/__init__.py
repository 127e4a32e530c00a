"""The same test clips, each changed in one way that leaves the voice alone: what does the detector say then?

A detector that has learnt the voice hardly moves. One that leans on silence, level, band or codec falls when just
that is taken away.
"""

from __future__ import annotations

from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from hashlib import sha256
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from numpy.random import Generator
from scipy.special import stdtrit
from tqdm import tqdm

from ..audio import count_samples, read_window
from ..audio.codecs import Wave
from ..detector import Detector
from ..errors import UserError, named
from ..evaluation import metrics
from ..evaluation.doubts import fewest_witnesses, too_few_in_words
from ..evaluation.statistics import auc_drop, clusters
from ..evaluation.statistics.spread import CONFIDENCE
from ..evaluation.summary import summary
from ..evaluation.voices import FEW_VOICES
from .changes import CHANGES, CHANNELS

CLEAN = "clean"
# A fall of the AUC that is worth a sentence, if its interval is clear of zero too.
TELLING_DROP = 0.05
FIGURES = ("f2", "f2_all_fake", "recall", "false_alarm_rate", "balanced_accuracy", "auc")
COUNTS = ("n_clips", "n_voices", "n_unknown_voice", "n_witnesses", "n_clusters", "n_real", "n_fake")


def counterfactual_table(
    detector: Detector,
    clips: pd.DataFrame,
    root: Path,
    changes: Iterable[str] | None = None,
    seed: int = 0,
    jobs: int = 1,
    progress: bool = False,
) -> tuple[pd.DataFrame, dict[str, Any]]:
    """Score every clip as it is and under each change, and judge all at the detector's own threshold.

    Args:
        clips: `clip`, `path` (under `root`), `label`, `voice`, and `system` and `track` if known; one part of a
            split.
        changes: names out of `CHANGES`; all of them if not given.
        seed: of what is drawn (where a cut lies, noise); what is drawn for a clip depends on no other clip.
        jobs: how many clips at once.

    Returns:
        The scores, one row a change and clip, and what `counterfactuals.json` holds.
    """
    chosen = known_changes(changes)

    def score(place: int) -> list[float]:
        clip = clips.iloc[place]
        waveform = read_whole(root / clip["path"], detector.sample_rate)
        return [
            _logit(detector, waveform, name, np.random.default_rng([seed, _number(f"{name} {clip['clip']}")]))
            for name in (CLEAN, *chosen)
        ]

    pool = ThreadPoolExecutor(jobs)
    try:
        results = pool.map(score, range(len(clips)))
        logits = list(tqdm(results, total=len(clips), desc="stress", unit="clip", disable=not progress))
    finally:
        pool.shutdown(cancel_futures=True)
    scores = _score_table(clips, (CLEAN, *chosen), np.array(logits))
    scores["p_fake"] = detector.calibration.p_fake(scores["logit"])
    return scores, judge_changes(scores, detector.threshold)


def judge_changes(scores: pd.DataFrame, threshold: float) -> dict[str, Any]:
    """What `counterfactuals.json` holds, from the table of scores; all intervals are over voices.

    A fall is `shown` if it is large and stands out among all changes together, not only by itself.
    """
    tables = {str(name): table for name, table in scores.groupby("change", sort=False)}
    clean = tables.pop(CLEAN)
    told: dict[str, Any] = {"threshold": threshold, "clean": _figures(clean, threshold), "changes": []}
    drawn, enough = clusters(clean["voice"], clean.get("track")), too_few_in_words(told["clean"]) is None
    for name, table in tables.items():
        drop, interval = auc_drop(clean["label"], clean["p_fake"], table["p_fake"], drawn)
        row = {"name": name, "what": CHANGES[name].what, **_figures(table, threshold)}
        row |= {"drop_in_auc": drop, "drop_interval": list(interval) if interval else None}
        told["changes"].append({**row, "shown": enough and stands_out(row, len(tables), told["clean"])})
    told["channels"] = _through_channels(scores)
    told["words"] = in_words(told)
    return told


def _through_channels(scores: pd.DataFrame) -> dict[str, Any]:
    """The equal error rate of the clips as they are and through each channel, all at one threshold.

    A shift that a channel gives reals and fakes alike costs nothing by itself, but it does beside other clips.
    """
    names = [name for name in CHANNELS if name in set(scores["change"])]
    heard = scores[scores["change"].isin([CLEAN, *names])]
    rate = None
    if names and heard["label"].nunique() == 2:
        rate = float(metrics.equal_error_rate(metrics.sweep(heard["label"], heard["p_fake"]).counts))
    return {"eer": rate, "names": names}


def stands_out(row: dict[str, Any], comparisons: int, clean: dict[str, Any]) -> bool:
    """Whether a fall matters, and its interval would be clear of 0 if it were widened for all that is compared.

    Args:
        row: `drop_in_auc` and its 95 % `drop_interval`.
        clean: what is told of the unchanged clips.
    """
    drop, interval = row["drop_in_auc"], row["drop_interval"]
    if interval is None or not drop > TELLING_DROP:
        return False
    # Bonferroni, by quantiles of Student's t as the interval itself has them.
    tail, freedom = (1 - CONFIDENCE) / 2, fewest_witnesses(clean) - 1
    wider = stdtrit(freedom, tail / comparisons) / stdtrit(freedom, tail)
    return bool(drop - wider * (drop - interval[0]) > 0)


def in_words(told: dict[str, Any]) -> list[str]:
    """One sentence for each change that the detector falls under, the deepest fall first; or one that none does."""
    clean = told["clean"]["auc"]
    if clean is None:
        return ["the clips are all of one class, so there is no AUC that could fall"]
    few = too_few_in_words(told["clean"])
    if few:
        return [f"{few[0].lower()}{few[1:]} nobody can say under which change the AUC falls"]
    falls = [row for row in told["changes"] if row["shown"]]
    falls.sort(key=lambda row: row["drop_in_auc"], reverse=True)
    words = [
        f"the AUC falls from {clean:.2f} to {row['auc']:.2f} {row['what']}: the detector leans on "
        f"{CHANGES[row['name']].leans_on}"
        for row in falls
    ]
    count = len(told["changes"])
    none = f"no change is shown to lower the AUC by more than {TELLING_DROP:g}"
    if count > 1:
        none += f", with intervals widened for all {count} changes together"
    voices = fewest_witnesses(told["clean"])
    if voices < FEW_VOICES:
        none += f"; with {voices} voices only a large fall could be told from chance"
    return words or [none]


def table_in_words(told: dict[str, Any]) -> str:
    """For people: a line a change, the clean clips first, and below what it means."""
    rows = [{"name": CLEAN, **told["clean"]}, *told["changes"]]
    width = max(len(row["name"]) for row in rows)
    lines = [f"{'':{width}}     F2  recall  false alarms    AUC   fall of the AUC (95 % over voices)"]
    for row in rows:
        figures = (row["f2"], row["recall"], row["false_alarm_rate"], row["auc"])
        f2, recall, alarms, auc = ("  n/a" if value is None else f"{value:5.3f}" for value in figures)
        line = f"{row['name']:{width}}  {f2}   {recall}         {alarms}  {auc}"
        if row.get("drop_in_auc") is not None:
            line += f"  {row['drop_in_auc']:+6.3f}"
            if row["drop_interval"]:
                line += " [{:+.3f}, {:+.3f}]".format(*row["drop_interval"])
        lines.append(line)
    baseline = told["clean"]["f2_all_fake"]
    if baseline is not None:
        lines.append(f"F2 of calling everything fake: {baseline:.3f}")
    channels = told["channels"]
    if channels["eer"] is not None:
        lines.append(
            f"EER of the clips as they are and through {', '.join(channels['names'])} together, at one threshold: "
            f"{channels['eer']:.3f}"
        )
    return "\n".join([*lines, "", *told["words"]])


def known_changes(names: Iterable[str] | None) -> tuple[str, ...]:
    """`names` without repeats, checked; all changes if None."""
    chosen = tuple(dict.fromkeys(CHANGES if names is None else names))
    unknown = [name for name in chosen if name not in CHANGES]
    if unknown or not chosen:
        raise UserError(f"changes: {named(unknown) or 'none given'}; known are {', '.join(CHANGES)}")
    return chosen


def read_whole(path: Path, sample_rate: int) -> Wave:
    """All of a clip, as its windows are read: mono float32 [T]."""
    return read_window(path, 0, count_samples(path, sample_rate))


def _logit(detector: Detector, waveform: Wave, name: str, rng: Generator) -> float:
    """Mean logit of a clip's windows under a change; however short or quiet it gets, as in training."""
    changed = waveform if name == CLEAN else CHANGES[name].apply(rng, waveform, detector.sample_rate)
    return float(detector.window_logits(changed)[1].mean())


def _number(text: str) -> int:
    """The same for the same text on every machine."""
    return int.from_bytes(sha256(text.encode()).digest()[:8], "big")


def _score_table(clips: pd.DataFrame, names: tuple[str, ...], logits: np.ndarray) -> pd.DataFrame:
    """[clips, changes] -> one row a change and clip, in that order."""
    columns = {key: clips.get(key, "") for key in ("clip", "voice", "system", "label")}
    if "track" in clips:
        columns["track"] = clips["track"]
    tables = [
        pd.DataFrame({"change": name, **columns, "logit": logit}).reset_index(drop=True)
        for name, logit in zip(names, logits.T, strict=True)
    ]
    scores = pd.concat(tables, ignore_index=True)
    bad = scores.loc[~np.isfinite(scores["logit"])]
    if len(bad):
        where = [f"{row.clip} ({row.change})" for row in bad.itertuples()]
        raise UserError(f"the detector has no answer for {named(where)}: their samples are far out of range")
    return scores


def _figures(scores: pd.DataFrame, threshold: float) -> dict[str, Any]:
    figures = summary(
        scores["label"], scores["p_fake"], scores["voice"], threshold, tracks=scores.get("track")
    )
    intervals = {key: value for key, value in figures["intervals"].items() if key in FIGURES}
    return {key: figures[key] for key in (*FIGURES, *COUNTS) if key in figures} | {"intervals": intervals}
