"""A whole corpus of media to wavs: resumable, several at once, each file read once."""

from __future__ import annotations

import math
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path

import numpy as np
import pandas as pd
from tqdm import tqdm

from .audio.decoding import BACKENDS, checked_backend
from .audio.extracted import Clip, Extracted, Manner, extract_clip
from .audio.media import FACTS, WHOLE_NUMBERS
from .clips import check_clips, leaves_root
from .errors import UserError, named
from .expendable import Lost, in_expendable_processes
from .processes import checked_jobs
from .sharding import Shard, holding

# Wavs come to be here and are then moved to their place; a killed run's is swept away by the next one.
STAGING = ".extracting"
FAILURE_COLUMNS = ["clip", "media", "reason"]
# A recording of ten hours takes a minute; what takes this long is made to hold a decoder for ever.
MOST_SECONDS = 300.0
# Beyond any recording, and within what a timer of the kernel's takes.
LONGEST_SECONDS = 30 * 86_400
# Fewer don't pay for the start of one more process.
CLIPS_A_PROCESS = 8


def extract_corpus(
    clips: pd.DataFrame,
    root: Path,
    out: Path,
    sample_rate: int = 16_000,
    jobs: int | None = None,
    overwrite: bool = False,
    progress: bool = True,
    link: bool = False,
    shard: Shard | None = None,
    backend: str = BACKENDS[0],
    most_seconds: float = MOST_SECONDS,
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Turn the `media` of each clip (relative to `root`) into the wav at its `path` (relative to `out`).

    A wav is whole or absent whenever the process dies, and one that is there is not made again, so that a second
    run ends where one undisturbed run would have. One process at a time may extract into a folder. Where the table
    says how long a clip is (`seconds` or `stated_seconds`), one of quite another length is a failure.

    Args:
        jobs: how many at once; as many as there are processors if not given.
        overwrite: make those again that are there.
        link: link to a source that is mono at the rate already, as wav or flac, in place of copying it; the clip's
            `path` then ends as the source does.
        shard: only its clips; several shards may extract into a folder at once.
        backend: what decodes, `pyav` or `moviepy`; both give the same samples.
        most_seconds: a file that takes longer is given up, and a failure.

    Returns:
        The clips that have a wav, with `seconds`, `fingerprint`, the facts of their source (see `media_facts`) and
        `already_there` (whether it was found done), and the failures as `clip`, `media`, `reason`; both in the
        order of `clips`.
    """
    clips = _extractable(clips)
    if shard is not None:
        clips = clips.iloc[shard.rows(clips["clip"])].reset_index(drop=True)
    jobs = checked_jobs(jobs)
    if not isinstance(sample_rate, int) or sample_rate < 1:
        raise UserError(f"sample_rate={sample_rate}: give a whole number of 1 or more")
    checked_backend(backend)
    _check_most_seconds(most_seconds)
    with holding(out, shard, "extraction") as place, _staging(place) as staging:
        manner = Manner(
            root.absolute(), out.absolute(), staging.absolute(), sample_rate, overwrite, link, backend
        )
        results = _all_of(clips, manner, jobs, most_seconds, progress)
    return _tables(clips.drop(columns="stated_seconds", errors="ignore"), results)


def _all_of(
    clips: pd.DataFrame, manner: Manner, jobs: int, most_seconds: float, progress: bool
) -> list[Extracted | str]:
    """What came of each clip, or why nothing did; what the processes make is put in its place by this one alone."""
    stated = clips["stated_seconds"] if "stated_seconds" in clips else [math.nan] * len(clips)
    work = (
        Clip(media, path, manner.staging / f"{number}.wav", claim)
        for number, (media, path, claim) in enumerate(zip(clips["media"], clips["path"], stated, strict=True))
    )
    results: list[Extracted | str] = [""] * len(clips)
    jobs = min(jobs, 1 + len(clips) // CLIPS_A_PROCESS)
    with tqdm(total=len(clips), desc="extract", unit="clip", disable=not progress) as bar:
        for number, result in in_expendable_processes(
            partial(extract_clip, manner), work, jobs, most_seconds
        ):
            if isinstance(result, Extracted) and not result.already_there:
                wav = manner.out / result.path
                wav.parent.mkdir(parents=True, exist_ok=True)
                (manner.staging / f"{number}.wav").replace(wav)
            results[number] = result.reason if isinstance(result, Lost) else result
            bar.update()
    return results


def unlisted_media(clips: pd.DataFrame, root: Path) -> tuple[int, int]:
    """How many files of the clips' kinds the table doesn't name: macOS' `._` entries, and real ones."""
    listed = set(clips["media"])
    kinds = {Path(media).suffix for media in listed}
    found = (file for file in root.rglob("*") if file.suffix in kinds)
    names = [file.name for file in found if file.relative_to(root).as_posix() not in listed]
    doubles = sum(name.startswith("._") for name in names)
    return doubles, len(names) - doubles


def _extractable(clips: pd.DataFrame) -> pd.DataFrame:
    """`clips`, checked to stay inside the corpus' folder and each to have a wav of its own."""
    if "media" not in clips:
        raise UserError("the clip table has no column 'media', which says what to extract from")
    clips = check_clips(clips, "the corpus' index").reset_index(drop=True)
    outside = clips.loc[clips["media"].map(leaves_root), "media"]
    if len(outside):
        raise UserError(f"media must stay inside the corpus' folder, but {named(list(outside))} leaves it")
    # A length that the table gives is a claim; `seconds` will be what is heard.
    stated = next((column for column in ("stated_seconds", "seconds") if column in clips), None)
    if stated is not None:
        clips = clips.assign(stated_seconds=pd.to_numeric(clips[stated], errors="coerce"))
    return clips


def _check_most_seconds(most_seconds: float) -> None:
    number = isinstance(most_seconds, int | float) and not isinstance(most_seconds, bool)
    if not number or not 0 < most_seconds <= LONGEST_SECONDS:
        raise UserError(
            f"most_seconds={most_seconds}: give a number above 0 for each file, of at most {LONGEST_SECONDS}"
        )


@contextmanager
def _staging(out: Path) -> Iterator[Path]:
    """A folder of this run's own: an ffmpeg that outlived a killed run still writes into the old one, if anywhere."""
    shutil.rmtree(out / STAGING, ignore_errors=True)
    (out / STAGING).mkdir(exist_ok=True)
    try:
        yield Path(tempfile.mkdtemp(dir=out / STAGING))
    finally:
        shutil.rmtree(out / STAGING, ignore_errors=True)


def _tables(clips: pd.DataFrame, results: list[Extracted | str]) -> tuple[pd.DataFrame, pd.DataFrame]:
    """What came of each clip, as the table of those that have a wav and the table of those that haven't."""
    failed = np.array([isinstance(result, str) for result in results], dtype=bool)
    failures = clips.loc[failed, ["clip", "media"]].assign(
        reason=[result for result in results if isinstance(result, str)]
    )
    made = [result for result in results if isinstance(result, Extracted)]
    facts = {name: [getattr(result.facts, name) for result in made] for name in FACTS}
    done = clips[~failed].assign(
        path=[result.path for result in made],
        seconds=[result.seconds for result in made],
        fingerprint=[result.fingerprint for result in made],
        already_there=[result.already_there for result in made],
        # Not floats, which a table would write as 16000.0.
        **{name: pd.array(told, "Int64") if name in WHOLE_NUMBERS else told for name, told in facts.items()},
    )
    return done.reset_index(drop=True), failures[FAILURE_COLUMNS].reset_index(drop=True)
