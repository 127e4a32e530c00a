"""Rank runs by validation: `python -m deepfake_audio.compare DIR...` (runs, or the folder of a sweep)."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

from hydra.experimental.callback import Callback

from .configs import command_line_errors

if TYPE_CHECKING:
    from hydra.core.utils import JobReturn
    from omegaconf import DictConfig


def main(arguments: list[str] | None = None) -> int:
    """Print the table; write it as `leaderboard.csv` where one folder of several runs is given."""
    parser = argparse.ArgumentParser(
        prog="python -m deepfake_audio.compare",
        description="Rank runs by F2 on validation, and show what each came to on test.",
    )
    parser.add_argument("folders", nargs="+", type=Path, metavar="DIR", help="a run, or a folder of runs")
    options = parser.parse_args(arguments)
    with command_line_errors():
        compare(options.folders)
    return 0


def compare(folders: list[Path], quiet: bool = False) -> None:
    """Rank the runs in `folders`; a sweep's table is kept in its own folder."""
    from .evaluation.leaderboard import find_runs, in_words, leaderboard, write_leaderboard

    runs = find_runs(folders)
    board = leaderboard(runs)
    if not quiet:
        print(in_words(board))
    if len(folders) == 1 and runs[0].path != folders[0]:
        file = write_leaderboard(board, folders[0])
        if not quiet:
            print(f"\n{file}")


class Leaderboard(Callback):
    """Keeps a sweep's `leaderboard.csv` up to date after each job, and prints it at the end.

    After each job, because Hydra leaves a sweep with a failed job before it says that the sweep has ended.
    """

    def on_job_end(self, config: DictConfig, job_return: JobReturn, **kwargs: Any) -> None:
        """Hydra calls this after a job of a sweep, and also after a single run, which has no table."""
        from hydra.types import RunMode

        if config.hydra.mode == RunMode.MULTIRUN:
            compare([Path(config.hydra.sweep.dir)], quiet=True)

    def on_multirun_end(self, config: DictConfig, **kwargs: Any) -> None:
        """Print what the sweep came to."""
        with command_line_errors():
            print()
            compare([Path(config.hydra.sweep.dir)])


if __name__ == "__main__":
    sys.exit(main())
