"""Choose a run's threshold anew from its saved scores: `python -m deepfake_audio.tune RUN [--beta 2]`.

The validation scores choose (and calibrate), the test scores only show what came of it.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

from .configs import command_line_errors
from .rule_options import add_rule_options, rule_settings

if TYPE_CHECKING:
    from .runs import RunFolder

COLUMNS = (
    ("threshold", "threshold"),
    ("F2", "f2"),
    ("recall", "recall"),
    ("precision", "precision"),
    ("false alarms", "false_alarm_rate"),
    ("all-fake F2", "f2_all_fake"),
)


def main(arguments: list[str] | None = None) -> int:
    """Judge the run anew and print what came of it."""
    options = _parser().parse_args(arguments)
    with command_line_errors():
        _tune(options.run, rule_settings(options), options.calibration, options.report)
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m deepfake_audio.tune",
        description="Choose a run's threshold anew on its validation scores: for the highest F2, if nothing else is "
        "asked for.",
    )
    parser.add_argument("run", type=Path, metavar="RUN", help="folder that holds scores_val.csv")
    add_rule_options(parser)
    parser.add_argument(
        "--calibration",
        metavar="KIND",
        help="make P(fake) anew from the logits: platt, temperature or none; else it stays as it is. Alone it keeps "
        "the rule of the last time, while plain `tune` goes back to F2",
    )
    parser.add_argument(
        "--report", action="store_true", help="draw report/ anew too, which takes some seconds"
    )
    return parser


def _tune(path: Path, rule: dict[str, Any], recalibrate: str | None, report: bool) -> None:
    from .evaluation.thresholds import Rule
    from .files import read_json
    from .judgement import judge
    from .runs import RunFolder

    run = RunFolder(path)
    if recalibrate is not None and not rule and run.threshold.is_file():
        # Who asks for another P(fake) alone wants the threshold for what it was for.
        rule = read_json(run.threshold).get("rule", {})
    written_before = _when_written(run)
    metrics = judge(path, Rule(**rule), recalibrate)
    threshold = read_json(run.threshold)
    print(table(metrics))
    if rule.get("prevalence") is not None:
        share = metrics["val"]["n_fake"] / metrics["val"]["n_clips"]
        print(
            f"(the table is of the clips as they are, {100 * share:.3g} % of validation fake; the rule weighs them as "
            f"if {100 * rule['prevalence']:.4g} % were)"
        )
    print(
        f"\nthreshold {threshold['threshold']:.6g}{_span(threshold)}, chosen on validation: {threshold['how']}"
    )
    if recalibrate is not None:
        print(metrics["calibration"]["words"])
    elif _when_written(run) != written_before:
        print(
            "P(fake) in the score files was not what the calibration in force makes of their logits, so it was made "
            "anew"
        )
    for warning in warnings(threshold, metrics):
        print(f"warning: {warning}", file=sys.stderr)
    if report:
        _renew_report(run)
    elif run.page.is_file():
        print(f"{run.page} shows the figures from before; --report draws it anew")


def _when_written(run: RunFolder) -> list[int]:
    files = (run.scores(part) for part in ("val", "test"))
    return [file.stat().st_mtime_ns for file in files if file.is_file()]


def _renew_report(run: RunFolder) -> None:
    """The page, and what was recorded with it; a folder of bare scores gets no record that nobody asked for."""
    from .records import is_recorded, record_in_tensorboard
    from .report import write_report
    from .settings import read_settings

    _renew_examples(run)
    print(f"report: {write_report(run.path)}")
    if is_recorded(run):
        print(f"tensorboard: {record_in_tensorboard(run)}")
    if (place := read_settings(run.config).get("record.mlflow")) is not None:
        print(
            f"MLflow's entry at {place} is of before: `python -m deepfake_audio.record {run.path} --mlflow {place}` "
            "renews it"
        )


def _renew_examples(run: RunFolder) -> None:
    """The page of explained clips goes by the threshold as well: it is made anew, or goes."""
    if not run.examples.is_file():
        return
    from .errors import UserError, one_line
    from .report.examples_page import write_examples

    run.examples.unlink()
    try:
        write_examples(run)
    except UserError as error:
        print(f"the page of explained clips is gone, as it was of another threshold: {one_line(error)}")


def table(metrics: dict[str, Any]) -> str:
    """Validation and test below each other, in aligned columns."""
    beta = metrics["val"]["beta"]
    own = () if beta == 2.0 else ((f"F{beta:g}", "f_beta"), (f"all-fake F{beta:g}", "f_beta_all_fake"))
    columns = (*COLUMNS, *own)
    rows = [["", *(name for name, _ in columns), "clips", "voices"]]
    for part in ("val", "test"):
        if part in metrics:
            told = metrics[part]
            cells = [_cell(told[key], key) for _, key in columns]
            nobody = told["n_unknown_voice"] == told["n_clips"]
            rows.append([part, *cells, str(told["n_clips"]), "unknown" if nobody else str(told["n_voices"])])
    widths = [max(len(row[i]) for row in rows) for i in range(len(rows[0]))]
    lines = (
        "  ".join([row[0].ljust(widths[0]), *(c.rjust(w) for c, w in zip(row[1:], widths[1:], strict=True))])
        for row in rows
    )
    return "\n".join(lines)


def warnings(threshold: dict[str, Any], metrics: dict[str, Any]) -> list[str]:
    """What a person must not overlook, in words."""
    from .evaluation.doubts import doubts, in_passing
    from .evaluation.thresholds import no_better_in_words

    no_better = no_better_in_words(threshold)
    told = [no_better] if no_better else []
    told += map(in_passing, doubts(metrics.get("test") or metrics["val"]))
    if metrics["val"]["auc"] < 0.5:
        told.append(
            f"validation scores run the wrong way (AUC {metrics['val']['auc']:.3f}): is a higher p_fake more fake?"
        )
    if "test" not in metrics:
        told.append("there are no test scores, so nothing here says how it does on what it was not tuned on")
    return told


def _span(threshold: dict[str, Any]) -> str:
    """How far the threshold could be off, in brackets."""
    interval = threshold["interval"]
    return f" [{interval[0]:.4g}, {interval[1]:.4g}]" if interval else ""


def _cell(value: float | None, key: str) -> str:
    if value is None:
        return "n/a"
    return f"{value:.4g}" if key == "threshold" else f"{value:.3f}"


if __name__ == "__main__":
    sys.exit(main())
