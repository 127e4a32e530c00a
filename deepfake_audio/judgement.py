"""Judge a run: choose the threshold on its validation scores, apply it once to test, and write down both."""

from __future__ import annotations

import tempfile
from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from .card import write_card
from .detector_format import format_of
from .errors import UserError, named
from .evaluation import calibration, metrics
from .evaluation.groups import by_group
from .evaluation.statistics import clusters, threshold_interval
from .evaluation.summary import by_system, own_best, plain_interval, summary
from .evaluation.thresholds import Choice, Rule, choose, f_beta_at, in_words
from .files import read_json, write_json
from .measured import measured
from .provenance import file_fingerprint, with_score_fingerprints
from .runs import RunFolder, read_scores, write_scores

# P(fake) that differs by less, as a share of itself, was rounded on another machine; beyond it is another P(fake).
ROUNDING, LEAST_P = 1e-6, 1e-12


def judge(
    run: str | Path,
    rule: Rule | None = None,
    recalibrate: str | None = None,
    about: dict[str, Any] | None = None,
) -> dict[str, Any]:
    """Write `threshold.json` and `metrics.json` of the folder `run`, and tell its `detector/` if there is one.

    What `metrics.json` holds beside `val` and `test` is kept. Without `scores_test.csv` there is no `test`.
    All is worked out before the first file is written.

    Args:
        rule: what the threshold is chosen for; the highest F2 if not given.
        recalibrate: a kind of calibration to fit anew to the logits of validation. Without it the one in force
            stays. Where one is known, P(fake) in both score files is made of the logits by it.
        about: what `metrics.json` should hold besides, in the place of what it held.

    Returns:
        The content of `metrics.json`.
    """
    folder, rule = RunFolder(Path(run)), rule or Rule()
    scores = _read_parts(folder)
    told: dict[str, Any] = dict(about or {})
    if about is None and folder.metrics.is_file():
        told = read_json(folder.metrics)
    detector = read_json(folder.detector_config) if folder.detector_config.is_file() else None
    # What is shipped says how P(fake) is made, whatever other files say that were written before or after it.
    in_force = (detector if detector is not None and about is None else told).get("calibration")
    if recalibrate is not None:
        in_force = _fitted(scores, recalibrate, folder)
    known = in_force is not None or detector is not None
    made_anew = _made_anew(scores, in_force, folder) if known else {}
    if recalibrate is None and about is None:
        _check_own(made_anew, folder, told)
    scores |= made_anew

    parts, threshold = _judged(scores, rule, calibration.prevalence_of(in_force))
    told = {key: value for key, value in told.items() if key not in ("calibration", "val", "test")}
    told |= parts if in_force is None else {"calibration": in_force, **parts}
    told, prints = _with_fingerprints(told, scores, made_anew, folder)
    threshold |= {"scores_fingerprint": prints["scores_val"], "fingerprints": prints}
    config = None if detector is None else {**_retold(detector, threshold, in_force), **measured(told)}
    _write(folder, config, told, made_anew, threshold)
    return told


def _write(
    folder: RunFolder,
    config: dict[str, Any] | None,
    told: dict[str, Any],
    scores: dict[str, pd.DataFrame],
    threshold: dict[str, Any],
) -> None:
    """Write all that a judgement changes; whoever is killed between two files leaves what the next call puts right.

    For the first file is the one that all others follow from: the detector's config with threshold and
    calibration, or `metrics.json` where there is no detector.
    """
    if config is not None:
        write_json(folder.detector_config, config)
    write_json(folder.metrics, told)
    for part, table in scores.items():
        write_scores(table, folder.scores(part))
    write_json(folder.threshold, threshold)
    if config is not None:
        write_card(folder)


def _retold(detector: dict[str, Any], threshold: dict[str, Any], in_force: Any) -> dict[str, Any]:
    """The detector's config with a threshold and the calibration on whose scale it stands, which go together."""
    if detector.get("calibration") == in_force:
        return {**detector, "threshold": threshold}
    kept = {key: value for key, value in detector.items() if key != "calibration"}
    config = {**kept, "threshold": threshold, **({} if in_force is None else {"calibration": in_force})}
    return {**config, "format": format_of(config)}


def _with_fingerprints(
    told: dict[str, Any],
    scores: dict[str, pd.DataFrame],
    made_anew: dict[str, pd.DataFrame],
    folder: RunFolder,
) -> tuple[dict[str, Any], dict[str, str]]:
    """The record and the sums of the score files, of those made anew as they will be."""
    with tempfile.TemporaryDirectory() as drafts:
        files = {part: folder.scores(part) for part in scores}
        for part, table in made_anew.items():
            files[part] = RunFolder(Path(drafts)).scores(part)
            write_scores(table, files[part])
        return with_score_fingerprints(told, files)


def _judged(
    scores: dict[str, pd.DataFrame], rule: Rule, prevalence: float | None
) -> tuple[dict[str, dict[str, Any]], dict[str, Any]]:
    """The figures of each part, and the content of `threshold.json` but for the fingerprint of its scores."""
    val = scores["val"]
    choice = choose(val["label"], val["p_fake"], rule)
    parts = {part: _figures(table, choice.threshold, rule, prevalence) for part, table in scores.items()}
    voices = clusters(val["voice"], val.get("track"))
    interval = threshold_interval(val["label"], val["p_fake"], voices, rule)
    return parts, {**_threshold(choice, parts["val"], rule), "interval": plain_interval(interval)}


def _read_parts(folder: RunFolder) -> dict[str, pd.DataFrame]:
    """Validation scores, and test scores if there are any; never the one in place of the other."""
    val, test = folder.scores("val"), folder.scores("test")
    if not folder.path.is_dir():
        raise UserError(f"{folder.path} is missing; give a run's folder, which holds {val.name}")
    if not val.is_file():
        hint = f"; {test.name} is there, but a threshold is never chosen on test" if test.is_file() else ""
        raise UserError(f"{folder.path} has no {val.name}, on which the threshold is chosen{hint}")
    scores = {"val": read_scores(val, both_classes=True)}
    if test.is_file():
        scores["test"] = read_scores(test)
        shared = sorted(set(scores["val"]["clip"]) & set(scores["test"]["clip"]))
        if shared:
            raise UserError(
                f"{folder.path}: {named(shared)} stand in {val.name} and in {test.name}; a threshold is never "
                "chosen on test, so take them out of one"
            )
    return scores


def _fitted(scores: dict[str, pd.DataFrame], kind: str, folder: RunFolder) -> dict[str, Any]:
    """What is told of a calibration that is fitted to validation's logits."""
    calibration.check_kind(kind)
    bare = [folder.scores(part).name for part, table in scores.items() if "logit" not in table]
    if bare:
        raise UserError(
            f"{folder.path}: {' and '.join(bare)} has no column 'logit', from which P(fake) could be calibrated anew"
        )
    val = scores["val"]
    fitted = calibration.fit(kind, val["label"], val["logit"])
    return calibration.about(fitted, kind, val["label"], val["voice"], val["logit"])


def _made_anew(
    scores: dict[str, pd.DataFrame], in_force: Mapping[str, Any] | None, folder: RunFolder
) -> dict[str, pd.DataFrame]:
    """The tables whose P(fake) is not what the calibration makes of their logits, with what it does make."""
    try:
        made = calibration.from_config(in_force)
    except (KeyError, TypeError, ValueError):
        raise UserError(
            f"{folder.path}: the calibration of its detector or metrics lacks kind, slope or offset; make it anew "
            "with --calibration platt"
        ) from None
    anew = {}
    for part, table in scores.items():
        if "logit" not in table:
            continue
        p_fake = made.p_fake(table["logit"])
        if not np.allclose(table["p_fake"], p_fake, rtol=ROUNDING, atol=LEAST_P):
            anew[part] = table.assign(p_fake=p_fake)
    return anew


def _check_own(made_anew: dict[str, pd.DataFrame], folder: RunFolder, told: Mapping[str, Any]) -> None:
    """Raise where P(fake) would be made anew in a file that is not this run's, as far as its own are known.

    Somebody else's scores may have been put here, whose P(fake) follows from no logit or from another calibration.
    """
    threshold = read_json(folder.threshold) if folder.threshold.is_file() else {}
    records = [threshold.get("fingerprints"), (told.get("provenance") or {}).get("fingerprints")]
    for part in made_anew:
        known = {record.get(f"scores_{part}") for record in records if record} - {None}
        file = folder.scores(part)
        if known and file_fingerprint(file) not in known:
            raise UserError(
                f"{file.name} is not what {folder.path} was judged by, and its P(fake) does not follow from its logits "
                "by the calibration in force: judge other scores in a folder of their own, or say --calibration KIND"
            )


def _figures(scores: pd.DataFrame, threshold: float, rule: Rule, prevalence: float | None) -> dict[str, Any]:
    labels, p_fake = scores["label"], scores["p_fake"]
    tracks = scores.get("track")
    return {
        **summary(labels, p_fake, scores["voice"], threshold, rule.beta, prevalence, tracks),
        "own_best": own_best(labels, p_fake),
        "by_system": by_system(scores, threshold),
        "groups": by_group(scores, threshold),
    }


def _threshold(choice: Choice, val: dict[str, Any], rule: Rule) -> dict[str, Any]:
    """The content of `threshold.json`: the number, and all one needs to trust it."""
    prevalence = val["n_fake"] / val["n_clips"]
    all_fake = float(metrics.f_beta_all_fake(rule.prevalence or prevalence, rule.beta))
    reached = float(f_beta_at(choice.counts, rule))
    return {
        "threshold": choice.threshold,
        "f2": val["f2"],
        "beta": rule.beta,
        # As it is where the rule's share of clips are fake, if it states one.
        **(
            {}
            if rule.beta == 2.0 and rule.prevalence is None
            else {"f_beta": reached, "f_beta_all_fake": all_fake}
        ),
        "max_false_alarm": rule.max_false_alarm,
        "rule": asdict(rule),
        "how": _in_words(choice, rule),
        "calls": choice.calls,
        "chosen_on": "val",
        "recall": val["recall"],
        "precision": val["precision"],
        "false_alarm_rate": val["false_alarm_rate"],
        "f2_all_fake": val["f2_all_fake"],
        # Beyond rounding: the two formulas of one figure may differ in the last bit.
        "better_than_all_fake": reached > all_fake + 1e-11,
        "n_clips": val["n_clips"],
        "n_voices": val["n_voices"],
    }


def _in_words(choice: Choice, rule: Rule) -> str:
    """What was done, and where it ended if that is at an end of the scale."""
    ends = "" if choice.calls == "some" else f"; it calls {choice.calls} fake there"
    return f"{in_words(rule)}{ends}"
