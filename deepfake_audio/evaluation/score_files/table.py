"""A score file's figures as a table for people."""

from __future__ import annotations

from typing import Any

from ..doubts import counted

Row = tuple[str, str, str, str]

# What is told in per cent, and how many digits fewer it then needs. The field tells an EER to the last one.
PERCENT = {
    "eer": 0,
    "recall": 2,
    "precision": 2,
    "false_alarm_rate": 2,
    "accuracy": 2,
    "balanced_accuracy": 2,
}
# An interval's ends are never as sure as a figure's digits.
END_DIGITS = 3
NAMES = {
    "eer": "EER",
    "auc": "AUC",
    "average_precision": "average precision",
    "min_dcf": "minDCF",
    "act_dcf": "actDCF",
    "min_tdcf": "min t-DCF",
    "cllr": "Cllr",
    "brier": "Brier",
    "ece": "ECE",
    "f2": "F2",
    "f2_over_all_fake": "F2 over all-fake",
    "false_alarm_rate": "false alarms",
    "balanced_accuracy": "balanced accuracy",
    "mcc": "MCC",
}


def in_words(told: dict[str, Any], digits: int = 3) -> str:
    """The clips, the figures with their intervals, and each attack's EER."""
    voices = "voices unknown" if told["n_voices"] is None else counted(told["n_voices"], "voice")
    if told["n_voices"] and told["n_unknown_voice"]:
        voices += f" and {counted(told['n_unknown_voice'], 'clip')} of unknown ones"
    size = (
        f"{counted(told['n_clips'], 'clip')}: {told['n_fake']:,} fake ({100 * told['prevalence']:.1f} %), "
        f"{told['n_real']:,} real; {voices}"
    )
    rows: list[Row] = [("figure", "value", f"95 % over {told['drawn']}", "")]
    rows += [_row(name, figure, digits, _remark(name, told)) for name, figure in told["figures"].items()]
    parts = [size, _aligned(rows)]
    if told["at_threshold"]:
        parts.append(_at_threshold(told, digits))
    parts.append(_own_best(told, digits))
    if told["by_system"]:
        parts.append(_by_system(told["by_system"], digits, told["drawn"]))
    return "\n\n".join(parts)


def _remark(name: str, told: dict[str, Any]) -> str:
    """What the figure would be without listening, where that is not known by heart."""
    made_for = (
        f"; P(fake) taken as made for {100 * told['made_for']:.1f} % fakes" if "made_for" in told else ""
    )
    by_chance = {
        "eer": "chance: 50 %",
        "auc": "chance: 0.5",
        "average_precision": f"chance: {told['prevalence']:.3f}, the share of fakes",
        "min_dcf": "1 = no use",
        "act_dcf": f"1 = no use{made_for}",
        "min_tdcf": f"1 = no use; the form of {told.get('tdcf_form')}",
        "cllr": f"bits; 1 = no use, and above it misleads{made_for}",
        "brier": "0.25 = always saying one half",
        "ece": "0 = P(fake) means what it says",
    }
    return by_chance.get(name, "")


def _at_threshold(told: dict[str, Any], digits: int) -> str:
    at = told["at_threshold"]
    cells = at["confusion"]
    rows = [
        _row(
            name,
            figure,
            digits,
            f"calling everything fake: {told['f2_all_fake']:.{digits}f}" if name == "f2" else "",
        )
        for name, figure in at["figures"].items()
    ]
    head = f"called fake: {at['called_fake']} ({at['how']})"
    counts = (
        f"{cells['tp']:,} fakes found, {cells['fn']:,} missed; {cells['fp']:,} of {cells['fp'] + cells['tn']:,} real "
        "clips called fake"
    )
    return f"{head}\n{counts}\n{_aligned(rows)}"


def _own_best(told: dict[str, Any], digits: int) -> str:
    best = told["own_best"]
    at = f" with {best['called_fake']} called fake"
    line = (
        f"best F2 of any threshold: {best['f2']:.{digits}f}{at}, {best['words']}; calling everything fake: "
        f"{told['f2_all_fake']:.{digits}f}"
    )
    return (
        line
        if best["better_than_all_fake"]
        else f"{line}\nno threshold does better than calling everything fake"
    )


def _by_system(systems: list[dict[str, Any]], digits: int, drawn: str) -> str:
    rows: list[Row] = [("EER by system", "value", f"95 % over {drawn}", "")]
    for each in systems:
        figure = {"value": each["eer"], "interval": each["interval"]}
        told = _row("eer", figure, digits, f"{counted(each['n_clips'], 'fake')}, against all real clips")
        rows.append((each["system"], *told[1:]))
    return _aligned(rows)


def _row(name: str, figure: dict[str, Any], digits: int, remark: str) -> Row:
    value, ends = figure["value"], figure["interval"]
    told = "n/a" if value is None else _number(name, value, digits)
    unit = " %" if name in PERCENT else ""
    fewer = min(digits, END_DIGITS) - (1 if name == "eer" else 0)
    spread = (
        ""
        if ends is None
        else f"[{', '.join(_number(name, end, fewer).removesuffix(unit) for end in ends)}]{unit}"
    )
    return NAMES.get(name, name), told, spread, remark


def _number(name: str, value: float, digits: int) -> str:
    if name not in PERCENT:
        return f"{value:.{digits}f}"
    return f"{100 * value:.{max(0, digits - PERCENT[name])}f} %"


def _aligned(rows: list[Row]) -> str:
    widths = [max(len(row[i]) for row in rows) for i in range(3)]
    lines = (
        f"{row[0]:<{widths[0]}}  {row[1]:>{widths[1]}}  {row[2]:<{widths[2]}}  {row[3]}".rstrip()
        for row in rows
    )
    return "\n".join(lines)
