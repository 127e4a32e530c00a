"""Change a run's clips in ways that leave the voice alone: `python -m deepfake_audio.stress RUN_DIR`."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

from .configs import command_line_errors
from .processes import checked_jobs

if TYPE_CHECKING:
    import pandas as pd

# What the same clip may score apart on another machine; more means that the file is another one now.
SAME_P_FAKE = 0.02


def main(arguments: list[str] | None = None) -> int:
    """Judge the run's detector on its changed clips, write the table, draw the report anew."""
    parser = argparse.ArgumentParser(
        prog="python -m deepfake_audio.stress",
        description="Say what a run's detector makes of its clips trimmed, padded, cut, re-encoded, "
        "band-limited, attenuated or with noise: one that leans on a shortcut falls visibly.",
    )
    parser.add_argument("run", type=Path, metavar="RUN_DIR", help="the folder of a finished run")
    parser.add_argument(
        "--part", choices=("test", "val"), default="test", help="test (default), or val to choose by"
    )
    parser.add_argument("--changes", metavar="A,B", help="only these; all of them if not given")
    parser.add_argument(
        "--clips",
        type=Path,
        nargs="+",
        metavar="FILE",
        help="the clip table, where it has moved since the run; several where the run joined several",
    )
    parser.add_argument("--jobs", type=int, metavar="N", help="clips at once (default: one a processor)")
    parser.add_argument("--device", default="cpu", help="cpu (default) or cuda")
    options = parser.parse_args(arguments)
    with command_line_errors():
        jobs = checked_jobs(options.jobs)
        names = options.changes.split(",") if options.changes else None
        stress(options.run, names, jobs, options.clips, options.device, options.part)
    return 0


def stress(
    folder: Path,
    changes: list[str] | None = None,
    jobs: int = 1,
    tables: list[Path] | None = None,
    device: str = "cpu",
    part: str = "test",
) -> dict[str, Any]:
    """Write `counterfactuals.json` and `counterfactuals.csv` into a run; return what the former holds.

    Of validation's clips both are `counterfactuals_val`, and the report and the card, which are about test, stay
    as they are.
    """
    import torch

    from .card import write_card
    from .counterfactuals import counterfactual_table, known_changes, table_in_words
    from .detector import load_detector
    from .files import write_json
    from .report import write_report
    from .runs import RunFolder
    from .spreadsheets import write_table
    from .tested import tested_clips

    run = RunFolder(folder)
    known_changes(changes)
    clips, root = tested_clips(run, tables, part)
    detector = load_detector(run.path, device)
    # Clips are shared out between threads already.
    torch.set_num_threads(max(1, torch.get_num_threads() // jobs))
    scores, told = counterfactual_table(
        detector, clips, root, changes, jobs=jobs, progress=sys.stderr.isatty()
    )
    told["words"] += _changed_since(scores, run.scores(part))
    target = run.counterfactuals if part == "test" else run.counterfactuals_val
    write_table(scores, target.with_suffix(".csv"))
    write_json(target, told)
    where = f"table: {target}"
    if part == "test":
        write_card(run)
        where = f"report: {write_report(run.path)}"
    print(f"{table_in_words(told)}\n\n{where}")
    return told


def _changed_since(scores: pd.DataFrame, judged: Path) -> list[str]:
    """A sentence if the unchanged clips don't score what they did when the run was judged."""
    from .counterfactuals import CLEAN
    from .errors import named
    from .runs import read_scores

    clean = scores[scores["change"] == CLEAN].reset_index(drop=True)
    before = read_scores(judged).reset_index(drop=True)
    other = clean.loc[(clean["p_fake"] - before["p_fake"]).abs() > SAME_P_FAKE, "clip"]
    if other.empty:
        return []
    return [
        f"{len(other)} of {len(clean)} clips score otherwise than when the run was judged ({named(list(other))}): "
        "their files or the detector have changed since"
    ]


if __name__ == "__main__":
    sys.exit(main())
