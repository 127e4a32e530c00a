"""Record finished runs: `python -m deepfake_audio.record RUN... [--mlflow URI]`.

Training does it by itself; this is for older runs, and for runs that were judged anew since.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from .configs import BAD_USE, command_line_errors
from .errors import UserError, one_line


def main(arguments: list[str] | None = None) -> int:
    """Write each run's TensorBoard folder, and its entry in MLflow where a place is given."""
    parser = argparse.ArgumentParser(
        prog="python -m deepfake_audio.record",
        description="Write the record of finished runs for TensorBoard, and for MLflow where a place is given.",
    )
    parser.add_argument("folders", nargs="+", type=Path, metavar="RUN", help="a run, or a folder of runs")
    parser.add_argument(
        "--mlflow", metavar="URI", help="where MLflow keeps its runs: a folder, or http://... for a server"
    )
    parser.add_argument(
        "--experiment", default="deepfake_audio", help="MLflow's name for runs that belong together"
    )
    options = parser.parse_args(arguments)
    with command_line_errors():
        return _record(options.folders, options.mlflow, options.experiment)
    raise AssertionError("unreachable: errors leave by sys.exit")


def _record(folders: list[Path], uri: str | None, experiment: str) -> int:
    """Each run for itself: one that cannot be read does not cost the others their record."""
    from .comparing import find_runs
    from .records import check_mlflow, record

    check_mlflow(uri)
    runs = find_runs(folders)
    # Of a sweep's failed jobs there is nothing to record; a single run that is not finished is a mistake.
    finished = [run for run in runs if run.metrics.is_file()] or runs
    for run in runs:
        if run not in finished:
            print(f"{run.path} is not finished, so it is left out", file=sys.stderr)
    status = 0
    for run in finished:
        try:
            print("\n".join(record(run, uri, experiment)))
        except UserError as error:
            status = BAD_USE
            print(f"error: {one_line(error)}", file=sys.stderr)
    return status


if __name__ == "__main__":
    sys.exit(main())
