"""Figures of merit as plain functions; fake is positive, and a higher score means fake.

What a figure would need and the data lacks (a false-alarm rate without reals, say) is NaN here: JSON null later.
The classes that gather over processes are in `metrics.gathered`, which needs torch; nothing here does.
"""

from __future__ import annotations

from .costs import ASVSPOOF5, DcfCosts, act_dcf, min_dcf
from .counts import (
    Counts,
    Floats,
    accuracy,
    balanced_accuracy,
    checked,
    confusion,
    f_beta,
    f_beta_all_fake,
    false_alarm_rate,
    matthews,
    miss_rate,
    precision,
    recall,
)
from .curves import (
    Points,
    Sweep,
    average_precision,
    det_points,
    equal_error_rate,
    equal_error_rates_by,
    pr_points,
    roc_auc,
    roc_points,
    sweep,
)
from .probabilities import (
    Reliability,
    brier,
    cllr,
    expected_calibration_error,
    log_likelihood_ratios,
    reliability,
)
from .ranking import ranked
from .tandem import AsvScores, Form, TandemCost, min_tdcf

__all__ = [
    "ASVSPOOF5",
    "AsvScores",
    "Counts",
    "DcfCosts",
    "Floats",
    "Form",
    "Points",
    "Reliability",
    "Sweep",
    "TandemCost",
    "accuracy",
    "act_dcf",
    "average_precision",
    "balanced_accuracy",
    "brier",
    "checked",
    "cllr",
    "confusion",
    "det_points",
    "equal_error_rate",
    "equal_error_rates_by",
    "expected_calibration_error",
    "f_beta",
    "f_beta_all_fake",
    "false_alarm_rate",
    "log_likelihood_ratios",
    "matthews",
    "min_dcf",
    "min_tdcf",
    "miss_rate",
    "pr_points",
    "precision",
    "ranked",
    "recall",
    "reliability",
    "roc_auc",
    "roc_points",
    "sweep",
]
