"""What a detector makes of every clip of a table, as `predict` would say it: resumable, in several processes."""

from __future__ import annotations

import functools
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pandas as pd
from tqdm import tqdm

from .errors import UserError, one_line
from .journal import Journal
from .processes import checked_jobs, in_processes
from .runs import score_table

if TYPE_CHECKING:
    from .detector import Detector

FAILURE_COLUMNS = ["clip", "path", "reason"]
# Below this a pool of processes, each of which loads torch, costs more than it saves.
CLIPS_WORTH_A_POOL = 100
CLIPS_A_TASK = 8


def score_clips(
    clips: pd.DataFrame,
    root: Path,
    detector: Path,
    journal: Path,
    about: dict[str, Any],
    jobs: int | None = None,
    device: str = "cpu",
    progress: bool = True,
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Score each clip of a table. It may be stopped at any time, and goes on from there.

    A processor scores a clip on one core, whatever the number of processes: figures are the same to the last bit.

    Args:
        root: folder that the `path` of each clip is relative to.
        detector: its folder.
        journal: file to remember in what is scored already; it stays, for who writes the results to remove.
        about: which clips and which detector they are, see `Journal`.
        jobs: how many processes; as many as there are processors if not given, one on a GPU.

    Returns:
        Scores, as `write_scores` takes them, and of the clips that could not be judged `clip`, `path`, `reason`;
        both in the order of `clips`.
    """
    with Journal(journal, about) as known:
        missing = clips[~clips["clip"].isin(known.answers.keys())]
        files = [str(root / path) for path in missing["path"]]
        jobs = _processes(len(files), jobs, device)
        told = in_processes(
            functools.partial(_answer, str(detector), device), files, jobs, "scored", CLIPS_A_TASK
        )
        shown = tqdm(told, total=len(files), desc="score", unit="clip", disable=not progress or not files)
        with _one_thread():
            for clip, answer in zip(missing["clip"], shown, strict=True):
                known.keep(clip, answer)
        answers = [known.answers[clip] for clip in clips["clip"]]
    return _tables(clips, answers)


def _processes(files: int, jobs: int | None, device: str) -> int:
    """As many as are worth starting."""
    if device != "cpu" and jobs is None:
        return 1
    jobs = checked_jobs(jobs)
    return jobs if files >= CLIPS_WORTH_A_POOL else 1


def _tables(clips: pd.DataFrame, answers: list[Any]) -> tuple[pd.DataFrame, pd.DataFrame]:
    failed = pd.Series([isinstance(answer, str) for answer in answers], index=clips.index, dtype=bool)
    figures = pd.DataFrame(
        [answer for answer in answers if not isinstance(answer, str)],
        columns=["logit", "p_fake"],
        dtype=float,
    )
    scores = score_table(
        clips[~failed].reset_index(drop=True), figures["logit"].to_numpy(), figures["p_fake"].to_numpy()
    )
    reasons = [answer for answer in answers if isinstance(answer, str)]
    failures = clips.loc[failed, ["clip", "path"]].assign(reason=reasons)
    return scores, failures[FAILURE_COLUMNS].reset_index(drop=True)


def _answer(detector: str, device: str, file: str) -> tuple[float, float] | str:
    """Logit and P(fake) of a file, or why it can't be judged."""
    try:
        verdict = _loaded(detector, device).predict(file)
    except UserError as error:
        return one_line(error).replace(file, Path(file).name)
    return verdict.logit, verdict.p_fake


@functools.lru_cache(maxsize=1)
def _loaded(detector: str, device: str) -> Detector:
    """One a process."""
    import torch

    from .detector import load_detector

    torch.set_num_threads(1)
    return load_detector(detector, device)


@contextmanager
def _one_thread() -> Iterator[None]:
    """In this process, which goes on with something else afterwards."""
    import torch

    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        yield
    finally:
        torch.set_num_threads(threads)
