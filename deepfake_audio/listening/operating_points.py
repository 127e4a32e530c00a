"""The threshold for another use than the one that training chose it for, by validation's scores.

They travel with the detector as `validation.csv`: the label and the logit of each clip, and its voice as a number.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike
from scipy.special import logit as log_odds

from ..detector_format import VALIDATION
from ..errors import UserError
from ..evaluation import calibration, metrics
from ..evaluation.calibration import Calibration
from ..evaluation.statistics import threshold_interval
from ..evaluation.summary import plain_interval
from ..evaluation.thresholds import Rule, choose, f_beta_at, in_words
from ..files import replacing

COLUMNS = ["label", "logit", "voice"]


def save_validation(folder: Path, labels: ArrayLike, logits: ArrayLike, voices: ArrayLike) -> None:
    """Keep validation's scores with the detector in `folder`; of `voices` [N] only which clips share one."""
    number = np.unique(np.asarray(voices), return_inverse=True)[1]
    table = pd.DataFrame(dict(zip(COLUMNS, (labels, logits, number), strict=True)))
    with replacing(folder / VALIDATION) as part:
        table.to_csv(part, index=False)


def moved(
    folder: Path, config: Mapping[str, Any], prevalence: float | None, max_false_alarm: float | None
) -> dict[str, Any]:
    """A detector's config with the threshold that its own rule chooses for another use.

    Args:
        folder: the detector's, which holds validation's scores.
        prevalence: the share of fakes in use. A P(fake) that is a probability at validation's share (`platt`) becomes
            one at this share; of others only the threshold moves.
        max_false_alarm: the largest share of validation's reals that may be called fake.
    """
    given = {"prevalence": prevalence, "max_false_alarm": max_false_alarm}
    stored = config["threshold"].get("rule") or {}
    rule = Rule(**{**stored, **{name: value for name, value in given.items() if value is not None}})
    made = at_prevalence(config.get("calibration"), prevalence)
    scores = read_validation(folder)
    p_fake = calibration.from_config(made).p_fake(scores["logit"])
    chosen = choose(scores["label"], p_fake, rule)
    share = rule.prevalence or float(np.mean(scores["label"]))
    counts = chosen.counts
    threshold = {
        "threshold": chosen.threshold,
        "rule": asdict(rule),
        "beta": rule.beta,
        "max_false_alarm": rule.max_false_alarm,
        "how": in_words(rule),
        "calls": chosen.calls,
        "chosen_on": "val",
        "recall": float(counts.tp / (counts.tp + counts.fn)),
        "false_alarm_rate": float(counts.fp / (counts.fp + counts.tn)),
        "better_than_all_fake": bool(
            f_beta_at(counts, rule) > metrics.f_beta_all_fake(share, rule.beta) + 1e-11
        ),
        "n_clips": len(scores),
        "interval": plain_interval(threshold_interval(scores["label"], p_fake, scores["voice"], rule)),
    }
    return {**config, "threshold": threshold, **({} if made is None else {"calibration": made})}


def at_prevalence(told: Mapping[str, Any] | None, prevalence: float | None) -> dict[str, Any] | None:
    """A calibration as a config tells it, for another share of fakes; the same where that can't be known.

    Where recordings of each kind stay as they are and only their shares change, the odds of each change by the ratio
    of the odds of the shares.
    """
    before = calibration.prevalence_of(told)
    if told is None or prevalence is None or before is None:
        return None if told is None else dict(told)
    made: Calibration = calibration.from_config(told)
    shift = float(log_odds(prevalence) - log_odds(before))
    words = f"P(fake) is calibrated on validation, and moved to where {100 * prevalence:.4g} % of the clips are fake."
    return {**told, "offset": made.offset + shift, "prevalence": prevalence, "words": words}


def read_validation(folder: Path) -> pd.DataFrame:
    """Validation's scores as they lie with the detector in `folder`: label, logit, voice."""
    file = folder / VALIDATION
    if not file.is_file():
        raise UserError(
            f"{folder} keeps no {VALIDATION}, validation's scores: train it again with this version, or choose "
            "another threshold with `python -m deepfake_audio.tune RUN`"
        )
    try:
        scores = pd.read_csv(file)[COLUMNS].astype({"label": int, "logit": float, "voice": int})
    except (KeyError, ValueError, OverflowError, OSError) as error:
        raise UserError(
            f"{file} is no table of {', '.join(COLUMNS)} ({error}); copy the folder again"
        ) from None
    if not scores["label"].isin([0, 1]).all() or scores["logit"].isna().any():
        raise UserError(f"{file} holds labels other than 0 and 1, or no logit; copy the folder again")
    return scores
