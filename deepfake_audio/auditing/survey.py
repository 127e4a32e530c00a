"""Listen to each clip of a corpus once, and keep what the audit needs to know of it.

Of a clip that is: its length, the fingerprint of its samples, what `measures` says, and its print. They are kept
in one file beside the clip table; a clip is listened to again only when its file has changed.
"""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import pandas as pd
import soundfile
from tqdm import tqdm

from ..audio.measures import MEASURES
from ..audio.prints import Print
from ..errors import UserError, named
from ..processes import checked_jobs, in_processes
from .hearing import Heard, listen
from .memory import Memory

SURVEY = "survey.npz"
# Below this a pool of processes costs more than it saves.
CLIPS_WORTH_A_POOL = 200
CLIPS_A_TASK = 16
# A survey that is stopped loses at most this much work.
SAVE_EVERY_SECONDS = 30.0


@dataclass(frozen=True)
class Survey:
    """What each clip of a table told, in the order of the table."""

    clips: tuple[str, ...]
    heard: tuple[Heard, ...]

    @property
    def fingerprints(self) -> list[str]:
        return [each.fingerprint for each in self.heard]

    @property
    def prints(self) -> list[Print]:
        return [each.track for each in self.heard]

    @property
    def measures(self) -> pd.DataFrame:
        """One row a clip: `clip` and all `MEASURES`."""
        rows = [each.measures for each in self.heard]
        table = pd.DataFrame(rows, columns=list(MEASURES))
        table.insert(0, "clip", list(self.clips))
        return table


def survey(
    clips: pd.DataFrame,
    root: Path,
    cache: Path | None = None,
    jobs: int | None = None,
    progress: bool = True,
    folders: Sequence[Path] | None = None,
) -> Survey:
    """Listen to each clip of a table, or remember it.

    Args:
        root: folder that the `path` of each clip is relative to.
        cache: one file to remember all in, in the place of one in each folder.
        jobs: how many processes; as many as there are processors if not given.
        folders: of the corpora that the clips are from, if several: each remembers its own in its `survey.npz`,
            whatever it is joined with. `root` if not given.

    Where nothing can be written it goes on without. It may be stopped at any time, and goes on from there.

    Raises:
        UserError: some clips can't be read; all of them are counted, the first ones named.
    """
    base = root.resolve()
    files = [base / path for path in clips["path"]]
    homes = {base: cache} if cache else {each.resolve(): each / SURVEY for each in folders or [root]}
    memories = [Memory(place, home, files) for home, place in homes.items()]
    # The innermost folder's, where one corpus lies in another; the last, whatever is in none of them.
    memories.sort(key=lambda memory: -len(memory.folder.parts))
    memory_of = {file: next((each for each in memories if each.holds(file)), memories[-1]) for file in files}
    missing = [file for file in files if memory_of[file].recall(file) is None]
    failures = {}
    saved = time.monotonic()
    try:
        for file, told in _listened(missing, jobs, progress):
            if isinstance(told, str):
                failures[file] = told
                continue
            memory_of[file].keep(file, told)
            if time.monotonic() - saved > SAVE_EVERY_SECONDS:
                for memory in memories:
                    memory.save()
                saved = time.monotonic()
    finally:
        for memory in memories:
            memory.save()
    if failures:
        told = named([f"{file.relative_to(base)} ({reason})" for file, reason in failures.items()], most=3)
        raise UserError(
            f"{len(failures)} of {len(clips)} clips in {root} cannot be read: {told}; extract them again or take "
            "them off the table"
        )
    return Survey(tuple(clips["clip"]), tuple(memory_of[file].heard(file) for file in files))


def _listened(files: list[Path], jobs: int | None, progress: bool) -> Iterator[tuple[Path, Heard | str]]:
    """What each clip told, or why it could not be heard, as they come."""
    jobs = checked_jobs(jobs) if len(files) >= CLIPS_WORTH_A_POOL else min(checked_jobs(jobs), 1)
    told = in_processes(_try_to_listen, files, jobs, "listened", CLIPS_A_TASK)
    disabled = not progress or not files
    yield from zip(
        files, tqdm(told, total=len(files), desc="listen", unit="clip", disable=disabled), strict=True
    )


def _try_to_listen(file: Path) -> Heard | str:
    try:
        return listen(file)
    except (soundfile.LibsndfileError, OSError, ValueError) as error:
        return str(error).rsplit(": ", 1)[-1].rstrip(".")
