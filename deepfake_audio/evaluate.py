"""Judge anybody's scores: `python -m deepfake_audio.evaluate SCORES`, in any of the usual formats.

Which way scores run is known from the format or stated, and a file that runs the other way is refused.
"""

from __future__ import annotations

import argparse
import math
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

from .configs import command_line_errors
from .rule_options import OPTIONS, add_rule_options, destination, rule_settings

if TYPE_CHECKING:
    from .evaluation.score_files import Frozen, ScoreFile

# With fewer there is hardly a draw in each tail.
FEWEST_RESAMPLES = 100
COLUMNS = ("clip", "score", "label", "voice", "system")


def main(arguments: list[str] | None = None) -> int:
    """Print how the file was read and what its figures are; write all of it with `--json`."""
    options = _parser().parse_args(arguments)
    with command_line_errors():
        _evaluate(options)
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m deepfake_audio.evaluate",
        description="Judge a score file: a run's own, ASVspoof's, or any table of clips and scores. "
        "docs/numbers.md says what each figure means.",
    )
    parser.add_argument("scores", type=Path, metavar="SCORES", help="the score file")
    read = parser.add_argument_group("how the file is read")
    read.add_argument("--higher", choices=("fake", "bonafide"), help="what a higher score means")
    read.add_argument(
        "--keys", type=Path, metavar="FILE", help="labels, voices and attacks: ASVspoof's or a table"
    )
    read.add_argument("--fake-label", metavar="WORD", help="the label that means fake (several: A,B)")
    for role in COLUMNS:
        read.add_argument(f"--{role}-column", metavar="NAME", help=f"the column of the {role}, or its number")
    read.add_argument(
        "--phases", default="eval", metavar="A,B", help="of ASVspoof 2021: eval (default), progress, hidden"
    )
    read.add_argument("--allow-missing", action="store_true", help="leave clips without label or score out")
    cut = parser.add_argument_group("a threshold, chosen elsewhere")
    cut.add_argument("--threshold", type=float, metavar="X", help="on the file's own scale")
    cut.add_argument(
        "--val", type=Path, metavar="FILE", help="other scores of the same system to choose it on"
    )
    cut.add_argument("--val-keys", type=Path, metavar="FILE", help="their labels, as --keys")
    add_rule_options(cut)
    more = parser.add_argument_group("more figures")
    more.add_argument("--llr", action="store_true", help="scores are log-likelihood ratios: Cllr and actDCF")
    more.add_argument("--asv", type=Path, metavar="FILE", help="scores of a speaker verification: min t-DCF")
    more.add_argument("--tdcf-form", choices=("2019", "2021"), help="of the t-DCF (default 2019)")
    told = parser.add_argument_group("what is told")
    told.add_argument("--digits", type=int, default=3, metavar="N", help="behind the point (default 3)")
    told.add_argument(
        "--resamples", type=int, default=2000, metavar="N", help="draws for intervals (default 2000)"
    )
    told.add_argument("--json", type=Path, metavar="FILE", help="write everything there")
    return parser


def _evaluate(options: argparse.Namespace) -> None:
    from .evaluation.score_files import checked_direction, figures, in_words, read_asv_scores, read_score_file
    from .files import write_json

    _check(options)
    given = vars(options)
    how = {
        "higher": options.higher,
        "columns": {role: given[f"{role}_column"] for role in COLUMNS if given[f"{role}_column"]},
        "fake_label": options.fake_label,
        "phases": options.phases.split(","),
        "allow_missing": options.allow_missing,
    }
    scores = read_score_file(options.scores, keys=options.keys, **how)
    asv = read_asv_scores(options.asv) if options.asv else None
    warnings = checked_direction(scores)
    frozen, more = _threshold(options, scores, how)
    told = figures(scores, frozen, options.llr, asv, options.tdcf_form or "2019", options.resamples)
    told["warnings"] = warnings + more + told["warnings"]
    print("\n".join(scores.reading.lines()))
    print(f"\n{in_words(told, options.digits)}")
    for warning in told["warnings"]:
        print(f"warning: {warning}", file=sys.stderr)
    if options.json:
        write_json(options.json, told)


def _check(options: argparse.Namespace) -> None:
    """Refuse options that mean nothing, or nothing together."""
    from .errors import UserError

    if options.threshold is not None and options.val is not None:
        raise UserError("--threshold and --val both set the threshold; give one of them")
    for option in (*OPTIONS, "--val-keys"):
        if getattr(options, destination(option)) is not None and options.val is None:
            raise UserError(f"{option} is for --val FILE, on which a threshold is chosen")
    if options.tdcf_form is not None and options.asv is None:
        raise UserError("--tdcf-form is for --asv FILE, without which there is no t-DCF")
    if not 0 <= options.digits <= 15:
        raise UserError(f"--digits is 0 to 15, not {options.digits}")
    if options.resamples < FEWEST_RESAMPLES:
        raise UserError(
            f"--resamples {options.resamples}: {FEWEST_RESAMPLES} is the fewest that make an interval"
        )
    read = (options.scores, options.keys, options.val, options.val_keys, options.asv)
    if options.json and any(file and file.absolute() == options.json.absolute() for file in read):
        raise UserError(f"--json {options.json} would overwrite what is read; give another file")
    if options.json and (options.json.is_dir() or options.json.parent.is_file()):
        raise UserError(
            f"--json {options.json} can't be written: a folder is there, or a file in the place of one"
        )
    if options.threshold is not None and not math.isfinite(options.threshold):
        raise UserError(f"--threshold {options.threshold} is no number on a scale")


def _threshold(
    options: argparse.Namespace, scores: ScoreFile, how: dict[str, Any]
) -> tuple[Frozen | None, list[str]]:
    """The threshold that the options give or choose, and what to say of it."""
    from .evaluation.score_files import Frozen, checked_direction, freeze, read_score_file, refuse_shared
    from .evaluation.thresholds import Rule

    if options.threshold is not None:
        return Frozen(scores.own_scale(options.threshold), "as you say"), []
    if options.val is None:
        return None, []
    rule = Rule(**rule_settings(options))
    val = read_score_file(options.val, keys=options.val_keys, **how)
    warnings = checked_direction(val) + refuse_shared(val, scores)
    return freeze(val, rule), warnings


if __name__ == "__main__":
    sys.exit(main())
