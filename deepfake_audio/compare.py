"""Rank runs by validation: `python -m deepfake_audio.compare DIR...` (runs, or the folder of a sweep)."""

from __future__ import annotations

import argparse
import atexit
import sys
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

from hydra.experimental.callback import Callback

from .configs import command_line_errors

if TYPE_CHECKING:
    from hydra.core.utils import JobReturn
    from omegaconf import DictConfig


def main(arguments: list[str] | None = None) -> int:
    """Print the table; write it as CSV and as a page where one folder of several runs is given, or `--out`."""
    parser = argparse.ArgumentParser(
        prog="python -m deepfake_audio.compare",
        description="Rank runs by F2 on validation, and show what each came to on test. Runs that differ only in "
        "their seed are one entry: mean and spread, never the best of them.",
    )
    parser.add_argument("folders", nargs="+", type=Path, metavar="DIR", help="a run, or a folder of runs")
    parser.add_argument(
        "--all-pairs", action="store_true", help="set all against all; else the first against those behind it"
    )
    parser.add_argument(
        "--strict", action="store_true", help="refuse runs that were not measured on the same clips"
    )
    parser.add_argument(
        "--out", type=Path, metavar="DIR", help="where leaderboard.csv and leaderboard.html are written"
    )
    options = parser.parse_args(arguments)
    with command_line_errors():
        compare(options.folders, options.all_pairs, options.strict, options.out)
    return 0


def compare(
    folders: list[Path], all_pairs: bool = False, strict: bool = False, out: Path | None = None
) -> None:
    """Rank the runs in `folders`, print what came of it, and keep it in `out`; a sweep keeps its own."""
    from . import comparing
    from .errors import UserError
    from .report.compare_page import write_compare_page

    board = comparing.make_board(comparing.find_runs(folders))
    if strict and board.differing:
        raise UserError(comparing.different_clips(board)[0])
    comparison = comparing.compared(board, all_pairs)
    out = out or _sweep(folders, board)
    told = [comparing.in_words(board, comparison)]
    if out is not None:
        comparing.write_tables(board, comparison, out)
        told += ["", str(out / comparing.RUNS_FILE), str(write_compare_page(board, comparison, out))]
    # Last, so that whoever reads but its head (`| head`) has the files all the same.
    print("\n".join(told))
    if not board.entries:
        raise UserError(
            f"nothing to rank: every run failed ({len(board.failed)}); the table says of each what to do"
        )


def _sweep(folders: list[Path], board: Any) -> Path | None:
    """The one folder that was given, where it is not a run itself."""
    return folders[0] if len(folders) == 1 and folders[0] not in board.names else None


class Leaderboard(Callback):
    """Keeps a sweep's tables up to date after each job, and prints them at the end, also where a job failed.

    Hydra leaves a sweep with a failed job before it says that the sweep has ended: then the end of the process is
    the place to print.
    """

    def on_run_start(self, config: DictConfig, **kwargs: Any) -> None:
        """Hydra's first word of a single run, before there is a folder: a search that would not be one is refused."""
        from .sweeping.composing import check_many_runs

        with command_line_errors():
            check_many_runs(config)

    def on_multirun_start(self, config: DictConfig, **kwargs: Any) -> None:
        """Whatever becomes of the jobs."""
        # Where the jobs run elsewhere nobody has imported this yet, and at the end of a process it can't be any more.
        from . import comparing  # noqa: F401

        self.folder = Path(config.hydra.sweep.dir)
        atexit.register(self._left_early)

    def on_job_end(self, config: DictConfig, job_return: JobReturn, **kwargs: Any) -> None:
        """Hydra calls this after a job of a sweep, and also after a single run, which has no table."""
        from hydra.types import RunMode

        if config.hydra.mode == RunMode.MULTIRUN:
            _write_tables(Path(config.hydra.sweep.dir))

    def on_multirun_end(self, config: DictConfig, **kwargs: Any) -> None:
        """Print what the sweep came to."""
        atexit.unregister(self._left_early)
        with command_line_errors():
            print()
            compare([Path(config.hydra.sweep.dir)])

    def _left_early(self) -> None:
        """The table alone: at the end of a process no more threads can be started, which differences are drawn in."""
        from .errors import UserError

        # Where not even the first job began, there is nothing to show.
        with suppress(UserError):
            print(f"\n{_write_tables(self.folder)}")
            print(f"\nwhich is better on test: `python -m deepfake_audio.compare {self.folder}`")


def _write_tables(folder: Path) -> str:
    """A sweep's tables without what takes longer; return the one for a terminal."""
    from . import comparing

    board = comparing.make_board(comparing.find_runs([folder]))
    comparing.write_tables(board, None, folder)
    return comparing.in_words(board)


if __name__ == "__main__":
    sys.exit(main())
